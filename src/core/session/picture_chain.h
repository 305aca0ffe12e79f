// SPDX-License-Identifier: MIT OR Apache-2.0
// Whether an access unit can be decoded from what came before it.
#pragma once

#include <cstdint>
#include <optional>

#include "core/wire/media_header.h"

namespace punktfunk::media {

// Fed with each unit in the order of decoding. A unit that is not decodable is kept from the decoder, and the
// last good picture stays. One thread.
class PictureChain {
 public:
  // Whether `flags` (of frame `index`) make a picture that may be shown.
  [[nodiscard]] bool push(std::uint32_t index, std::uint16_t flags) {
    if (next_ && index != *next_ && state_ == State::whole) state_ = State::gap;
    next_ = index + 1;
    if ((flags & wire::kFlagKeyframe) != 0) {
      state_ = State::whole;
    } else if (state_ == State::gap) {
      // A recovery point ends a refresh that went on in units which were kept from the decoder.
      if ((flags & wire::kFlagRecoveryPoint) != 0) state_ = State::damaged;
      if ((flags & wire::kFlagRecoveryAnchor) != 0) state_ = State::whole;
    }
    return state_ == State::whole;
  }

  // Units that the host knows to have arrived are missing, or the decoder lost its pictures: only a keyframe
  // helps.
  void damage() { state_ = State::damaged; }

  [[nodiscard]] bool is_whole() const { return state_ == State::whole; }
  // Nobody but who feeds this knows that a keyframe is needed.
  [[nodiscard]] bool needs_keyframe() const { return state_ == State::damaged; }

 private:
  enum class State : std::uint8_t { whole, gap, damaged };
  State state_ = State::damaged;  // until the first keyframe
  std::optional<std::uint32_t> next_;
};

}  // namespace punktfunk::media

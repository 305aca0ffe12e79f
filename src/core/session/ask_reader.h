// SPDX-License-Identifier: MIT OR Apache-2.0
// The host's side of the ask: section 17, "The host acts once per ask number".
#pragma once

#include <cstdint>
#include <optional>

#include "core/wire/feedback.h"
#include "core/wire/sequence.h"

namespace punktfunk::media {

// True iff `ask` is newer than `last_acted` by half-space order modulo 2^16.
[[nodiscard]] constexpr bool is_newer_ask(std::uint16_t ask, std::uint16_t last_acted) {
  return wire::is_newer(ask, last_acted);
}

// One thread.
class AskReader {
 public:
  enum class Action : std::uint8_t { none, keyframe };

  // What the host has to do for this datagram. A keyframe overrides invalidation; invalidation becomes a
  // keyframe, because this host does not invalidate.
  [[nodiscard]] Action read(const wire::Feedback& feedback);

  [[nodiscard]] std::optional<std::uint16_t> last_acted() const { return last_acted_; }

 private:
  std::optional<std::uint16_t> last_acted_;
};

}  // namespace punktfunk::media

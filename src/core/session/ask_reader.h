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
  enum class Action : std::uint8_t {
    none,
    keyframe,
    invalidate,  // the datagram's frames invalidate_first … invalidate_last; a keyframe where that cannot be
  };

  // What the host has to do for this datagram. A keyframe overrides invalidation; a range that ends before it
  // begins, or is longer than clients ask for, becomes one.
  [[nodiscard]] Action read(const wire::Feedback& feedback);
  // Whether to send the datagram's resend_shards of its resend_frame again: once per number as well.
  [[nodiscard]] bool read_resend(const wire::Feedback& feedback);

  [[nodiscard]] std::optional<std::uint16_t> last_acted() const { return last_acted_; }

 private:
  std::optional<std::uint16_t> last_acted_;
  // Of its own: a request does not make an older ask void that comes after it.
  std::optional<std::uint16_t> last_resent_;
};

}  // namespace punktfunk::media

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/time.h"

namespace punktfunk::host {

// How often a session may rebuild what broke, and how soon: what breaks again and again would cost the client
// a black-out each time and the machine its processor, and its user wants to know. Pure in time.
class RebuildBudget {
 public:
  static constexpr std::size_t kMost = 3;
  static constexpr Duration kWithin = std::chrono::seconds(60);
  // From one rebuild to the next of the same minute: at once, then after this, then after twice this.
  static constexpr Duration kBackOff = std::chrono::milliseconds(500);

  // Something broke. When the rebuild may begin; nullopt: there were kMost within kWithin already.
  [[nodiscard]] std::optional<TimePoint> take(TimePoint now) {
    std::size_t recent = 0;
    for (std::size_t i = 0; i < used_; ++i)
      if (now - begun_[i] < kWithin) begun_[recent++] = begun_[i];
    used_ = recent;
    if (used_ == kMost) return std::nullopt;
    const TimePoint begin =
        used_ == 0 ? now : std::max(now, begun_[used_ - 1] + static_cast<int>(used_) * kBackOff);
    begun_[used_++] = begin;
    return begin;
  }

 private:
  std::array<TimePoint, kMost> begun_{};  // oldest first
  std::size_t used_ = 0;
};

}  // namespace punktfunk::host

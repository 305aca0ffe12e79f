// SPDX-License-Identifier: MIT OR Apache-2.0
// Media packet numbers on the receiving side (protocol sections 12.2 and 12.4).
#pragma once

#include <cstdint>
#include <vector>

namespace punktfunk::crypto {

inline constexpr std::uint64_t kReplayWindow = 131072;  // section 12.4

// The full number of a packet whose low half is `low`, nearest to `reference` (the highest accepted, 0 at
// first).
[[nodiscard]] std::uint64_t expand_packet_number(std::uint64_t reference, std::uint32_t low);

// False for numbers so far from `reference` that no key may be derived for them (section 12.2).
[[nodiscard]] bool is_plausible(std::uint64_t number, std::uint64_t reference);

// Remembers which of the last 131072 numbers were accepted. 16 KiB, allocated once. Not thread-safe.
class ReplayWindow {
 public:
  ReplayWindow();

  // True when `number` was not accepted before and is not older than the window. Changes nothing.
  [[nodiscard]] bool is_fresh(std::uint64_t number) const;

  // Call only after the packet's tag proved right; `number` must be fresh.
  void accept(std::uint64_t number);

  // The highest number accepted; 0 when none was.
  [[nodiscard]] std::uint64_t highest() const { return highest_; }

 private:
  std::vector<std::uint64_t> seen_;  // bit n mod 131072: number n of the current window was accepted
  std::uint64_t highest_ = 0;
};

}  // namespace punktfunk::crypto

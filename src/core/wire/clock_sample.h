// SPDX-License-Identifier: MIT OR Apache-2.0
// One round of clock synchronisation (protocol section 20).
#pragma once

#include <cstdint>

namespace punktfunk::wire {

struct ClockSample {
  std::int64_t offset_ns = 0;  // host minus client
  std::int64_t rtt_ns = 0;

  bool operator==(const ClockSample&) const = default;
};

// t1 and t4: probe sent and echo received, client clock. t2 and t3: probe received and echo sent, host clock.
// The half of an odd sum is cut toward zero, as the reference does.
[[nodiscard]] constexpr ClockSample clock_sample(std::uint64_t t1_ns, std::uint64_t t2_ns,
                                                 std::uint64_t t3_ns, std::uint64_t t4_ns) {
  __extension__ using Wide = __int128;  // the stamps are a peer's: their sums may pass 64 bits
  const Wide out = Wide{t2_ns} - Wide{t1_ns};
  const Wide back = Wide{t3_ns} - Wide{t4_ns};
  return {static_cast<std::int64_t>((out + back) / 2),
          static_cast<std::int64_t>((Wide{t4_ns} - Wide{t1_ns}) - (Wide{t3_ns} - Wide{t2_ns}))};
}

}  // namespace punktfunk::wire

// SPDX-License-Identifier: MIT OR Apache-2.0
// Time as types. Protocol code never reads a clock: it is handed a TimePoint, so it can run in virtual
// time. Only the edges (threads, sockets, programs) call monotonic_now().
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace punktfunk {

using Duration = std::chrono::nanoseconds;

// CLOCK_MONOTONIC, or the virtual clock of a simulation. Never comparable with wall-clock time.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept;
};
using TimePoint = MonotonicClock::time_point;

[[nodiscard]] inline TimePoint monotonic_now() { return MonotonicClock::now(); }

// Unix time in ns (CLOCK_REALTIME). Used once per session, for clock_origin_ns.
[[nodiscard]] std::uint64_t wall_clock_ns();

[[nodiscard]] inline double to_ms(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
[[nodiscard]] inline double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// A data rate. kbit/s is the wire's unit (1 kbit = 1000 bits).
struct BitRate {
  std::uint64_t bits_per_second = 0;

  [[nodiscard]] static constexpr BitRate from_kbps(std::uint64_t kbps) { return {kbps * 1000}; }
  [[nodiscard]] constexpr std::uint64_t kbps() const { return bits_per_second / 1000; }
  // Time `bytes` take at this rate; zero for a rate of zero, which means "unlimited" to every caller.
  [[nodiscard]] constexpr Duration time_for(std::uint64_t bytes) const {
    if (bits_per_second == 0) return Duration::zero();
    return Duration(
        static_cast<std::int64_t>(static_cast<double>(bytes) * 8e9 / static_cast<double>(bits_per_second)));
  }
  constexpr auto operator<=>(const BitRate&) const = default;
};

}  // namespace punktfunk

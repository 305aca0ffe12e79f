// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/cadence_watch.h"

#include <algorithm>
#include <utility>

#include "core/session/bitrate_grant.h"

namespace punktfunk::media {
namespace {

// One picture in four is slow: less than that are programs of the desktop that take the cores now and then,
// which a lower rate does not change.
constexpr std::uint32_t kSlowOneIn = 4;
// A machine that was suspended or stopped has a few slow pictures; a slow encoder has one after the other.
constexpr std::uint32_t kFewestSlow = 5;
// A desktop that changes now and then, with pictures that take long, loses none of them: the encoder has to
// be at work for half of the time. It is not all of it, because a capturer may wait for the next refresh.
constexpr int kBusyOneIn = 2;
constexpr std::uint32_t kNotEasyOneIn = 10;
// Fewer pictures do not show what a moving desktop would take.
constexpr std::uint32_t kFewestEasy = 20;
// Steps round: this near the rate at the beginning is there.
constexpr double kThere = 0.99;

BitRate whole_kbps(double bits_per_second) {
  return BitRate::from_kbps(static_cast<std::uint64_t>(bits_per_second / 1000));
}
double times(BitRate rate, double factor) { return static_cast<double>(rate.bits_per_second) * factor; }

}  // namespace

void CadenceWatch::on_frame(Duration took, Duration interval, BitRate in_force, TimePoint now) {
  if (!window_) window_ = Window{now - took, Duration::zero(), 0, 0, 0};
  ++window_->frames;
  window_->busy += took;
  const double share = to_seconds(took) / to_seconds(interval);
  window_->slow += share > kSlow ? 1 : 0;
  window_->not_easy += share > kEasy ? 1 : 0;
  if (now - window_->began < kWindow) return;

  const Window over = *std::exchange(window_, std::nullopt);
  const bool is_slow = over.slow >= kFewestSlow && over.slow * kSlowOneIn >= over.frames;
  if (is_slow && over.busy * kBusyOneIn >= now - over.began) {
    easy_windows_ = 0;
    return step_down(in_force);
  }
  if (over.not_easy * kNotEasyOneIn > over.frames)
    easy_windows_ = 0;
  else if (over.frames >= kFewestEasy)
    ++easy_windows_;
  if (easy_windows_ < kEasyWindows) return;
  easy_windows_ = 0;
  step_up();
}

void CadenceWatch::step_down(BitRate in_force) {
  if (!ceiling_) {
    if (in_force <= kLowestBudget) return;
    first_ = ceiling_.emplace(in_force);
  }
  const BitRate floor = std::max(kLowestBudget, whole_kbps(times(first_, kLeast)));
  ceiling_ = std::max(floor, whole_kbps(times(std::min(*ceiling_, in_force), kStep)));
}

void CadenceWatch::step_up() {
  if (!ceiling_) return;
  ceiling_ = whole_kbps(times(*ceiling_, 1 / kStep));
  if (static_cast<double>(ceiling_->bits_per_second) >= times(first_, kThere)) ceiling_.reset();
}

}  // namespace punktfunk::media

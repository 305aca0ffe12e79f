// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/pacing/offload_guard.h"

#include <algorithm>

namespace punktfunk::media {

namespace {

double loss_of(const OffloadGuard::Window& window) {
  // Of frames that vanish whole the client knows nothing.
  if (window.received == 0) return 1;
  return std::max(window.loss, static_cast<double>(window.dropped) / static_cast<double>(window.sent));
}

}  // namespace

void OffloadGuard::enter(int turn) {
  turn_ = turn;
  windows_ = 0;
  settle_ = kWindowsToSettle;
}

void OffloadGuard::watch(double loss) {
  if (loss < kSuspicious) {
    has_worked_ = true;
    windows_ = 0;
    return;
  }
  with_ = windows_ == 0 ? loss : std::min(with_, loss);
  if (++windows_ == kWindowsPerTurn || loss >= kDisastrous) {
    with_ = std::max(with_, loss >= kDisastrous ? loss : 0);
    enter(1);
  }
}

bool OffloadGuard::fits(double loss) const {
  return use_offload() ? loss >= kSuspicious : loss * kBetterBy <= with_;
}

bool OffloadGuard::on_window(const Window& window) {
  if (off_ || window.sent < kMinSent) return false;
  if (settle_ > 0) {
    --settle_;
    return false;
  }
  if (rest_ > 0) {
    --rest_;
    return false;
  }
  const double loss = loss_of(window);
  if (turn_ == 0) {
    watch(loss);
    return false;
  }
  if (!fits(loss)) {
    enter(0);
    rest_ = kWindowsOfRest;
    return false;
  }
  if (use_offload()) with_ = std::min(with_, loss);
  if (++windows_ < kWindowsPerTurn) return false;
  const bool never_worked = turn_ == 1 && with_ >= kDisastrous && !has_worked_;
  off_ = never_worked || turn_ == kTurns;
  if (!off_) enter(turn_ + 1);
  return off_;
}

}  // namespace punktfunk::media

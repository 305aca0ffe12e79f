// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/ticking_capturer.h"

#include <utility>

namespace punktfunk::host {

Result<void> TickingCapturer::start(CaptureSink& sink) {
  thread_ = std::thread([this, &sink] {
    const TimePoint start = monotonic_now();
    std::unique_lock lock(mutex_);
    for (std::uint64_t tick = 0; !stopping_; ++tick) {
      // Counted from the start, so that rounding never adds up: tick · 10^12 / mHz nanoseconds.
      const TimePoint due =
          start + Duration(static_cast<std::int64_t>(static_cast<double>(tick) * 1e12 / refresh_millihertz_));
      while (!stopping_ && monotonic_now() < due) wake_.wait_for(lock, due - monotonic_now());
      if (stopping_) return;
      CapturedFrame frame;
      frame.captured = frame.ready = monotonic_now();
      frame.sequence = frames_++;
      lock.unlock();
      sink.on_frame(std::move(frame));
      lock.lock();
    }
  });
  return {};
}

void TickingCapturer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

CaptureStats TickingCapturer::stats() const {
  const std::lock_guard lock(mutex_);
  CaptureStats stats;
  stats.frames = frames_;
  return stats;
}

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "base/time.h"
#include "core/session/recovery.h"
#include "core/wire/sequence.h"
#include "host/capture/capture.h"

namespace punktfunk::host {

// The hand-off from capture to encoder: one slot, newest wins, with the client's wishes beside it so that one
// wait covers all. Any thread.
class FrameMailbox {
 public:
  struct Delivery {
    std::optional<CapturedFrame> frame;  // none: a keyframe of the last picture is wanted, or time is up
    bool keyframe = false;
    std::optional<media::FrameRange> lost;  // frames the client lacks; the next is to go on without them
    bool stopped = false;
  };

  void put(CapturedFrame frame) {
    std::optional<CapturedFrame> replaced;  // its buffer goes back after the lock is released
    {
      const std::lock_guard lock(mutex_);
      replaced = std::exchange(frame_, std::move(frame));
    }
    changed_.notify_one();
  }

  void want_keyframe() {
    {
      const std::lock_guard lock(mutex_);
      keyframe_ = true;
    }
    changed_.notify_one();
  }

  // Frames that the client lacks, by their index in the stream.
  void want_without(const media::FrameRange& lost) {
    {
      const std::lock_guard lock(mutex_);
      if (!lost_) lost_ = lost;
      if (wire::is_newer(lost_->first, lost.first)) lost_->first = lost.first;
      if (wire::is_newer(lost.last, lost_->last)) lost_->last = lost.last;
    }
    changed_.notify_one();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
  }

  // Waits for a frame, until `deadline` at most. A wish to go on without lost frames ends the wait at once,
  // one for a keyframe from `keyframe_from` on; it stays until then.
  [[nodiscard]] Delivery take(TimePoint deadline, TimePoint keyframe_from) {
    std::unique_lock lock(mutex_);
    while (!stopped_ && !frame_ && !lost_) {
      const TimePoint now = monotonic_now();
      const TimePoint until = keyframe_ ? std::min(deadline, keyframe_from) : deadline;
      if (now >= until) break;
      changed_.wait_for(lock, until - now);
    }
    Delivery delivery;
    delivery.frame = std::exchange(frame_, std::nullopt);
    delivery.lost = std::exchange(lost_, std::nullopt);
    delivery.stopped = stopped_;
    if (keyframe_ && monotonic_now() >= keyframe_from) delivery.keyframe = std::exchange(keyframe_, false);
    return delivery;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<CapturedFrame> frame_;
  bool keyframe_ = false;
  std::optional<media::FrameRange> lost_;
  bool stopped_ = false;
};

}  // namespace punktfunk::host

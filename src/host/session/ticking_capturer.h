// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "host/capture/capture.h"

namespace punktfunk::host {

// The source of `--source synthetic`: frames without pixels at exactly the session's rate, for an encoder
// that makes its own bytes. Needs no display.
class TickingCapturer final : public Capturer {
 public:
  explicit TickingCapturer(std::uint32_t refresh_millihertz) : refresh_millihertz_(refresh_millihertz) {}
  ~TickingCapturer() override { stop(); }

  [[nodiscard]] Result<void> start(CaptureSink& sink) override;
  void stop() override;
  void request_frame() override {}  // the next tick comes anyway
  [[nodiscard]] CaptureStats stats() const override;
  [[nodiscard]] const char* name() const override { return "synthetic"; }

 private:
  const std::uint32_t refresh_millihertz_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::uint64_t frames_ = 0;
  std::thread thread_;
};

}  // namespace punktfunk::host

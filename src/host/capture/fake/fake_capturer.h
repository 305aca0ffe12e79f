// SPDX-License-Identifier: MIT OR Apache-2.0
// A capturer whose frames come when the test says so.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "host/capture/capture.h"

namespace punktfunk::host {

class FakeCapturer final : public Capturer {
 public:
  FakeCapturer(std::uint32_t width, std::uint32_t height);

  [[nodiscard]] Result<void> start(CaptureSink& sink) override;
  void stop() override { sink_ = nullptr; }
  void request_frame() override { ++requests_; }
  [[nodiscard]] CaptureStats stats() const override { return stats_; }
  [[nodiscard]] const char* name() const override { return "fake"; }

  // Delivers one picture filled with `value` on the calling thread. False when the sink holds every buffer,
  // or capture is not started.
  bool deliver(std::uint8_t value, TimePoint captured);
  void end(const std::string& message);
  [[nodiscard]] int requests() const { return requests_; }

 private:
  static constexpr std::uint32_t kSlots = 4;
  struct Home;

  const std::uint32_t width_;
  const std::uint32_t height_;
  std::shared_ptr<Home> home_;
  CaptureSink* sink_ = nullptr;
  CaptureStats stats_;
  int requests_ = 0;
};

}  // namespace punktfunk::host

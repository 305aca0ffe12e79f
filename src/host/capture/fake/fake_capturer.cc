// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/capture/fake/fake_capturer.h"

#include <algorithm>
#include <atomic>

#include "base/bytes.h"

namespace punktfunk::host {

struct FakeCapturer::Home final : FrameReturn {
  void give_back(std::uint32_t slot) noexcept override { taken[slot] = false; }
  std::array<Bytes, kSlots> memory;
  std::array<std::atomic<bool>, kSlots> taken{};
};

FakeCapturer::FakeCapturer(std::uint32_t width, std::uint32_t height)
    : width_(width), height_(height), home_(std::make_shared<Home>()) {
  for (Bytes& slot : home_->memory) slot.resize(std::size_t{width} * height * 4);
}

Result<void> FakeCapturer::start(CaptureSink& sink) {
  sink_ = &sink;
  return {};
}

bool FakeCapturer::deliver(std::uint8_t value, TimePoint captured) {
  if (sink_ == nullptr) return false;
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
    if (home_->taken[slot].exchange(true)) continue;
    Bytes& memory = home_->memory[slot];
    std::fill(memory.begin(), memory.end(), value);
    CapturedFrame frame(home_, slot, BgrxView{memory.data(), std::ptrdiff_t{width_} * 4, width_, height_});
    frame.captured = captured;
    frame.ready = captured;
    frame.sequence = stats_.frames++;
    sink_->on_frame(std::move(frame));
    return true;
  }
  ++stats_.no_free_buffer;
  return false;
}

void FakeCapturer::end(const std::string& message) {
  if (sink_ != nullptr) std::exchange(sink_, nullptr)->on_capture_ended(Error{message});
}

}  // namespace punktfunk::host

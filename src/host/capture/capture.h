// SPDX-License-Identifier: MIT OR Apache-2.0
// Frames of a display, at the session's rate. Backends live in subfolders; only registry.cc names them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "host/convert/colour.h"
#include "host/display/mode.h"

namespace punktfunk::host {

// Takes a buffer back. Implemented by backends; called on whatever thread drops the lease.
class FrameReturn {
 public:
  virtual ~FrameReturn() = default;
  virtual void give_back(std::uint32_t slot) noexcept = 0;
};

// One captured frame, owned by whoever holds it. The pixels stay valid and unchanged until it is destroyed,
// which gives the buffer back to the capturer (and may outlive the capturer itself). Move-only; any thread.
class CapturedFrame {
 public:
  CapturedFrame() = default;
  CapturedFrame(std::shared_ptr<FrameReturn> home, std::uint32_t slot, BgrxView view)
      : pixels(view), home_(std::move(home)), slot_(slot) {}
  CapturedFrame(CapturedFrame&& other) noexcept { swap(other); }
  CapturedFrame& operator=(CapturedFrame&& other) noexcept {
    CapturedFrame gone(std::move(other));
    swap(gone);
    return *this;
  }
  ~CapturedFrame() {
    if (home_) home_->give_back(slot_);
  }

  BgrxView pixels;
  // When the compositor finished this picture, as far as it says; never later than `ready`.
  TimePoint captured;
  // When the pixels were in memory here.
  TimePoint ready;
  // Counts delivered frames from 0.
  std::uint64_t sequence = 0;
  // Copied because somebody asked (the first, and after request_frame()), changed or not.
  bool on_request = false;

 private:
  void swap(CapturedFrame& other) noexcept {
    std::swap(pixels, other.pixels);
    std::swap(captured, other.captured);
    std::swap(ready, other.ready);
    std::swap(sequence, other.sequence);
    std::swap(on_request, other.on_request);
    std::swap(home_, other.home_);
    std::swap(slot_, other.slot_);
  }

  std::shared_ptr<FrameReturn> home_;
  std::uint32_t slot_ = 0;
};

// Both are called on the capturer's thread and must not block: a sink puts the frame into a one-slot queue
// (newest wins) and returns. Neither is called after stop() or the destructor returned.
class CaptureSink {
 public:
  virtual ~CaptureSink() = default;
  virtual void on_frame(CapturedFrame frame) = 0;
  // Once, and nothing follows it: the compositor is gone, or copies keep failing. One plain sentence.
  virtual void on_capture_ended(const Error& error) = 0;
};

struct CaptureStats {
  std::uint64_t frames = 0;          // delivered
  std::uint64_t no_free_buffer = 0;  // instants passed over because the consumer held every buffer
  std::uint64_t failed_copies = 0;   // answered "failed" by the compositor and asked again
};

class Capturer {
 public:
  virtual ~Capturer() = default;

  // Starts the thread. The first frame comes at once, later ones when the picture changed, at most `rate` a
  // second on average: a still desktop costs nothing and delivers nothing. Call once. `sink` outlives the
  // capturer.
  [[nodiscard]] virtual Result<void> start(CaptureSink& sink) = 0;
  // Ends and joins the thread; idempotent. Not from the sink.
  virtual void stop() = 0;
  // Any thread. Delivers the current picture once more at the next instant, changed or not: the way to learn
  // whether a source that is silent still works.
  virtual void request_frame() = 0;
  [[nodiscard]] virtual CaptureStats stats() const = 0;
  [[nodiscard]] virtual const char* name() const = 0;
};

struct CaptureSource {
  std::string wayland_socket;  // Display::wayland_socket()
  std::string output_name;     // Display::output_name()
  DisplayMode mode;            // frames of any other size end the capture with an error
};

// Connects and checks that the compositor offers what is needed; blocks for a few round trips. Frames are
// sampled at mode.refresh_millihertz.
[[nodiscard]] Result<std::unique_ptr<Capturer>> create_capturer(const CaptureSource& source);

}  // namespace punktfunk::host

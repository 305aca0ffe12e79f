// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "base/result.h"
#include "base/time.h"
#include "core/wire/mode.h"
#include "host/capture/capture.h"
#include "host/encode/encoder.h"
#include "host/session/encoded_unit.h"
#include "host/session/fault.h"
#include "host/session/frame_mailbox.h"

namespace punktfunk::host {

// Where the pictures of one epoch come from, and who encodes them.
struct PictureSource {
  std::unique_ptr<Capturer> capturer;
  std::unique_ptr<VideoEncoder> encoder;
  wire::Mode mode;
};

// One epoch of a session's frame path: capturer → mailbox (1, newest wins) → encode thread → the session's
// queue. When the source changes or breaks, a session takes another stage and keeps its queue.
class EncodeStage final : private CaptureSink {
 public:
  // What a stage asks of its session. All may be called from any of the stage's threads.
  class Session {
   public:
    virtual ~Session() = default;
    // The encoder's share of the wire budget now, at this many pictures a second.
    [[nodiscard]] virtual BitRate encoder_rate(std::uint32_t refresh_hz) = 0;
    // A picture went through the encoder; on the encode thread.
    virtual void encoded(const EncodedUnit& unit) = 0;
    // Capture or encoder is beyond repair; once at most, and not after stop() began.
    virtual void source_failed(const Fault& fault) = 0;
  };

  // Both parts of `source` are there. `out` and `session` outlive the stage.
  EncodeStage(PictureSource source, std::uint8_t epoch, UnitQueue& out, Session& session);
  ~EncodeStage() override { stop(); }

  // Once each, in this order.
  [[nodiscard]] Result<void> start_capture() { return source_.capturer->start(*this); }
  void start_encoding();
  // Nothing is put into the queue after this. Joins both threads; idempotent.
  void stop();

  // Any thread.
  void request_keyframe() { mailbox_.want_keyframe(); }
  // The client lacks these frames of the session: the next one is coded without them, or a keyframe.
  void go_on_without(const media::FrameRange& lost) { mailbox_.want_without(lost); }
  // Asks for a picture whether it changed or not.
  void poke() { source_.capturer->request_frame(); }
  [[nodiscard]] std::string encoder_name() const { return encoder_name_; }

  struct Progress {
    std::uint64_t captured = 0;               // pictures
    std::optional<TimePoint> encoding_since;  // the encoder works on a picture since then
  };
  [[nodiscard]] Progress progress() const;

 private:
  void on_frame(CapturedFrame frame) override;
  void on_capture_ended(const Error& error) override { fail_once({FaultPart::capture, error.message}); }
  void encode_loop();
  void fail_once(const Fault& fault);
  [[nodiscard]] media::ReferenceChain::Answer invalidate(media::FrameRange lost);

  PictureSource source_;
  const std::uint8_t epoch_;
  UnitQueue& out_;
  Session& session_;
  const Duration interval_;
  const std::string encoder_name_;
  FrameMailbox mailbox_;
  std::uint32_t first_index_ = 0;  // of the encoder's first unit; encode thread
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> captured_ = 0;
  std::atomic<std::int64_t> encoding_since_ns_ = 0;  // 0: it does not
  std::thread encode_thread_;
};

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/queue.h"
#include "base/result.h"
#include "base/time.h"
#include "core/pacing/offload_guard.h"
#include "core/pacing/pacer.h"
#include "core/session/media_sender.h"
#include "core/session/parity_control.h"
#include "core/wire/host_timing.h"
#include "core/wire/mode.h"
#include "endpoint/host_sessions.h"
#include "host/capture/capture.h"
#include "host/encode/encoder.h"
#include "host/session/filler_sender.h"
#include "host/session/frame_mailbox.h"
#include "transport/datagram.h"

namespace punktfunk::host {

// One session's frame path on the host: capturer → mailbox (1, newest wins) → encode thread → queue of access
// units (2, the encoder waits) → send thread. Everything that leaves the encoder is sent, because each unit
// refers to the one before: when the network or the sender is slow, frames are dropped before they are
// encoded.
class VideoPipeline final : private CaptureSink {
 public:
  struct Setup {
    // Both absent: a session for bandwidth probes alone (section 19), without frames.
    std::unique_ptr<Capturer> capturer;
    std::unique_ptr<VideoEncoder> encoder;
    wire::Mode mode;
    BitRate wire_budget;            // at the start: video, parity and framing together
    std::uint32_t frame_limit = 0;  // access units to send; 0 = until stopped
  };
  struct Callbacks {
    std::function<void(const Error&)>
        failed;  // capture or encoder is beyond repair; any thread, once at most
    std::function<void(const wire::HostTiming&)> timing;   // on the send thread
    std::function<void()> finished;                        // frame_limit reached; on the send thread
    std::function<void(const wire::ProbeResult&)> probed;  // on the send thread
  };

  VideoPipeline(Setup setup, DatagramSocket& socket, Callbacks callbacks);
  ~VideoPipeline() override { stop(); }

  // Starts capturing, so that a picture is there when the client is ready.
  [[nodiscard]] Result<void> start_capture();
  // Starts encoding and sending.
  void start_sending(const endpoint::MediaGrant& grant);
  // Joins all threads; idempotent.
  void stop();

  // Any thread.
  void request_keyframe();
  // From the next frame on, without a keyframe.
  void set_wire_budget(BitRate budget);
  [[nodiscard]] BitRate wire_budget() const { return {wire_budget_bps_}; }
  // Filler leaves from now on, beside the frames; Callbacks::probed says when it is over. One at a time.
  void start_probe(const wire::ProbeRequest& request);
  // True when this report made the pipeline give up segmentation offload, for good.
  [[nodiscard]] bool on_loss_report(const wire::Feedback& feedback);

  struct Stats {
    std::uint64_t frames = 0;
    std::uint64_t keyframes = 0;
    std::uint64_t send_drops = 0;  // datagrams the kernel would not take
    std::uint64_t too_large = 0;   // access units above the receiver's limit, not sent
  };
  [[nodiscard]] Stats stats() const;

 private:
  struct EncodedUnit {
    Bytes au;
    TimePoint captured, encode_start, encode_end;
    bool keyframe = false;
    bool repeat = false;
  };

  void on_frame(CapturedFrame frame) override { mailbox_.put(std::move(frame)); }
  void on_capture_ended(const Error& error) override { fail_once(error); }
  void encode_loop();
  void send_loop(const endpoint::MediaGrant& grant);
  void send_unit(const EncodedUnit& unit, media::MediaSender& sender, media::Pacer& pacer,
                 FillerSender& filler, const endpoint::MediaGrant& grant);
  void send_filler(FillerSender& filler);
  void fail_once(const Error& error);
  Setup setup_;
  DatagramSocket& socket_;
  Callbacks callbacks_;
  const Duration interval_;
  std::uint16_t shard_bytes_ = 0;  // from the grant, before the threads start
  FrameMailbox mailbox_;
  BoundedQueue<EncodedUnit> units_{2};
  BoundedQueue<Bytes> spare_{4};  // emptied buffers on their way back to the encoder
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> failed_ = false;
  mutable std::mutex parity_mutex_;
  media::ParityControl parity_;
  media::OffloadGuard offload_;                                // with parity_mutex_ held
  std::uint64_t datagrams_reported_ = 0, drops_reported_ = 0;  // the same; as of the last report
  std::atomic<bool> use_offload_ = true;
  std::atomic<std::uint64_t> wire_budget_bps_;
  std::atomic<std::uint64_t> pacing_floor_bps_ = media::kPacingFloor.bits_per_second;
  std::atomic<std::uint64_t> datagrams_ = 0;  // handed to the socket
  std::atomic<std::uint64_t> frames_ = 0, keyframes_ = 0, send_drops_ = 0, too_large_ = 0;
  std::mutex probe_mutex_;
  std::optional<wire::ProbeRequest> probe_wanted_;  // with probe_mutex_ held
  std::atomic<bool> is_probe_wanted_ = false;       // so that the send thread need not lock
  std::thread encode_thread_, send_thread_;
};

}  // namespace punktfunk::host

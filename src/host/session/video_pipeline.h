// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "core/pacing/offload_guard.h"
#include "core/pacing/pacer.h"
#include "core/session/cadence_watch.h"
#include "core/session/media_sender.h"
#include "core/session/parity_control.h"
#include "core/wire/host_timing.h"
#include "endpoint/host_sessions.h"
#include "host/session/encode_stage.h"
#include "host/session/encoded_unit.h"
#include "host/session/filler_sender.h"
#include "host/session/session_statistics.h"
#include "transport/datagram.h"

namespace punktfunk::host {

// One session's frame path on the host: an EncodeStage (capturer and encoder of one epoch) → queue of access
// units (2, the encoder waits) → send thread. Everything that leaves the encoder is sent, because each unit
// refers to the one before: when the network or the sender is slow, frames are dropped before they are
// encoded. The stage may be replaced while the session runs; packet numbers and frame indices go on.
class VideoPipeline final : private EncodeStage::Session {
 public:
  struct Setup {
    // Without capturer and encoder: a session for bandwidth probes alone (section 19), without frames.
    PictureSource source;
    BitRate wire_budget;            // at the start: video, parity and framing together
    std::uint32_t frame_limit = 0;  // access units to send; 0 = until stopped
  };
  struct Callbacks {
    // The stage in use is beyond repair; any of its threads, once a stage.
    std::function<void(const Fault&)> failed;
    std::function<void(const wire::HostTiming&)> timing;   // on the send thread
    std::function<void()> finished;                        // frame_limit reached; on the send thread
    std::function<void(const wire::ProbeResult&)> probed;  // on the send thread
    // The first unit of another epoch was sent, this long after the unit before it; on the send thread.
    std::function<void(Duration gap)> resumed;
  };

  VideoPipeline(Setup setup, DatagramSocket& socket, Callbacks callbacks);
  ~VideoPipeline() override { stop(); }

  // Starts capturing, so that a picture is there when the client is ready.
  [[nodiscard]] Result<void> start_capture();
  // Starts encoding and sending.
  void start_sending(const endpoint::MediaGrant& grant);
  // Joins all threads; idempotent.
  void stop();

  // Ends the stage in use; the units it has finished are still sent. From one thread at a time, as are the
  // two above.
  void stop_source();
  // Puts another source in its place, whose first unit is a keyframe and opens `epoch`. After
  // start_sending(); error: it cannot capture, and there is no source.
  [[nodiscard]] Result<void> start_source(PictureSource source, std::uint8_t epoch);

  // Units that left the encoders so far: without a source, the frame index of the next one.
  [[nodiscard]] std::uint32_t units_encoded() const { return queue_.added; }

  // Any thread.
  void request_keyframe();
  // The client lacks these frames: the next is coded without them where the encoder can, else a keyframe.
  void go_on_without(const media::FrameRange& lost);
  // Data shards of a frame sent lately, by their place in the access unit, leave once more.
  void send_again(std::uint32_t frame, std::span<const std::uint16_t> shards);
  // Asks the source for a picture, changed or not.
  void poke();
  // Of the stage in use; nullopt: there is none.
  [[nodiscard]] std::optional<EncodeStage::Progress> progress() const;
  // From the next frame on, without a keyframe.
  void set_wire_budget(BitRate budget);
  [[nodiscard]] BitRate wire_budget() const { return {wire_budget_bps_}; }
  // What the encoder manages, where that is too little (core/session/cadence_watch.h).
  [[nodiscard]] std::optional<BitRate> cadence_ceiling() const;
  // Filler leaves from now on, beside the frames; Callbacks::probed says when it is over. One at a time.
  void start_probe(const wire::ProbeRequest& request);
  // When the first frame had left; nullopt: none has.
  [[nodiscard]] std::optional<TimePoint> first_frame_at() const;
  // True when this report made the pipeline give up segmentation offload, for good.
  [[nodiscard]] bool on_loss_report(const wire::Feedback& feedback);

  // What the pipeline knows of them: all but mode, epoch, changes and faults.
  [[nodiscard]] SessionStatistics statistics() const;

 private:
  BitRate encoder_rate(std::uint32_t refresh_hz) override;
  void encoded(const EncodedUnit& unit) override;
  void source_failed(const Fault& fault) override { callbacks_.failed(fault); }
  void send_loop(const endpoint::MediaGrant& grant, bool has_frames);
  // False: it was not sent, or not to its end.
  bool send_unit(EncodedUnit& unit, media::MediaSender& sender, media::Pacer& pacer, FillerSender& filler,
                 const endpoint::MediaGrant& grant);
  [[nodiscard]] static wire::HostTiming timing_of(const EncodedUnit& unit, TimePoint sent_at,
                                                  const media::SessionClock& clock);
  void send_filler(FillerSender& filler);
  void send_wanted_again(media::MediaSender& sender, const endpoint::MediaGrant& grant);

  const BitRate first_budget_;
  const std::uint32_t frame_limit_;
  DatagramSocket& socket_;
  Callbacks callbacks_;
  UnitQueue queue_;
  mutable std::mutex stage_mutex_;
  std::unique_ptr<EncodeStage> stage_;  // with stage_mutex_ held where it is replaced or others use it
  wire::Mode mode_;                     // of the newest stage
  mutable std::mutex cadence_mutex_;
  media::CadenceWatch cadence_;
  std::uint16_t shard_bytes_ = 0;  // from the grant, before the threads start
  std::atomic<bool> stopping_ = false;
  mutable std::mutex parity_mutex_;
  media::ParityControl parity_;
  media::OffloadGuard offload_;                                // with parity_mutex_ held
  std::uint64_t datagrams_reported_ = 0, drops_reported_ = 0;  // the same; as of the last report
  std::atomic<bool> use_offload_ = true;
  std::atomic<std::uint64_t> wire_budget_bps_;
  std::atomic<std::uint64_t> pacing_floor_bps_ = media::kPacingFloor.bits_per_second;
  std::atomic<std::uint64_t> datagrams_ = 0;   // handed to the socket
  std::atomic<std::uint64_t> send_drops_ = 0;  // of a stream's frames, not taken by the kernel
  mutable std::mutex statistics_mutex_;
  SessionStatistics statistics_;
  std::mutex probe_mutex_;
  std::optional<wire::ProbeRequest> probe_wanted_;  // with probe_mutex_ held
  std::atomic<bool> is_probe_wanted_ = false;       // so that the send thread need not lock
  struct Again {
    std::uint32_t frame = 0;
    std::vector<std::uint16_t> shards;
  };
  std::mutex again_mutex_;
  std::vector<Again> again_;  // with again_mutex_ held
  std::atomic<bool> is_again_wanted_ = false;
  std::atomic<Duration::rep> first_frame_ns_ = 0;  // of the monotonic clock; 0: none has left
  // Send thread only.
  std::size_t again_credit_ = 0;  // datagrams that may be sent again
  TimePoint last_captured_{};
  std::optional<TimePoint> last_sent_;
  std::uint8_t epoch_sent_ = 0;
  std::thread send_thread_;
};

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/queue.h"
#include "base/result.h"
#include "client/decode/decoder.h"
#include "client/session/latency_book.h"
#include "core/session/backlog_watch.h"
#include "core/session/epoch_gate.h"
#include "core/session/picture_chain.h"
#include "endpoint/client_endpoint.h"

namespace punktfunk::client {

struct StreamOptions {
  SocketAddress host;
  std::optional<control::Fingerprint> pin;  // the identity this host must show; nullopt: any (first contact)
  wire::ClientHello hello;
  Duration connect_budget = std::chrono::seconds(10);
  endpoint::ClientEndpointOptions endpoint;
  // Off for streams that carry no picture (`--source synthetic`).
  bool decode = true;
};

struct StreamStatistics {
  std::uint64_t frames = 0;  // access units received whole
  std::uint64_t keyframes = 0;
  std::uint64_t repeats = 0;    // of those, marked by the host as nothing new
  std::uint64_t pictures = 0;   // decoded
  std::uint64_t held_back = 0;  // not decoded because something before them was missing
  std::uint64_t undecodable = 0;
  std::uint64_t video_bytes = 0;  // of access units
  std::uint64_t freezes = 0;      // gaps between pictures longer than kFreeze
  Duration longest_gap{};         // between two decoded pictures
  Duration frozen{};              // all freezes together
  Duration shown{};               // first picture to last
  std::uint64_t epochs = 0;       // pictures that came from another pipeline of the host than those before
  Duration longest_epoch_gap{};   // the longest time without a picture before one of those
  std::uint64_t jumps_to_live = 0;
  std::uint64_t skipped = 0;  // access units that a jump dropped
  endpoint::ClientEndpoint::Snapshot network;
  StageLatencies latency;
};

// How an access unit or picture came here.
struct FrameReport {
  std::uint32_t index = 0;
  bool keyframe = false;
  FrameTimes times;
};

// Another mode is in force, from the picture on that comes next.
struct ModeChange {
  wire::Mode mode;
  std::uint8_t epoch = 0;
  Duration gap{};  // from the last picture before it to its first
};

class StreamListener {
 public:
  virtual ~StreamListener() = default;
  // Network thread. Must not block.
  virtual void on_waiting_for_approval() {}
  virtual void on_connected(const wire::ServerHello& hello, const control::Fingerprint& host) = 0;
  // What the host lets this device do, and for how long yet (0 seconds: no end): once connected, and when it
  // changes.
  virtual void on_access(const wire::AccessUpdate&) {}
  // The host's answer to reconfigure(), or its correction of an earlier one.
  virtual void on_reconfigured(const wire::Reconfigured&) {}
  virtual void on_ended(const endpoint::ClientEnd& end) = 0;
  // Decode thread. on_access_unit() comes for each unit, also those that are held back.
  virtual void on_access_unit(ByteView au, const FrameReport& report) = 0;
  virtual void on_mode_changed(const ModeChange&) {}
  virtual void on_picture(const Picture& picture, const FrameReport& report) = 0;
  virtual void on_statistics(const StreamStatistics& statistics) = 0;  // once a second
};

// One stream: connects, receives, decodes, recovers, measures. Network thread → queue of access units (8;
// overflow drops the oldest, counts as loss and asks for a keyframe) → decode thread → listener. While
// something is missing the last good picture stays: units are held back until a keyframe comes, or a recovery
// anchor, which does not refer to what is missing. When units
// wait too long for the decoder for too long, it jumps to live: to the newest keyframe that waits, or to one
// it asks for. When the host changes to another mode or rebuilds its pipeline (section 16.2), the last
// picture stays until the first new one.
class StreamSession final : private endpoint::ClientEvents {
 public:
  static constexpr Duration kFreeze = std::chrono::milliseconds(100);

  // `identity`, `random` and `listener` outlive the session.
  [[nodiscard]] static Result<std::unique_ptr<StreamSession>> start(const StreamOptions& options,
                                                                    const control::Identity& identity,
                                                                    RandomSource& random,
                                                                    StreamListener& listener);
  ~StreamSession() override { stop(); }

  void send_input(const wire::InputEvent& event) { endpoint_->send_input(event); }
  // For listeners that need every access unit in order and lack one.
  void ask_keyframe() { endpoint_->report_undecodable(); }
  // Asks for another mode without leaving; StreamListener says what comes of it.
  void reconfigure(const wire::Mode& mode) { endpoint_->reconfigure(mode); }
  // Leaves for good: the host tears the display down.
  void quit() { endpoint_->close(wire::CloseCode::user_quit, ""); }
  // Ends both threads; idempotent. Without quit() before it the host sees a lost connection.
  void stop();
  [[nodiscard]] StreamStatistics statistics() const;

 private:
  struct Unit {
    media::Frame frame;
    TimePoint handed_over;
    std::optional<std::uint32_t> before;  // the one that came out of the network before it
  };

  StreamSession(const StreamOptions& options, StreamListener& listener)
      : options_(options), listener_(listener) {}

  void on_pending() override { listener_.on_waiting_for_approval(); }
  void on_session(const wire::ServerHello& hello, const control::Fingerprint& host) override;
  void on_access(const wire::AccessUpdate& update) override { listener_.on_access(update); }
  void on_stream_config(const wire::StreamConfig& config) override;
  void on_reconfigured(const wire::Reconfigured& answer) override;
  void on_frame(media::Frame frame) override;
  void on_host_timing(const wire::HostTiming& timing) override;
  void on_paired(const control::Fingerprint&) override {}
  void on_ended(const endpoint::ClientEnd& end) override;

  void decode_loop();
  // `first` waited too long, and so did what is behind it.
  void jump_to_live(Unit first);
  void decode_and_recycle(Unit unit);
  void decode_unit(Unit& unit);
  // Sets the decoder and the rest to what the unit's epoch needs.
  void follow_epoch(std::uint8_t epoch);
  // Counts the picture, or what counts as one where nothing is decoded, and tells of a new mode.
  void picture_came(const media::Frame& frame, const FrameReport& report);

  const StreamOptions options_;
  StreamListener& listener_;
  std::unique_ptr<endpoint::ClientEndpoint> endpoint_;
  BoundedQueue<Unit> units_{8};
  std::optional<std::uint32_t> last_handed_over_;  // network thread only
  std::atomic<bool> stopping_ = false;

  // Decode thread only.
  std::unique_ptr<VideoDecoder> decoder_;
  std::optional<std::uint32_t> last_index_;
  media::PictureChain chain_;
  std::optional<media::BacklogWatch> backlog_;
  std::optional<TimePoint> first_picture_, last_picture_;
  bool opens_epoch_ = false;                // the next picture does
  Duration epoch_gap_{};                    // before the first picture of the epoch in progress
  std::optional<wire::Mode> mode_to_tell_;  // with the next picture
  TimePoint statistics_due_{};
  Duration decode_time_{};              // of the unit under way
  std::optional<std::uint32_t> clean_;  // the same, once a good picture came of it

  mutable std::mutex mutex_;
  std::optional<media::EpochGate> epochs_;  // from the session's opening on
  std::uint8_t codec_ = 0;
  LatencyBook latency_;
  StreamStatistics statistics_;
  std::optional<std::int64_t> clock_offset_ns_;
  std::thread decode_thread_;
};

}  // namespace punktfunk::client

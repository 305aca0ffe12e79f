// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "control/client_control.h"
#include "control/identity/identity.h"
#include "control/quic/quic_endpoint.h"
#include "core/session/epoch_gate.h"
#include "core/session/feedback_window.h"
#include "core/session/loss_response.h"
#include "core/session/media_receiver.h"
#include "core/session/rate_control.h"
#include "core/session/start_ramp.h"
#include "core/wire/audio.h"
#include "core/wire/hello.h"
#include "core/wire/host_timing.h"
#include "core/wire/input_event.h"
#include "core/wire/session_messages.h"
#include "transport/datagram.h"

namespace punktfunk::endpoint {

enum class EndKind : std::uint8_t {
  finished,         // closed by either side as intended
  refused,          // the host said no, before or during the session; `code` says which
  trust_failed,     // the host is not the one that was pinned
  pairing_failed,   // wrong PIN, on either end's word
  timed_out,        // no answer within the budget
  connection_lost,  // it was there, and fell silent
  protocol_error,   // the host broke the protocol, or speaks another
};

struct ClientEnd {
  EndKind kind = EndKind::finished;
  wire::CloseCode code = wire::CloseCode::done;
  std::string message;                            // one sentence for the user
  std::optional<control::Fingerprint> host = {};  // what it showed, once the handshake was done
};

// All calls come on the thread that drives the node, and must not block. on_ended() is the last.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  virtual void on_pending() = 0;  // the host's operator decides; repeated every 10 s
  virtual void on_session(const wire::ServerHello& hello, const control::Fingerprint& host) = 0;
  virtual void on_stream_config(const wire::StreamConfig& config) = 0;
  // The host's answer to reconfigure(), or its correction of an earlier one.
  virtual void on_reconfigured(const wire::Reconfigured&) {}
  // Access units in index order; a gap in the index is a frame lost for good. Give buffers back with
  // recycle(). Frames of an epoch that is over (section 16.2) do not come.
  virtual void on_frame(media::Frame frame) = 0;
  virtual void on_host_timing(const wire::HostTiming& timing) = 0;
  // One Opus packet as it came (section 23.1): in any order, repeated or not.
  virtual void on_audio(wire::AudioPacket) {}
  // What this device may do, and for how long yet: after on_session(), and with every change. What is not
  // granted is best not offered; input that is not granted does not leave.
  virtual void on_access(const wire::AccessUpdate&) {}
  // The probe asked for is complete.
  virtual void on_probe(const media::ProbeFigures&) {}
  // The host accepted the PIN: pin this fingerprint.
  virtual void on_paired(const control::Fingerprint& host) = 0;
  virtual void on_ended(const ClientEnd& end) = 0;
};

struct ConnectOptions {
  SocketAddress local;  // of the socket in use; same family as `host`
  SocketAddress host;
  // The identity the host must show; none only on first contact, whose fingerprint on_session() reports.
  std::optional<control::Fingerprint> pin;
  Duration budget = std::chrono::seconds(10);  // from dialling to the host's answer
  // The decoder goes on with a frame flagged RECOVERY_ANCHOR: then lost frames are asked to be invalidated
  // (section 17), which costs less than a keyframe.
  bool takes_anchors = false;
  Duration approval_budget =
      std::chrono::seconds(185);  // instead, once the host said Pending (180 s and a margin)
};

// A client without socket, thread or clock: QUIC, handshake or pairing, media reception, feedback and
// recovery. Datagrams and time go in; datagrams, access units and events come out. One use: one session or
// one pairing. One thread.
class ClientNode final : private control::QuicHandler, private control::ClientControl::Surroundings {
 public:
  // Section 3: each dial is given 3 s, and dialling ends 2 s before the budget does.
  static constexpr Duration kDialAttempt = std::chrono::seconds(3);
  static constexpr Duration kDialReserve = std::chrono::seconds(2);

  // `identity` may be nullptr: a client without certificate, which hosts refuse. Arguments outlive the node.
  [[nodiscard]] static Result<std::unique_ptr<ClientNode>> create(const control::QuicConfig& quic,
                                                                  const control::Identity* identity,
                                                                  RandomSource& random, ClientEvents& events);
  ~ClientNode() override;

  // One of these, once.
  void connect(const ConnectOptions& options, const wire::ClientHello& hello, TimePoint now);
  void pair(const ConnectOptions& options, std::string device_name, std::string pin, TimePoint now);

  // `datagram` is decrypted in place.
  void receive(const SocketAddress& local, const SocketAddress& remote, MutableBytes datagram,
               std::uint8_t ecn, TimePoint now);
  // The same for all that one read brought, in order; media packets are opened together, which is faster.
  // They came to `local`.
  void receive_batch(const SocketAddress& local, std::span<const ReceivedDatagram> datagrams, TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  void handle_deadline(TimePoint now);
  [[nodiscard]] bool poll_transmit(control::Transmit& out, TimePoint now);

  // Dropped while no session runs, and if the host does not grant it.
  void send_input(const wire::InputEvent& event);
  // Asks for another mode without leaving the session; on_reconfigured() answers, and the pictures follow in
  // an epoch of their own. Dropped while no session runs.
  void reconfigure(const wire::Mode& mode) { control_.ask_mode(mode); }
  // The decoder refused this frame: the picture needs a keyframe. nullopt: it needs one, whatever came.
  void on_undecodable(std::optional<std::uint32_t> index, TimePoint now);
  // `decode_time`: what the decoder worked on it; zero when it did not.
  void recycle(Bytes&& buffer, Duration decode_time = Duration::zero());
  // The decoder took this frame, and its picture is good: the host is told.
  void on_clean(std::uint32_t index);
  // Asks the host for filler and measures it; on_probe() follows, at the latest 10 s after the longest probe.
  // Dropped while no session runs or another probe does; a start-up ramp ends for it.
  void ask_probe(const wire::ProbeRequest& request, TimePoint now);
  // Ends the session from this side. on_ended() follows from within the next call that carries time.
  void close(wire::CloseCode code, std::string_view reason) override;

  struct Stats {
    media::MediaReceiver::Stats media;
    std::uint64_t foreign_media = 0;  // media-shaped datagrams from elsewhere, or before the session
    std::uint64_t keyframe_asks = 0;  // of all kinds, invalidations included
    std::uint64_t invalidations = 0;  // of those
    std::uint64_t shards_asked_again = 0;
    std::uint64_t frames_healed = 0;      // complete after shards were asked for again
    std::uint64_t past_epoch_frames = 0;  // dropped: their epoch was over
    std::uint64_t host_gaps = 0;          // silences the host announced as its own
    BitRate rate;                         // total wire budget, in force or asked for; zero before the session
    media::RateControl::Cause rate_cause = media::RateControl::Cause::none;
    std::uint64_t rate_asks = 0;
    std::optional<wire::BitrateReason> rate_reason;  // in the host's last word on it
    Duration quic_rtt{};
  };
  [[nodiscard]] Stats stats() const;
  // Host session clock (Unix ns) at a local instant, once estimated.
  [[nodiscard]] std::optional<std::int64_t> host_clock_ns(TimePoint at) const;
  // Packets the client's own edge dropped (socket overflow, test loss); reported to the host in feedback.
  void set_local_drops(std::uint64_t total) { local_drops_ = total; }
  [[nodiscard]] bool has_ended() const { return ended_; }
  // No more datagrams will come out: the node may be discarded.
  [[nodiscard]] bool is_idle() const { return ended_ && quic_->connection_count() == 0; }

 private:
  ClientNode(const control::Identity* identity, RandomSource& random, ClientEvents& events);
  // Most media packets before finished frames are handed on: a frame waits for those behind it, about 0.25 us
  // each.
  static constexpr std::size_t kMediaBatch = 32;

  void dial(TimePoint now);
  [[nodiscard]] bool takes_media_from(const SocketAddress& remote) const;
  void receive_media();
  void drain_frames(TimePoint now);
  void send_feedback_if_due(TimePoint now);
  void send_feedback(wire::Feedback feedback);
  void take_arrivals();
  void run_rate_control(TimePoint now);
  void finish_probe(TimePoint now);
  void go_on_with_ramp(TimePoint now);
  void start_probe(const wire::ProbeRequest& request, TimePoint now);
  void end(EndKind kind, wire::CloseCode code, std::string message);

  void on_handshake_done(control::ConnectionId id, const control::PeerInfo& peer) override;
  void on_stream_opened(control::ConnectionId id, control::StreamId stream, bool bidirectional) override;
  void on_stream_data(control::ConnectionId id, control::StreamId stream, ByteView data, bool fin) override;
  void on_stream_reset(control::ConnectionId id, control::StreamId stream, std::uint64_t code) override;
  void on_datagram(control::ConnectionId id, ByteView data) override;
  void on_path_changed(control::ConnectionId id, const SocketAddress& remote) override;
  void on_closed(control::ConnectionId id, const control::CloseInfo& info) override;

  void write(ByteView control_bytes) override;
  void pending() override;
  bool session_opened(const wire::ServerHello& hello) override;
  void stream_config(const wire::StreamConfig& config) override;
  void reconfigured(const wire::Reconfigured& answer) override { events_.on_reconfigured(answer); }
  void bitrate_changed(const wire::BitrateChanged& changed, TimePoint now) override;
  void pipeline_gap(TimePoint now) override;
  void probe_result(const wire::ProbeResult& result, TimePoint now) override;
  void access_changed(const wire::AccessUpdate& update) override;
  void pairing_finished(bool accepted) override;
  void refused(std::uint32_t code, std::string_view reason) override;

  const control::Identity* identity_;
  RandomSource& random_;
  ClientEvents& events_;
  std::unique_ptr<control::QuicEndpoint> quic_;
  control::ClientControl control_;
  ConnectOptions options_;
  std::optional<wire::ClientHello> hello_;  // a session is wanted …
  std::string device_name_;                 // … or a pairing
  std::string pairing_pin_;
  std::optional<control::ConnectionId> connection_;
  control::Fingerprint host_fingerprint_{};
  std::optional<TimePoint> give_up_at_;  // until the host has answered
  TimePoint dial_until_{};
  std::optional<media::MediaReceiver> receiver_;
  std::vector<MutableBytes> media_batch_;  // from the host, not yet given to receiver_; empty between calls
  std::optional<media::FeedbackWindow> window_;
  std::optional<media::LossResponse> losses_;
  std::optional<media::RateControl> rate_control_;  // none: this client asked for a fixed rate
  std::optional<media::StartRamp> ramp_;            // the probe in progress, if any, is its step
  std::optional<wire::ProbeRequest> probe_wanted_;  // until the ramp's step is over
  BitRate rate_;                                    // in force
  std::uint64_t rate_asks_ = 0;
  std::optional<wire::BitrateReason> rate_reason_;
  std::uint64_t local_drops_ = 0;
  std::uint64_t foreign_media_ = 0;
  std::uint32_t grants_ = 0;  // as the host said last
  wire::Mode first_mode_;     // ServerHello's
  std::optional<media::EpochGate> epochs_;
  std::uint64_t past_epoch_frames_ = 0;
  std::uint64_t host_gaps_ = 0;
  std::optional<ClientEnd> local_end_;  // why this side closed
  bool ended_ = false;
  TimePoint now_{};
};

}  // namespace punktfunk::endpoint

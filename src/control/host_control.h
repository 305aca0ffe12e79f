// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/random.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "control/pairing_desk.h"
#include "core/crypto/spake2.h"
#include "core/session/bandwidth_probe.h"
#include "core/session/grants.h"
#include "core/wire/close_code.h"
#include "core/wire/control_frame.h"
#include "core/wire/hello.h"
#include "core/wire/host_messages.h"
#include "core/wire/session_messages.h"

namespace punktfunk::control {

// The host's side of one connection's control stream: handshake order (section 9), PIN pairing (section 10)
// and the frames of a running session. A pure state machine: bytes and time in, calls on its surroundings
// out. One thread.
class HostControl {
 public:
  struct Peer {
    std::optional<crypto::Digest> fingerprint;  // none: the client showed no certificate
    SocketAddress address;
  };

  // What the machine asks of the connection and the host. close() ends the connection; the machine does
  // nothing after it.
  class Surroundings {
   public:
    virtual ~Surroundings() = default;
    virtual void write(ByteView control_bytes) = 0;
    virtual void close(wire::CloseCode code, std::string_view reason) = 0;
    // Whether this device may start a session.
    [[nodiscard]] virtual bool is_paired(const crypto::Digest& fingerprint) = 0;
    // A pairing came to nothing: closed with this code, or the PIN was used up without a proof of it (none).
    virtual void pairing_failed(std::optional<wire::CloseCode>) {}
    // Called once the client proved the PIN. False when it could not be stored; the pairing then fails on
    // both ends.
    // `rights`: what the PIN was armed with.
    [[nodiscard]] virtual bool store_pairing(const crypto::Digest& fingerprint, const std::string& name,
                                             const std::optional<access::Offer>& rights) = 0;
    // The connection closes with this.
    struct Refusal {
      wire::CloseCode code;
      std::string reason;
    };
    struct Parked {};    // until admit() or turn_away()
    struct Admitted {};  // it was stored just now, because the operator trusts first uses
    // An unknown device with a certificate says hello.
    [[nodiscard]] virtual std::variant<Parked, Admitted, Refusal> knock(const wire::ClientHello& hello) = 0;
    // A paired device asks for something its rights do not allow (section 9, step 2). nullopt: it may go on.
    [[nodiscard]] virtual std::optional<Refusal> barred(const wire::ClientHello& hello) = 0;
    // Whether a frame of a running session may be acted on that takes these grants; if not it is counted and
    // skipped.
    [[nodiscard]] virtual bool permits(std::uint32_t needed) = 0;
    // An allowed client asks for a session. Answered later by accept() or refuse().
    virtual void session_requested(const wire::ClientHello& hello) = 0;
    // The client is ready to take media.
    virtual void session_ready() = 0;
    // The client asks for another rate (section 18). What is in force now; nullopt: what was before.
    [[nodiscard]] virtual std::optional<wire::BitrateChanged> bitrate_asked(std::uint32_t kbps) = 0;
    // The client asks for another mode (section 16.2), no sooner than kReconfigureSpacing after the last one
    // that was accepted. True: it comes, or is in force; answered by begin_epoch(). False: not here.
    [[nodiscard]] virtual bool reconfigure_asked(const wire::Mode&) { return false; }
    // A bandwidth probe may run (section 19): bounded, one at a time. Answered by send_probe_result(). False:
    // not here; the machine then declines.
    [[nodiscard]] virtual bool probe_asked(const wire::ProbeRequest&) { return false; }
    // No frame has left yet, or the first one less than ProbeGate::kRampGrace ago.
    [[nodiscard]] virtual bool is_starting() { return false; }
    // The session clock (section 20), Unix ns.
    [[nodiscard]] virtual std::uint64_t session_time_ns(TimePoint at) = 0;
  };

  // Section 9: how long the reference host waits for the stream and the first frame, and from ServerHello to
  // Ready.
  static constexpr Duration kHandshakeWait = std::chrono::seconds(10);
  static constexpr Duration kPendingEvery = std::chrono::seconds(10);
  // A decision that takes longer than this is announced as slow. Well before a client's budget for an answer,
  // 10 s, is over; starting a display and an encoder takes less, so that ordinary clients never see it.
  static constexpr Duration kFirstPending = std::chrono::seconds(2);
  // Section 9.3: how long a parked client waits for the operator.
  static constexpr Duration kApprovalWindow = std::chrono::seconds(180);
  // Section 19.
  static constexpr Duration kProbeOnlyTime = std::chrono::seconds(60);
  // Section 16.2.
  static constexpr Duration kReconfigureSpacing = std::chrono::milliseconds(500);
  // Section 10.1.
  static constexpr Duration kPairingWait = std::chrono::seconds(60);
  static constexpr Duration kPairedLinger = std::chrono::seconds(5);

  // `desk`, `surroundings` and `random` outlive the machine.
  HostControl(Peer peer, const crypto::Digest& host_fingerprint, PairingDesk& desk,
              Surroundings& surroundings, RandomSource& random, TimePoint now);

  // Bytes of the control stream after its type varint. `fin`: the client ended its direction.
  void on_stream_data(ByteView bytes, bool fin, TimePoint now);

  // Answers to knock(), for as long as the client is parked; ignored otherwise. admit(): the device may
  // connect from now on (its fingerprint is stored), and the handshake goes on with its hello.
  void admit(TimePoint now);
  void turn_away(wire::CloseCode code, std::string_view reason);

  // Answer to session_requested(): ServerHello now, StreamConfig epoch 0 right after Ready.
  void accept(const wire::ServerHello& hello, const wire::StreamConfig& config, TimePoint now);
  void refuse(wire::CloseCode code, std::string_view reason);

  // Tells a running session's client what rate is in force, with the reason if it reads reasons.
  void send_bitrate(const wire::BitrateChanged& changed);

  // The pictures of another pipeline follow (section 16.2): StreamConfig now, or right after Ready. A client
  // that does not tie modes to epochs is told where `mode` is not what it was promised.
  void begin_epoch(std::uint8_t epoch, const wire::Mode& mode);
  // The host was silent for this long for reasons of its own (section 18).
  void send_gap(std::uint32_t gap_ms);
  // The device's rights changed (section 25). Told as soon as the client can take it.
  void send_access(const wire::AccessUpdate& update);

  // The probe that was asked for is over.
  void send_probe_result(const wire::ProbeResult& result);

  // The connection is gone, whoever ended it. The last call.
  void connection_lost();

  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  void handle_deadline(TimePoint now);

  // As the client was told last; once it was accepted.
  [[nodiscard]] const wire::StreamConfig& config() const { return config_; }
  [[nodiscard]] bool is_running() const { return state_ == State::running; }
  // Waits for the operator; has no session.
  [[nodiscard]] bool is_parked() const { return state_ == State::parked; }
  // A session was asked for and is not over.
  [[nodiscard]] bool has_session() const {
    return state_ == State::deciding || state_ == State::await_ready || state_ == State::running;
  }

 private:
  enum class State {
    await_stream,
    await_first_frame,
    await_proof,
    paired,
    parked,
    deciding,
    await_ready,
    running,
    closed
  };

  void on_frame(const wire::Frame& frame, TimePoint now);
  void on_first_frame(const wire::Frame& frame, TimePoint now);
  void on_client_hello(const wire::Frame& frame, TimePoint now);
  void request_session(const wire::ClientHello& hello, TimePoint now);
  void on_pair_request(const wire::Frame& frame, TimePoint now);
  void on_pair_proof(const wire::Frame& frame, TimePoint now);
  void on_probe_request(const wire::Frame& frame, TimePoint now);
  void on_reconfigure(const wire::Frame& frame, TimePoint now);
  void on_session_frame(const wire::Frame& frame, TimePoint now);
  void send(wire::FrameType type, ByteView body);
  void close(wire::CloseCode code, std::string_view reason);

  Peer peer_;
  crypto::Digest host_fingerprint_;
  PairingDesk& desk_;
  Surroundings& surroundings_;
  RandomSource& random_;
  State state_ = State::await_stream;
  std::optional<TimePoint> deadline_;
  TimePoint approval_until_{};                     // while parked
  std::optional<wire::ClientHello> parked_hello_;  // while parked
  wire::FrameParser parser_;
  std::optional<crypto::Spake2Key> pairing_key_;
  std::string pairing_name_;
  std::optional<access::Offer> pairing_rights_;
  wire::StreamConfig config_;
  wire::Mode promised_mode_;                  // the client was told last that this is in force or coming
  std::optional<TimePoint> reconfigured_at_;  // a new mode was accepted
  bool ties_modes_ = false;                   // feature bit 32 is in force
  std::optional<wire::AccessUpdate> access_update_;  // between ServerHello and StreamConfig
  std::uint32_t bitrate_kbps_ = 0;
  bool is_pinned_ = false;      // the client asked for a fixed rate
  bool reads_reasons_ = false;  // in BitrateChanged
  bool takes_filler_ = false;   // client feature bit 4
  bool is_probe_only_ = false;
  int ramp_steps_ = 0;  // beside video; probes as short as that
  media::ProbeGate probes_;
};

}  // namespace punktfunk::control

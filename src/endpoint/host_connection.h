// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "control/approval_desk.h"
#include "control/host_control.h"
#include "control/identity/trust_store.h"
#include "control/pairing_desk.h"
#include "control/quic/quic_endpoint.h"
#include "core/session/grants.h"
#include "core/wire/close_code.h"
#include "core/wire/hello.h"
#include "core/wire/session_messages.h"
#include "endpoint/control_stream.h"
#include "endpoint/host_config.h"
#include "endpoint/host_sessions.h"

namespace punktfunk::endpoint {

// One client's QUIC connection on the host, from the finished TLS handshake on. Belongs to a HostNode and
// runs on its thread.
class HostConnection final : private control::HostControl::Surroundings {
 public:
  // What a connection asks of its node.
  class Node {
   public:
    virtual ~Node() = default;
    // Of the call in progress.
    [[nodiscard]] virtual TimePoint now() const = 0;
    // Whether the device's time is over.
    [[nodiscard]] virtual bool is_expired(const control::Device& device) const = 0;
    // A device was parked: its older connection, if it has one, is turned away and the operator told.
    virtual void parked(const control::ApprovalDesk::Parked& parked) = 0;
    // Stores the device after the operator let it in. `rights`: none: full ones, or what it has already. Its
    // parked connection, if there is one, goes on.
    [[nodiscard]] virtual Result<void> trust(const control::Fingerprint& fingerprint, std::string_view name,
                                             const std::optional<access::Offer>& rights,
                                             control::PairedBy how) = 0;
    // Stores an unknown device because the operator trusts first uses. False: he does not, or not this one.
    [[nodiscard]] virtual bool trust_first_use(const control::Fingerprint& fingerprint, std::string_view name,
                                               const SocketAddress& address) = 0;
  };

  // What all connections of a node share; outlives them.
  struct Shared {
    const HostConfig& config;
    const control::Fingerprint& host_fingerprint;
    control::TrustStore& clients;
    control::PairingDesk& desk;
    control::ApprovalDesk& approvals;
    RandomSource& random;
    HostSessions& sessions;
    control::QuicEndpoint& quic;
    Node& node;
  };

  HostConnection(const Shared& shared, control::ConnectionId id, const control::PeerInfo& peer);

  void on_stream_data(control::StreamId stream, ByteView data, bool fin);
  void on_datagram(ByteView bytes);
  void on_path_changed(const SocketAddress& remote);
  // The connection is gone; the last call.
  void on_closed(const control::CloseInfo& info);

  // As HostNode's of the same names.
  void accept(const SessionAnswer& answer, TimePoint now);
  void admit(TimePoint now) { control_.admit(now); }
  void turn_away(wire::CloseCode code, std::string_view reason) { control_.turn_away(code, reason); }
  void refuse(wire::CloseCode code, std::string_view reason) { control_.refuse(code, reason); }
  void end(wire::CloseCode code, std::string_view reason) { close(code, reason); }
  void send_bitrate(const wire::BitrateChanged& changed) { control_.send_bitrate(changed); }
  void begin_epoch(std::uint8_t epoch, const wire::Mode& mode) { control_.begin_epoch(epoch, mode); }
  void send_gap(std::uint32_t gap_ms) { control_.send_gap(gap_ms); }
  void send_probe_result(const wire::ProbeResult& result) { control_.send_probe_result(result); }

  [[nodiscard]] bool has_session() const { return control_.has_session(); }
  [[nodiscard]] bool is_running() const { return control_.is_running(); }
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  void handle_deadline(TimePoint now);

  // The stored rights of this device changed: a session that is asked for or runs has them from now on.
  void rights_changed();
  // None: the client showed no certificate.
  [[nodiscard]] const std::optional<control::Fingerprint>& fingerprint() const { return peer_.fingerprint; }
  [[nodiscard]] const access::Gate& gate() const { return gate_; }

 private:
  void write(ByteView bytes) override;
  void close(wire::CloseCode code, std::string_view reason) override;
  void pairing_failed(std::optional<wire::CloseCode> code) override;
  bool is_paired(const crypto::Digest& fingerprint) override;
  bool store_pairing(const crypto::Digest& fingerprint, const std::string& name,
                     const std::optional<access::Offer>& rights) override;
  std::variant<Parked, Admitted, Refusal> knock(const wire::ClientHello& hello) override;
  std::optional<Refusal> barred(const wire::ClientHello& hello) override;
  bool permits(std::uint32_t needed) override { return gate_.pass(needed); }
  void session_requested(const wire::ClientHello& hello) override;
  std::optional<wire::BitrateChanged> bitrate_asked(std::uint32_t kbps) override;
  bool reconfigure_asked(const wire::Mode& mode) override;
  bool probe_asked(const wire::ProbeRequest& request) override;
  bool is_starting() override;
  void session_ready() override;
  std::uint64_t session_time_ns(TimePoint at) override;
  [[nodiscard]] const control::Device* device() const;
  // Of the device's rights; 0: no end.
  [[nodiscard]] std::uint32_t seconds_left(const control::Device& device) const;
  // Ends the session if the device's time is over, else looks again when it will be.
  void check_access();

  const Shared shared_;
  const control::ConnectionId id_;
  const control::PeerInfo peer_;
  ControlStreamPrefix prefix_;
  control::HostControl control_;
  wire::ClientHello asked_;
  bool session_asked_ = false;
  access::Gate gate_;
  std::optional<TimePoint> access_check_;  // while there is a session
  std::optional<MediaGrant> grant_;
  std::shared_ptr<MediaPath> path_;
};

}  // namespace punktfunk::endpoint

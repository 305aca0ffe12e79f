// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "control/approval_desk.h"
#include "control/identity/trust_store.h"
#include "control/pairing_desk.h"
#include "control/quic/quic_endpoint.h"
#include "core/wire/audio.h"
#include "core/wire/host_timing.h"
#include "endpoint/host_config.h"
#include "endpoint/host_connection.h"
#include "endpoint/host_sessions.h"

namespace punktfunk::endpoint {

// A host's control plane without socket, thread or clock: QUIC, handshakes, pairing, input and feedback of
// all its connections. Datagrams and time go in, datagrams and calls on HostSessions come out. HostEndpoint
// runs it on a socket, the simulations in virtual time. One thread.
class HostNode final : private control::QuicHandler, private HostConnection::Node {
 public:
  // `identity`, `clients`, `random` and `sessions` outlive the node.
  [[nodiscard]] static Result<std::unique_ptr<HostNode>> create(const HostConfig& config,
                                                                const control::Identity& identity,
                                                                control::TrustStore& clients,
                                                                RandomSource& random, HostSessions& sessions);
  ~HostNode() override;

  void receive(const SocketAddress& local, const SocketAddress& remote, ByteView datagram, std::uint8_t ecn,
               TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  void handle_deadline(TimePoint now);
  [[nodiscard]] bool poll_transmit(control::Transmit& out, TimePoint now);

  // Answers to HostSessions::session_requested(). Unknown or ended ids are ignored.
  void accept(SessionId id, const SessionAnswer& answer, TimePoint now);
  void refuse(SessionId id, wire::CloseCode code, std::string_view reason);
  // Ends a session, telling the client why. session_ended() follows.
  void end(SessionId id, wire::CloseCode code, std::string_view reason);
  void end_all(wire::CloseCode code, std::string_view reason);
  // The rate in force changed without the client asking (section 18).
  void send_bitrate(SessionId id, const wire::BitrateChanged& changed);
  // The session's pictures come from another pipeline from now on (section 16.2); before its first media
  // packet leaves. Then how long there was none (section 18).
  void begin_epoch(SessionId id, std::uint8_t epoch, const wire::Mode& mode);
  void send_gap(SessionId id, std::uint32_t gap_ms);
  // Answer to HostSessions::probe_asked().
  void send_probe_result(SessionId id, const wire::ProbeResult& result);
  // One per access unit, for clients that asked for it (section 24.4).
  void send_host_timing(SessionId id, const wire::HostTiming& timing);
  // One datagram of sound (section 23.1).
  void send_audio(SessionId id, const wire::AudioPacket& packet);

  // Arms the one PIN and returns it; whatever was armed before is not any more.
  [[nodiscard]] std::string arm_pairing(TimePoint now, const control::PairingDesk::Window& window = {}) {
    return desk_.arm(now, random_, window);
  }
  void disarm_pairing() { desk_.disarm(); }
  [[nodiscard]] std::optional<control::PairingDesk::Armed> armed_pairing(TimePoint now) const {
    return desk_.armed(now);
  }

  // Who asks to be let in, oldest first.
  [[nodiscard]] const std::vector<control::ApprovalDesk::Entry>& pending(TimePoint now) {
    return approvals_.list(now);
  }
  // Stores the device with these rights, then lets its waiting connection go on. The entry as it was; without
  // a connection the device had stopped waiting, and may connect from now on.
  [[nodiscard]] Result<control::ApprovalDesk::Entry> approve(std::uint32_t id, TimePoint now,
                                                             const access::Offer& rights = {});
  [[nodiscard]] Result<control::ApprovalDesk::Entry> deny(std::uint32_t id, TimePoint now);

  // The paired devices, oldest pairing first.
  struct DeviceInfo {
    control::Device device;
    bool is_expired = false;
    std::size_t sessions = 0;         // asked for or running
    std::uint64_t denied_inputs = 0;  // of those sessions: dropped because the rights do not allow them
  };
  [[nodiscard]] std::vector<DeviceInfo> devices() const;
  // Changes are stored first, and reach sessions of the device at once. The device as it is now; of unpair(),
  // as it was. An error changes nothing.
  [[nodiscard]] Result<control::Device> rename(const control::Fingerprint& fingerprint,
                                               std::string_view name);
  // What is not given stays; a term counts from now.
  struct RightsEdit {
    std::optional<std::uint32_t> grants;
    std::optional<access::Term> term;
  };
  [[nodiscard]] Result<control::Device> set_rights(const control::Fingerprint& fingerprint,
                                                   const RightsEdit& edit, TimePoint now);
  [[nodiscard]] Result<control::Device> unpair(const control::Fingerprint& fingerprint, TimePoint now);
  // How many there were.
  [[nodiscard]] Result<std::size_t> unpair_all(TimePoint now);

  [[nodiscard]] bool may_connect(const control::Fingerprint& fingerprint) const {
    const control::Device* device = clients_.find(fingerprint);
    return device != nullptr && !is_expired(*device);
  }
  void set_approval(bool approval) { config_.approval = approval; }

  [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }
  [[nodiscard]] std::size_t session_count() const;
  // Where a session's client is at this moment, and when it was heard last. nullopt: its connection is gone.
  struct Peer {
    SocketAddress remote;
    TimePoint last_heard;
  };
  [[nodiscard]] std::optional<Peer> peer(SessionId id) const;
  [[nodiscard]] const control::QuicEndpoint& quic() const { return *quic_; }

 private:
  HostNode(const HostConfig& config, const control::Identity& identity, control::TrustStore& clients,
           RandomSource& random, HostSessions& sessions);

  void on_handshake_done(control::ConnectionId id, const control::PeerInfo& peer) override;
  void on_stream_opened(control::ConnectionId id, control::StreamId stream, bool bidirectional) override;
  void on_stream_data(control::ConnectionId id, control::StreamId stream, ByteView data, bool fin) override;
  void on_stream_reset(control::ConnectionId id, control::StreamId stream, std::uint64_t code) override;
  void on_datagram(control::ConnectionId id, ByteView data) override;
  void on_path_changed(control::ConnectionId id, const SocketAddress& remote) override;
  void on_closed(control::ConnectionId id, const control::CloseInfo& info) override;
  [[nodiscard]] TimePoint now() const override { return now_; }
  void parked(const control::ApprovalDesk::Parked& parked) override;
  [[nodiscard]] Result<void> trust(const control::Fingerprint& fingerprint, std::string_view name,
                                   const std::optional<access::Offer>& rights,
                                   control::PairedBy how) override;
  [[nodiscard]] bool trust_first_use(const control::Fingerprint& fingerprint, std::string_view name,
                                     const SocketAddress& address) override;
  [[nodiscard]] bool is_expired(const control::Device& device) const override;
  [[nodiscard]] std::uint64_t unix_s() const;
  // Every connection of the device, or of every device, with a session that is asked for or runs.
  [[nodiscard]] std::vector<HostConnection*> sessions_of(
      const std::optional<control::Fingerprint>& fingerprint) const;
  [[nodiscard]] HostConnection* find(control::ConnectionId id);
  [[nodiscard]] HostConnection::Shared shared();

  HostConfig config_;
  const control::Identity& identity_;
  control::TrustStore& clients_;
  RandomSource& random_;
  HostSessions& sessions_;
  control::PairingDesk desk_;
  control::ApprovalDesk approvals_;
  std::optional<TimePoint> knock_told_;
  std::optional<TimePoint> first_use_at_;
  std::unique_ptr<control::QuicEndpoint> quic_;
  std::map<control::ConnectionId, std::unique_ptr<HostConnection>> connections_;
  // The time of the call in progress, for events that QUIC delivers from within it.
  TimePoint now_{};
};

}  // namespace punktfunk::endpoint

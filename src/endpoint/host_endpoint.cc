// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/host_endpoint.h"

#include <future>
#include <utility>

#include "transport/udp/route_mtu.h"

namespace punktfunk::endpoint {

namespace {
// Batches read in one turn, so that a flood cannot keep timers and posted work waiting.
constexpr int kBatchesPerTurn = 16;
constexpr const char* kNoAnswer = "The host is stopping or too busy to answer; try again.";
}  // namespace

Result<std::unique_ptr<HostEndpoint>> HostEndpoint::create(const HostConfig& config, DatagramSocket& socket,
                                                           const control::Identity& identity,
                                                           control::TrustStore& clients, RandomSource& random,
                                                           HostSessions& sessions) {
  std::unique_ptr<HostEndpoint> endpoint(new HostEndpoint(socket, clients));
  HostConfig complete = config;
  if (!complete.route_mtu) complete.route_mtu = route_mtu;
  auto node = HostNode::create(complete, identity, clients, random, sessions);
  if (!node) return tl::unexpected(node.error());
  endpoint->node_ = std::move(*node);
  return endpoint;
}

void HostEndpoint::start() {
  loop_.start(
      "pf-control", socket_.fd(), [this] { read_socket(); }, [this] { return turn(); });
}

void HostEndpoint::read_socket() {
  for (int batch = 0; batch < kBatchesPerTurn; ++batch) {
    const auto datagrams = socket_.receive_batch();
    if (datagrams.empty()) return;
    const TimePoint now = monotonic_now();
    for (const ReceivedDatagram& datagram : datagrams) {
      node_->receive(*datagram.local, *datagram.remote, datagram.bytes, datagram.ecn, now);
    }
  }
}

std::optional<TimePoint> HostEndpoint::turn() {
  const TimePoint now = monotonic_now();
  const auto due = node_->next_deadline();
  if (due && *due <= now) node_->handle_deadline(now);
  while (node_->poll_transmit(transmit_, now)) {
    const std::size_t segment = transmit_.gso_size != 0 ? transmit_.gso_size : transmit_.bytes.size();
    SendOptions options;
    options.ecn = transmit_.ecn;
    // QUIC repairs what the kernel would not take.
    (void)socket_.send(transmit_.local, transmit_.remote, transmit_.bytes, segment, options);
  }
  return node_->next_deadline();
}

void HostEndpoint::stop(wire::CloseCode code, std::string_view reason) {
  if (std::exchange(stopped_, true) || !loop_.is_started()) return;
  end_all(code, reason);
  loop_.stop();
}

void HostEndpoint::end_all(wire::CloseCode code, std::string_view reason) {
  // Two turns: the first queues the closes and sends them, the second shows that it has.
  loop_.post([this, code, why = std::string(reason)] { node_->end_all(code, why); });
  (void)ask<bool>([] { return true; }, false);
}

void HostEndpoint::accept(SessionId id, const SessionAnswer& answer) {
  loop_.post([this, id, answer] { node_->accept(id, answer, monotonic_now()); });
}

void HostEndpoint::refuse(SessionId id, wire::CloseCode code, std::string reason) {
  loop_.post([this, id, code, reason = std::move(reason)] { node_->refuse(id, code, reason); });
}

void HostEndpoint::end(SessionId id, wire::CloseCode code, std::string reason) {
  loop_.post([this, id, code, reason = std::move(reason)] { node_->end(id, code, reason); });
}

void HostEndpoint::send_host_timing(SessionId id, const wire::HostTiming& timing) {
  loop_.post([this, id, timing] { node_->send_host_timing(id, timing); });
}

void HostEndpoint::send_bitrate(SessionId id, const wire::BitrateChanged& changed) {
  loop_.post([this, id, changed] { node_->send_bitrate(id, changed); });
}

void HostEndpoint::begin_epoch(SessionId id, std::uint8_t epoch, const wire::Mode& mode) {
  loop_.post([this, id, epoch, mode] { node_->begin_epoch(id, epoch, mode); });
}

void HostEndpoint::send_gap(SessionId id, std::uint32_t gap_ms) {
  loop_.post([this, id, gap_ms] { node_->send_gap(id, gap_ms); });
}

void HostEndpoint::send_probe_result(SessionId id, const wire::ProbeResult& result) {
  loop_.post([this, id, result] { node_->send_probe_result(id, result); });
}

void HostEndpoint::send_audio(SessionId id, wire::AudioPacket packet) {
  loop_.post([this, id, packet = std::move(packet)] { node_->send_audio(id, packet); });
}

Result<std::string> HostEndpoint::arm_pairing(const control::PairingDesk::Window& window) {
  return ask<Result<std::string>>([this, window] { return node_->arm_pairing(monotonic_now(), window); },
                                  fail(kNoAnswer));
}

Result<void> HostEndpoint::disarm_pairing() {
  return ask<Result<void>>(
      [this] {
        node_->disarm_pairing();
        return Result<void>();
      },
      fail(kNoAnswer));
}

Result<std::optional<control::PairingDesk::Armed>> HostEndpoint::armed_pairing() {
  return ask<Result<std::optional<control::PairingDesk::Armed>>>(
      [this] { return node_->armed_pairing(monotonic_now()); }, fail(kNoAnswer));
}

Result<std::vector<HostNode::DeviceInfo>> HostEndpoint::devices() {
  return ask<Result<std::vector<HostNode::DeviceInfo>>>([this] { return node_->devices(); }, fail(kNoAnswer));
}

Result<control::Device> HostEndpoint::rename(const control::Fingerprint& fingerprint, std::string name) {
  return ask<Result<control::Device>>(
      [this, fingerprint, name = std::move(name)] { return node_->rename(fingerprint, name); },
      fail(kNoAnswer));
}

Result<control::Device> HostEndpoint::set_rights(const control::Fingerprint& fingerprint,
                                                 const HostNode::RightsEdit& edit) {
  return ask<Result<control::Device>>(
      [this, fingerprint, edit] { return node_->set_rights(fingerprint, edit, monotonic_now()); },
      fail(kNoAnswer));
}

Result<control::Device> HostEndpoint::unpair(const control::Fingerprint& fingerprint) {
  return ask<Result<control::Device>>(
      [this, fingerprint] { return node_->unpair(fingerprint, monotonic_now()); }, fail(kNoAnswer));
}

Result<std::size_t> HostEndpoint::unpair_all() {
  return ask<Result<std::size_t>>([this] { return node_->unpair_all(monotonic_now()); }, fail(kNoAnswer));
}

Result<std::vector<control::ApprovalDesk::Entry>> HostEndpoint::pending() {
  using Answer = Result<std::vector<control::ApprovalDesk::Entry>>;
  return ask<Answer>([this] { return node_->pending(monotonic_now()); }, fail(kNoAnswer));
}

Result<control::ApprovalDesk::Entry> HostEndpoint::approve(std::uint32_t id, const access::Offer& rights) {
  return ask<Result<control::ApprovalDesk::Entry>>(
      [this, id, rights] { return node_->approve(id, monotonic_now(), rights); }, fail(kNoAnswer));
}

Result<control::ApprovalDesk::Entry> HostEndpoint::deny(std::uint32_t id) {
  return ask<Result<control::ApprovalDesk::Entry>>([this, id] { return node_->deny(id, monotonic_now()); },
                                                   fail(kNoAnswer));
}

HostEndpoint::Status HostEndpoint::status() {
  return ask<Status>(
      [this] {
        return Status{node_->connection_count(), node_->session_count(), clients_.list().size(),
                      node_->quic().dropped_datagrams()};
      },
      {});
}

bool HostEndpoint::may_connect(const control::Fingerprint& fingerprint) {
  return ask<bool>([this, fingerprint] { return node_->may_connect(fingerprint); }, false);
}

void HostEndpoint::set_approval(bool approval) {
  loop_.post([this, approval] { node_->set_approval(approval); });
}

}  // namespace punktfunk::endpoint

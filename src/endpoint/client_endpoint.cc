// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/client_endpoint.h"

#include <errno.h>
#include <string.h>

#include <future>
#include <utility>

namespace punktfunk::endpoint {

namespace {

constexpr int kBatchesPerTurn = 16;
constexpr auto kStopWait = std::chrono::seconds(5);
constexpr Duration kSnapshotEvery = std::chrono::milliseconds(100);

// The address packets to `host` leave from: what the kernel's routing picks for a connected socket. Nothing
// is sent.
Result<SocketAddress> local_address_towards(const SocketAddress& host) {
  const UniqueFd probe(::socket(host.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  SocketAddress local;
  socklen_t length = sizeof(sockaddr_storage);
  if (!probe.valid() || ::connect(probe.get(), host.data(), host.size()) != 0 ||
      ::getsockname(probe.get(), local.data(), &length) != 0) {
    return fail("There is no network path to " + host.ip() + " (" + strerror(errno) +
                "); check the address and this machine's network.");
  }
  local.set_size(length);
  local.set_port(0);
  return local;
}

}  // namespace

Result<std::unique_ptr<ClientEndpoint>> ClientEndpoint::create(const ClientEndpointOptions& options,
                                                               const SocketAddress& host,
                                                               const control::Identity* identity,
                                                               RandomSource& random, ClientEvents& events) {
  auto local = local_address_towards(host);
  if (!local) return tl::unexpected(local.error());
  auto socket = UdpSocket::bind(*local, options.udp);
  if (!socket) return tl::unexpected(socket.error());
  auto node = ClientNode::create(options.quic, identity, random, events);
  if (!node) return tl::unexpected(node.error());
  std::unique_ptr<ClientEndpoint> endpoint(new ClientEndpoint(options, host));
  endpoint->local_ = (*socket)->local_address();
  endpoint->socket_ = std::move(*socket);
  endpoint->node_ = std::move(*node);
  return endpoint;
}

void ClientEndpoint::start() {
  loop_.start(
      "pf-network", socket_->fd(), [this] { read_socket(); }, [this] { return turn(); });
}

void ClientEndpoint::connect(ConnectOptions connect, const wire::ClientHello& hello) {
  connect.local = local_;
  connect.host = host_;
  start();
  loop_.post([this, connect, hello] { node_->connect(connect, hello, monotonic_now()); });
}

void ClientEndpoint::pair(ConnectOptions connect, std::string device_name, std::string pin) {
  connect.local = local_;
  connect.host = host_;
  start();
  loop_.post([this, connect, name = std::move(device_name), pin = std::move(pin)] {
    node_->pair(connect, name, pin, monotonic_now());
  });
}

void ClientEndpoint::read_socket() {
  for (int batch = 0; batch < kBatchesPerTurn; ++batch) {
    const auto datagrams = socket_->receive_batch();
    if (datagrams.empty()) return;
    const TimePoint now = monotonic_now();
    // The socket is bound to one address, so every datagram came to `local_`.
    node_->receive_batch(local_, options_.drop_share > 0 ? without_test_losses(datagrams) : datagrams, now);
  }
}

std::span<const ReceivedDatagram> ClientEndpoint::without_test_losses(
    std::span<const ReceivedDatagram> datagrams) {
  kept_.clear();
  for (const ReceivedDatagram& datagram : datagrams) {
    if (std::uniform_real_distribution<double>(0, 1)(drop_random_) < options_.drop_share) {
      ++dropped_for_test_;
    } else {
      kept_.push_back(datagram);
    }
  }
  return kept_;
}

std::optional<TimePoint> ClientEndpoint::turn() {
  const TimePoint now = monotonic_now();
  const auto due = node_->next_deadline();
  if (due && *due <= now) node_->handle_deadline(now);
  while (node_->poll_transmit(transmit_, now)) {
    const std::size_t segment = transmit_.gso_size != 0 ? transmit_.gso_size : transmit_.bytes.size();
    SendOptions options;
    options.ecn = transmit_.ecn;
    (void)socket_->send(SocketAddress{}, transmit_.remote, transmit_.bytes, segment, options);
  }
  // Once more at the end, so that the last figures are the final ones.
  if (now >= snapshot_due_ || (node_->has_ended() && !std::exchange(end_in_snapshot_, true))) {
    snapshot_due_ = now + kSnapshotEvery;
    const TransportStats socket = socket_->stats();
    node_->set_local_drops(socket.receive_overflows);
    const auto host_ns = node_->host_clock_ns(now);
    const std::lock_guard lock(snapshot_mutex_);
    snapshot_.node = node_->stats();
    snapshot_.socket = socket;
    snapshot_.dropped_for_test = dropped_for_test_;
    if (host_ns) snapshot_.clock_offset_ns = *host_ns - now.time_since_epoch().count();
  }
  return node_->next_deadline();
}

void ClientEndpoint::send_input(const wire::InputEvent& event) {
  loop_.post([this, event] { node_->send_input(event); });
}

void ClientEndpoint::report_undecodable(std::optional<std::uint32_t> index) {
  loop_.post([this, index] { node_->on_undecodable(index, monotonic_now()); });
}

void ClientEndpoint::reconfigure(const wire::Mode& mode) {
  loop_.post([this, mode] { node_->reconfigure(mode); });
}

void ClientEndpoint::ask_probe(const wire::ProbeRequest& request) {
  loop_.post([this, request] { node_->ask_probe(request, monotonic_now()); });
}

void ClientEndpoint::recycle(Bytes buffer, Duration decode_time, std::optional<std::uint32_t> clean) {
  loop_.post([this, buffer = std::move(buffer), decode_time, clean]() mutable {
    node_->recycle(std::move(buffer), decode_time);
    if (clean) node_->on_clean(*clean);
  });
}

void ClientEndpoint::close(wire::CloseCode code, std::string reason) {
  loop_.post([this, code, reason = std::move(reason)] { node_->close(code, reason); });
}

void ClientEndpoint::stop() {
  if (std::exchange(stopped_, true) || !loop_.is_started()) return;
  auto sent = std::make_shared<std::promise<void>>();
  auto done = sent->get_future();
  loop_.post([sent] { sent->set_value(); });
  done.wait_for(kStopWait);
  loop_.stop();
}

ClientEndpoint::Snapshot ClientEndpoint::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

}  // namespace punktfunk::endpoint

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "endpoint/client_node.h"
#include "endpoint/event_loop.h"
#include "transport/udp/udp_socket.h"

namespace punktfunk::endpoint {

struct ClientEndpointOptions {
  control::QuicConfig quic;
  UdpOptions udp;
  // For measurements: this share of the datagrams that arrive is thrown away before anything looks at them,
  // each on its own, also those that arrived coalesced.
  double drop_share = 0;
  std::uint64_t drop_seed = 1;
};

// A ClientNode on a real socket and one thread, the network thread, which receives, opens and reassembles.
// ClientEvents come on that thread. Methods: any thread but that one, unless noted.
class ClientEndpoint {
 public:
  // Finds the local address that leads to `host`, binds there and prepares the node. `identity`, `random` and
  // `events` outlive the endpoint.
  [[nodiscard]] static Result<std::unique_ptr<ClientEndpoint>> create(const ClientEndpointOptions& options,
                                                                      const SocketAddress& host,
                                                                      const control::Identity* identity,
                                                                      RandomSource& random,
                                                                      ClientEvents& events);
  ~ClientEndpoint() { stop(); }

  // One of these, once: starts the thread and dials. `local` and `host` of `connect` are filled in here.
  void connect(ConnectOptions connect, const wire::ClientHello& hello);
  void pair(ConnectOptions connect, std::string device_name, std::string pin);

  // Any thread, that of the events included.
  void send_input(const wire::InputEvent& event);
  void report_undecodable(std::optional<std::uint32_t> index = std::nullopt);
  void reconfigure(const wire::Mode& mode);
  void ask_probe(const wire::ProbeRequest& request);
  // `clean`: the frame it held, when the decoder made a good picture of it.
  void recycle(Bytes buffer, Duration decode_time = Duration::zero(),
               std::optional<std::uint32_t> clean = std::nullopt);
  void close(wire::CloseCode code, std::string reason);

  // Ends the thread after what is queued (a close, above all) has left. Idempotent.
  void stop();

  struct Snapshot {
    ClientNode::Stats node;
    TransportStats socket;
    // Host session clock minus local monotonic clock, ns, once known.
    std::optional<std::int64_t> clock_offset_ns;
    std::uint64_t dropped_for_test = 0;
  };
  // As of the network thread's last turn but at most 100 ms old while it runs.
  [[nodiscard]] Snapshot snapshot() const;

 private:
  ClientEndpoint(const ClientEndpointOptions& options, const SocketAddress& host)
      : options_(options), host_(host), drop_random_(options.drop_seed) {}
  void start();
  void read_socket();
  [[nodiscard]] std::span<const ReceivedDatagram> without_test_losses(
      std::span<const ReceivedDatagram> datagrams);
  [[nodiscard]] std::optional<TimePoint> turn();

  const ClientEndpointOptions options_;
  const SocketAddress host_;
  SocketAddress local_;
  std::unique_ptr<UdpSocket> socket_;
  std::unique_ptr<ClientNode> node_;
  control::Transmit transmit_;
  std::mt19937_64 drop_random_;
  std::vector<ReceivedDatagram> kept_;  // of the last read, when there are test losses
  std::uint64_t dropped_for_test_ = 0;
  TimePoint snapshot_due_{};
  bool end_in_snapshot_ = false;
  mutable std::mutex snapshot_mutex_;
  Snapshot snapshot_;
  bool stopped_ = false;
  EventLoop loop_;
};

}  // namespace punktfunk::endpoint

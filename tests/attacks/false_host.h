// SPDX-License-Identifier: MIT OR Apache-2.0
// A client, and somebody it takes for a host.
#pragma once

#include <memory>
#include <optional>

#include "endpoint/client_node.h"
#include "node_world.h"

namespace punktfunk::endpoint {

using control::Fingerprint;

class VictimEvents final : public ClientEvents {
 public:
  void on_pending() override {}
  void on_session(const wire::ServerHello&, const Fingerprint&) override { ++sessions; }
  void on_stream_config(const wire::StreamConfig&) override {}
  void on_frame(media::Frame) override {}
  void on_host_timing(const wire::HostTiming&) override {}
  void on_paired(const Fingerprint& host) override { paired = host; }
  void on_ended(const ClientEnd& end) override { ended = end; }

  int sessions = 0;
  std::optional<Fingerprint> paired;
  std::optional<ClientEnd> ended;
};

// What a client takes for a host. What the client says on its control stream goes to `heard`.
class FalseHost final : public control::QuicHandler {
 public:
  FalseHost(const control::Identity& identity, RandomSource& random)
      : quic(control::QuicEndpoint::make_server({}, identity, random, *this).value()) {}

  void on_handshake_done(ConnectionId id, const control::PeerInfo& peer) override {
    connection = id;
    client = peer.fingerprint;
  }
  void on_stream_opened(ConnectionId, StreamId, bool) override {}
  void on_stream_data(ConnectionId, StreamId, ByteView data, bool) override { append(heard, data); }
  void on_stream_reset(ConnectionId, StreamId, std::uint64_t) override {}
  void on_datagram(ConnectionId, ByteView) override {}
  void on_path_changed(ConnectionId, const SocketAddress&) override {}
  void on_closed(ConnectionId, const control::CloseInfo& info) override { closed = info; }

  std::unique_ptr<control::QuicEndpoint> quic;
  std::optional<ConnectionId> connection;
  std::optional<Fingerprint> client;
  std::optional<control::CloseInfo> closed;
  Bytes heard;
};

}  // namespace punktfunk::endpoint

// SPDX-License-Identifier: MIT OR Apache-2.0
// A server and clients in virtual time, joined by a link that delays and loses datagrams from a printed seed.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "control/identity/identity.h"
#include "control/quic/quic_endpoint.h"

namespace punktfunk::control {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Records every event.
class Recorder : public QuicHandler {
 public:
  struct Opened {
    ConnectionId id;
    PeerInfo peer;
  };
  std::vector<Opened> opened;
  std::vector<StreamId> streams;
  std::map<StreamId, std::string> data;
  std::set<StreamId> finished;
  std::map<StreamId, std::uint64_t> resets;
  std::vector<std::string> datagrams;
  std::vector<SocketAddress> paths;
  std::map<ConnectionId, CloseInfo> closed;
  std::function<void(ConnectionId, StreamId, ByteView, bool)> on_data;
  std::function<void(ConnectionId, StreamId)> on_stream;

  void on_handshake_done(ConnectionId id, const PeerInfo& peer) override { opened.push_back({id, peer}); }
  void on_stream_opened(ConnectionId id, StreamId stream, bool) override {
    streams.push_back(stream);
    if (on_stream) on_stream(id, stream);
  }
  void on_stream_data(ConnectionId id, StreamId stream, ByteView bytes, bool fin) override {
    data[stream].append(bytes.begin(), bytes.end());
    if (fin) finished.insert(stream);
    if (on_data) on_data(id, stream, bytes, fin);
  }
  void on_stream_reset(ConnectionId, StreamId stream, std::uint64_t code) override { resets[stream] = code; }
  void on_datagram(ConnectionId, ByteView bytes) override {
    datagrams.emplace_back(bytes.begin(), bytes.end());
  }
  void on_path_changed(ConnectionId, const SocketAddress& remote) override { paths.push_back(remote); }
  void on_closed(ConnectionId id, const CloseInfo& info) override {
    EXPECT_EQ(closed.count(id), 0u) << "closed twice";
    closed[id] = info;
  }
};

class QuicWorld {
 public:
  static constexpr std::uint64_t kSeed = 20261121;

  explicit QuicWorld(QuicConfig server_config = {}, QuicConfig client_config = {},
                     bool client_has_identity = true, std::uint64_t seed = kSeed)
      : random(seed),
        server_identity(Identity::create_ephemeral("punktfunk-host").value()),
        client_identity(Identity::create_ephemeral("punktfunk-client").value()) {
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    server = QuicEndpoint::make_server(server_config, server_identity, random, at_server).value();
    client = QuicEndpoint::make_client(client_config, client_has_identity ? &client_identity : nullptr,
                                       random, at_client)
                 .value();
  }

  ConnectionId connect(const std::optional<Fingerprint>& pin = std::nullopt) {
    return client->connect(client_address, server_address, pin, now).value();
  }

  // The server's number for the client's only connection, after the handshake.
  ConnectionId join() {
    client_id = connect(server_identity.fingerprint());
    EXPECT_TRUE(run([&] { return !at_server.opened.empty() && !at_client.opened.empty(); }));
    server_id = at_server.opened.empty() ? 0 : at_server.opened.back().id;
    return server_id;
  }

  // Until `done` or `limit` of virtual time has passed; returns done().
  bool run(const std::function<bool()>& done, Duration limit = seconds(30)) {
    const TimePoint end = now + limit;
    while (true) {
      flush();
      if (done()) return true;
      const auto next = next_event();
      if (!next || *next > end) {
        now = end;
        return done();
      }
      now = std::max(now, *next);
      while (!flying_.empty() && flying_.begin()->first <= now) {
        const Flight flight = std::move(flying_.begin()->second);
        flying_.erase(flying_.begin());
        (flight.to_server ? server : client)->receive(flight.local, flight.remote, flight.bytes, 0, now);
      }
      server->handle_deadline(now);
      client->handle_deadline(now);
    }
  }
  void run_for(Duration time) {
    (void)run([] { return false; }, time);
  }

  void flush() {
    Transmit out;
    while (server->poll_transmit(out, now)) launch(out, false);
    while (client->poll_transmit(out, now)) launch(out, true);
  }

  SeededRandom random;
  Identity server_identity;
  Identity client_identity;
  Recorder at_server;
  Recorder at_client;
  std::unique_ptr<QuicEndpoint> server;
  std::unique_ptr<QuicEndpoint> client;
  ConnectionId client_id = 0;
  ConnectionId server_id = 0;
  TimePoint now{seconds(1000)};
  SocketAddress server_address = *SocketAddress::parse("127.0.0.1", 9777);
  SocketAddress client_address = *SocketAddress::parse("127.0.0.1", 40000);
  // What the server sees the client as: a NAT in between when it differs from client_address.
  SocketAddress client_outside = client_address;
  double loss = 0;
  bool cut = false;
  std::size_t largest_to_server = 0;
  std::uint64_t sent_to_server = 0;
  std::uint64_t sent_to_client = 0;
  std::size_t first_reply_bytes = 0;
  std::uint8_t first_reply_first_byte = 0;

 private:
  struct Flight {
    bool to_server;
    SocketAddress local, remote;
    Bytes bytes;
  };

  void launch(const Transmit& out, bool to_server) {
    if (to_server) {
      ++sent_to_server;
      largest_to_server = std::max(largest_to_server, out.bytes.size());
    } else if (sent_to_client++ == 0) {
      first_reply_bytes = out.bytes.size();
      first_reply_first_byte = out.bytes[0];
    }
    EXPECT_LE(out.bytes.size(), 1472u);
    EXPECT_NE(out.bytes[0] & 0x40, 0) << "a clear QUIC bit would mean media";
    if (cut || std::uniform_real_distribution<double>(0, 1)(random.engine()) < loss) return;
    Flight flight{to_server, to_server ? server_address : client_address,
                  to_server ? client_outside : server_address, out.bytes};
    flying_.emplace(now + milliseconds(5), std::move(flight));
  }

  std::optional<TimePoint> next_event() const {
    std::optional<TimePoint> next;
    const auto consider = [&](std::optional<TimePoint> at) {
      if (at && (!next || *at < *next)) next = at;
    };
    if (!flying_.empty()) consider(flying_.begin()->first);
    consider(server->next_deadline());
    consider(client->next_deadline());
    return next;
  }

  std::multimap<TimePoint, Flight> flying_;
};

}  // namespace punktfunk::control

// SPDX-License-Identifier: MIT OR Apache-2.0
// Many who come at once, with addresses of their own or without: what they may take, and who is served all
// the same.
#include <gtest/gtest.h>
#include <malloc.h>

#include <list>
#include <vector>

#include "node_world.h"

namespace punktfunk::endpoint {

namespace {

// What the program holds on its heap, the libraries' part included. Sanitizers answer 0, which asserts
// nothing.
std::size_t heap_bytes() { return mallinfo2().uordblks; }

std::string address_of(unsigned number) {
  return "10." + std::to_string(1 + number / 62'500) + "." + std::to_string(number / 250 % 250) + "." +
         std::to_string(number % 250 + 1);
}

class Silent : public control::QuicHandler {
 public:
  void on_handshake_done(ConnectionId, const control::PeerInfo&) override { connected = true; }
  void on_stream_opened(ConnectionId, StreamId, bool) override {}
  void on_stream_data(ConnectionId, StreamId, ByteView, bool) override {}
  void on_stream_reset(ConnectionId, StreamId, std::uint64_t) override {}
  void on_datagram(ConnectionId, ByteView) override {}
  void on_path_changed(ConnectionId, const SocketAddress&) override {}
  void on_closed(ConnectionId, const control::CloseInfo& info) override { closed = info; }
  bool connected = false;
  std::optional<control::CloseInfo> closed;
};

// One client of a flood: it talks to the host directly, not through the world's peers.
class Dialler {
 public:
  Dialler(NodeWorld& world, unsigned number)
      : world_(world),
        address(*SocketAddress::parse(address_of(number), 40000)),
        quic_(control::QuicEndpoint::make_client({}, nullptr, world.random, events).value()),
        id_(quic_->connect(address, world.host_address, std::nullopt, world.now).value()) {}

  // What it would send now.
  std::vector<Bytes> say() {
    std::vector<Bytes> packets;
    control::Transmit out;
    while (quic_->poll_transmit(out, world_.now)) packets.push_back(out.bytes);
    return packets;
  }
  void tell(ByteView packet) { world_.host->receive(world_.host_address, address, packet, 0, world_.now); }
  // Takes in what the host has for it; what is for others is lost.
  void hear() {
    control::Transmit out;
    while (world_.host->poll_transmit(out, world_.now)) {
      if (out.remote == address) quic_->receive(address, world_.host_address, out.bytes, 0, world_.now);
    }
  }
  // Its Initial with the token that proves its address; the host has seen only the one without.
  Bytes initial_with_token() {
    for (const Bytes& packet : say()) tell(packet);
    hear();
    const auto packets = say();
    EXPECT_EQ(packets.size(), 1u);
    return packets.empty() ? Bytes() : packets.front();
  }
  // Whole handshake.
  void connect() {
    for (int round = 0; round < 8; ++round) {
      for (const Bytes& packet : say()) tell(packet);
      hear();
    }
  }

 private:
  NodeWorld& world_;

 public:
  Silent events;
  const SocketAddress address;

 private:
  std::unique_ptr<control::QuicEndpoint> quic_;
  ConnectionId id_;
};

TEST(Flood, InitialsWithoutTokensMakeNoConnectionAndTakeNoMemory) {
  NodeWorld world;
  Dialler dialler(world, 0);
  Bytes initial = dialler.say().at(0);
  ASSERT_GE(initial.size(), 1200u);
  const auto flood = [&](unsigned count) {
    std::uint64_t sent = 0;
    for (unsigned i = 0; i < count; ++i) {
      // Another connection id each time, as of another client.
      world.random.fill(MutableBytes(initial).subspan(6, 8));
      const auto from = *SocketAddress::parse(address_of(i), 40000);
      world.host->receive(world.host_address, from, initial, 0, world.now);
      sent += initial.size();
      ASSERT_EQ(world.host->quic().connection_count(), 0u);
      if (i % 100 == 0) world.run_for(milliseconds(1));
    }
    world.run_for(milliseconds(1));
    EXPECT_LT(world.bytes_from_host, sent / 4) << "answers are smaller than what they answer";
  };
  flood(1'000);
  const std::size_t before = heap_bytes();
  flood(20'000);
  EXPECT_LE(heap_bytes(), before + 64 * 1024);
  // The number of a connection is never used twice: the first TLS handshake that the host began is this
  // one's.
  world.join();
  EXPECT_EQ(world.sessions.requested.at(0).id, 1u);
}

TEST(Flood, ATokenProvesOneAddressForTenSeconds) {
  NodeWorld world;
  Dialler dialler(world, 0);
  Bytes initial = dialler.initial_with_token();
  const std::uint64_t before = world.host->quic().dropped_datagrams();
  for (unsigned i = 1; i <= 1'000; ++i) {
    const auto from = *SocketAddress::parse(address_of(i), 40000);
    world.host->receive(world.host_address, from, initial, 0, world.now);
    if (i % 100 == 0) world.run_for(milliseconds(1));
  }
  EXPECT_EQ(world.host->quic().connection_count(), 0u);
  EXPECT_EQ(world.host->quic().dropped_datagrams(), before) << "answered: no use in trying again";
  // From its own address, under connection ids it was not made for.
  for (int i = 0; i < 100; ++i) {
    Bytes other = initial;
    world.random.fill(MutableBytes(other).subspan(6, 8));
    dialler.tell(other);
  }
  EXPECT_EQ(world.host->quic().connection_count(), 0u);
  world.run_for(seconds(11));
  dialler.tell(initial);
  EXPECT_EQ(world.host->quic().connection_count(), 0u) << "too old";

  Dialler another(world, 1);
  initial = another.initial_with_token();
  // However often it comes, one connection.
  for (int i = 0; i < 100; ++i) another.tell(initial);
  EXPECT_EQ(world.host->quic().connection_count(), 1u);
}

TEST(Flood, HandshakesLeftHalfOpenKeepNobodyOut) {
  NodeWorld world;
  const auto begin = [&](unsigned from, unsigned count) {
    for (unsigned i = from; i < from + count; ++i) {
      Dialler dialler(world, i % 100);
      dialler.tell(dialler.initial_with_token());
      ASSERT_LE(world.host->quic().connection_count(), 64u + world.host->session_count());
      world.run_for(milliseconds(8));  // as fast as the host begins handshakes
    }
  };
  begin(0, 200);
  const std::size_t before = heap_bytes();
  begin(200, 800);
  EXPECT_LE(heap_bytes(), before + 2 * 1024 * 1024);
  EXPECT_EQ(world.host->quic().connection_count(), 64u);
  world.join();
  EXPECT_EQ(world.host->session_count(), 1u);
  begin(1000, 300);
  EXPECT_EQ(world.host->session_count(), 1u) << "who is served stays";
  world.run_for(seconds(15));
  EXPECT_EQ(world.host->quic().connection_count(), 1u);
}

TEST(Flood, HandshakesBeginAtABoundedRate) {
  NodeWorld world;
  RawPeer& streaming = world.join();
  const SessionId before = world.sessions.requested.at(0).id;
  const TimePoint start = world.now;
  // From addresses of their own, and faster than any crowd of people: 2,000 in a second.
  for (unsigned i = 0; i < 2'000; ++i) {
    Dialler dialler(world, i);
    dialler.tell(dialler.initial_with_token());
    if (i % 2 == 0) world.run_for(milliseconds(1));
  }
  EXPECT_NEAR(to_seconds(world.now - start), 1, 0.1);
  EXPECT_FALSE(streaming.closed);
  world.run_for(seconds(5));
  world.join();
  // Numbers are given in order: 256 at once, 128 in the second, and this one.
  const SessionId after = world.sessions.requested.at(1).id;
  EXPECT_LE(after - before, 256u + 128u + 16u);
  EXPECT_GE(after - before, 256u);
}

TEST(Flood, ConnectionsThatSayNothingKeepNobodyOut) {
  NodeWorld world;
  RawPeer& streaming = world.join();
  std::list<Dialler> crowd;
  for (unsigned i = 0; i < 400; ++i) {
    crowd.emplace_back(world, i % 100);
    crowd.back().connect();
    world.run_for(milliseconds(8));
    ASSERT_LE(world.host->quic().connection_count(), 256u);
  }
  EXPECT_EQ(world.host->quic().connection_count(), 256u) << "full";
  world.join();
  EXPECT_EQ(world.host->session_count(), 2u);
  EXPECT_FALSE(streaming.closed);
  world.run_for(seconds(15));
  EXPECT_EQ(world.host->connection_count(), 2u);
}

TEST(Flood, OneAddressTakesThirtyTwoConnections) {
  NodeWorld world;
  std::list<Dialler> crowd;
  for (unsigned i = 0; i < 40; ++i) {
    crowd.emplace_back(world, 0);
    crowd.back().connect();
  }
  EXPECT_EQ(world.host->connection_count(), 32u);
  world.join();
}

// A thousand unknown devices at 250 addresses ask to be let in; the first of them is a real one.
TEST(Flood, AThousandKnocksAreThirtyTwoWaitingAndTheFirstIsServed) {
  HostConfig config;
  config.approval = true;
  NodeWorld world(config);
  world.sessions.on_request = [&](const SessionRequest& request) {
    world.host->accept(request.id, NodeWorld::answer(), world.now);
  };
  const control::Identity real = control::Identity::create_ephemeral("punktfunk-client").value();
  RawPeer& first = world.connect_as(&real, "10.0.0.2");
  first.open(NodeWorld::hello_bytes());
  ASSERT_TRUE(world.run([&] { return first.count(FrameType::pending) == 1; }, seconds(1)));

  std::size_t waiting = 1;
  std::size_t busy = 0;
  std::size_t before = 0;
  std::list<control::Identity> devices;
  std::list<RawPeer*> kept;
  for (unsigned i = 1; i < 1000; ++i) {
    if (i == 100) before = heap_bytes();
    devices.push_back(control::Identity::create_ephemeral("punktfunk-client").value());
    RawPeer& peer = world.connect_as(&devices.back(), "10.0.1." + std::to_string(i % 250 + 1));
    peer.open(NodeWorld::hello_bytes());
    ASSERT_TRUE(world.run([&] { return peer.closed || peer.count(FrameType::pending) == 1; }, seconds(1)));
    if (!peer.closed) {
      ++waiting;
    } else {
      ++busy;
      EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::busy));
      world.forget(peer);
      devices.pop_back();
    }
    ASSERT_LE(world.host->pending(world.now).size(), 32u);
    ASSERT_LE(world.host->connection_count(), 33u);
  }
  EXPECT_EQ(waiting, 32u);
  EXPECT_EQ(busy, 968u);
  EXPECT_LE(heap_bytes(), before + 512 * 1024);
  EXPECT_EQ(world.host->session_count(), 0u);
  EXPECT_TRUE(world.sessions.requested.empty());

  const auto& list = world.host->pending(world.now);
  ASSERT_FALSE(list.empty());
  EXPECT_EQ(list[0].fingerprint, real.fingerprint());
  ASSERT_TRUE(world.host->approve(list[0].id, world.now));
  ASSERT_TRUE(world.run([&] { return first.count(FrameType::server_hello) == 1; }, seconds(1)));
  // A paired device is not in their queue.
  world.join();
  EXPECT_EQ(world.host->session_count(), 2u);
}

}  // namespace

}  // namespace punktfunk::endpoint

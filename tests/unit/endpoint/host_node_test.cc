// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/host_node.h"

#include <gtest/gtest.h>

#include "core/wire/datagram.h"
#include "core/wire/pairing_messages.h"
#include "node_world.h"

namespace punktfunk::endpoint {

namespace {

Bytes input_datagram(ByteView payload) {
  return wire::make_datagram(wire::DatagramKind::input_state, payload);
}

wire::InputEvent key() {
  wire::InputEvent event;
  event.kind = wire::InputKind::key_down;
  event.code = 65;
  return event;
}

TEST(HostNode, GrantsWhatItAnnounces) {
  NodeWorld world;
  RawPeer& peer = world.join();
  ASSERT_EQ(world.sessions.started.size(), 1u);
  const MediaGrant& grant = world.sessions.started.begin()->second;
  const auto hello = wire::ServerHello::decode(peer.frames[0].body);
  ASSERT_TRUE(hello);
  EXPECT_TRUE(hello->check().has_value());
  EXPECT_EQ(hello->shard_payload, 1408);
  EXPECT_EQ(grant.params.shard_payload, hello->shard_payload);
  EXPECT_EQ(grant.params.max_data_per_block, hello->max_data_per_block);
  EXPECT_EQ(grant.params.fec_percent, hello->fec_percent);
  EXPECT_EQ(grant.clock.origin_unix_ns(), hello->clock_origin_ns);
  EXPECT_EQ(grant.path->get().remote, peer.address);
  EXPECT_EQ(grant.path->get().local, world.host_address);
  EXPECT_EQ(world.sessions.requested[0].device_name, "Couch");
  EXPECT_EQ(world.host->session_count(), 1u);
}

TEST(HostNode, TakesTheClientsShardLimit) {
  struct Case {
    std::uint16_t limit;
    std::uint16_t shard;  // 0: refused
  };
  for (const Case& one :
       {Case{0, 1408}, Case{9170, 1408}, Case{1201, 1200}, Case{512, 512}, Case{511, 0}, Case{1, 0}}) {
    SCOPED_TRACE(one.limit);
    NodeWorld world;
    world.sessions.on_request = [&](const SessionRequest& request) {
      world.host->accept(request.id, NodeWorld::answer(), world.now);
    };
    RawPeer& peer = world.connect();
    wire::ClientHello hello;
    hello.max_shard_payload = one.limit;
    Bytes bytes = {0x00};
    append(bytes, frame_of(FrameType::client_hello, hello.encode()));
    peer.open(bytes);
    ASSERT_TRUE(world.run([&] { return peer.closed || !peer.frames.empty(); }));
    if (one.shard == 0) {
      ASSERT_TRUE(peer.closed);
      EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::setup_failed));
      EXPECT_EQ(world.sessions.ended.size(), 1u);
    } else {
      EXPECT_EQ(wire::ServerHello::decode(peer.frames.at(0).body)->shard_payload, one.shard);
    }
  }
}

TEST(HostNode, ShardsFitThePath) {
  struct Case {
    std::optional<std::size_t> mtu;
    std::uint16_t shard;  // 0: refused
  };
  // Section 2.3: 1206 on a path of 1280 bytes.
  for (const Case& one : {Case{std::nullopt, 1408}, Case{1500, 1408}, Case{65536, 1408}, Case{1481, 1406},
                          Case{1280, 1206}, Case{586, 512}, Case{585, 0}, Case{60, 0}}) {
    SCOPED_TRACE(one.mtu.value_or(0));
    HostConfig config;
    SocketAddress asked_local, asked_remote;
    config.route_mtu = [&](const SocketAddress& local, const SocketAddress& remote) {
      asked_local = local;
      asked_remote = remote;
      return one.mtu;
    };
    NodeWorld world(config);
    world.sessions.on_request = [&](const SessionRequest& request) {
      world.host->accept(request.id, NodeWorld::answer(), world.now);
    };
    RawPeer& peer = world.connect();
    peer.open(NodeWorld::hello_bytes());
    ASSERT_TRUE(world.run([&] { return peer.closed || !peer.frames.empty(); }));
    EXPECT_EQ(asked_local, world.host_address);
    EXPECT_EQ(asked_remote, peer.address);
    if (one.shard == 0) {
      ASSERT_TRUE(peer.closed);
      EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::setup_failed));
    } else {
      EXPECT_EQ(wire::ServerHello::decode(peer.frames.at(0).body)->shard_payload, one.shard);
    }
  }
}

TEST(HostNode, WallClockIsTheOneGiven) {
  HostConfig config;
  config.wall_clock = [] { return std::uint64_t{1'234'567'890'123'456'789}; };
  NodeWorld world(config);
  RawPeer& peer = world.join();
  const auto hello = wire::ServerHello::decode(peer.frames[0].body);
  ASSERT_TRUE(hello);
  // Whole microseconds at most are cut off.
  EXPECT_EQ(hello->clock_origin_ns / 1000, 1'234'567'890'123'456U);
}

TEST(HostNode, TellsWhereItsManagementApiIs) {
  HostConfig config;
  config.management_port = [] { return std::uint16_t{47991}; };
  NodeWorld world(config);
  EXPECT_EQ(wire::ServerHello::decode(world.join().frames[0].body)->management_port, 47991);
  NodeWorld without;
  EXPECT_EQ(wire::ServerHello::decode(without.join().frames[0].body)->management_port, 0);
}

TEST(HostNode, AProbeOfReachabilityIsNoSession) {
  NodeWorld world;
  RawPeer& peer = world.connect();
  ASSERT_TRUE(world.run([&] { return world.host->connection_count() == 1; }));
  peer.quic->close(peer.id, 0, "");
  world.run_for(seconds(1));
  EXPECT_EQ(world.host->connection_count(), 0u);
  EXPECT_TRUE(world.sessions.requested.empty());
  EXPECT_TRUE(world.sessions.ended.empty());
}

TEST(HostNode, WithoutCertificateOrPairing) {
  NodeWorld world;
  RawPeer& nobody = world.connect(false);
  nobody.open(NodeWorld::hello_bytes());
  ASSERT_TRUE(world.run([&] { return nobody.closed.has_value(); }));
  EXPECT_EQ(nobody.closed->code, static_cast<std::uint64_t>(CloseCode::client_certificate_needed));
  EXPECT_FALSE(nobody.closed->reason.empty());

  ASSERT_TRUE(world.clients->remove(world.identity.fingerprint()).has_value());
  RawPeer& unpaired = world.connect();
  unpaired.open(NodeWorld::hello_bytes());
  ASSERT_TRUE(world.run([&] { return unpaired.closed.has_value(); }));
  EXPECT_EQ(unpaired.closed->code, static_cast<std::uint64_t>(CloseCode::pairing_not_armed));
  EXPECT_TRUE(world.sessions.requested.empty());
}

TEST(HostNode, PairingFromOutsideTheLocalNetworksIsRefused) {
  NodeWorld world;
  (void)world.host->arm_pairing(world.now);
  RawPeer& peer = world.connect(true, "203.0.113.7");
  wire::PairRequest request;
  request.spake_a.fill(0x41);
  Bytes bytes = {0x00};
  append(bytes, frame_of(FrameType::pair_request, request.encode()));
  peer.open(bytes);
  ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }));
  EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::pairing_not_armed));
}

TEST(HostNode, ASilentConnectionEndsAfterTenSeconds) {
  NodeWorld world;
  RawPeer& peer = world.connect();
  world.run_for(seconds(9));
  EXPECT_FALSE(peer.closed);
  world.run_for(seconds(2));
  ASSERT_TRUE(peer.closed);
  EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::error));
}

TEST(HostNode, AStreamTypeThatNeverCompletesEndsToo) {
  NodeWorld world;
  RawPeer& peer = world.connect();
  peer.open(Bytes{0xC0});  // the first of eight bytes
  world.run_for(seconds(11));
  EXPECT_TRUE(peer.closed);
}

TEST(HostNode, TheStreamTypeMayBeWrittenInAnyLength) {
  for (const Bytes& type : {Bytes{0x40, 0x00}, Bytes{0x80, 0, 0, 0}, Bytes{0xC0, 0, 0, 0, 0, 0, 0, 0}}) {
    NodeWorld world;
    RawPeer& peer = world.connect();
    Bytes bytes = type;
    append(bytes, ByteView(NodeWorld::hello_bytes()).subspan(1));
    peer.open(ByteView(bytes).first(1));
    for (std::size_t at = 1; at < bytes.size(); ++at) {
      peer.write(ByteView(bytes).subspan(at, 1));
      if (at < 12) world.run_for(milliseconds(3));
    }
    world.run_for(milliseconds(50));
    EXPECT_EQ(world.sessions.requested.size(), 1u);
  }
}

TEST(HostNode, ResetsStreamsOfOtherTypes) {
  for (const int number : {0x01, 0x02, 0x03, 0x07, 0x3F}) {
    SCOPED_TRACE(number);
    const auto type = static_cast<std::uint8_t>(number);
    NodeWorld world;
    RawPeer& peer = world.connect();
    const StreamId stream = peer.open(Bytes{type, 1, 2, 3});
    ASSERT_TRUE(world.run([&] { return peer.resets.contains(stream); }, seconds(1)));
    EXPECT_EQ(peer.resets[stream], 0x71u);
    // More of it is not taken for control bytes.
    peer.write(ByteView(NodeWorld::hello_bytes()).subspan(1));
    world.run_for(seconds(11));
    EXPECT_TRUE(world.sessions.requested.empty());
    EXPECT_TRUE(peer.closed);
  }
}

TEST(HostNode, ASecondStreamIsResetAndTheSessionGoesOn) {
  NodeWorld world;
  RawPeer& peer = world.join();
  const StreamId second = peer.open(NodeWorld::hello_bytes());
  ASSERT_TRUE(world.run([&] { return peer.resets.contains(second); }, seconds(1)));
  EXPECT_EQ(peer.resets[second], 0x71u);
  // One way only: nothing to reset, nothing is read from it.
  const auto one_way = peer.quic->open_stream(peer.id, false);
  if (one_way) {
    EXPECT_TRUE(peer.quic->write_stream(peer.id, *one_way, NodeWorld::hello_bytes(), true));
  }
  world.run_for(seconds(1));
  EXPECT_FALSE(peer.closed);
  EXPECT_EQ(world.sessions.requested.size(), 1u);
  EXPECT_EQ(world.host->session_count(), 1u);
}

TEST(HostNode, AResetOfTheControlStreamEndsTheSession) {
  NodeWorld world;
  RawPeer& peer = world.join();
  peer.quic->reset_stream(peer.id, 0, 0x70);
  ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }, seconds(1)));
  EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::error));
  EXPECT_EQ(world.sessions.ended.size(), 1u);
}

TEST(HostNode, DatagramsCountOnlyInASession) {
  NodeWorld world;
  RawPeer& early = world.connect();
  EXPECT_TRUE(early.quic->send_datagram(early.id, input_datagram(key().encode())));
  world.run_for(milliseconds(50));
  EXPECT_TRUE(world.sessions.inputs.empty());
  early.open(NodeWorld::hello_bytes());  // asked for, not accepted
  world.run_for(milliseconds(50));
  EXPECT_TRUE(early.quic->send_datagram(early.id, input_datagram(key().encode())));
  world.run_for(milliseconds(50));
  EXPECT_TRUE(world.sessions.inputs.empty());

  RawPeer& peer = world.join();
  EXPECT_TRUE(peer.quic->send_datagram(peer.id, input_datagram(key().encode())));
  world.run_for(milliseconds(50));
  ASSERT_EQ(world.sessions.inputs.size(), 1u);
  EXPECT_EQ(world.sessions.inputs[0], key());
}

TEST(HostNode, GarbageDatagramsAreDropped) {
  NodeWorld world;
  RawPeer& peer = world.join();
  const auto event = key().encode();
  Bytes rich = {0xCC, 5, 0, 1, 0, 0};
  rich.resize(27);
  const std::vector<Bytes> garbage = {
      {},
      {0x02},                                                                      // no payload
      {0x77, 0xC8},                                                                // unknown kind
      {0xC0},                                                                      // torn kind
      input_datagram(rich),                                                        // a feature not offered
      input_datagram(ByteView(event).first(17)),                                   // cut
      input_datagram(Bytes{0xC9, 1, 2, 3}),                                        // audio's byte
      wire::make_datagram(wire::DatagramKind::feedback, Bytes{0x04, 0x09}),        // overrun
      wire::make_datagram(wire::DatagramKind::feedback, Bytes{0x04, 0x00}),        // empty integer
      wire::make_datagram(wire::DatagramKind::feedback, Bytes{0x0D, 0x01, 0x01}),  // shards without a frame
      wire::make_datagram(wire::DatagramKind::audio, Bytes{0xCB, 1, 2, 3}),
      wire::make_datagram(wire::DatagramKind::host_timing, Bytes{0xCF, 1, 2, 3}),
      Bytes(1000, 0xFF),
  };
  for (const Bytes& one : garbage) (void)peer.quic->send_datagram(peer.id, one);
  world.run_for(milliseconds(100));
  for (int i = 0; i < 2000; ++i) {
    Bytes noise(world.random.engine()() % 60);
    world.random.fill(noise);
    if (!noise.empty() && i % 2 == 0) noise[0] = static_cast<std::uint8_t>(i % 10);
    (void)peer.quic->send_datagram(peer.id, noise);
    if (i % 50 == 0) world.run_for(milliseconds(3));
  }
  world.run_for(milliseconds(100));
  EXPECT_TRUE(world.sessions.inputs.empty());
  EXPECT_FALSE(peer.closed);
  EXPECT_TRUE(peer.quic->send_datagram(peer.id, input_datagram(event)));
  world.run_for(milliseconds(50));
  EXPECT_EQ(world.sessions.inputs.size(), 1u);
}

TEST(HostNode, PassesFeedbackOn) {
  NodeWorld world;
  RawPeer& peer = world.join();
  wire::Feedback feedback;
  feedback.window = 1;
  feedback.loss_ppm = 20'000;
  feedback.packets = 100;
  feedback.ask = std::uint16_t{1};
  feedback.keyframe = true;
  EXPECT_TRUE(peer.quic->send_datagram(peer.id,
                                       wire::make_datagram(wire::DatagramKind::feedback, feedback.encode())));
  world.run_for(milliseconds(50));
  ASSERT_EQ(world.sessions.feedbacks.size(), 1u);
  EXPECT_EQ(world.sessions.feedbacks[0], feedback);
}

TEST(HostNode, HostTimingGoesOnlyToRunningSessions) {
  NodeWorld world;
  RawPeer& waiting = world.connect();
  waiting.open(NodeWorld::hello_bytes());
  world.run_for(milliseconds(50));
  world.host->send_host_timing(world.sessions.requested.at(0).id, {});
  RawPeer& peer = world.join();
  world.host->send_host_timing(world.sessions.requested.at(1).id, {});
  world.host->send_host_timing(99, {});
  world.run_for(milliseconds(50));
  EXPECT_TRUE(waiting.datagrams.empty());
  EXPECT_EQ(peer.datagrams.size(), 1u);
}

TEST(HostNode, EveryRequestedSessionEndsOnce) {
  NodeWorld world;
  RawPeer& peer = world.join();
  const SessionId id = world.sessions.requested[0].id;
  world.host->end(id, CloseCode::host_going_down, "Sleeping.");
  world.host->end(id, CloseCode::error, "Again.");
  world.host->accept(id, NodeWorld::answer(), world.now);
  world.host->refuse(id, CloseCode::busy, "");
  ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }, seconds(1)));
  EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::host_going_down));
  EXPECT_EQ(peer.closed->reason, "Sleeping.");
  world.run_for(seconds(30));
  EXPECT_EQ(world.sessions.ended.size(), 1u);
  EXPECT_EQ(world.host->connection_count(), 0u);
  world.host->accept(id, NodeWorld::answer(), world.now);
}

TEST(HostNode, UserQuitIsOnlyTheClientsOwnWord) {
  for (const std::uint64_t code :
       {std::uint64_t{0x51}, std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0x42}}) {
    NodeWorld world;
    RawPeer& peer = world.join();
    peer.quic->close(peer.id, code, "bye");
    world.run_for(seconds(1));
    ASSERT_EQ(world.sessions.ended.size(), 1u);
    EXPECT_EQ(world.sessions.ended[0].user_quit, code == 0x51);
  }
  // The host ends it with that code: still not the user's wish.
  NodeWorld world;
  world.join();
  world.host->end_all(CloseCode::user_quit, "");
  world.run_for(seconds(1));
  ASSERT_EQ(world.sessions.ended.size(), 1u);
  EXPECT_FALSE(world.sessions.ended[0].user_quit);
}

TEST(HostNode, AClientThatStopsReadingEndsBounded) {
  NodeWorld world;
  RawPeer& peer = world.join();
  peer.quic->pause_stream(peer.id, 0, true);
  wire::ClockProbe probe;
  probe.t1_ns = ~std::uint64_t{0};
  Bytes batch;
  for (int i = 0; i < 200; ++i) append(batch, frame_of(FrameType::clock_probe, probe.encode()));
  // Each probe of 12 bytes makes an echo of 32 that is not taken: 1 MiB of them is the bound.
  std::size_t most = 0;
  for (int i = 0; i < 500 && !peer.closed; ++i) {
    peer.write(batch);
    world.run_for(milliseconds(5));
    const auto stats = world.host->quic().stats(world.sessions.requested[0].id);
    if (stats) most = std::max(most, stats->queued_stream_bytes);
  }
  EXPECT_LE(most, std::size_t{1} << 20);
  EXPECT_GT(most, std::size_t{256} << 10);
  ASSERT_TRUE(world.run([&] { return world.host->connection_count() == 0; }));
  ASSERT_EQ(world.sessions.ended.size(), 1u);
  EXPECT_FALSE(world.sessions.ended[0].user_quit);
  // And the host serves on.
  world.join();
  EXPECT_EQ(world.host->session_count(), 1u);
}

TEST(HostNode, AClientThatVanishesEndsAfterTheIdleTimeout) {
  NodeWorld world;
  RawPeer& peer = world.join();
  RawPeer& other = world.join();
  peer.cut_off = true;
  world.run_for(seconds(14));  // 8 s of silence, and the keep-alive before them
  ASSERT_EQ(world.sessions.ended.size(), 1u);
  EXPECT_EQ(world.sessions.ended[0].id, world.sessions.requested[0].id);
  EXPECT_FALSE(world.sessions.ended[0].user_quit);
  EXPECT_FALSE(other.closed);
  EXPECT_EQ(world.host->session_count(), 1u);
}

TEST(HostNode, RandomBytesOnThePortLeaveNothingBehind) {
  NodeWorld world;
  std::uint64_t received = 0;
  auto& engine = world.random.engine();
  for (int i = 0; i < 30'000; ++i) {
    Bytes noise(engine() % 1500);
    world.random.fill(noise);
    // Half of them look like the long headers that open a connection.
    if (noise.size() > 5 && i % 2 == 0) {
      noise[0] = static_cast<std::uint8_t>(0xC0 | (noise[0] & 0x3F));
      noise[1] = noise[2] = noise[3] = 0;
      noise[4] = 1;
      if (noise.size() > 6) noise[5] = static_cast<std::uint8_t>(noise[5] % 22);
    }
    received += noise.size();
    const auto ip = "10." + std::to_string(engine() % 4) + ".0." + std::to_string(engine() % 250 + 1);
    world.host->receive(world.host_address, *SocketAddress::parse(ip, 1234), noise, 0, world.now);
    if (i % 100 == 0) world.run_for(milliseconds(1));
  }
  world.run_for(seconds(1));
  EXPECT_EQ(world.host->connection_count(), 0u);
  EXPECT_EQ(world.host->quic().connection_count(), 0u) << "no state before the address is validated";
  EXPECT_LE(world.bytes_from_host, 3 * received) << "no amplification";
  EXPECT_TRUE(world.sessions.requested.empty());
  world.join();
}

TEST(HostNode, DamagedPacketsOfASessionAreHarmless) {
  NodeWorld world;
  RawPeer& peer = world.join();
  for (int i = 0; i < 5000; ++i) {
    // From the client's own address, where connection ids could be known.
    Bytes noise(20 + world.random.engine()() % 1200);
    world.random.fill(noise);
    noise[0] = static_cast<std::uint8_t>(noise[0] | 0x40);
    world.host->receive(world.host_address, peer.address, noise, 0, world.now);
    if (i % 100 == 0) world.run_for(milliseconds(1));
  }
  EXPECT_TRUE(peer.quic->send_datagram(peer.id, input_datagram(key().encode())));
  world.run_for(milliseconds(100));
  EXPECT_FALSE(peer.closed);
  EXPECT_EQ(world.sessions.inputs.size(), 1u);
}

}  // namespace

}  // namespace punktfunk::endpoint

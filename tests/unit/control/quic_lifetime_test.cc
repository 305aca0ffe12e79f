// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gmock/gmock.h>

#include "quic_world.h"

namespace punktfunk::control {
namespace {

TEST(QuicLifetime, CloseCodeAndReasonReachThePeer) {
  QuicWorld world;
  world.join();
  world.client->close(world.client_id, 0x51, "user\nquit");
  ASSERT_TRUE(world.run([&] { return !world.at_server.closed.empty() && !world.at_client.closed.empty(); }));
  const CloseInfo& here = world.at_client.closed[world.client_id];
  EXPECT_EQ(here.kind, CloseKind::local);
  EXPECT_EQ(here.code, 0x51u);
  const CloseInfo& there = world.at_server.closed[world.server_id];
  EXPECT_EQ(there.kind, CloseKind::application);
  EXPECT_EQ(there.code, 0x51u);
  EXPECT_EQ(there.reason, "userquit") << "cleaned text";
  EXPECT_TRUE(there.handshake_done);
  EXPECT_FALSE(world.client->send_datagram(world.client_id, as_bytes("late")));
  EXPECT_FALSE(world.server->open_stream(world.server_id).has_value());
  world.run_for(seconds(30));
  EXPECT_FALSE(world.client->next_deadline().has_value()) << "everything about the connection is forgotten";
  EXPECT_FALSE(world.server->next_deadline().has_value());
}

TEST(QuicLifetime, ReasonIsCutAt256Bytes) {
  QuicWorld world;
  world.join();
  world.server->close(world.server_id, 0x68, std::string(1000, 'a'));
  ASSERT_TRUE(world.run([&] { return !world.at_client.closed.empty(); }));
  EXPECT_EQ(world.at_client.closed[world.client_id].reason, std::string(256, 'a'));
}

TEST(QuicLifetime, LostCloseIsRepeatedWhenThePeerGoesOn) {
  QuicWorld world;
  world.join();
  world.client->close(world.client_id, 0, "");
  world.cut = true;
  world.flush();
  world.cut = false;
  ASSERT_TRUE(world.at_server.closed.empty());
  ASSERT_TRUE(world.server->send_datagram(world.server_id, as_bytes("still there?")));
  ASSERT_TRUE(world.run([&] { return !world.at_server.closed.empty(); }, seconds(1)));
  EXPECT_EQ(world.at_server.closed[world.server_id].kind, CloseKind::application);
}

TEST(QuicLifetime, DataBeforeCloseArrivesBeforeIt) {
  QuicWorld world;
  world.join();
  const StreamId stream = world.client->open_stream(world.client_id).value();
  ASSERT_TRUE(world.client->write_stream(world.client_id, stream, as_bytes("last words"), true));
  world.flush();
  world.client->close(world.client_id, 0, "done");
  ASSERT_TRUE(world.run([&] { return !world.at_server.closed.empty(); }));
  EXPECT_EQ(world.at_server.data[stream], "last words");
}

TEST(QuicLifetime, CloseFromWithinAHandler) {
  QuicWorld world;
  world.join();
  world.at_server.on_data = [&](ConnectionId id, StreamId, ByteView, bool) {
    world.server->close(id, 0x64, "no");
  };
  const StreamId stream = world.client->open_stream(world.client_id).value();
  ASSERT_TRUE(world.client->write_stream(world.client_id, stream, as_bytes("hello")));
  ASSERT_TRUE(world.run([&] { return !world.at_client.closed.empty(); }));
  EXPECT_EQ(world.at_client.closed[world.client_id].code, 0x64u);
  EXPECT_EQ(world.at_server.closed.size(), 1u);
}

TEST(QuicLifetime, CloseBeforeTheHandshakeEndsQuietly) {
  QuicWorld world;
  const ConnectionId id = world.connect();
  world.client->close(id, 0, "");
  ASSERT_TRUE(world.run([&] { return world.at_client.closed.count(id) == 1; }));
  EXPECT_EQ(world.at_client.closed[id].kind, CloseKind::local);
  world.run_for(seconds(15));
  EXPECT_EQ(world.server->connection_count(), 0u);
  EXPECT_TRUE(world.at_server.opened.empty());
}

TEST(QuicLifetime, IdleTimeout) {
  QuicWorld world;
  world.join();
  world.run_for(milliseconds(500));
  world.cut = true;
  const TimePoint start = world.now;
  ASSERT_TRUE(world.run([&] { return !world.at_server.closed.empty() && !world.at_client.closed.empty(); }));
  EXPECT_EQ(world.at_server.closed[world.server_id].kind, CloseKind::idle_timeout);
  EXPECT_EQ(world.at_client.closed[world.client_id].kind, CloseKind::idle_timeout);
  // The timer starts again with the first packet sent after the last one received (RFC 9000 10.1): a
  // keep-alive 4 s on.
  EXPECT_GE(world.now - start, milliseconds(7000));
  EXPECT_LE(world.now - start, milliseconds(13000));
}

TEST(QuicLifetime, KeepAliveHoldsTheConnection) {
  for (const Duration idle : {Duration(seconds(8)), Duration(seconds(1)), Duration(seconds(60))}) {
    QuicConfig config;
    config.idle_timeout = idle;
    QuicWorld world(config, config);
    world.join();
    world.run_for(seconds(5));
    const std::uint64_t before = world.sent_to_server;
    world.run_for(10 * idle);
    EXPECT_TRUE(world.at_server.closed.empty());
    EXPECT_TRUE(world.at_client.closed.empty());
    const Duration gap = std::min<Duration>(idle / 2, seconds(4));
    EXPECT_GE(world.sent_to_server - before, static_cast<std::uint64_t>(10 * idle / gap) - 2);
    EXPECT_LE(world.sent_to_server - before, static_cast<std::uint64_t>(10 * idle / gap) * 4);
  }
}

TEST(QuicLifetime, CloseAll) {
  QuicWorld world;
  for (int i = 0; i < 3; ++i) world.connect();
  ASSERT_TRUE(world.run([&] { return world.at_server.opened.size() == 3; }));
  world.server->close_all(0x6b, "shutdown");
  ASSERT_TRUE(world.run([&] { return world.at_client.closed.size() == 3; }));
  for (const auto& [id, info] : world.at_client.closed) EXPECT_EQ(info.code, 0x6bu);
  EXPECT_EQ(world.server->connection_count(), 0u);
}

TEST(QuicLifetime, ClientMovesToAnotherAddress) {
  QuicWorld world;
  world.join();
  world.run_for(seconds(1));
  world.client_outside = *SocketAddress::parse("127.0.0.2", 50000);
  ASSERT_TRUE(world.client->send_datagram(world.client_id, as_bytes("from elsewhere")));
  ASSERT_TRUE(world.run([&] { return !world.at_server.paths.empty(); }));
  EXPECT_EQ(world.at_server.paths.back(), world.client_outside);
  EXPECT_EQ(world.server->remote_address(world.server_id), world.client_outside);
  EXPECT_EQ(world.at_server.datagrams.size(), 1u);
  EXPECT_TRUE(world.at_server.closed.empty());
}

TEST(QuicLifetime, ForgottenConnectionIsReset) {
  QuicWorld world;
  world.join();
  world.run_for(seconds(1));
  // The server forgets: its close is lost, and its closing period passes while the client cannot be heard.
  world.cut = true;
  world.server->close(world.server_id, 0, "");
  world.run_for(seconds(2));
  world.cut = false;
  ASSERT_TRUE(world.at_client.closed.empty());
  ASSERT_TRUE(world.client->send_datagram(world.client_id, as_bytes("anyone there, after all this time?")));
  ASSERT_TRUE(world.run([&] { return !world.at_client.closed.empty(); }, seconds(2)));
  EXPECT_EQ(world.at_client.closed[world.client_id].kind, CloseKind::stateless_reset);
}

TEST(QuicLifetime, GarbageIsDroppedAndTheConnectionGoesOn) {
  QuicWorld world({}, {}, true, 99);
  world.join();
  auto& engine = world.random.engine();
  Transmit out;
  std::uint64_t replies = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes packet(std::uniform_int_distribution<std::size_t>(0, 1500)(engine));
    world.random.fill(packet);
    if (!packet.empty() && i % 3 == 0) packet[0] |= 0xc0;
    if (packet.size() > 5 && i % 6 == 0) store_be<std::uint32_t>(packet.data() + 1, 1);  // version 1
    world.server->receive(world.server_address,
                          i % 2 == 0 ? world.client_address : *SocketAddress::parse("::1", 9), packet, 3,
                          world.now);
    world.client->receive(world.client_address, world.server_address, packet, 3, world.now);
    if (i % 1000 != 999) continue;
    std::uint64_t burst = 0;
    while (world.server->poll_transmit(out, world.now)) ++burst;
    EXPECT_LE(burst, 300u) << "answers to strangers are bounded";
    replies += burst;
  }
  std::printf("%llu replies\n", static_cast<unsigned long long>(replies));
  EXPECT_GT(world.server->dropped_datagrams(), 0u);
  EXPECT_EQ(world.server->connection_count(), 1u);
  ASSERT_TRUE(world.client->send_datagram(world.client_id, as_bytes("alive")));
  ASSERT_TRUE(world.run([&] { return world.at_server.datagrams.size() == 1; }));
  EXPECT_TRUE(world.at_client.closed.empty());
}

TEST(QuicLifetime, FlippedBitsInRealPacketsDoNoHarm) {
  QuicWorld world({}, {}, true, 5);
  world.join();
  auto& engine = world.random.engine();
  for (int i = 0; i < 2000; ++i) {
    (void)world.client->send_datagram(world.client_id, as_bytes("payload"));
    Transmit out;
    while (world.client->poll_transmit(out, world.now)) {
      const std::size_t at = std::uniform_int_distribution<std::size_t>(0, out.bytes.size() - 1)(engine);
      out.bytes[at] ^= static_cast<std::uint8_t>(1 << (i % 8));
      world.server->receive(world.server_address, world.client_address, out.bytes, 0, world.now);
    }
    world.now += std::chrono::microseconds(100);
  }
  EXPECT_TRUE(world.at_server.datagrams.empty());
  EXPECT_TRUE(world.at_server.closed.empty());
}

}  // namespace
}  // namespace punktfunk::control

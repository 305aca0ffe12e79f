// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gmock/gmock.h>

#include "quic_world.h"
#include "raw_client.h"

namespace punktfunk::control {
namespace {

TEST(QuicHandshake, RetriesThenOpensWithFingerprintsOnBothSides) {
  QuicWorld world;
  world.join();
  ASSERT_EQ(world.at_server.opened.size(), 1u);
  ASSERT_EQ(world.at_client.opened.size(), 1u);
  EXPECT_EQ(world.at_server.opened[0].peer.fingerprint, world.client_identity.fingerprint());
  EXPECT_EQ(world.at_client.opened[0].peer.fingerprint, world.server_identity.fingerprint());
  EXPECT_EQ(world.at_server.opened[0].peer.address, world.client_address);
  // RFC 9000 section 17.2.5: long header, type 3.
  EXPECT_EQ(world.first_reply_first_byte & 0xf0, 0xf0);
  EXPECT_LT(world.first_reply_bytes, 300u);
  EXPECT_EQ(world.server->remote_address(world.server_id), world.client_address);
  EXPECT_EQ(world.client->local_address(world.client_id), world.client_address);
}

TEST(QuicHandshake, ClientWithoutCertificateHasNoFingerprint) {
  QuicWorld world({}, {}, /*client_has_identity=*/false);
  world.join();
  ASSERT_EQ(world.at_server.opened.size(), 1u);
  EXPECT_FALSE(world.at_server.opened[0].peer.fingerprint.has_value());
}

TEST(QuicHandshake, FirstContactWithoutPinLearnsTheFingerprint) {
  QuicWorld world;
  world.connect();
  ASSERT_TRUE(world.run([&] { return !world.at_client.opened.empty(); }));
  EXPECT_EQ(world.at_client.opened[0].peer.fingerprint, world.server_identity.fingerprint());
}

TEST(QuicHandshake, OtherCertificateThanPinnedIsItsOwnKindOfClose) {
  QuicWorld world;
  Fingerprint pin = world.server_identity.fingerprint();
  pin[31] ^= 1;
  const ConnectionId id = world.connect(pin);
  ASSERT_TRUE(world.run([&] { return world.at_client.closed.count(id) == 1; }));
  EXPECT_EQ(world.at_client.closed[id].kind, CloseKind::pin_mismatch);
  EXPECT_FALSE(world.at_client.closed[id].handshake_done);
  EXPECT_TRUE(world.at_client.opened.empty());
  world.run_for(seconds(20));
  EXPECT_TRUE(world.at_server.opened.empty()) << "the client must not reveal its certificate";
  EXPECT_EQ(world.server->connection_count(), 0u);
}

TEST(QuicHandshake, OtherAlpnGetsAlert120) {
  for (const char* alpn : {"pkf1", "h3", ""}) {
    QuicWorld world;
    RawClient raw(world.random, alpn, world.client_address, world.server_address, world.now);
    for (int round = 0; round < 20 && !raw.closed(); ++round) {
      for (const Bytes& packet : raw.write(world.now)) {
        world.server->receive(world.server_address, world.client_address, packet, 0, world.now);
      }
      Transmit out;
      while (world.server->poll_transmit(out, world.now)) raw.read(out.bytes, world.now);
      world.now += milliseconds(5);
    }
    ASSERT_TRUE(raw.closed()) << "alpn '" << alpn << "'";
    EXPECT_EQ(raw.close_code(), 0x100u + kTlsAlertNoApplicationProtocol) << "alpn '" << alpn << "'";
    ASSERT_EQ(world.at_server.closed.size(), 1u);
    EXPECT_EQ(world.at_server.closed.begin()->second.kind, CloseKind::tls_alert);
    EXPECT_EQ(world.at_server.closed.begin()->second.tls_alert, kTlsAlertNoApplicationProtocol);
    EXPECT_TRUE(world.at_server.opened.empty());
  }
}

TEST(QuicHandshake, QuicBitStaysSetTowardsPeersThatAllowClearingIt) {
  QuicWorld world;
  int opened = 0;
  for (int i = 0; i < 16; ++i) {
    SocketAddress from = world.client_address;
    from.set_port(static_cast<std::uint16_t>(41000 + i));
    RawClient raw(world.random, "pkf2", from, world.server_address, world.now);
    for (int round = 0; round < 20; ++round) {
      for (const Bytes& packet : raw.write(world.now)) {
        world.server->receive(world.server_address, from, packet, 0, world.now);
      }
      Transmit out;
      while (world.server->poll_transmit(out, world.now)) {
        EXPECT_NE(out.bytes[0] & 0x40, 0);
        raw.read(out.bytes, world.now);
      }
      world.now += milliseconds(5);
    }
    ++opened;
    EXPECT_FALSE(raw.closed());
    EXPECT_FALSE(raw.peer_allows_clear_quic_bit());
  }
  EXPECT_EQ(world.at_server.opened.size(), static_cast<std::size_t>(opened));
}

TEST(QuicHandshake, ExporterIsEqualOnBothEndsAndDependsOnLabelAndContext) {
  QuicWorld world;
  world.join();
  const Bytes context(16, 0x5a);
  std::array<std::uint8_t, 32> server{}, client{}, other{};
  constexpr std::string_view kLabel = "EXPORTER-punktfunk/2 media";
  ASSERT_TRUE(world.server->export_keying_material(world.server_id, kLabel, context, server));
  ASSERT_TRUE(world.client->export_keying_material(world.client_id, kLabel, context, client));
  EXPECT_EQ(server, client);
  EXPECT_NE(server, (std::array<std::uint8_t, 32>{}));
  ASSERT_TRUE(world.client->export_keying_material(world.client_id, kLabel, Bytes(16, 0x5b), other));
  EXPECT_NE(other, client);
  ASSERT_TRUE(world.client->export_keying_material(world.client_id, "EXPORTER-other", context, other));
  EXPECT_NE(other, client);
  EXPECT_FALSE(world.client->export_keying_material(world.client_id + 1, kLabel, context, other));
}

TEST(QuicHandshake, SilentServerEndsInHandshakeTimeout) {
  QuicConfig config;
  config.handshake_timeout = seconds(3);
  QuicWorld world({}, config);
  world.cut = true;
  const TimePoint start = world.now;
  const ConnectionId id = world.connect();
  ASSERT_TRUE(world.run([&] { return world.at_client.closed.count(id) == 1; }));
  EXPECT_EQ(world.at_client.closed[id].kind, CloseKind::handshake_timeout);
  EXPECT_GE(world.now - start, seconds(3));
  EXPECT_LE(world.now - start, milliseconds(3100));
  EXPECT_EQ(world.client->connection_count(), 0u);
}

TEST(QuicHandshake, CompletesWithLoss) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    QuicWorld world({}, {}, true, seed);
    world.loss = 0.15;
    world.connect();
    EXPECT_TRUE(world.run([&] { return !world.at_server.opened.empty() && !world.at_client.opened.empty(); }))
        << "seed " << seed;
  }
}

TEST(QuicHandshake, OtherVersionGetsVersionNegotiation) {
  QuicWorld world;
  Bytes packet(1200, 0);
  // Long header, version 0x0a1a2a3a, ids "12345678" and "abcd".
  const std::string_view head("\xc0\x0a\x1a\x2a\x3a\x08\x31\x32\x33\x34\x35\x36\x37\x38\x04\x61\x62\x63\x64",
                              19);
  std::copy(head.begin(), head.end(), packet.begin());
  world.server->receive(world.server_address, world.client_address, packet, 0, world.now);
  Transmit out;
  ASSERT_TRUE(world.server->poll_transmit(out, world.now));
  const Bytes& reply = out.bytes;
  ASSERT_EQ(reply.size(), 1u + 4 + 1 + 4 + 1 + 8 + 4);
  EXPECT_EQ(to_hex(ByteView(reply).subspan(1)),
            "00000000"
            "0461626364"
            "083132333435363738"
            "00000001");
  EXPECT_EQ(out.remote, world.client_address);
  packet.resize(1199);  // too short for an Initial: no answer, no amplification
  world.server->receive(world.server_address, world.client_address, packet, 0, world.now);
  EXPECT_FALSE(world.server->poll_transmit(out, world.now));
}

TEST(QuicHandshake, ConnectionLimitsRefuse) {
  QuicConfig config;
  config.max_connections_per_address = 3;
  QuicWorld world(config);
  for (int i = 0; i < 5; ++i) world.connect();
  world.run_for(seconds(5));
  EXPECT_EQ(world.at_server.opened.size(), 3u);
  EXPECT_EQ(world.server->connection_count(), 3u);
  ASSERT_EQ(world.at_client.closed.size(), 2u);
  for (const auto& [id, info] : world.at_client.closed) {
    EXPECT_EQ(info.kind, CloseKind::transport_error);
    EXPECT_EQ(info.code, 0x2u) << "CONNECTION_REFUSED";
  }
}

TEST(QuicHandshake, AFullServerMakesRoomAtTheCostOfWhoWasNotKept) {
  for (const bool half_open : {false, true}) {
    QuicConfig config;
    (half_open ? config.max_half_open : config.max_connections) = 2;
    QuicWorld world(config);
    for (int i = 0; i < 2; ++i) {
      world.connect();
      ASSERT_TRUE(
          world.run([&] { return world.at_server.opened.size() == static_cast<std::size_t>(i + 1); }));
    }
    const ConnectionId oldest = world.at_server.opened[0].id;
    world.connect();
    ASSERT_TRUE(world.run([&] { return world.at_server.opened.size() == 3; }));
    EXPECT_EQ(world.at_server.closed.contains(oldest), !half_open);
    if (half_open) continue;
    EXPECT_EQ(world.at_server.closed[oldest].kind, CloseKind::overflow);
    EXPECT_EQ(world.server->connection_count(), 2u);
    for (const auto& opened : world.at_server.opened) world.server->keep(opened.id);
    const ConnectionId late = world.connect();
    ASSERT_TRUE(world.run([&] { return world.at_client.closed.contains(late); }));
    EXPECT_EQ(world.at_client.closed[late].kind, CloseKind::transport_error);
    EXPECT_EQ(world.at_client.closed[late].code, 0x2u) << "CONNECTION_REFUSED";
    EXPECT_EQ(world.at_server.opened.size(), 3u);
    EXPECT_EQ(world.at_server.closed.size(), 1u);
  }
}

}  // namespace
}  // namespace punktfunk::control

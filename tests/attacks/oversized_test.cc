// SPDX-License-Identifier: MIT OR Apache-2.0
// Frames, texts and datagrams that are larger than anything honest, in both directions.
#include <gtest/gtest.h>

#include <map>

#include "core/wire/datagram.h"
#include "core/wire/fields.h"
#include "core/wire/varint.h"
#include "false_host.h"

namespace punktfunk::endpoint {

namespace {

// Section 7, written down a second time.
std::uint64_t bound_of(std::uint64_t type) {
  static const std::map<std::uint64_t, std::uint64_t> kBounds = {
      {0x01, 16384}, {0x02, 16384},  {0x03, 256}, {0x04, 1024}, {0x05, 1024}, {0x06, 1024}, {0x10, 4096},
      {0x11, 1024},  {0x12, 256},    {0x13, 256}, {0x14, 256},  {0x15, 1024}, {0x20, 1024}, {0x21, 1024},
      {0x22, 4096},  {0x23, 1024},   {0x24, 256}, {0x25, 256},  {0x26, 256},  {0x2B, 256},  {0x2C, 256},
      {0x2D, 256},   {0x30, 131072}, {0x31, 256}, {0x32, 256},  {0x33, 256},  {0x34, 1024}, {0x35, 256},
      {0x38, 256},   {0x39, 256},    {0x3A, 256}, {0x3B, 256},  {0x40, 256},  {0x41, 256},  {0x42, 8192},
      {0x43, 1024},  {0x44, 256},    {0x50, 256}, {0x51, 8192}, {0x52, 256}};
  const auto found = kBounds.find(type);
  return found == kBounds.end() ? 65536 : found->second;
}

// The beginning of a frame; its body never comes.
Bytes head(std::uint64_t type, std::uint64_t length) {
  Bytes bytes;
  wire::append_varint(bytes, type);
  wire::append_varint(bytes, length);
  return bytes;
}

template <class Visit>
void for_each_type(Visit visit) {
  for (std::uint64_t type = 0; type < 0x60; ++type) visit(type);
  for (const std::uint64_t type : {0x7777ULL, 0x3FFFFFFFULL, (1ULL << 62) - 1}) visit(type);
}

TEST(Oversized, AClientsFrameEndsTheConnectionBeforeItsBodyArrives) {
  for (const bool in_session : {false, true}) {
    NodeWorld world;
    for_each_type([&](std::uint64_t type) {
      SCOPED_TRACE(type);
      RawPeer& peer = in_session ? world.join() : world.connect();
      Bytes bytes = in_session ? Bytes() : Bytes{0x00};
      append(bytes, head(type, bound_of(type) + 1));
      in_session ? peer.write(bytes) : (void)peer.open(bytes);
      ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }, seconds(1)));
      EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::error));
      world.run_for(milliseconds(200));
      world.forget(peer);
    });
    EXPECT_EQ(world.sessions.ended.size(), world.sessions.requested.size());
    EXPECT_EQ(world.host->connection_count(), 0u);
  }
}

TEST(Oversized, AClientsFrameAtItsBoundIsReadOrRefusedAndNothingElse) {
  NodeWorld world;
  for_each_type([&](std::uint64_t type) {
    SCOPED_TRACE(type);
    RawPeer& peer = world.join();
    Bytes body(bound_of(type));
    world.random.fill(body);
    Bytes bytes = head(type, body.size());
    append(bytes, body);
    peer.write(bytes);
    world.run_for(milliseconds(100));
    EXPECT_TRUE(world.sessions.inputs.empty());
    if (!peer.closed) peer.quic->close(peer.id, 0, "");
    world.run_for(milliseconds(200));
    world.forget(peer);
  });
  EXPECT_EQ(world.host->connection_count(), 0u);
}

TEST(Oversized, AHostsFrameEndsTheClientBeforeItsBodyArrives) {
  SeededRandom random(NodeWorld::kSeed);
  const control::Identity host_identity = control::Identity::create_ephemeral("punktfunk-host").value();
  const control::Identity identity = control::Identity::create_ephemeral("punktfunk-client").value();
  for (const bool in_session : {false, true}) {
    for_each_type([&](std::uint64_t type) {
      SCOPED_TRACE(type);
      FalseHost host(host_identity, random);
      VictimEvents events;
      auto client = ClientNode::create({}, &identity, random, events).value();
      ConnectOptions options;
      options.local = *SocketAddress::parse("10.0.0.3", 40000);
      options.host = *SocketAddress::parse("10.0.0.66", 9777);
      TimePoint now{seconds(1000)};
      const auto run = [&](const auto& done) {
        for (int turn = 0; turn < 100 && !done(); ++turn) {
          control::Transmit out;
          while (client->poll_transmit(out, now))
            host.quic->receive(options.host, options.local, out.bytes, 0, now);
          while (host.quic->poll_transmit(out, now))
            client->receive(options.local, options.host, out.bytes, 0, now);
          now += milliseconds(1);
          client->handle_deadline(now);
          host.quic->handle_deadline(now);
        }
        return done();
      };
      client->connect(options, wire::ClientHello(), now);
      ASSERT_TRUE(run([&] { return !host.heard.empty(); }));
      if (in_session) {
        wire::ServerHello hello;
        hello.session_id.fill(7);
        hello.suite = wire::kSuiteAes128Gcm;
        hello.mode = {1280, 720, 60};
        hello.fec_scheme = wire::kFecGf16;
        hello.max_data_per_block = 4096;
        hello.shard_payload = 1408;
        ASSERT_TRUE(
            host.quic->write_stream(*host.connection, 0, frame_of(FrameType::server_hello, hello.encode())));
        ASSERT_TRUE(run([&] { return events.sessions == 1; }));
      }
      ASSERT_TRUE(host.quic->write_stream(*host.connection, 0, head(type, bound_of(type) + 1)));
      ASSERT_TRUE(run([&] { return events.ended.has_value(); }));
      EXPECT_EQ(events.ended->kind, EndKind::protocol_error);
    });
  }
}

TEST(Oversized, TextsOfAHelloAreCutOrReadAsNone) {
  HostConfig config;
  config.approval = true;
  for (const std::size_t size : {std::size_t{64}, std::size_t{65}, std::size_t{16'000}}) {
    NodeWorld world(config);
    const control::Identity device = control::Identity::create_ephemeral("punktfunk-client").value();
    RawPeer& peer = world.connect_as(&device);
    wire::FieldWriter hello;
    hello.mode(3, {1280, 720, 60}).text(7, std::string(size, 'n'));
    Bytes bytes = {0x00};
    append(bytes, frame_of(FrameType::client_hello, hello.take()));
    peer.open(bytes);
    ASSERT_TRUE(world.run([&] { return peer.count(FrameType::pending) == 1; }, seconds(1)));
    EXPECT_EQ(world.host->pending(world.now).at(0).name,
              size == 64 ? std::string(64, 'n') : std::string("Unnamed device"));
  }
}

TEST(Oversized, DatagramsInASessionAreDropped) {
  NodeWorld world;
  RawPeer& peer = world.join();
  wire::InputEvent key;
  key.kind = wire::InputKind::key_down;
  key.code = 65;
  const auto event = key.encode();
  const std::size_t most = peer.quic->max_datagram_payload(peer.id);
  ASSERT_GT(most, 1000u);
  for (std::size_t size = 1; size <= most; size += 13) {
    Bytes payload(event.begin(), event.end());
    if (size == payload.size() + 1) continue;
    payload.resize(size - 1, 0xC8);
    (void)peer.quic->send_datagram(peer.id, wire::make_datagram(wire::DatagramKind::input_state, payload));
    if (size % 4 == 0) world.run_for(milliseconds(2));
  }
  world.run_for(milliseconds(50));
  EXPECT_TRUE(world.sessions.inputs.empty());
  EXPECT_FALSE(peer.closed);
}

}  // namespace

}  // namespace punktfunk::endpoint

// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gmock/gmock.h>

#include <random>

#include "quic_world.h"

namespace punktfunk::control {
namespace {

std::string pattern(std::size_t size, unsigned seed) {
  std::minstd_rand engine(seed);
  std::string text(size, 0);
  for (char& c : text) c = static_cast<char>(engine() & 0xff);
  return text;
}

TEST(QuicTransfer, StreamsBothWaysWithLoss) {
  QuicWorld world({}, {}, true, 7);
  world.join();
  world.loss = 0.05;
  const std::string up = pattern(300'000, 1);
  const std::string down = pattern(500'000, 2);
  const StreamId stream = world.client->open_stream(world.client_id).value();
  EXPECT_EQ(stream, 0);
  ASSERT_TRUE(world.client->write_stream(world.client_id, stream, as_bytes(up), true));
  world.at_server.on_stream = [&](ConnectionId id, StreamId s) {
    ASSERT_TRUE(world.server->write_stream(id, s, as_bytes(down), true));
  };
  ASSERT_TRUE(world.run([&] {
    return world.at_server.finished.count(stream) == 1 && world.at_client.finished.count(stream) == 1;
  }));
  EXPECT_EQ(world.at_server.data[stream], up);
  EXPECT_EQ(world.at_client.data[stream], down);
  EXPECT_FALSE(world.client->write_stream(world.client_id, stream, as_bytes("after the end")));
  world.run_for(seconds(2));
  EXPECT_EQ(world.client->stats(world.client_id)->queued_stream_bytes, 0u);
}

TEST(QuicTransfer, ManyStreamsBeyondTheLimitAsOldOnesClose) {
  QuicWorld world;
  world.join();
  std::size_t opened = 0;
  world.at_server.on_data = [&](ConnectionId id, StreamId s, ByteView, bool fin) {
    if (fin) {
      ASSERT_TRUE(world.server->write_stream(id, s, {}, true));
    }
  };
  for (int round = 0; round < 10; ++round) {
    while (const auto stream = world.client->open_stream(world.client_id)) {
      ASSERT_TRUE(world.client->write_stream(world.client_id, *stream, as_bytes("x"), true));
      ++opened;
      ASSERT_LE(opened, 16u * 10);
    }
    world.run_for(milliseconds(200));
  }
  EXPECT_GE(opened, 100u);
  EXPECT_EQ(world.at_server.finished.size(), opened);
}

TEST(QuicTransfer, UnknownStreamIsResetAndStopped) {
  QuicWorld world;
  world.join();
  world.at_server.on_stream = [&](ConnectionId id, StreamId s) { world.server->reset_stream(id, s, 0x71); };
  const StreamId stream = world.client->open_stream(world.client_id).value();
  ASSERT_TRUE(world.client->write_stream(world.client_id, stream, as_bytes("\x09 what is this")));
  ASSERT_TRUE(world.run([&] { return world.at_client.resets.count(stream) == 1; }));
  EXPECT_EQ(world.at_client.resets[stream], 0x71u);
  EXPECT_TRUE(world.at_server.data[stream].empty());
  world.run_for(seconds(1));
  EXPECT_FALSE(world.client->write_stream(world.client_id, stream, as_bytes("more")));
  EXPECT_TRUE(world.at_client.closed.empty()) << "the connection goes on";
  const StreamId uni = world.client->open_stream(world.client_id, false).value();
  ASSERT_TRUE(world.client->write_stream(world.client_id, uni, as_bytes("\x01")));
  world.run_for(seconds(1));
  EXPECT_EQ(world.at_server.streams.size(), 2u);
  EXPECT_TRUE(world.at_client.closed.empty());
}

TEST(QuicTransfer, Datagrams) {
  QuicWorld world;
  world.join();
  EXPECT_TRUE(world.client->send_datagram(world.client_id, as_bytes("ping")));
  EXPECT_TRUE(world.server->send_datagram(world.server_id, as_bytes("pong")));
  ASSERT_TRUE(
      world.run([&] { return world.at_server.datagrams.size() + world.at_client.datagrams.size() == 2; }));
  EXPECT_EQ(world.at_server.datagrams[0], "ping");
  EXPECT_EQ(world.at_client.datagrams[0], "pong");

  world.run_for(seconds(5));  // path MTU discovery
  const std::size_t largest = world.client->max_datagram_payload(world.client_id);
  EXPECT_GE(largest, 1350u);
  EXPECT_LE(largest, 1472u);
  EXPECT_TRUE(world.client->send_datagram(world.client_id, Bytes(largest, 1)));
  EXPECT_FALSE(world.client->send_datagram(world.client_id, Bytes(largest + 1, 1)));
  ASSERT_TRUE(world.run([&] { return world.at_server.datagrams.size() == 2; }));
  EXPECT_EQ(world.at_server.datagrams[1].size(), largest);
}

TEST(QuicTransfer, DatagramQueueDropsItsOldest) {
  QuicWorld world;
  world.join();
  world.run_for(seconds(5));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(world.client->send_datagram(world.client_id, Bytes(100, static_cast<std::uint8_t>(i))));
  }
  ASSERT_TRUE(world.run([&] { return world.at_server.datagrams.size() == 40; }));  // 4096 / 100
  world.run_for(seconds(1));
  ASSERT_EQ(world.at_server.datagrams.size(), 40u);
  EXPECT_EQ(world.at_server.datagrams.front()[0], 60);
  EXPECT_EQ(world.at_server.datagrams.back()[0], 99);
  EXPECT_EQ(world.client->stats(world.client_id)->datagrams_dropped, 60u);
}

TEST(QuicTransfer, PausedReaderStopsTheSenderAtTheWindow) {
  QuicConfig config;
  config.max_send_queue_bytes = 2 << 20;
  QuicWorld world({}, config);
  world.join();
  const std::string sent = pattern(1'000'000, 3);
  const StreamId stream = world.client->open_stream(world.client_id).value();
  world.at_server.on_stream = [&](ConnectionId id, StreamId s) { world.server->pause_stream(id, s, true); };
  ASSERT_TRUE(world.client->write_stream(world.client_id, stream, as_bytes(sent), true));
  world.run_for(seconds(10));
  EXPECT_EQ(world.at_server.data[stream].size(), 256u * 1024);
  // The connection and other streams go on meanwhile.
  const StreamId other = world.client->open_stream(world.client_id).value();
  ASSERT_TRUE(world.client->write_stream(world.client_id, other, as_bytes("hello")));
  ASSERT_TRUE(world.run([&] { return world.at_server.data[other] == "hello"; }));
  world.server->pause_stream(world.server_id, stream, false);
  ASSERT_TRUE(world.run([&] { return world.at_server.finished.count(stream) == 1; }));
  EXPECT_EQ(world.at_server.data[stream], sent);
}

TEST(QuicTransfer, FullSendQueueClosesTheConnection) {
  QuicConfig config;
  config.max_send_queue_bytes = 100'000;
  QuicWorld world(config);
  world.join();
  const StreamId stream = world.server->open_stream(world.server_id).value();
  EXPECT_TRUE(world.server->write_stream(world.server_id, stream, Bytes(60'000, 1)));
  EXPECT_FALSE(world.server->write_stream(world.server_id, stream, Bytes(60'000, 1)));
  ASSERT_TRUE(world.run([&] { return !world.at_server.closed.empty() && !world.at_client.closed.empty(); }));
  EXPECT_EQ(world.at_server.closed[world.server_id].kind, CloseKind::overflow);
  EXPECT_EQ(world.at_client.closed[world.client_id].kind, CloseKind::application);
  EXPECT_EQ(world.at_client.closed[world.client_id].code, 0x01u);
}

}  // namespace
}  // namespace punktfunk::control

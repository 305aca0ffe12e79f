// SPDX-License-Identifier: MIT OR Apache-2.0
// A device that is no longer trusted, wherever it happens to be at that moment.
#include <gtest/gtest.h>

#include "core/wire/datagram.h"
#include "core/wire/session_messages.h"
#include "node_world.h"

namespace punktfunk::endpoint {

namespace {

Bytes key_press() {
  wire::InputEvent key;
  key.kind = wire::InputKind::key_down;
  key.code = 65;
  return wire::make_datagram(wire::DatagramKind::input_state, key.encode());
}

class Revoked : public testing::Test {
 protected:
  void unpair() { ASSERT_TRUE(world.host->unpair(world.identity.fingerprint(), world.now)); }
  void expect_denied(RawPeer& peer) {
    ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }, milliseconds(50))) << "at once";
    EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::denied));
    EXPECT_FALSE(peer.closed->reason.empty()) << "and with words";
  }
  void expect_turned_away() {
    const std::size_t requested = world.sessions.requested.size();
    RawPeer& again = world.connect();
    again.open(NodeWorld::hello_bytes());
    ASSERT_TRUE(world.run([&] { return again.closed.has_value(); }, seconds(1)));
    EXPECT_EQ(again.closed->code, static_cast<std::uint64_t>(CloseCode::pairing_not_armed));
    EXPECT_EQ(world.sessions.requested.size(), requested);
  }

  NodeWorld world;
};

TEST_F(Revoked, InMidStreamWithEverythingOnItsWay) {
  RawPeer& peer = world.join();
  RawPeer& other = world.join();
  EXPECT_TRUE(peer.quic->send_datagram(peer.id, key_press()));
  world.run_for(milliseconds(50));
  ASSERT_EQ(world.sessions.inputs.size(), 1u);
  // These leave the client before the operator decides, and arrive afterwards.
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(peer.quic->send_datagram(peer.id, key_press()));
  peer.write(frame_of(FrameType::set_bitrate, wire::SetBitrate{50'000}.encode()));
  peer.write(frame_of(FrameType::input_event, ByteView(key_press()).subspan(1)));
  unpair();
  expect_denied(peer);
  expect_denied(other);
  EXPECT_EQ(world.sessions.inputs.size(), 1u) << "nothing of it counts";
  EXPECT_EQ(world.sessions.ended.size(), 2u);
  EXPECT_EQ(world.host->session_count(), 0u);
  expect_turned_away();
}

TEST_F(Revoked, WhileTheHostDecidesOrBeforeItIsReady) {
  for (const bool accepted : {false, true}) {
    if (!world.clients->contains(world.identity.fingerprint())) {
      ASSERT_TRUE(world.clients->put({world.identity.fingerprint(), "Couch"}).has_value());
    }
    RawPeer& peer = world.connect();
    peer.open(NodeWorld::hello_bytes());
    world.run_for(milliseconds(20));
    const SessionId id = world.sessions.requested.back().id;
    if (accepted) world.host->accept(id, NodeWorld::answer(), world.now);
    world.run_for(milliseconds(20));
    unpair();
    // The display may be up only now.
    world.host->accept(id, NodeWorld::answer(), world.now);
    peer.write(frame_of(FrameType::ready));
    expect_denied(peer);
    EXPECT_TRUE(world.sessions.started.empty()) << "no keys were given out";
    EXPECT_EQ(world.sessions.ended.back().id, id);
  }
}

TEST_F(Revoked, AllAtOnce) {
  RawPeer& peer = world.join();
  ASSERT_TRUE(world.host->unpair_all(world.now));
  expect_denied(peer);
  expect_turned_away();
}

}  // namespace

}  // namespace punktfunk::endpoint

// SPDX-License-Identifier: MIT OR Apache-2.0
// Somebody who copies a client's packets and sends them from an address of his own.
#include <gtest/gtest.h>

#include "core/wire/datagram.h"
#include "node_world.h"

namespace punktfunk::endpoint {

namespace {

Bytes key_press() {
  wire::InputEvent key;
  key.kind = wire::InputKind::key_down;
  key.code = 65;
  return wire::make_datagram(wire::DatagramKind::input_state, key.encode());
}

TEST(Hijack, CopiedPacketsDoNotMoveTheStream) {
  NodeWorld world;
  RawPeer& peer = world.join();
  world.run_for(seconds(1));
  const MediaGrant& grant = world.sessions.started.begin()->second;
  ASSERT_EQ(grant.path->get().remote, peer.address);
  const SocketAddress thief = *SocketAddress::parse("10.0.0.66", 40000);
  std::size_t inputs = 0;
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(peer.quic->send_datagram(peer.id, key_press()));
    ++inputs;
    control::Transmit out;
    ASSERT_TRUE(peer.quic->poll_transmit(out, world.now));
    // The copy wins the race every other time; the original never comes once in ten.
    if (i % 2 == 0) world.host->receive(world.host_address, thief, out.bytes, 0, world.now);
    if (i % 10 != 0) world.host->receive(world.host_address, peer.address, out.bytes, 0, world.now);
    if (i % 2 != 0) world.host->receive(world.host_address, thief, out.bytes, 0, world.now);
    EXPECT_EQ(grant.path->get().remote, peer.address)
        << "video goes where the path was validated, packet " << i;
    world.run_for(milliseconds(5));
    EXPECT_EQ(grant.path->get().remote, peer.address);
  }
  EXPECT_EQ(world.sessions.inputs.size(), inputs) << "a copy is no second key press";
  world.run_for(seconds(5));
  EXPECT_EQ(grant.path->get().remote, peer.address);
  EXPECT_FALSE(peer.closed);
  EXPECT_EQ(world.host->session_count(), 1u);
  EXPECT_TRUE(peer.quic->send_datagram(peer.id, key_press()));
  world.run_for(milliseconds(100));
  EXPECT_EQ(world.sessions.inputs.size(), inputs + 1) << "and the session goes on";
}

}  // namespace

}  // namespace punktfunk::endpoint

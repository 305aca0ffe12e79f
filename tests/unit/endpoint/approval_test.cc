// SPDX-License-Identifier: MIT OR Apache-2.0
// Delegated approval (section 9.3) over QUIC: how a parked device's wait ends, and what meets in one instant.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/crypto/spake2.h"
#include "core/wire/datagram.h"
#include "core/wire/pairing_messages.h"
#include "node_world.h"

namespace punktfunk::endpoint {

namespace {

class Approval : public testing::Test {
 protected:
  static HostConfig config() {
    HostConfig config;
    config.approval = true;
    return config;
  }
  static Bytes hello_of(const std::string& name, bool access_only = false) {
    wire::ClientHello hello;
    hello.mode = {1280, 720, 60};
    hello.video_codecs = wire::kCodecH264;
    hello.name = name;
    hello.access_only = access_only;
    Bytes bytes = {0x00};
    append(bytes, frame_of(FrameType::client_hello, hello.encode()));
    return bytes;
  }
  RawPeer& knock(const Bytes& hello = hello_of("Tablet")) {
    RawPeer& peer = world.connect_as(&stranger);
    peer.open(hello);
    EXPECT_TRUE(world.run([&] { return peer.count(FrameType::pending) == 1; }, seconds(1)));
    return peer;
  }
  std::uint32_t only_id() {
    const auto& list = world.host->pending(world.now);
    EXPECT_EQ(list.size(), 1u);
    return list.empty() ? 0 : list[0].id;
  }
  bool is_stored() const { return world.clients->contains(stranger.fingerprint()); }
  // On the disk, where a restarted host would look.
  bool is_on_disk() const {
    const auto devices = world.devices_on_disk();
    return std::any_of(devices.begin(), devices.end(), [&](const control::Device& device) {
      return device.fingerprint == stranger.fingerprint();
    });
  }
  void expect_closed(RawPeer& peer, CloseCode code) {
    ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }, seconds(1)));
    EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(code)) << peer.closed->reason;
    EXPECT_EQ(peer.closed->reason, wire::describe(code));
  }
  void expect_streams(RawPeer& peer) {
    ASSERT_TRUE(world.run([&] { return peer.count(FrameType::server_hello) == 1; }, seconds(1)));
    peer.write(frame_of(FrameType::ready));
    ASSERT_TRUE(world.run([&] { return peer.count(FrameType::stream_config) == 1; }, seconds(1)));
    EXPECT_FALSE(peer.closed);
    EXPECT_EQ(world.host->session_count(), 1u);
  }
  void accept_sessions() {
    world.sessions.on_request = [this](const SessionRequest& request) {
      EXPECT_TRUE(is_on_disk()) << "stored before anything is started";
      world.host->accept(request.id, NodeWorld::answer(), world.now);
    };
  }

  NodeWorld world{config()};
  control::Identity stranger = control::Identity::create_ephemeral("punktfunk-client").value();
};

TEST_F(Approval, ApprovedOnTheSameConnection) {
  accept_sessions();
  RawPeer& peer = knock(hello_of("Tab\x07let"));
  world.run_for(seconds(65));
  EXPECT_EQ(peer.count(FrameType::pending), 7u);
  EXPECT_FALSE(peer.closed) << "kept warm";
  EXPECT_EQ(world.host->session_count(), 0u);
  EXPECT_TRUE(world.sessions.requested.empty());
  EXPECT_FALSE(is_stored());
  const auto& list = world.host->pending(world.now);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].name, "Tablet");
  EXPECT_EQ(list[0].address.ip(), "10.0.0.2");
  EXPECT_EQ(list[0].fingerprint, stranger.fingerprint());

  const std::uint32_t id = only_id();
  const auto approved = world.host->approve(id, world.now);
  ASSERT_TRUE(approved) << approved.error().message;
  EXPECT_EQ(approved->name, "Tablet");
  EXPECT_TRUE(approved->connection);
  expect_streams(peer);
  EXPECT_EQ(world.sessions.requested[0].device_name, "Tablet");
  EXPECT_EQ(world.sessions.requested[0].fingerprint, stranger.fingerprint());
  EXPECT_TRUE(world.host->pending(world.now).empty());
  EXPECT_FALSE(world.host->approve(id, world.now)) << "decided once";
  EXPECT_FALSE(world.host->deny(id, world.now));
  world.run_for(seconds(200));
  EXPECT_FALSE(peer.closed);
  EXPECT_EQ(peer.count(FrameType::pending), 7u);
}

TEST_F(Approval, Denied) {
  RawPeer& peer = knock();
  const std::uint32_t id = only_id();
  ASSERT_TRUE(world.host->deny(id, world.now));
  EXPECT_FALSE(world.host->approve(id, world.now));
  expect_closed(peer, CloseCode::denied);
  EXPECT_FALSE(is_stored());
  EXPECT_TRUE(world.host->pending(world.now).empty());
  EXPECT_TRUE(world.sessions.requested.empty());
}

TEST_F(Approval, WindowOverAndApprovedTooLate) {
  accept_sessions();
  const TimePoint knocked = world.now;
  RawPeer& peer = knock();
  const std::uint32_t id = only_id();
  ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }, seconds(200)));
  EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::approval_timed_out));
  EXPECT_NEAR(to_seconds(world.now - knocked), 180, 1);
  EXPECT_EQ(peer.count(FrameType::pending), 18u);
  EXPECT_FALSE(is_stored());
  world.run_for(seconds(60));
  EXPECT_EQ(only_id(), id) << "it may still be approved";
  const auto approved = world.host->approve(id, world.now);
  ASSERT_TRUE(approved);
  EXPECT_FALSE(approved->connection);
  EXPECT_TRUE(is_on_disk());
  EXPECT_TRUE(world.sessions.requested.empty());
  RawPeer& again = world.connect_as(&stranger);
  again.open(hello_of("Tablet"));
  expect_streams(again);
  EXPECT_EQ(again.count(FrameType::pending), 0u);
}

TEST_F(Approval, ApprovedInTheInstantItsWindowEnds) {
  accept_sessions();
  RawPeer& peer = knock();
  // The last Pending comes 10 s before the window ends. Then both fall due in one turn of the loop, in either
  // order.
  ASSERT_TRUE(world.run([&] { return peer.count(FrameType::pending) == 18u; }, seconds(200)));
  world.run_for(milliseconds(9'900));
  const TimePoint end = world.now + milliseconds(200);
  ASSERT_TRUE(world.host->approve(only_id(), end));
  world.host->handle_deadline(end);
  world.now = end;
  expect_streams(peer);

  ASSERT_TRUE(world.clients->remove(stranger.fingerprint()));
  RawPeer& other = knock();
  const std::uint32_t id = only_id();
  ASSERT_TRUE(world.run([&] { return other.count(FrameType::pending) == 18u; }, seconds(200)));
  world.run_for(milliseconds(9'900));
  ASSERT_FALSE(other.closed);
  const TimePoint over = world.now + milliseconds(200);
  world.host->handle_deadline(over);
  const auto approved = world.host->approve(id, over);
  world.now = over;
  ASSERT_TRUE(approved);
  EXPECT_FALSE(approved->connection) << "the operator is told that it no longer waits";
  EXPECT_TRUE(is_on_disk());
  expect_closed(other, CloseCode::approval_timed_out);
  EXPECT_EQ(world.sessions.requested.size(), 1u);
}

TEST_F(Approval, SupersededByItsOwnNewerKnock) {
  accept_sessions();
  RawPeer& older = knock();
  const std::uint32_t id = only_id();
  RawPeer& newer = knock();
  expect_closed(older, CloseCode::superseded);
  EXPECT_EQ(only_id(), id);
  world.run_for(seconds(1));
  EXPECT_FALSE(newer.closed);
  ASSERT_TRUE(world.host->approve(id, world.now));
  expect_streams(newer);
}

TEST_F(Approval, ClientGivesUp) {
  RawPeer& peer = knock();
  const std::uint32_t id = only_id();
  peer.quic->close(peer.id, static_cast<std::uint64_t>(CloseCode::user_quit), "");
  world.run_for(milliseconds(100));
  EXPECT_TRUE(world.host->pending(world.now).empty());
  EXPECT_FALSE(world.host->approve(id, world.now));
  EXPECT_FALSE(is_stored()) << "who left is not let in behind the operator's back";
  EXPECT_TRUE(world.sessions.ended.empty()) << "what was never asked for cannot end";
}

TEST_F(Approval, ApprovedWhileTheClientsCloseIsOnItsWay) {
  accept_sessions();
  RawPeer& peer = knock();
  peer.quic->close(peer.id, static_cast<std::uint64_t>(CloseCode::user_quit), "");
  ASSERT_TRUE(world.host->approve(only_id(), world.now));
  EXPECT_EQ(world.sessions.requested.size(), 1u);
  world.run_for(seconds(10));
  ASSERT_EQ(world.sessions.ended.size(), 1u) << "what was begun for it ends";
  EXPECT_TRUE(world.sessions.ended[0].user_quit);
  EXPECT_EQ(world.host->session_count(), 0u);
  EXPECT_EQ(world.host->connection_count(), 0u);
  EXPECT_TRUE(is_on_disk());
}

TEST_F(Approval, AClientThatVanishesLeavesTheList) {
  RawPeer& peer = knock();
  peer.cut_off = true;
  world.run_for(seconds(15));
  EXPECT_TRUE(world.host->pending(world.now).empty());
  EXPECT_EQ(world.host->connection_count(), 0u);
}

TEST_F(Approval, PairedByPinWhileItWaits) {
  accept_sessions();
  RawPeer& waiting = knock();
  const std::uint32_t id = only_id();
  const std::string pin = world.host->arm_pairing(world.now);
  const crypto::Spake2 exchange(crypto::Spake2::Role::client, as_bytes(pin), stranger.fingerprint(),
                                world.host_identity.fingerprint(), world.random);
  RawPeer& pairing = world.connect_as(&stranger);
  wire::PairRequest request;
  request.name = "By PIN";
  request.spake_a = exchange.message();
  Bytes bytes = {0x00};
  append(bytes, frame_of(FrameType::pair_request, request.encode()));
  pairing.open(bytes);
  ASSERT_TRUE(world.run([&] { return pairing.count(FrameType::pair_challenge) == 1; }, seconds(1)));
  const auto challenge = wire::PairChallenge::decode(pairing.frames.at(0).body);
  ASSERT_TRUE(challenge);
  const auto key = exchange.finish(challenge->spake_b);
  ASSERT_TRUE(key);
  wire::PairProof proof;
  proof.client_confirm =
      crypto::confirm_client(*key, stranger.fingerprint(), world.host_identity.fingerprint());
  pairing.write(frame_of(FrameType::pair_proof, proof.encode()));
  expect_streams(waiting);
  EXPECT_EQ(pairing.count(FrameType::pair_result), 1u);
  EXPECT_EQ(world.clients->find(stranger.fingerprint())->name, "By PIN");
  EXPECT_FALSE(world.host->approve(id, world.now)) << "nothing is left to decide";
  EXPECT_EQ(world.clients->find(stranger.fingerprint())->name, "By PIN");
}

TEST_F(Approval, AStoreThatCannotBeWrittenLetsNobodyIn) {
  RawPeer& peer = knock();
  const std::uint32_t id = only_id();
  {
    const test::FullDisk full;
    const auto approved = world.host->approve(id, world.now);
    ASSERT_FALSE(approved);
    EXPECT_NE(approved.error().message.find("trust.db"), std::string::npos) << approved.error().message;
  }
  world.run_for(seconds(1));
  EXPECT_FALSE(is_stored());
  EXPECT_TRUE(world.sessions.requested.empty());
  EXPECT_FALSE(peer.closed) << "the operator may mend it and approve again";
  accept_sessions();
  ASSERT_TRUE(world.host->approve(id, world.now));
  expect_streams(peer);
}

TEST_F(Approval, AccessOnlyStartsNothing) {
  RawPeer& peer = knock(hello_of("Tablet", true));
  ASSERT_TRUE(world.host->approve(only_id(), world.now));
  expect_closed(peer, CloseCode::access_granted);
  EXPECT_TRUE(is_on_disk());
  EXPECT_TRUE(world.sessions.requested.empty());
}

TEST_F(Approval, AParkedDeviceReachesNothing) {
  RawPeer& peer = knock();
  wire::InputEvent event;
  event.kind = wire::InputKind::key_down;
  event.code = 65;
  EXPECT_TRUE(peer.quic->send_datagram(peer.id,
                                       wire::make_datagram(wire::DatagramKind::input_state, event.encode())));
  peer.write(frame_of(FrameType::clock_probe, wire::ClockProbe().encode()));
  world.run_for(seconds(1));
  EXPECT_TRUE(world.sessions.inputs.empty());
  EXPECT_EQ(peer.frames.size(), 1u);
  peer.write(frame_of(FrameType::ready));
  ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }, seconds(1)));
  EXPECT_TRUE(world.host->pending(world.now).empty()) << "a connection the host closed is gone at once";
  EXPECT_TRUE(world.sessions.requested.empty());
}

TEST_F(Approval, OutsideTheLocalNetworksOnlyAPinHelps) {
  RawPeer& peer = world.connect_as(&stranger, "203.0.113.7");
  peer.open(hello_of("Tablet"));
  ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }, seconds(1)));
  EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::pairing_not_armed));
  EXPECT_NE(peer.closed->reason.find("PIN"), std::string::npos);
  EXPECT_TRUE(world.host->pending(world.now).empty());
}

TEST_F(Approval, WaitingDevicesTakeNoPlaceOfASession) {
  // Four wait, one more from their address is told so, and a known device is served all the same.
  std::list<control::Identity> strangers;
  for (int i = 0; i < 5; ++i) {
    strangers.push_back(control::Identity::create_ephemeral("punktfunk-client").value());
    RawPeer& peer = world.connect_as(&strangers.back());
    peer.open(hello_of("Tablet"));
    if (i < 4) {
      ASSERT_TRUE(world.run([&] { return peer.count(FrameType::pending) == 1; }, seconds(1)));
    } else {
      ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }, seconds(1)));
      EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(CloseCode::busy));
    }
  }
  EXPECT_EQ(world.host->session_count(), 0u);
  world.join();
  EXPECT_EQ(world.host->session_count(), 1u);
  world.run_for(seconds(185));
  EXPECT_EQ(world.host->connection_count(), 1u) << "the session's";
}

}  // namespace

}  // namespace punktfunk::endpoint

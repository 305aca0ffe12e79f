// SPDX-License-Identifier: MIT OR Apache-2.0
// Somebody between client and host who shows each of them a certificate of his own and passes on what they
// say.
#include <gtest/gtest.h>

#include "core/wire/pairing_messages.h"
#include "false_host.h"

namespace punktfunk::endpoint {

namespace {

// A real host in a NodeWorld, a real client, and a relay between them that is the client of the one and the
// host of the other.
class Relayed {
 public:
  explicit Relayed(HostConfig config = {})
      : world(std::move(config)), false_host(relay_identity, world.random) {
    victim = ClientNode::create({}, &victim_identity, world.random, events).value();
    options.local = *SocketAddress::parse("10.0.0.3", 40000);
    options.host = *SocketAddress::parse("10.0.0.66", 9777);
  }

  // Changes one of the client's or of the host's frames on its way; by default everything goes on as it is.
  std::function<void(wire::Frame&)> alter = [](wire::Frame&) {};
  // Whether the client's close goes on to the host.
  bool passes_close_on = true;

  bool run(const std::function<bool()>& done, Duration limit = seconds(5)) {
    const TimePoint end = world.now + limit;
    while (!done() && world.now < end) {
      pump_victim();
      pass_on();
      world.run_for(milliseconds(1));
    }
    return done();
  }

  NodeWorld world;
  control::Identity victim_identity = control::Identity::create_ephemeral("punktfunk-client").value();
  control::Identity relay_identity = control::Identity::create_ephemeral("punktfunk-host").value();
  FalseHost false_host;
  VictimEvents events;
  std::unique_ptr<ClientNode> victim;
  ConnectOptions options;
  RawPeer* to_host = nullptr;
  std::size_t frames_to_host = 0;

 private:
  void pump_victim() {
    control::Transmit out;
    bool moved = true;
    while (moved) {
      moved = false;
      while (victim->poll_transmit(out, world.now)) {
        false_host.quic->receive(options.host, options.local, out.bytes, 0, world.now);
        moved = true;
      }
      while (false_host.quic->poll_transmit(out, world.now)) {
        victim->receive(options.local, options.host, out.bytes, 0, world.now);
        moved = true;
      }
    }
    victim->handle_deadline(world.now);
    false_host.quic->handle_deadline(world.now);
  }

  void pass_on() {
    if (!false_host.connection) return;
    if (to_host == nullptr) {
      to_host = &world.connect_as(&relay_identity, "10.0.0.66");
      to_host->open(Bytes{0x00});
    }
    // After the stream's type.
    if (!false_host.heard.empty() && !heard_type_) {
      heard_type_ = true;
      false_host.heard.erase(false_host.heard.begin());
    }
    from_client_.push(false_host.heard);
    false_host.heard.clear();
    wire::Frame frame;
    while (from_client_.next(frame) == wire::FrameParser::Status::frame) {
      alter(frame);
      ++frames_to_host;
      to_host->write(frame_of(static_cast<FrameType>(frame.type), frame.body));
    }
    for (; passed_back_ < to_host->frames.size(); ++passed_back_) {
      wire::Frame back = to_host->frames[passed_back_];
      alter(back);
      (void)false_host.quic->write_stream(*false_host.connection, 0,
                                          frame_of(static_cast<FrameType>(back.type), back.body));
    }
    if (to_host->closed && !false_host.closed)
      false_host.quic->close(*false_host.connection, to_host->closed->code, to_host->closed->reason);
    if (passes_close_on && false_host.closed && !to_host->closed)
      to_host->quic->close(to_host->id, false_host.closed->code, false_host.closed->reason);
  }

  wire::FrameParser from_client_;
  bool heard_type_ = false;
  std::size_t passed_back_ = 0;
};

class SwappedCertificates : public testing::Test {
 protected:
  void expect_nothing_stored(Relayed& relayed) {
    EXPECT_FALSE(relayed.events.paired) << "the client trusts nobody";
    EXPECT_FALSE(relayed.world.clients->contains(relayed.victim_identity.fingerprint()));
    EXPECT_FALSE(relayed.world.clients->contains(relayed.relay_identity.fingerprint()));
    EXPECT_TRUE(relayed.world.sessions.requested.empty());
  }
};

TEST_F(SwappedCertificates, PairingFailsOnBothEndsWhoeverKnowsThePin) {
  Relayed relayed;
  const std::string pin = relayed.world.host->arm_pairing(relayed.world.now);
  relayed.victim->pair(relayed.options, "Couch", pin, relayed.world.now);
  ASSERT_TRUE(relayed.run([&] { return relayed.events.ended.has_value(); }));
  EXPECT_EQ(relayed.events.ended->kind, EndKind::pairing_failed);
  EXPECT_NE(relayed.events.ended->message.find("PIN"), std::string::npos) << relayed.events.ended->message;
  EXPECT_EQ(relayed.false_host.client, relayed.victim_identity.fingerprint()) << "it was in between";
  EXPECT_EQ(relayed.frames_to_host, 1u) << "the client found out before it proved anything";
  expect_nothing_stored(relayed);
}

TEST_F(SwappedCertificates, AMadeUpConfirmationOrProofDoesNotHelp) {
  Relayed relayed;
  relayed.passes_close_on = false;
  const std::string pin = relayed.world.host->arm_pairing(relayed.world.now);
  relayed.alter = [&](wire::Frame& frame) {
    if (!frame.is(FrameType::pair_challenge)) return;
    auto challenge = wire::PairChallenge::decode(frame.body);
    ASSERT_TRUE(challenge);
    relayed.world.random.fill(challenge->host_confirm);
    frame.body = challenge->encode();
    // And toward the host a proof of its own making.
    wire::PairProof proof;
    relayed.world.random.fill(proof.client_confirm);
    relayed.to_host->write(frame_of(FrameType::pair_proof, proof.encode()));
  };
  relayed.victim->pair(relayed.options, "Couch", pin, relayed.world.now);
  ASSERT_TRUE(relayed.run([&] { return relayed.events.ended.has_value(); }));
  ASSERT_TRUE(relayed.run([&] { return relayed.to_host->count(FrameType::pair_result) == 1; }));
  EXPECT_EQ(relayed.events.ended->kind, EndKind::pairing_failed);
  for (const auto& frame : relayed.to_host->frames) {
    if (!frame.is(FrameType::pair_result)) continue;
    EXPECT_FALSE(wire::PairResult::decode(frame.body)->ok);
  }
  expect_nothing_stored(relayed);
}

TEST_F(SwappedCertificates, AClientThatKnowsItsHostSaysNothingToAnother) {
  Relayed relayed;
  relayed.options.pin = relayed.world.host_identity.fingerprint();
  relayed.victim->connect(relayed.options, wire::ClientHello(), relayed.world.now);
  ASSERT_TRUE(relayed.run([&] { return relayed.events.ended.has_value(); }));
  EXPECT_EQ(relayed.events.ended->kind, EndKind::trust_failed);
  EXPECT_TRUE(relayed.false_host.heard.empty());
  EXPECT_FALSE(relayed.false_host.client) << "not even its certificate";
  EXPECT_EQ(relayed.to_host, nullptr);
}

TEST_F(SwappedCertificates, APairedClientsRightsAreNotTheRelays) {
  // The client was told to trust whoever answers (first contact). Its certificate opens nothing to the relay:
  // the host sees the relay's, which it does not know.
  Relayed relayed;
  ASSERT_TRUE(relayed.world.clients->put({relayed.victim_identity.fingerprint(), "Couch"}).has_value());
  wire::ClientHello hello;
  hello.mode = {1280, 720, 60};
  relayed.victim->connect(relayed.options, hello, relayed.world.now);
  ASSERT_TRUE(relayed.run([&] { return relayed.events.ended.has_value(); }));
  EXPECT_EQ(relayed.events.ended->kind, EndKind::refused);
  EXPECT_EQ(relayed.events.ended->code, CloseCode::pairing_not_armed);
  EXPECT_EQ(relayed.frames_to_host, 1u);
  EXPECT_EQ(relayed.events.sessions, 0);
  EXPECT_TRUE(relayed.world.sessions.requested.empty());
}

}  // namespace

}  // namespace punktfunk::endpoint

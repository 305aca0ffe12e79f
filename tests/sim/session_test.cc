// SPDX-License-Identifier: MIT OR Apache-2.0
// How sessions begin and end, in virtual time.
#include "sim_world.h"

namespace punktfunk::sim {

using endpoint::EndKind;
using wire::CloseCode;

namespace {

class Session : public testing::TestWithParam<std::uint64_t> {
 protected:
  static LinkOptions lossy_link() {
    LinkOptions link = quiet_link();
    link.loss = 0.05;
    return link;
  }
  static void cut(SimWorld& world, NodeId client = 2) {
    LinkOptions dead;
    dead.loss = 1;
    world.network.set_both_ways(SimWorld::kHost, client, dead);
  }
};

TEST_P(Session, PairsAndThenStreamsOverALossyLink) {
  SimWorld world(GetParam());
  SimClient& pairing = world.add_client(lossy_link());
  pairing.pair(world.host->node().arm_pairing(world.now()), world.now());
  ASSERT_TRUE(world.run_until([&] { return pairing.ended.has_value(); }));
  EXPECT_EQ(pairing.ended->kind, EndKind::finished) << pairing.ended->message;
  EXPECT_EQ(pairing.paired_host, world.host->identity().fingerprint());
  ASSERT_EQ(world.host->clients().list().size(), 1u);
  EXPECT_EQ(world.host->clients().list()[0].fingerprint, world.identity.fingerprint());
  EXPECT_EQ(world.host->clients().list()[0].name, "Simulated device");

  SimClient& client = world.add_client(lossy_link());
  client.connect(pairing.paired_host, world.now());
  ASSERT_TRUE(world.run_until([&] { return client.frames.size() >= 120; }));
  EXPECT_EQ(client.wrong_frames, 0u);
  EXPECT_EQ(client.session_host, pairing.paired_host);
  ASSERT_EQ(world.host->requested.size(), 1u);
  EXPECT_EQ(world.host->requested[0].device_name, "Simulated device");
  EXPECT_EQ(world.host->requested[0].fingerprint, world.identity.fingerprint());
}

TEST_P(Session, WrongPinStoresNothingAndUsesUpThePin) {
  SimWorld world(GetParam());
  const std::string pin = world.host->node().arm_pairing(world.now());
  SimClient& wrong = world.add_client(quiet_link());
  wrong.pair(pin == "0000" ? "1111" : "0000", world.now());
  ASSERT_TRUE(world.run_until([&] { return wrong.ended.has_value(); }));
  EXPECT_EQ(wrong.ended->kind, EndKind::pairing_failed);
  EXPECT_FALSE(wrong.paired_host);
  world.run_for(seconds(3));
  SimClient& right = world.add_client(quiet_link());
  right.pair(pin, world.now());
  ASSERT_TRUE(world.run_until([&] { return right.ended.has_value(); }));
  EXPECT_EQ(right.ended->kind, EndKind::refused);
  EXPECT_EQ(right.ended->code, CloseCode::pairing_not_armed);
  EXPECT_TRUE(world.host->clients().list().empty());
}

TEST_P(Session, PendingWhileTheHostThinks) {
  HostBehaviour slow;
  slow.thinks_for = seconds(25);
  SimWorld world(GetParam(), slow);
  SimClient& client = world.connect(quiet_link());
  world.run_for(seconds(24));
  EXPECT_FALSE(client.hello);
  EXPECT_FALSE(client.ended) << client.ended->message;
  // Soon enough for a client that waits 10 s, then every 10 s: at 2, 12 and 22 s.
  EXPECT_EQ(client.pendings.size(), 3u);
  for (std::size_t i = 1; i < client.pendings.size(); ++i) {
    EXPECT_EQ(client.pendings[i] - client.pendings[i - 1], seconds(10));
  }
  world.run_for(seconds(3));
  EXPECT_TRUE(client.hello);
  EXPECT_GT(client.frames.size(), 60u);
  EXPECT_EQ(client.wrong_frames, 0u);
}

TEST_P(Session, ClientGivesUpOnAHostThatNeverDecides) {
  HostBehaviour stuck;
  stuck.thinks_for = minutes(60);
  SimWorld world(GetParam(), stuck);
  SimClient& client = world.connect(quiet_link());
  const TimePoint dialled = world.now();
  ASSERT_TRUE(world.run_until([&] { return client.ended.has_value(); }, minutes(10)));
  EXPECT_EQ(client.ended->kind, EndKind::timed_out);
  EXPECT_NEAR(to_seconds(*client.ended_at - dialled), 187, 1);
  // Section 9.3: giving up is "user quit" to the host.
  ASSERT_TRUE(world.run_until([&] { return !world.host->ended.empty(); }));
  EXPECT_TRUE(world.host->ended[0].user_quit);
  world.run_for(seconds(10));
  EXPECT_TRUE(client.node().is_idle());
}

TEST_P(Session, AnUnknownClientIsApprovedAndStreamsOverALossyLink) {
  endpoint::HostConfig config;
  config.approval = true;
  SimWorld world(GetParam(), {}, config);
  SimClient& client = world.add_client(lossy_link());
  client.connect(std::nullopt, world.now());
  // Nearly as long as a client waits at all.
  world.run_for(seconds(170));
  EXPECT_FALSE(client.ended) << client.ended->message;
  EXPECT_GE(client.pendings.size(), 16u);
  EXPECT_TRUE(world.host->requested.empty());
  const auto waiting = world.host->node().pending(world.now());
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].fingerprint, world.identity.fingerprint());
  ASSERT_TRUE(world.host->node().approve(waiting[0].id, world.now()));
  ASSERT_TRUE(world.run_until([&] { return client.frames.size() >= 60; }));
  EXPECT_EQ(client.wrong_frames, 0u);
  EXPECT_EQ(client.session_host, world.host->identity().fingerprint());
  ASSERT_EQ(world.host->clients().list().size(), 1u);
}

TEST_P(Session, AnUnknownClientHearsThatNobodyAnswered) {
  endpoint::HostConfig config;
  config.approval = true;
  SimWorld world(GetParam(), {}, config);
  SimClient& client = world.add_client(lossy_link());
  const TimePoint dialled = world.now();
  client.connect(std::nullopt, world.now());
  ASSERT_TRUE(world.run_until([&] { return client.ended.has_value(); }, minutes(10)));
  // From the host, and not because the client's own patience was over.
  EXPECT_EQ(client.ended->kind, EndKind::refused) << client.ended->message;
  EXPECT_EQ(client.ended->code, CloseCode::approval_timed_out);
  EXPECT_NEAR(to_seconds(*client.ended_at - dialled), 181, 3);
  EXPECT_TRUE(world.host->clients().list().empty());
  EXPECT_TRUE(world.host->requested.empty());
}

TEST_P(Session, RefusedWithBusy) {
  HostBehaviour busy;
  busy.refusal = CloseCode::busy;
  SimWorld world(GetParam(), busy);
  SimClient& client = world.connect(lossy_link());
  ASSERT_TRUE(world.run_until([&] { return client.ended.has_value(); }));
  EXPECT_EQ(client.ended->kind, EndKind::refused);
  EXPECT_EQ(client.ended->code, CloseCode::busy);
  EXPECT_EQ(client.ended->message, wire::describe(CloseCode::busy));
  EXPECT_EQ(world.host->ended.size(), 1u);
  EXPECT_TRUE(world.host->started.empty());
}

TEST_P(Session, OneMoreThanTheHostMayServeIsBusyAndHurtsNobody) {
  HostBehaviour behaviour;
  behaviour.max_sessions = 1;
  SimWorld world(GetParam(), behaviour);
  SimClient& first = world.connect(quiet_link());
  world.run_for(seconds(2));
  SimClient& second = world.add_client(quiet_link());
  second.connect(world.host->identity().fingerprint(), world.now());
  ASSERT_TRUE(world.run_until([&] { return second.ended.has_value(); }));
  EXPECT_EQ(second.ended->code, CloseCode::busy);
  EXPECT_EQ(world.host->started.size(), 1u);
  world.run_for(seconds(2));
  EXPECT_FALSE(first.ended);
  EXPECT_EQ(first.lost_frames, 0u);
  first.node().close(CloseCode::user_quit, "");
  world.run_for(seconds(1));
  SimClient& third = world.add_client(quiet_link());
  third.connect(world.host->identity().fingerprint(), world.now());
  ASSERT_TRUE(world.run_until([&] { return third.frames.size() > 10; })) << "the place is free again";
}

TEST_P(Session, TwoSessionsAtOnceDoNotMix) {
  SimWorld world(GetParam());
  SimClient& first = world.connect(lossy_link());
  SimClient& second = world.add_client(lossy_link());
  second.connect(world.host->identity().fingerprint(), world.now());
  world.run_for(seconds(5));
  for (SimClient* client : {&first, &second}) {
    EXPECT_FALSE(client->ended);
    EXPECT_EQ(client->wrong_frames, 0u);
    EXPECT_GT(client->frames.size(), 100u);
  }
  EXPECT_NE(first.hello->session_id, second.hello->session_id);
  EXPECT_EQ(world.host->node().session_count(), 2u);
}

TEST_P(Session, MediaFromElsewhereAndForgedMediaAreDropped) {
  SimWorld world(GetParam());
  SimClient& client = world.connect(quiet_link());
  const NodeId stranger = world.add_stranger("10.0.0.99");
  world.run_for(seconds(2));
  SeededRandom random(GetParam());
  const auto before = client.node().stats();
  for (int i = 0; i < 3000; ++i) {
    // Media-shaped by its first byte; from the host's address every other time, as a forger would.
    Bytes forged(1 + random.engine()() % 2000);
    random.fill(forged);
    forged[0] = static_cast<std::uint8_t>(forged[0] & (i % 4 < 2 ? 0x3F : 0x01));
    world.network.send(world.now(), i % 2 == 0 ? SimWorld::kHost : stranger, 2, forged);
    if (i % 10 == 0) world.run_for(milliseconds(1));
  }
  world.run_for(seconds(1));
  const auto after = client.node().stats();
  EXPECT_EQ(after.foreign_media - before.foreign_media, 1500u);
  EXPECT_EQ(after.media.packets_dropped() - before.media.packets_dropped(), 1500u);
  EXPECT_EQ(client.wrong_frames, 0u);
  EXPECT_EQ(client.lost_frames, 0u);
  EXPECT_FALSE(client.ended);
}

TEST_P(Session, UserQuitIsToldApart) {
  SimWorld world(GetParam());
  SimClient& client = world.connect(quiet_link());
  world.run_for(seconds(2));
  wire::InputEvent key;
  key.kind = wire::InputKind::key_down;
  key.code = 65;
  client.node().send_input(key);
  world.run_for(milliseconds(50));
  ASSERT_EQ(world.host->inputs.size(), 1u);
  EXPECT_EQ(world.host->inputs[0], key);
  client.node().close(CloseCode::user_quit, "Enough.");
  world.run_for(seconds(1));
  ASSERT_TRUE(client.ended);
  EXPECT_EQ(client.ended->kind, EndKind::finished);
  ASSERT_EQ(world.host->ended.size(), 1u);
  EXPECT_TRUE(world.host->ended[0].user_quit);
  EXPECT_EQ(world.host->ended[0].id, world.host->started.at(0));
  EXPECT_EQ(world.host->node().connection_count(), 0u);
  const auto sent = world.host->packets_sent;
  world.run_for(seconds(10));
  EXPECT_EQ(world.host->packets_sent, sent) << "media after the end";
  EXPECT_TRUE(client.node().is_idle());
}

TEST_P(Session, HostEndsItAndSaysWhy) {
  SimWorld world(GetParam());
  SimClient& client = world.connect(quiet_link());
  world.run_for(seconds(2));
  world.host->node().end(world.host->started.at(0), CloseCode::host_going_down,
                         "The host is going to sleep.");
  world.run_for(seconds(1));
  ASSERT_TRUE(client.ended);
  EXPECT_EQ(client.ended->kind, EndKind::refused);
  EXPECT_EQ(client.ended->code, CloseCode::host_going_down);
  EXPECT_EQ(client.ended->message, "The host is going to sleep.");
  ASSERT_EQ(world.host->ended.size(), 1u);
  EXPECT_FALSE(world.host->ended[0].user_quit);
}

TEST_P(Session, TheEndOfTheApplicationIsNoFailure) {
  SimWorld world(GetParam());
  SimClient& client = world.connect(quiet_link());
  world.run_for(seconds(2));
  world.host->node().end_all(CloseCode::application_ended, "");
  world.run_for(seconds(1));
  ASSERT_TRUE(client.ended);
  EXPECT_EQ(client.ended->kind, EndKind::finished);
  EXPECT_EQ(client.ended->code, CloseCode::application_ended);
}

TEST_P(Session, OutageLongerThanTheIdleTimeout) {
  SimWorld world(GetParam());
  SimClient& client = world.connect(quiet_link());
  world.run_for(seconds(3));
  cut(world);
  const TimePoint since = world.now();
  world.run_for(seconds(20));
  ASSERT_TRUE(client.ended);
  EXPECT_EQ(client.ended->kind, EndKind::connection_lost);
  EXPECT_LE(*client.ended_at - since, seconds(13)) << "8 s of silence, and the keep-alive before them";
  ASSERT_EQ(world.host->ended.size(), 1u);
  EXPECT_FALSE(world.host->ended[0].user_quit);
  EXPECT_EQ(world.host->node().connection_count(), 0u);
}

TEST_P(Session, TenMinutesWithoutMediaAreKeptAlive) {
  HostBehaviour quiet;
  quiet.sends_media = false;
  SimWorld world(GetParam(), quiet);
  SimClient& client = world.connect(quiet_link());
  world.run_for(minutes(10));
  EXPECT_FALSE(client.ended) << client.ended->message;
  EXPECT_TRUE(world.host->ended.empty());
  EXPECT_EQ(world.host->node().session_count(), 1u);
  ASSERT_TRUE(client.node().host_clock_ns(world.now()));
  // Keep-alives every 4 s, feedback every 750 ms and clock batches every 60 s, not a storm.
  EXPECT_LT(world.network.stats(2, SimWorld::kHost).sent, 4000u);
  EXPECT_LT(world.network.stats(SimWorld::kHost, 2).sent, 4000u);
}

TEST_P(Session, NobodyAnswers) {
  SimWorld world(GetParam());
  LinkOptions dead;
  dead.loss = 1;
  const TimePoint dialled = world.now();
  SimClient& client = world.connect(dead);
  world.run_for(seconds(20));
  ASSERT_TRUE(client.ended);
  EXPECT_EQ(client.ended->kind, EndKind::timed_out);
  // Attempts of 3 s until 2 s before the 10 s are over.
  EXPECT_NEAR(to_seconds(*client.ended_at - dialled), 9, 0.2);
  EXPECT_TRUE(client.node().is_idle());
}

TEST_P(Session, AHostThatComesUpLateIsStillReached) {
  SimWorld world(GetParam());
  LinkOptions dead;
  dead.loss = 1;
  SimClient& client = world.connect(dead);
  world.run_for(milliseconds(3500));
  world.network.set_both_ways(SimWorld::kHost, 2, quiet_link());
  ASSERT_TRUE(world.run_until([&] { return client.frames.size() > 10; }, seconds(8)));
  EXPECT_FALSE(client.ended);
}

TEST_P(Session, AnotherIdentityIsNeverTrusted) {
  SimWorld world(GetParam());
  world.trust_client();
  SimClient& client = world.add_client(quiet_link());
  control::Fingerprint other = world.host->identity().fingerprint();
  other[31] ^= 1;
  client.connect(other, world.now());
  ASSERT_TRUE(world.run_until([&] { return client.ended.has_value(); }));
  EXPECT_EQ(client.ended->kind, EndKind::trust_failed);
  EXPECT_NE(client.ended->message.find("changed"), std::string::npos);
  EXPECT_TRUE(world.host->requested.empty());
}

TEST_P(Session, AnUnknownDeviceIsTurnedAway) {
  SimWorld world(GetParam());
  SimClient& client = world.add_client(quiet_link());
  client.connect(world.host->identity().fingerprint(), world.now());
  ASSERT_TRUE(world.run_until([&] { return client.ended.has_value(); }));
  EXPECT_EQ(client.ended->kind, EndKind::refused);
  EXPECT_EQ(client.ended->code, CloseCode::pairing_not_armed);
  EXPECT_TRUE(world.host->requested.empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Session, testing::Range<std::uint64_t>(1, 4));

}  // namespace

}  // namespace punktfunk::sim

// SPDX-License-Identifier: MIT OR Apache-2.0
// What a device may do and for how long, and that changes reach it at once: the node in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/session/grants.h"
#include "core/wire/audio.h"
#include "core/wire/datagram.h"
#include "core/wire/hello.h"
#include "core/wire/host_messages.h"
#include "core/wire/rich_input.h"
#include "node_world.h"

namespace punktfunk::endpoint {
namespace {

using access::Lasts;
using access::Offer;
using access::Term;
using std::chrono::hours;
using wire::InputEvent;
using wire::InputKind;

InputEvent event_of(InputKind kind) {
  InputEvent event;
  event.kind = kind;
  if (kind == InputKind::mouse_position || (kind >= InputKind::touch_down && kind <= InputKind::touch_up))
    event.flags = 1280u << 16 | 720;
  if (kind == InputKind::text) event.code = 'a';
  return event;
}

class Rights : public testing::Test {
 protected:
  static constexpr int kKinds = 17;

  // The world's own device, with these rights.
  void give(const Offer& offer) {
    control::Device device = world.clients->get(world.identity.fingerprint()).value();
    device.rights = offer.given_at(world.unix_s());
    device.seen_unix_s = world.unix_s();
    ASSERT_TRUE(world.clients->put(device).has_value());
  }
  void send(RawPeer& peer, wire::DatagramKind kind, ByteView payload) {
    ASSERT_TRUE(peer.quic->send_datagram(peer.id, wire::make_datagram(kind, payload)));
    world.run_for(milliseconds(5));
  }
  void send(RawPeer& peer, InputKind kind) {
    send(peer, wire::DatagramKind::input_state, event_of(kind).encode());
  }
  wire::ServerHello hello_to(RawPeer& peer) {
    for (const auto& frame : peer.frames) {
      if (frame.is(FrameType::server_hello)) return wire::ServerHello::decode(frame.body).value();
    }
    ADD_FAILURE() << "no ServerHello";
    return {};
  }
  std::vector<wire::AccessUpdate> updates_to(const RawPeer& peer) {
    std::vector<wire::AccessUpdate> updates;
    for (const auto& frame : peer.frames) {
      if (frame.is(FrameType::access_update))
        updates.push_back(wire::AccessUpdate::decode(frame.body).value());
    }
    return updates;
  }
  Result<control::Device> edit(std::optional<std::uint32_t> grants, std::optional<Term> term = std::nullopt) {
    return world.host->set_rights(world.identity.fingerprint(), {grants, term}, world.now);
  }
  RawPeer& say_hello(const Bytes& hello = NodeWorld::hello_bytes()) {
    RawPeer& peer = world.connect();
    peer.open(hello);
    world.run_for(milliseconds(200));
    return peer;
  }
  void expect_closed(RawPeer& peer, CloseCode code, Duration within = milliseconds(100)) {
    ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }, within));
    EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(code)) << peer.closed->reason;
    EXPECT_FALSE(peer.closed->reason.empty());
  }
  HostNode::DeviceInfo info() {
    for (const auto& one : world.host->devices()) {
      if (one.device.fingerprint == world.identity.fingerprint()) return one;
    }
    ADD_FAILURE() << "not listed";
    return {};
  }

  NodeWorld world;
};

TEST_F(Rights, EachKindPassesWithItsGrantOnly) {
  RawPeer& peer = world.join();
  std::uint64_t denied = 0;
  for (std::uint32_t grants = 0; grants <= wire::kGrantAll; grants += 1) {
    if ((grants & ~std::uint32_t{7}) != 0 && grants != 0xF8 && grants != 0xFF) continue;
    ASSERT_TRUE(edit(grants));
    for (int kind = 0; kind < kKinds; ++kind) {
      const auto which = static_cast<InputKind>(kind);
      const std::size_t before = world.sessions.inputs.size();
      send(peer, which);
      const bool expected = access::allows(grants, access::needed(which));
      if (!expected) ++denied;
      EXPECT_EQ(world.sessions.inputs.size() - before, expected ? 1u : 0u)
          << "kind " << kind << " with " << grants;
    }
  }
  EXPECT_EQ(info().denied_inputs, denied);
  EXPECT_GT(denied, 0u);
}

TEST_F(Rights, WhatOnlyHostsSendAndWhatNobodyKnowsIsNeverLetThrough) {
  RawPeer& peer = world.join();
  const std::uint64_t before = info().denied_inputs;
  const wire::AudioPacket host_sound{wire::kOpusByte, 1, 2, {1, 2, 3}};
  send(peer, wire::DatagramKind::audio, host_sound.encode());
  send(peer, wire::DatagramKind::rumble, Bytes{wire::kRumbleByte, 0, 0, 0, 0, 0, 0});
  Bytes unknown(18, 0);
  unknown[0] = wire::kInputByte;
  unknown[1] = 17;
  send(peer, wire::DatagramKind::input_state, unknown);
  send(peer, wire::DatagramKind::input_state, Bytes{wire::kRichInputByte, 6, 0});
  EXPECT_EQ(info().denied_inputs, before + 4) << "with every grant";
  EXPECT_TRUE(world.sessions.inputs.empty());
  EXPECT_FALSE(peer.closed);
}

TEST_F(Rights, RichInputAndMicrophoneAreClassedToo) {
  RawPeer& peer = world.join();
  const auto denied_with = [&](std::uint32_t grants, wire::DatagramKind kind, ByteView payload) {
    EXPECT_TRUE(edit(grants));
    const std::uint64_t before = info().denied_inputs;
    send(peer, kind, payload);
    return info().denied_inputs - before;
  };
  const Bytes motion = wire::PadMotion{}.encode();
  EXPECT_EQ(denied_with(wire::kGrantGamepad, wire::DatagramKind::input_state, motion), 0u);
  EXPECT_EQ(denied_with(0xFF & ~wire::kGrantGamepad, wire::DatagramKind::input_state, motion), 1u);
  const Bytes pen{wire::kRichInputByte, 5, 0, 0, 0, 0};
  EXPECT_EQ(denied_with(wire::kGrantPointer, wire::DatagramKind::input_state, pen), 0u);
  EXPECT_EQ(denied_with(0xFF & ~wire::kGrantPointer, wire::DatagramKind::input_state, pen), 1u);
  const Bytes voice = wire::AudioPacket{wire::kMicrophoneByte, 1, 2, {1}}.encode();
  EXPECT_EQ(denied_with(wire::kGrantMicrophone, wire::DatagramKind::audio, voice), 0u);
  EXPECT_EQ(denied_with(0xFF & ~wire::kGrantMicrophone, wire::DatagramKind::audio, voice), 1u);
}

TEST_F(Rights, ClipboardFramesNeedTheirGrant) {
  RawPeer& peer = world.join();
  const auto denied_with = [&](std::uint32_t grants) {
    EXPECT_TRUE(edit(grants));
    const std::uint64_t before = info().denied_inputs;
    peer.write(frame_of(FrameType::clip_control, Bytes{1, 1, 1}));
    world.run_for(milliseconds(5));
    return info().denied_inputs - before;
  };
  EXPECT_EQ(denied_with(wire::kGrantClipboard), 0u);
  EXPECT_EQ(denied_with(0xFF & ~wire::kGrantClipboard), 1u);
  EXPECT_FALSE(peer.closed);
}

TEST_F(Rights, ServerHelloSaysThem) {
  give({wire::kGrantGamepad | wire::kGrantPointer, {Lasts::until, 7200}});
  RawPeer& peer = world.join();
  EXPECT_EQ(hello_to(peer).grants, wire::kGrantGamepad | wire::kGrantPointer);
  EXPECT_GE(hello_to(peer).expires_in_seconds, 7198u);
  EXPECT_LE(hello_to(peer).expires_in_seconds, 7200u);
  ASSERT_EQ(world.sessions.requested.size(), 1u);
  EXPECT_EQ(world.sessions.requested[0].grants, wire::kGrantGamepad | wire::kGrantPointer);
  EXPECT_TRUE(updates_to(peer).empty());
}

TEST_F(Rights, NoEndIsZero) {
  RawPeer& peer = world.join();
  EXPECT_EQ(hello_to(peer).grants, 0xFFu);
  EXPECT_EQ(hello_to(peer).expires_in_seconds, 0u);
}

TEST_F(Rights, AnEditReachesTheSessionAtOnce) {
  RawPeer& peer = world.join();
  send(peer, InputKind::key_down);
  ASSERT_EQ(world.sessions.inputs.size(), 1u);
  const auto changed = edit(wire::kGrantPointer, Term{Lasts::until, 600});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->rights.grants, wire::kGrantPointer);
  EXPECT_EQ(changed->rights.until_unix_s, world.unix_s() + 600);
  // From this instant on, whatever is under way.
  ASSERT_EQ(world.sessions.changes.size(), 1u);
  EXPECT_EQ(world.sessions.changes[0].grants, wire::kGrantPointer);
  EXPECT_EQ(world.sessions.changes[0].lost, 0xFFu & ~wire::kGrantPointer);
  send(peer, InputKind::key_up);
  EXPECT_EQ(world.sessions.inputs.size(), 1u);
  send(peer, InputKind::mouse_move);
  EXPECT_EQ(world.sessions.inputs.size(), 2u);
  ASSERT_EQ(updates_to(peer).size(), 1u);
  EXPECT_EQ(updates_to(peer)[0], (wire::AccessUpdate{wire::kGrantPointer, 600}));
  ASSERT_TRUE(edit(std::nullopt, Term{Lasts::always, 0}));
  world.run_for(milliseconds(5));
  ASSERT_EQ(updates_to(peer).size(), 2u);
  EXPECT_EQ(updates_to(peer)[1], (wire::AccessUpdate{wire::kGrantPointer, 0}));
  EXPECT_FALSE(peer.closed);
}

// Section 9, step 6: the first frame of the loop is StreamConfig, always.
TEST_F(Rights, AnEditBetweenServerHelloAndReadyWaitsItsTurn) {
  world.sessions.on_request = [this](const SessionRequest& request) {
    world.host->accept(request.id, NodeWorld::answer(), world.now);
  };
  RawPeer& peer = world.connect();
  peer.open(NodeWorld::hello_bytes());
  ASSERT_TRUE(world.run([&] { return peer.count(FrameType::server_hello) == 1; }));
  ASSERT_TRUE(edit(wire::kGrantKeyboard));
  world.run_for(milliseconds(50));
  EXPECT_TRUE(updates_to(peer).empty());
  peer.write(frame_of(FrameType::ready));
  ASSERT_TRUE(world.run([&] { return peer.frames.size() >= 3; }));
  EXPECT_TRUE(peer.frames[1].is(FrameType::stream_config));
  EXPECT_TRUE(peer.frames[2].is(FrameType::access_update));
  EXPECT_EQ(updates_to(peer)[0].grants, wire::kGrantKeyboard);
}

TEST_F(Rights, AnEditBeforeServerHelloIsInIt) {
  RawPeer& peer = world.connect();
  peer.open(NodeWorld::hello_bytes());
  ASSERT_TRUE(world.run([&] { return world.sessions.requested.size() == 1; }));
  ASSERT_TRUE(edit(wire::kGrantGamepad));
  world.host->accept(world.sessions.requested[0].id, NodeWorld::answer(), world.now);
  ASSERT_TRUE(world.run([&] { return peer.count(FrameType::server_hello) == 1; }));
  EXPECT_EQ(hello_to(peer).grants, wire::kGrantGamepad);
  EXPECT_TRUE(updates_to(peer).empty());
}

TEST_F(Rights, TimeEndsARunningSession) {
  give({wire::kGrantAll, {Lasts::until, 150}});
  const TimePoint end = world.now + seconds(150);
  RawPeer& peer = world.join();
  world.run_for(end - milliseconds(100) - world.now);
  EXPECT_FALSE(peer.closed);
  expect_closed(peer, CloseCode::access_expired, seconds(2));
  EXPECT_LT(world.now - end, seconds(1) + milliseconds(100));
  ASSERT_EQ(world.sessions.ended.size(), 1u);
  EXPECT_TRUE(info().is_expired);
  // And at the door.
  expect_closed(say_hello(), CloseCode::access_expired);
  EXPECT_EQ(world.sessions.requested.size(), 1u);
}

TEST_F(Rights, AnEditToThePastEndsTheSession) {
  RawPeer& peer = world.join();
  ASSERT_TRUE(edit(std::nullopt, Term{Lasts::until, 0}));
  expect_closed(peer, CloseCode::access_expired);
  EXPECT_EQ(world.host->session_count(), 0u);
}

TEST_F(Rights, AnEditRenewsThem) {
  give({wire::kGrantAll, {Lasts::until, 0}});
  expect_closed(say_hello(), CloseCode::access_expired);
  ASSERT_TRUE(edit(std::nullopt, Term{Lasts::until, 60}));
  RawPeer& peer = world.join();
  ASSERT_TRUE(edit(std::nullopt, Term{Lasts::always, 0}));
  world.run_for(minutes(5));
  EXPECT_FALSE(peer.closed);
}

// Whoever sets the host's clock forward ends what has ended by then, within a minute.
TEST_F(Rights, AClockSetForwardIsNoticed) {
  give({wire::kGrantAll, {Lasts::until, 24 * 3600}});
  RawPeer& peer = world.join();
  world.run_for(seconds(70));
  EXPECT_FALSE(peer.closed);
  world.wall_offset_s = 25 * 3600;
  expect_closed(peer, CloseCode::access_expired, seconds(61));
}

TEST_F(Rights, FarEndsDoNotWrap) {
  give({wire::kGrantAll, {Lasts::until, ~std::uint64_t{0} >> 1}});
  RawPeer& peer = world.join();
  EXPECT_EQ(hello_to(peer).expires_in_seconds, ~std::uint32_t{0});
  world.run_for(minutes(10));
  EXPECT_FALSE(peer.closed);
}

TEST_F(Rights, ALaunchNeedsItsGrant) {
  wire::ClientHello hello;
  hello.mode = {1280, 720, 60};
  hello.video_codecs = wire::kCodecH264;
  hello.launch = "game";
  Bytes bytes = {0x00};
  append(bytes, frame_of(FrameType::client_hello, hello.encode()));
  give({wire::kGrantAll & ~wire::kGrantLaunch, {}});
  expect_closed(say_hello(bytes), CloseCode::launch_not_permitted);
  EXPECT_TRUE(world.sessions.requested.empty());
  EXPECT_FALSE(say_hello().closed) << "without a launch it may";
  give({wire::kGrantLaunch, {}});
  EXPECT_FALSE(say_hello(bytes).closed);
}

TEST_F(Rights, AccessOnlyIsNotGrantedToTheExpired) {
  wire::ClientHello hello;
  hello.mode = {1280, 720, 60};
  hello.access_only = true;
  Bytes bytes = {0x00};
  append(bytes, frame_of(FrameType::client_hello, hello.encode()));
  expect_closed(say_hello(bytes), CloseCode::access_granted);
  give({wire::kGrantAll, {Lasts::until, 0}});
  expect_closed(say_hello(bytes), CloseCode::access_expired);
}

TEST_F(Rights, UnpairingClosesItsSessionsAndNoOthers) {
  const auto other = control::Identity::create_ephemeral("other").value();
  ASSERT_TRUE(world.clients->put({other.fingerprint(), "Den"}));
  RawPeer& first = world.join();
  RawPeer& second = world.join();
  RawPeer& bystander = world.connect_as(&other);
  bystander.open(NodeWorld::hello_bytes());
  ASSERT_TRUE(world.run([&] { return bystander.count(FrameType::server_hello) == 1; }));
  bystander.write(frame_of(FrameType::ready));
  world.run_for(milliseconds(20));
  EXPECT_EQ(info().sessions, 2u);
  ASSERT_TRUE(world.host->unpair(world.identity.fingerprint(), world.now));
  const std::size_t before = world.sessions.inputs.size();
  ASSERT_TRUE(first.quic->send_datagram(
      first.id,
      wire::make_datagram(wire::DatagramKind::input_state, event_of(InputKind::key_down).encode())));
  expect_closed(first, CloseCode::denied);
  expect_closed(second, CloseCode::denied);
  EXPECT_THAT(second.closed->reason, testing::HasSubstr("unpaired"));
  EXPECT_EQ(world.sessions.inputs.size(), before) << "what was under way comes too late";
  world.run_for(seconds(1));
  EXPECT_FALSE(bystander.closed);
  EXPECT_EQ(world.sessions.ended.size(), 2u);
  EXPECT_TRUE(world.sessions.ended[0].user_quit) << "nothing is kept for it";
  expect_closed(say_hello(), CloseCode::pairing_not_armed);
  EXPECT_FALSE(world.host->unpair(world.identity.fingerprint(), world.now)) << "once";
}

TEST_F(Rights, UnpairingAllClosesEverySession) {
  RawPeer& peer = world.join();
  EXPECT_EQ(world.host->unpair_all(world.now).value(), 1u);
  expect_closed(peer, CloseCode::denied);
  EXPECT_TRUE(world.host->devices().empty());
  EXPECT_EQ(world.host->unpair_all(world.now).value(), 0u);
}

TEST_F(Rights, AChangeThatIsNotStoredChangesNothing) {
  RawPeer& peer = world.join();
  {
    const test::FullDisk full;
    EXPECT_FALSE(world.host->unpair(world.identity.fingerprint(), world.now));
    EXPECT_FALSE(world.host->unpair_all(world.now));
    EXPECT_FALSE(edit(0));
    EXPECT_FALSE(edit(std::nullopt, Term{Lasts::until, 0}));
    EXPECT_FALSE(world.host->rename(world.identity.fingerprint(), "Other"));
  }
  world.run_for(milliseconds(100));
  EXPECT_FALSE(peer.closed);
  EXPECT_TRUE(updates_to(peer).empty());
  EXPECT_TRUE(world.sessions.changes.empty());
  EXPECT_EQ(info().device.name, "Couch");
  EXPECT_EQ(info().device.rights, access::Rights{});
}

TEST_F(Rights, RightsForASessionEndAMinuteAfterIt) {
  give({wire::kGrantAll, {Lasts::session, 0}});
  RawPeer& first = world.join();
  world.run_for(hours(3));
  EXPECT_FALSE(first.closed) << "for as long as it lasts";
  first.quic->close(first.id, 0x51, "");
  world.run_for(seconds(58));
  RawPeer& second = world.join();
  EXPECT_FALSE(second.closed) << "a minute to come back";
  EXPECT_EQ(hello_to(second).expires_in_seconds, 0u);
  second.quic->close(second.id, 0, "");
  world.run_for(seconds(62));
  EXPECT_TRUE(info().is_expired);
  expect_closed(say_hello(), CloseCode::access_expired);
  // Being refused does not count as having been here.
  world.run_for(seconds(30));
  expect_closed(say_hello(), CloseCode::access_expired);
}

TEST_F(Rights, RightsForASessionOutliveOneOfTwo) {
  give({wire::kGrantAll, {Lasts::session, 0}});
  RawPeer& first = world.join();
  RawPeer& second = world.join();
  first.quic->close(first.id, 0x51, "");
  world.run_for(minutes(5));
  EXPECT_FALSE(second.closed);
  EXPECT_FALSE(info().is_expired);
}

TEST_F(Rights, ListShowsWhoIsHere) {
  EXPECT_EQ(info().sessions, 0u);
  const std::uint64_t before = world.unix_s();
  RawPeer& peer = world.join();
  EXPECT_EQ(info().sessions, 1u);
  EXPECT_GE(info().device.seen_unix_s, before);
  world.run_for(minutes(10));
  peer.quic->close(peer.id, 0x51, "");
  world.run_for(seconds(1));
  EXPECT_EQ(info().sessions, 0u);
  EXPECT_GE(info().device.seen_unix_s, before + 600);
  EXPECT_EQ(world.host->rename(world.identity.fingerprint(), " New\u202e name ")->name, "New name");
  EXPECT_EQ(info().device.name, "New name");
}

class Strangers : public Rights {
 protected:
  void start(HostConfig config) {
    world.host.reset();
    config.wall_clock = [this] { return world.unix_s() * 1'000'000'000; };
    world.host =
        HostNode::create(config, world.host_identity, *world.clients, world.random, world.sessions).value();
    world.sessions.on_request = [this](const SessionRequest& request) {
      world.host->accept(request.id, NodeWorld::answer(), world.now);
    };
  }
  RawPeer& come(const control::Identity& device, const std::string& ip = "10.0.0.2") {
    RawPeer& peer = world.connect_as(&device, ip);
    peer.open(NodeWorld::hello_bytes());
    world.run_for(milliseconds(100));
    return peer;
  }
  control::Identity stranger = control::Identity::create_ephemeral("stranger").value();
};

TEST_F(Strangers, ApprovalCarriesRights) {
  HostConfig config;
  config.approval = true;
  start(config);
  RawPeer& peer = come(stranger);
  const auto& waiting = world.host->pending(world.now);
  ASSERT_EQ(waiting.size(), 1u);
  ASSERT_TRUE(world.host->approve(waiting[0].id, world.now, {access::kViewOnly, {Lasts::until, 7200}}));
  ASSERT_TRUE(world.run([&] { return peer.count(FrameType::server_hello) == 1; }, seconds(1)));
  EXPECT_EQ(hello_to(peer).grants, 0u);
  EXPECT_GE(hello_to(peer).expires_in_seconds, 7199u);
  const auto on_disk = world.devices_on_disk();
  ASSERT_EQ(on_disk.size(), 2u);
  EXPECT_EQ(on_disk[1].how, control::PairedBy::approval);
  EXPECT_EQ(on_disk[1].rights.until_unix_s, on_disk[1].paired_unix_s + 7200);
}

TEST_F(Strangers, AGuestApprovedWhoNeverComesIsExpiredInAMinute) {
  HostConfig config;
  config.approval = true;
  start(config);
  RawPeer& peer = come(stranger);
  peer.cut_off = true;
  ASSERT_TRUE(world.host->approve(world.host->pending(world.now)[0].id, world.now,
                                  {wire::kGrantAll, {Lasts::session, 0}}));
  world.run_for(minutes(2));
  const control::Device* device = world.clients->find(stranger.fingerprint());
  ASSERT_NE(device, nullptr);
  world.run_for(seconds(61));
  RawPeer& late = come(stranger);
  expect_closed(late, CloseCode::access_expired);
}

TEST_F(Strangers, FirstUseIsNotTrustedUnasked) {
  start({});
  expect_closed(come(stranger), CloseCode::pairing_not_armed);
  EXPECT_FALSE(world.clients->contains(stranger.fingerprint()));
}

TEST_F(Strangers, FirstUseIsTrustedWhenAskedWithLimitedRights) {
  HostConfig config;
  config.first_use = Offer{access::kViewOnly, {}};
  start(config);
  expect_closed(come(stranger, "203.0.113.7"), CloseCode::pairing_not_armed);  // not from the local networks
  RawPeer& peer = come(stranger);
  ASSERT_EQ(peer.count(FrameType::server_hello), 1u);
  EXPECT_EQ(hello_to(peer).grants, 0u);
  EXPECT_EQ(world.clients->find(stranger.fingerprint())->how, control::PairedBy::first_use);
  // A second stranger at once waits: certificates are cheap.
  const auto other = control::Identity::create_ephemeral("other").value();
  expect_closed(come(other), CloseCode::pairing_not_armed);
  world.run_for(seconds(2));
  EXPECT_EQ(come(other).count(FrameType::server_hello), 1u);
}

TEST_F(Strangers, FirstUsesAreBounded) {
  for (std::uint8_t n = 0; n < 64; ++n) {
    control::Device device{control::Fingerprint{n, 1}, "Bulb"};
    device.how = control::PairedBy::first_use;
    ASSERT_TRUE(world.clients->put(device));
  }
  HostConfig config;
  config.first_use = Offer{access::kViewOnly, {}};
  start(config);
  expect_closed(come(stranger), CloseCode::pairing_not_armed);
}

TEST_F(Strangers, ADiskThatTakesNothingTrustsNobodyOnFirstUse) {
  HostConfig config;
  config.first_use = Offer{access::kFull, {}};
  start(config);
  RawPeer& peer = world.connect_as(&stranger);
  {
    const test::FullDisk full;
    peer.open(NodeWorld::hello_bytes());
    expect_closed(peer, CloseCode::pairing_not_armed);
  }
  EXPECT_FALSE(world.clients->contains(stranger.fingerprint()));
  EXPECT_TRUE(world.sessions.requested.empty());
}

}  // namespace
}  // namespace punktfunk::endpoint

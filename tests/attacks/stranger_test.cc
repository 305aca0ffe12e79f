// SPDX-License-Identifier: MIT OR Apache-2.0
// What a client that is not paired can reach: nothing but the handshake.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "core/wire/datagram.h"
#include "core/wire/feedback.h"
#include "core/wire/host_messages.h"
#include "core/wire/session_messages.h"
#include "pairing_peer.h"

namespace punktfunk::endpoint {

namespace {

// Counts whatever reaches the part that owns displays, encoders and input.
class Untouched final : public HostSessions {
 public:
  std::uint64_t calls = 0;

  void session_requested(const SessionRequest&) override { ++calls; }
  void session_started(SessionId, MediaGrant) override { ++calls; }
  void input(SessionId, const wire::InputEvent&) override { ++calls; }
  void rights_changed(SessionId, std::uint32_t, std::uint32_t) override { ++calls; }
  void feedback(SessionId, const wire::Feedback&) override { ++calls; }
  std::optional<wire::BitrateChanged> bitrate_asked(SessionId, std::uint32_t) override {
    ++calls;
    return std::nullopt;
  }
  bool reconfigure_asked(SessionId, const wire::Mode&) override {
    ++calls;
    return false;
  }
  bool probe_asked(SessionId, const wire::ProbeRequest&) override {
    ++calls;
    return false;
  }
  void session_ended(SessionId, bool, std::string_view) override { ++calls; }
};

// How far a stranger may come.
enum class Place { no_certificate, before_hello, parked, pairing };
constexpr std::array kPlaces = {Place::no_certificate, Place::before_hello, Place::parked, Place::pairing};

Bytes input_datagram() {
  wire::InputEvent key;
  key.kind = wire::InputKind::key_down;
  key.code = 65;
  return wire::make_datagram(wire::DatagramKind::input_state, key.encode());
}

// Well-formed where this host would act on it in a session.
Bytes frame_for(std::uint64_t type) {
  Bytes body;
  switch (static_cast<FrameType>(type)) {
    case FrameType::set_bitrate:
      body = wire::SetBitrate{5000}.encode();
      break;
    case FrameType::reconfigure:
      body = wire::Reconfigure{{1280, 720, 60}}.encode();
      break;
    case FrameType::probe_request: {
      wire::ProbeRequest request;
      request.target_kbps = 10'000;
      request.duration_ms = 1000;
      body = request.encode();
      break;
    }
    case FrameType::clock_probe:
      body = wire::ClockProbe{1}.encode();
      break;
    case FrameType::input_event: {
      wire::InputEvent key;
      key.kind = wire::InputKind::key_down;
      key.code = 65;
      const auto bytes = key.encode();
      body.assign(bytes.begin(), bytes.end());
      break;
    }
    default:
      break;
  }
  return frame_of(static_cast<FrameType>(type), body);
}

class Stranger : public testing::TestWithParam<Place> {
 protected:
  Stranger() {
    HostConfig config;
    config.approval = GetParam() == Place::parked;
    world.host =
        HostNode::create(config, world.host_identity, *world.clients, world.random, untouched).value();
  }

  RawPeer& come() {
    if (GetParam() == Place::no_certificate) return world.connect(false);
    if (GetParam() != Place::pairing) {
      RawPeer& peer = world.connect_as(&device);
      if (GetParam() == Place::parked) {
        peer.open(NodeWorld::hello_bytes());
        EXPECT_TRUE(world.run([&] { return peer.count(FrameType::pending) == 1; }, seconds(1)));
      }
      return peer;
    }
    world.run_for(seconds(2));
    PairingPeer pairing(world, device, world.host->arm_pairing(world.now));
    pairing.begin(pairing.request());
    EXPECT_TRUE(world.run([&] { return pairing.is_challenged(); }, seconds(1)));
    return pairing.peer;
  }
  void say(RawPeer& peer, ByteView bytes) {
    const bool has_stream = GetParam() == Place::parked || GetParam() == Place::pairing;
    if (has_stream) return peer.write(bytes);
    Bytes stream = {0x00};
    append(stream, bytes);
    peer.open(stream);
  }
  void leave(RawPeer& peer) {
    if (!peer.closed) peer.quic->close(peer.id, 0, "");
    world.run_for(milliseconds(200));
  }
  void expect_nothing_reached() {
    EXPECT_EQ(untouched.calls, 0u);
    EXPECT_EQ(world.host->session_count(), 0u);
    EXPECT_FALSE(world.clients->contains(device.fingerprint()));
  }

  NodeWorld world;
  Untouched untouched;
  control::Identity device = control::Identity::create_ephemeral("punktfunk-client").value();
};

TEST_P(Stranger, ReachesNoControlFrame) {
  for (std::uint64_t type = 0; type < 0x60; ++type) {
    SCOPED_TRACE(type);
    RawPeer& peer = come();
    const std::size_t answers = peer.frames.size();
    say(peer, frame_for(type));
    world.run_for(milliseconds(20));
    // It is skipped without an answer, or it ends the connection.
    EXPECT_EQ(peer.frames.size(), answers);
    expect_nothing_reached();
    leave(peer);
  }
}

TEST_P(Stranger, ReachesNoStream) {
  for (std::uint8_t type = 1; type < 0x40; ++type) {
    RawPeer& peer = come();
    // In the place of the control stream where there is none yet, else beside it; then one-way.
    const StreamId stream = peer.open(Bytes{type, 0x50, 0x00});
    const auto one_way = peer.quic->open_stream(peer.id, false);
    ASSERT_TRUE(one_way);
    EXPECT_TRUE(peer.quic->write_stream(peer.id, *one_way, Bytes{type, 0x50, 0x00}, true));
    world.run_for(milliseconds(20));
    EXPECT_EQ(peer.resets[stream], 0x71u);
    expect_nothing_reached();
    leave(peer);
  }
}

TEST_P(Stranger, ReachesNothingByDatagram) {
  RawPeer& peer = come();
  const auto send = [&](ByteView bytes) {
    (void)peer.quic->send_datagram(peer.id, bytes);
    world.run_for(milliseconds(2));
  };
  send(input_datagram());
  wire::Feedback feedback;
  feedback.keyframe = true;
  send(wire::make_datagram(wire::DatagramKind::feedback, feedback.encode()));
  for (int kind = 0; kind < 0x40; ++kind) {
    for (const int first : {0xC8, 0xC9, 0xCA, 0xCB, 0xCC, 0xCD, 0xCE, 0xCF, 0xD0, 0xD1, 0xD2, 0xD3, 0x01}) {
      Bytes bytes(31, 1);
      bytes[0] = static_cast<std::uint8_t>(kind);
      bytes[1] = static_cast<std::uint8_t>(first);
      send(bytes);
    }
  }
  // Media toward the host is noise for QUIC (section 2.1).
  for (int i = 0; i < 64; ++i) {
    Bytes media(1454, static_cast<std::uint8_t>(i));
    world.host->receive(world.host_address, peer.address, media, 0, world.now);
  }
  world.run_for(milliseconds(50));
  EXPECT_FALSE(peer.closed);
  EXPECT_TRUE(peer.datagrams.empty());
  expect_nothing_reached();
}

// All of it in one go behind a hello that is refused or parked: nothing may slip in before the close.
TEST_P(Stranger, ReachesNothingInTheSamePacket) {
  RawPeer& peer = come();
  Bytes all(NodeWorld::hello_bytes());
  all.erase(all.begin());
  append(all, frame_of(FrameType::ready));
  for (std::uint64_t type = 0x20; type < 0x60; ++type) append(all, frame_for(type));
  say(peer, all);
  for (int i = 0; i < 20; ++i) (void)peer.quic->send_datagram(peer.id, input_datagram());
  world.run_for(milliseconds(100));
  EXPECT_TRUE(peer.closed);
  EXPECT_EQ(peer.count(FrameType::server_hello), 0u);
  expect_nothing_reached();
}

std::string name_of(const testing::TestParamInfo<Place>& place) {
  constexpr std::array<const char*, 4> kNames = {"NoCertificate", "BeforeHello", "Parked", "Pairing"};
  return kNames[static_cast<std::size_t>(place.param)];
}
INSTANTIATE_TEST_SUITE_P(Everywhere, Stranger, testing::ValuesIn(kPlaces), name_of);

}  // namespace

}  // namespace punktfunk::endpoint

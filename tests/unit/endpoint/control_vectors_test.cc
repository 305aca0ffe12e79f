// SPDX-License-Identifier: MIT OR Apache-2.0
// Whole control streams of tests/golden/vectors.json, played to both machines.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "all_vectors.h"
#include "control/client_control.h"
#include "control/host_control.h"
#include "fake_surroundings.h"

namespace punktfunk::control {

namespace {

using nlohmann::json;

json vector_named(const std::string& name) {
  for (const json& vector : test::all_vectors()) {
    if (vector.at("name") == name) return vector;
  }
  ADD_FAILURE() << "no vector " << name;
  return {};
}

Bytes bytes_of(const json& hex) { return from_hex(hex.get<std::string>()).value(); }

std::vector<wire::Frame> frames_of(ByteView stream) {
  Written parsed;
  parsed.add(stream);
  return parsed.frames;
}

// A decimal number as the 64 little-endian bytes that are reduced to a scalar.
Bytes wide_scalar(const std::string& decimal) {
  Bytes wide(64);
  for (const char digit : decimal) {
    unsigned carry = static_cast<unsigned>(digit - '0');
    for (std::uint8_t& byte : wide) {
      carry += byte * 10u;
      byte = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  return wide;
}

crypto::Digest digest_of(const json& hex) {
  const Bytes bytes = bytes_of(hex);
  crypto::Digest digest{};
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

TEST(ControlVectors, HostInAMinimalSession) {
  const json expected = vector_named("session/minimal-control-stream").at("expected");
  const Bytes client = bytes_of(expected.at("client_bytes"));
  const Bytes host = bytes_of(expected.at("host_bytes"));
  const auto host_frames = frames_of(host);
  ASSERT_EQ(host_frames.size(), 3u);
  const auto answer = wire::ServerHello::decode(host_frames[0].body);
  const auto config = wire::StreamConfig::decode(host_frames[1].body);
  const auto echo = wire::ClockEcho::decode(host_frames[2].body);
  ASSERT_TRUE(answer && config && echo);

  FakeHostSide side;
  PairingDesk desk;
  ScriptedRandom random;
  crypto::Digest fingerprint{};
  side.paired.insert(fingerprint);
  side.clock_ns = echo->t2_ns;
  HostControl machine({fingerprint, *SocketAddress::parse("10.0.0.2", 40000)}, {}, desk, side, random,
                      kStart);
  ASSERT_EQ(client[0], 0);
  for (std::size_t at = 1; at < client.size(); ++at) {
    machine.on_stream_data(ByteView(client).subspan(at, 1), false, kStart);
    if (side.hellos.size() == 1 && side.written.all.empty()) machine.accept(*answer, *config, kStart);
  }
  EXPECT_FALSE(side.closed);
  EXPECT_EQ(side.ready, 1);
  // Byte for byte up to the echo's t3, which here is its t2.
  ASSERT_EQ(side.written.all.size(), host.size());
  EXPECT_EQ(to_hex(ByteView(side.written.all).first(host.size() - 8)),
            to_hex(ByteView(host).first(host.size() - 8)));
}

TEST(ControlVectors, ClientInAMinimalSession) {
  const json expected = vector_named("session/minimal-control-stream").at("expected");
  const Bytes host = bytes_of(expected.at("host_bytes"));
  const Bytes client = bytes_of(expected.at("client_bytes"));
  const auto client_frames = frames_of(ByteView(client).subspan(1));
  ASSERT_EQ(client_frames.size(), 3u);
  const auto asked = wire::ClientHello::decode(client_frames[0].body);
  const auto probe = wire::ClockProbe::decode(client_frames[2].body);
  ASSERT_TRUE(asked && probe);

  FakeClientSide side;
  ClientControl machine(side);
  const TimePoint now{Duration(static_cast<std::int64_t>(probe->t1_ns))};
  machine.start_session(*asked, now);
  // The echo is complete a millisecond after the probe left.
  machine.on_stream_data(ByteView(host).first(host.size() - 1), false, now);
  machine.on_stream_data(ByteView(host).last(1), false, now + milliseconds(1));
  EXPECT_FALSE(side.closed);
  EXPECT_EQ(side.sessions.size(), 1u);
  EXPECT_EQ(side.configs.size(), 1u);
  // Its own hello is written in the longer form; Ready and the probe are byte for byte the vector's.
  ASSERT_GE(side.written.frames.size(), 3u);
  EXPECT_EQ(wire::ClientHello::decode(side.written.frames[0].body), asked);
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(side.written.frames[i].type, client_frames[i].type);
    EXPECT_EQ(to_hex(side.written.frames[i].body), to_hex(client_frames[i].body));
  }
  ASSERT_TRUE(machine.clock());
  EXPECT_TRUE(machine.clock()->estimate());
}

class PairingVector : public testing::Test {
 protected:
  const json stream = vector_named("pairing/control-stream-4321");
  const json exchange = vector_named("pairing/pin-4321").at("inputs");
  const Bytes client = bytes_of(stream.at("expected").at("client_bytes"));
  const Bytes host = bytes_of(stream.at("expected").at("host_bytes"));
  const std::string pin = stream.at("inputs").at("pin");
  const crypto::Digest client_fp = digest_of(exchange.at("client_fingerprint"));
  const crypto::Digest host_fp = digest_of(exchange.at("host_fingerprint"));
};

TEST_F(PairingVector, Host) {
  ScriptedRandom random;
  Bytes digits;
  for (const char digit : pin) digits.push_back(static_cast<std::uint8_t>(digit - '0'));
  random.add(digits);
  random.add(wide_scalar(exchange.at("scalar_host")));
  PairingDesk desk;
  ASSERT_EQ(desk.arm(kStart, random), pin);
  FakeHostSide side;
  HostControl machine({client_fp, *SocketAddress::parse("10.0.0.2", 40000)}, host_fp, desk, side, random,
                      kStart);
  machine.on_stream_data(ByteView(client).subspan(1), false, kStart);
  EXPECT_FALSE(side.closed);
  EXPECT_EQ(to_hex(side.written.all), to_hex(host));
  ASSERT_EQ(side.stored.size(), 1u);
  EXPECT_EQ(side.stored[0].second, stream.at("inputs").at("name").get<std::string>());
}

TEST_F(PairingVector, Client) {
  ScriptedRandom random;
  random.add(wide_scalar(exchange.at("scalar_client")));
  FakeClientSide side;
  ClientControl machine(side);
  machine.start_pairing({stream.at("inputs").at("name"), client_fp, host_fp}, as_bytes(pin), random, kStart);
  machine.on_stream_data(host, false, kStart);
  EXPECT_EQ(side.pairings, std::vector<bool>{true});
  Bytes sent = {0};
  append(sent, side.written.all);
  EXPECT_EQ(to_hex(sent), to_hex(client));
  ASSERT_TRUE(side.closed);
  EXPECT_EQ(side.closed->code, CloseCode::done);
}

}  // namespace

}  // namespace punktfunk::control

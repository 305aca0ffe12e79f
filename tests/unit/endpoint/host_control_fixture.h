// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <string>

#include "control/host_control.h"
#include "core/wire/pairing_messages.h"
#include "fake_surroundings.h"

namespace punktfunk::control {

inline constexpr std::uint64_t kSeed = 20261121;

// One HostControl in virtual time, and a client's half of what it expects.
class HostControlTest : public testing::Test {
 protected:
  HostControlTest() : random(kSeed) {
    std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
    client_fp.fill(0x11);
    host_fp.fill(0x22);
    side.paired.insert(client_fp);
    start();
  }

  void start(bool certificate = true, const char* address = "192.168.1.5") {
    HostControl::Peer peer;
    if (certificate) peer.fingerprint = client_fp;
    peer.address = *SocketAddress::parse(address, 40000);
    machine.emplace(peer, host_fp, desk, side, random, now);
  }

  void feed(ByteView bytes, bool fin = false) { machine->on_stream_data(bytes, fin, now); }
  void wait(Duration time) {
    const TimePoint end = now + time;
    while (true) {
      const auto due = machine->next_deadline();
      if (!due || *due > end) break;
      now = *due;
      machine->handle_deadline(now);
    }
    now = end;
  }

  static wire::ClientHello hello() {
    wire::ClientHello hello;
    hello.mode = {1280, 720, 60};
    hello.name = "Couch";
    return hello;
  }
  static wire::ServerHello answer() {
    wire::ServerHello answer;
    answer.session_id.fill(7);
    answer.suite = wire::kSuiteAes128Gcm;
    answer.mode = {1280, 720, 60};
    answer.max_data_per_block = 4096;
    answer.shard_payload = 1408;
    answer.bitrate_kbps = 12'345;
    return answer;
  }
  static wire::StreamConfig config() {
    wire::StreamConfig config;
    config.mode = {1280, 720, 60};
    config.codec = wire::kCodecH264;
    return config;
  }

  void say_hello() { feed(frame_of(FrameType::client_hello, hello().encode())); }
  void accept() { machine->accept(answer(), config(), now); }
  void run_session() {
    say_hello();
    accept();
    feed(frame_of(FrameType::ready));
    ASSERT_TRUE(machine->is_running());
  }

  // The client's half of a pairing, up to the challenge. `pin` is what the client typed.
  struct ClientHalf {
    crypto::Spake2 exchange;
    std::optional<crypto::Spake2Key> key;
  };
  ClientHalf request_pairing(const std::string& pin, const std::string& name = "Couch") {
    ClientHalf half{crypto::Spake2(crypto::Spake2::Role::client, as_bytes(pin), client_fp, host_fp, random),
                    std::nullopt};
    wire::PairRequest request;
    request.name = name;
    request.spake_a = half.exchange.message();
    feed(frame_of(FrameType::pair_request, request.encode()));
    if (side.written.count(FrameType::pair_challenge) == 0) return half;
    const auto challenge = wire::PairChallenge::decode(side.written.last(FrameType::pair_challenge));
    if (challenge) half.key = half.exchange.finish(challenge->spake_b);
    return half;
  }
  void prove(const ClientHalf& half) {
    ASSERT_TRUE(half.key);
    wire::PairProof proof;
    proof.client_confirm = crypto::confirm_client(*half.key, client_fp, host_fp);
    feed(frame_of(FrameType::pair_proof, proof.encode()));
  }

  void expect_closed(CloseCode code) {
    ASSERT_TRUE(side.closed);
    EXPECT_EQ(side.closed->code, code) << side.closed->reason;
    // Nothing wakes a closed machine.
    EXPECT_FALSE(machine->next_deadline());
    const auto hellos = side.hellos.size();
    const auto frames = side.written.frames.size();
    say_hello();
    feed(frame_of(FrameType::ready));
    machine->handle_deadline(now + minutes(10));
    EXPECT_EQ(side.hellos.size(), hellos);
    EXPECT_EQ(side.written.frames.size(), frames);
    EXPECT_FALSE(machine->has_session());
  }

  SeededRandom random;
  crypto::Digest client_fp{};
  crypto::Digest host_fp{};
  PairingDesk desk;
  FakeHostSide side;
  TimePoint now = kStart;
  std::optional<HostControl> machine;
};

}  // namespace punktfunk::control

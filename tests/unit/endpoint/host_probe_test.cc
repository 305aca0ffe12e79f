// SPDX-License-Identifier: MIT OR Apache-2.0
// Bandwidth probes on the host's control stream (section 19): who may ask for how much, and how often.
#include <gtest/gtest.h>

#include "core/wire/features.h"
#include "core/wire/host_messages.h"
#include "fake_surroundings.h"

namespace punktfunk::control {

namespace {

Bytes probe_request(std::uint32_t kbps, std::uint32_t ms) {
  wire::ProbeRequest request;
  request.target_kbps = kbps;
  request.duration_ms = ms;
  return frame_of(FrameType::probe_request, request.encode());
}

class HostProbeTest : public testing::Test {
 protected:
  // A running session of a client that has bit 4 of its features, or not, and does nothing but probe, or not.
  void start(bool takes_filler, bool probe_only) {
    crypto::Digest client_fp, host_fp;
    client_fp.fill(0x11);
    host_fp.fill(0x22);
    side = FakeHostSide();
    side.paired.insert(client_fp);
    machine.emplace(HostControl::Peer{client_fp, *SocketAddress::parse("192.168.1.5", 40000)}, host_fp, desk,
                    side, random, now);
    wire::ClientHello hello;
    hello.mode = {1280, 720, 60};
    if (takes_filler) hello.features.set(wire::kClientProbeIndexSpace);
    hello.probe_only = probe_only;
    feed(frame_of(FrameType::client_hello, hello.encode()));
    feed(probe_request(20'000, 50));
    wire::ServerHello answer;
    answer.mode = hello.mode;
    machine->accept(answer, {}, now);
    feed(probe_request(20'000, 50));
    EXPECT_EQ(side.written.count(FrameType::probe_result), 0u) << "before the session";
    EXPECT_TRUE(side.probes_asked.empty());
    feed(frame_of(FrameType::ready));
    ASSERT_TRUE(machine->is_running());
  }
  void feed(ByteView bytes) { machine->on_stream_data(bytes, false, now); }
  void wait(Duration time) {
    now += time;
    const auto due = machine->next_deadline();
    if (due && *due <= now) machine->handle_deadline(now);
  }

  TimePoint now = kStart;
  ScriptedRandom random;
  PairingDesk desk;
  FakeHostSide side;
  std::optional<HostControl> machine;
};

TEST_F(HostProbeTest, ServesOneProbeInTenSecondsBesideVideo) {
  start(true, false);
  EXPECT_FALSE(machine->next_deadline()) << "no minute for a stream";
  const auto declined = [&] {
    return wire::ProbeResult::decode(side.written.last(FrameType::probe_result)) == wire::ProbeResult{};
  };
  feed(probe_request(UINT32_MAX, UINT32_MAX));
  ASSERT_EQ(side.probes_asked.size(), 1u);
  EXPECT_EQ(side.probes_asked[0].target_kbps, wire::kMaxProbeKbps);
  EXPECT_EQ(side.probes_asked[0].duration_ms, wire::kMaxProbeMs);
  EXPECT_EQ(side.written.count(FrameType::probe_result), 0u) << "the result comes when it is over";
  for (int i = 0; i < 100; ++i) feed(probe_request(20'000, 50));
  EXPECT_EQ(side.probes_asked.size(), 1u);
  EXPECT_EQ(side.written.count(FrameType::probe_result), 100u);
  EXPECT_TRUE(declined());

  wire::ProbeResult result;
  result.bytes_sent = 5'000'000;
  result.wire_packets_sent = 4000;
  result.duration_ms = 2000;
  machine->send_probe_result(result);
  EXPECT_EQ(wire::ProbeResult::decode(side.written.last(FrameType::probe_result)), result);
  wait(seconds(9));
  feed(probe_request(20'000, 50));
  EXPECT_TRUE(declined()) << "no ramp beside video";
  wait(seconds(1));
  side.serves_probes = false;
  feed(probe_request(20'000, 50));
  EXPECT_EQ(side.probes_asked.size(), 2u);
  EXPECT_TRUE(declined()) << "the session says no";
  EXPECT_FALSE(side.closed);
}

TEST_F(HostProbeTest, DeclinesProbesToAClientWithoutAnIndexSpaceForThem) {
  start(false, false);
  feed(probe_request(20'000, 2000));
  EXPECT_TRUE(side.probes_asked.empty());
  EXPECT_EQ(wire::ProbeResult::decode(side.written.last(FrameType::probe_result)), wire::ProbeResult{});
}

TEST_F(HostProbeTest, TheStartUpRampEndsWithTheStartAndIsBounded) {
  start(true, false);
  wire::ProbeResult result;
  result.wire_packets_sent = 1;
  side.starting = true;
  std::size_t served = 0;
  for (; served < 3; ++served) {
    feed(probe_request(4'000, 50));
    ASSERT_EQ(side.probes_asked.size(), served + 1);
    machine->send_probe_result(result);
  }
  feed(probe_request(4'000, 51));
  machine->send_probe_result(result);
  feed(probe_request(4'000, 51));
  EXPECT_EQ(side.probes_asked.size(), ++served) << "longer ones are spaced";
  side.starting = false;
  feed(probe_request(4'000, 50));
  EXPECT_EQ(side.probes_asked.size(), served) << "the second after the first frame is over";

  start(true, false);
  side.starting = true;
  for (int i = 0; i < 100; ++i) {
    feed(probe_request(4'000, 50));
    machine->send_probe_result(result);
  }
  EXPECT_EQ(side.probes_asked.size(), 1u + media::ProbeGate::kMostRampSteps) << "one more, as ever";
}

TEST_F(HostProbeTest, AProbeOnlySessionHasARampAMinuteAndTwoGibibytes) {
  start(true, true);
  wire::ProbeResult result;
  result.wire_packets_sent = 1;
  for (std::size_t i = 1; i <= 10; ++i) {
    feed(probe_request(4'000, 50));
    EXPECT_EQ(side.probes_asked.size(), i);
    machine->send_probe_result(result);
  }
  wait(seconds(59));
  EXPECT_FALSE(side.closed);
  wait(seconds(1));
  ASSERT_TRUE(side.closed);
  EXPECT_EQ(side.closed->code, CloseCode::done) << side.closed->reason;

  start(true, true);
  // 50 ms at 10 Gbit/s are 62.5 MB: 34 of them fit into 2 GiB.
  for (int i = 0; i < 34; ++i) {
    feed(probe_request(UINT32_MAX, 50));
    ASSERT_FALSE(side.closed) << i;
    machine->send_probe_result(result);
  }
  feed(probe_request(UINT32_MAX, 50));
  ASSERT_TRUE(side.closed);
  EXPECT_EQ(side.closed->code, CloseCode::done) << side.closed->reason;
}

}  // namespace

}  // namespace punktfunk::control

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/host_control.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "core/wire/fields.h"
#include "core/wire/pairing_messages.h"
#include "core/wire/varint.h"
#include "host_control_fixture.h"

namespace punktfunk::control {

namespace {

TEST_F(HostControlTest, AcceptsASession) {
  say_hello();
  ASSERT_EQ(side.hellos.size(), 1u);
  EXPECT_EQ(side.hellos[0], hello());
  EXPECT_TRUE(side.written.frames.empty()) << "nothing before the decision";
  accept();
  EXPECT_EQ(wire::ServerHello::decode(side.written.last(FrameType::server_hello)), answer());
  EXPECT_EQ(side.ready, 0);
  feed(frame_of(FrameType::ready));
  EXPECT_EQ(side.ready, 1);
  EXPECT_EQ(wire::StreamConfig::decode(side.written.last(FrameType::stream_config)), config());
  EXPECT_FALSE(machine->next_deadline());
  EXPECT_FALSE(side.closed);
}

TEST_F(HostControlTest, TakesTheStreamByteByByte) {
  Bytes all = unknown_frame(Bytes(300, 0xAB));
  append(all, frame_of(FrameType::client_hello, hello().encode()));
  for (const std::uint8_t byte : all) feed({&byte, 1});
  EXPECT_EQ(side.hellos.size(), 1u);
  EXPECT_FALSE(side.closed);
}

TEST_F(HostControlTest, AnswersWhatASessionAsks) {
  run_session();
  wire::ClockProbe probe;
  probe.t1_ns = 42;
  feed(frame_of(FrameType::clock_probe, probe.encode()));
  const auto echo = wire::ClockEcho::decode(side.written.last(FrameType::clock_echo));
  ASSERT_TRUE(echo);
  EXPECT_EQ(echo->t1_ns, 42u);
  EXPECT_EQ(echo->t2_ns, side.clock_ns);
  EXPECT_GE(echo->t3_ns, echo->t2_ns);

  wire::SetBitrate wish;
  wish.bitrate_kbps = 90'000;
  feed(frame_of(FrameType::set_bitrate, wish.encode()));
  const auto changed = wire::BitrateChanged::decode(side.written.last(FrameType::bitrate_changed));
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->bitrate_kbps, 12'345u) << "the rate in force";

  wire::Reconfigure mode;
  mode.mode = {1920, 1080, 60};
  feed(frame_of(FrameType::reconfigure, mode.encode()));
  const auto reconfigured = wire::Reconfigured::decode(side.written.last(FrameType::reconfigured));
  ASSERT_TRUE(reconfigured);
  EXPECT_FALSE(reconfigured->accepted);
  EXPECT_EQ(reconfigured->mode, config().mode);
}

TEST_F(HostControlTest, GrantsAnotherBitrateAndGivesTheReasonToWhoReadsIt) {
  wire::SetBitrate wish;
  wish.bitrate_kbps = 90'000;
  for (const bool reads_reasons : {false, true}) {
    side = FakeHostSide();
    side.paired.insert(client_fp);
    side.bitrate_answer = wire::BitrateChanged{50'000, wire::BitrateReason::encoder_limit};
    start();
    auto greeting = hello();
    greeting.abr_features = reads_reasons ? wire::kReadsBitrateReason : std::uint8_t{0};
    feed(frame_of(FrameType::client_hello, greeting.encode()));
    accept();
    feed(frame_of(FrameType::ready));
    feed(frame_of(FrameType::set_bitrate, wish.encode()));
    EXPECT_EQ(side.bitrates_asked, std::vector<std::uint32_t>{90'000});
    auto expected = *side.bitrate_answer;
    if (!reads_reasons) expected.reason.reset();
    EXPECT_EQ(wire::BitrateChanged::decode(side.written.last(FrameType::bitrate_changed)), expected);
    // Unasked, from a governor: a ceiling.
    machine->send_bitrate({7'000, wire::BitrateReason::governor});
    const auto ceiling = wire::BitrateChanged::decode(side.written.last(FrameType::bitrate_changed));
    ASSERT_TRUE(ceiling);
    EXPECT_EQ(ceiling->bitrate_kbps, 7'000u);
  }
}

TEST_F(HostControlTest, APinnedBitrateStays) {
  auto greeting = hello();
  greeting.bitrate_kbps = 12'345;
  greeting.abr_features = wire::kReadsBitrateReason;
  side.bitrate_answer = wire::BitrateChanged{50'000, wire::BitrateReason::granted};
  feed(frame_of(FrameType::client_hello, greeting.encode()));
  accept();
  feed(frame_of(FrameType::ready));
  wire::SetBitrate wish;
  wish.bitrate_kbps = 90'000;
  feed(frame_of(FrameType::set_bitrate, wish.encode()));
  EXPECT_TRUE(side.bitrates_asked.empty());
  EXPECT_EQ(wire::BitrateChanged::decode(side.written.last(FrameType::bitrate_changed)),
            (wire::BitrateChanged{12'345, wire::BitrateReason::pinned}));
}

TEST_F(HostControlTest, SkipsUnknownFramesEverywhere) {
  const Bytes unknown = unknown_frame(Bytes(65536, 1));
  feed(unknown);
  say_hello();
  feed(unknown);
  accept();
  feed(unknown);
  feed(frame_of(FrameType::ready));
  feed(unknown);
  // Types that belong to features this host did not offer.
  feed(frame_of(FrameType::clip_control, Bytes(3, 0xFF)));
  EXPECT_TRUE(machine->is_running());
  EXPECT_FALSE(side.closed);
}

TEST_F(HostControlTest, SkipsUnknownFramesDuringPairing) {
  auto half = request_pairing(desk.arm(now, random));
  feed(unknown_frame(Bytes(10, 1)));
  prove(half);
  EXPECT_EQ(side.stored.size(), 1u);
}

TEST_F(HostControlTest, RefusesMalformedHellos) {
  const Bytes good = hello().encode();
  Bytes cut(good.begin(), good.end() - 1);
  Bytes twice = good;
  append(twice, wire::FieldWriter().integer(6, std::uint32_t{5}).take());
  Bytes unknown_twice = good;
  append(unknown_twice,
         wire::FieldWriter().integer(200, std::uint8_t{1}).integer(200, std::uint8_t{1}).take());
  const Bytes overrun = {0x03, 0x3F, 0x01};
  const Bytes huge_length = {0x03, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  const Bytes empty_integer = {0x06, 0x00};
  const Bytes long_integer = {0x06, 0x09, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Bytes too_large_integer = {0x0A, 0x02, 0x00, 0x01};
  const Bytes short_mode = {0x03, 0x0B, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const Bytes torn_tag = {0x40};
  for (const Bytes& body : {cut, twice, unknown_twice, overrun, huge_length, empty_integer, long_integer,
                            too_large_integer, short_mode, torn_tag}) {
    SCOPED_TRACE(to_hex(body));
    side = FakeHostSide();
    side.paired.insert(client_fp);
    start();
    feed(frame_of(FrameType::client_hello, body));
    EXPECT_TRUE(side.hellos.empty());
    expect_closed(CloseCode::error);
  }
}

TEST_F(HostControlTest, RefusesAFrameOverItsBoundBeforeItsBodyArrives) {
  struct Case {
    FrameType type;
    std::uint64_t length;
  };
  for (const Case& one : {Case{FrameType::client_hello, 16385}, Case{FrameType::ready, 257},
                          Case{FrameType::pair_request, 4097}, Case{FrameType::pair_proof, 257},
                          Case{FrameType::clock_probe, 257}, Case{static_cast<FrameType>(0x7777), 65537},
                          Case{FrameType::client_hello, (std::uint64_t{1} << 62) - 1}}) {
    SCOPED_TRACE(static_cast<int>(one.type));
    side = FakeHostSide();
    side.paired.insert(client_fp);
    start();
    Bytes head;
    wire::append_varint(head, static_cast<std::uint64_t>(one.type));
    wire::append_varint(head, one.length);
    feed(head);
    expect_closed(CloseCode::error);
  }
}

TEST_F(HostControlTest, RefusesFramesOutOfOrder) {
  const Bytes ready = frame_of(FrameType::ready);
  const Bytes proof = frame_of(FrameType::pair_proof, wire::PairProof{}.encode());
  const Bytes again = frame_of(FrameType::client_hello, hello().encode());
  const Bytes pair = frame_of(FrameType::pair_request, wire::PairRequest{}.encode());
  const auto expect_refused = [&](const char* what, const std::function<void()>& before, ByteView frame) {
    SCOPED_TRACE(what);
    side = FakeHostSide();
    side.paired.insert(client_fp);
    start();
    before();
    ASSERT_FALSE(side.closed);
    feed(frame);
    expect_closed(CloseCode::error);
  };
  const auto nothing = [] {};
  const auto deciding = [&] { say_hello(); };
  const auto accepted = [&] {
    say_hello();
    accept();
  };
  const auto running = [&] { run_session(); };
  expect_refused("ready first", nothing, ready);
  expect_refused("proof first", nothing, proof);
  expect_refused("ready before the answer", deciding, ready);
  expect_refused("hello twice at once", deciding, again);
  expect_refused("hello twice after the answer", accepted, again);
  expect_refused("hello in a session", running, again);
  expect_refused("ready twice", running, ready);
  expect_refused("pairing in a session", running, pair);
  expect_refused("proof in a session", running, proof);
}

TEST_F(HostControlTest, RefusesHelloDuringPairing) {
  (void)request_pairing(desk.arm(now, random));
  ASSERT_FALSE(side.closed);
  say_hello();
  expect_closed(CloseCode::error);
  EXPECT_TRUE(side.stored.empty());
}

TEST_F(HostControlTest, RefusesMalformedSessionFrames) {
  const Bytes bad = {0x01, 0x00};
  for (const FrameType type : {FrameType::clock_probe, FrameType::set_bitrate, FrameType::reconfigure}) {
    side = FakeHostSide();
    side.paired.insert(client_fp);
    start();
    run_session();
    feed(frame_of(type, bad));
    expect_closed(CloseCode::error);
  }
}

TEST_F(HostControlTest, TheStreamMayNotEndBeforeTheSession) {
  feed({}, true);
  expect_closed(CloseCode::error);
}

TEST_F(HostControlTest, TheStreamMayNotEndWhileTheHostDecidesOrDuringTheSession) {
  feed(frame_of(FrameType::client_hello, hello().encode()), true);
  EXPECT_EQ(side.hellos.size(), 1u);
  expect_closed(CloseCode::error);
  side = FakeHostSide();
  side.paired.insert(client_fp);
  start();
  run_session();
  feed({}, true);
  expect_closed(CloseCode::error);
}

TEST_F(HostControlTest, NeedsACertificate) {
  start(false);
  say_hello();
  expect_closed(CloseCode::client_certificate_needed);
}

TEST_F(HostControlTest, PairingNeedsACertificateAndLeavesThePin) {
  start(false);
  (void)request_pairing(desk.arm(now, random));
  expect_closed(CloseCode::client_certificate_needed);
  EXPECT_TRUE(desk.is_armed(now));
}

TEST_F(HostControlTest, TurnsUnpairedDevicesAway) {
  side.paired.clear();
  say_hello();
  EXPECT_TRUE(side.hellos.empty());
  expect_closed(CloseCode::pairing_not_armed);
}

TEST_F(HostControlTest, RefusesWithTheCodeItIsTold) {
  say_hello();
  machine->refuse(CloseCode::busy, "Full.");
  EXPECT_EQ(side.closed->reason, "Full.");
  expect_closed(CloseCode::busy);
  accept();
  EXPECT_TRUE(side.written.frames.empty()) << "accepted after it was refused";
}

TEST_F(HostControlTest, AcceptsOnlyOnceAndOnlyWhenAsked) {
  accept();
  EXPECT_TRUE(side.written.frames.empty());
  say_hello();
  accept();
  accept();
  EXPECT_EQ(side.written.frames.size(), 1u);
  machine->refuse(CloseCode::busy, "");
  EXPECT_FALSE(side.closed);
}

TEST_F(HostControlTest, ClosesWhenNoStreamAppears) {
  wait(seconds(10) - Duration(1));
  EXPECT_FALSE(side.closed);
  wait(Duration(1));
  expect_closed(CloseCode::error);
}

TEST_F(HostControlTest, ClosesWhenTheFirstFrameDoesNotCome) {
  wait(seconds(9));
  feed({});
  // The stream is there; unknown frames do not push the end out.
  wait(seconds(9));
  feed(unknown_frame(Bytes(1, 1)));
  EXPECT_FALSE(side.closed);
  wait(seconds(1));
  expect_closed(CloseCode::error);
}

TEST_F(HostControlTest, ClosesWhenReadyDoesNotCome) {
  say_hello();
  accept();
  wait(seconds(10) - Duration(1));
  EXPECT_FALSE(side.closed);
  wait(Duration(1));
  expect_closed(CloseCode::error);
}

TEST_F(HostControlTest, SaysPendingWhileItDecides) {
  say_hello();
  wait(seconds(2) - Duration(1));
  EXPECT_EQ(side.written.count(FrameType::pending), 0u);
  wait(Duration(1));
  EXPECT_EQ(side.written.count(FrameType::pending), 1u);
  wait(seconds(25));
  EXPECT_EQ(side.written.count(FrameType::pending), 3u);
  accept();
  wait(seconds(5));
  feed(frame_of(FrameType::ready));
  wait(seconds(60));
  EXPECT_EQ(side.written.count(FrameType::pending), 3u);
  EXPECT_FALSE(side.closed);
}

TEST_F(HostControlTest, PairsWithTheRightPin) {
  const std::string name = std::string(
                               "Cou\x01"
                               "ch \xE2\x80\xAE") +
                           "TV";
  auto half = request_pairing(desk.arm(now, random), name);
  const auto challenge = wire::PairChallenge::decode(side.written.last(FrameType::pair_challenge));
  ASSERT_TRUE(challenge && half.key);
  EXPECT_EQ(challenge->host_confirm, crypto::confirm_host(*half.key, client_fp, host_fp));
  EXPECT_FALSE(desk.is_armed(now)) << "withdrawn before the challenge goes out";
  EXPECT_TRUE(side.stored.empty());
  prove(half);
  ASSERT_EQ(side.stored.size(), 1u);
  EXPECT_EQ(side.stored[0].first, client_fp);
  EXPECT_EQ(side.stored[0].second, "Couch TV") << "unfit characters removed";
  EXPECT_TRUE(wire::PairResult::decode(side.written.last(FrameType::pair_result))->ok);
  // The client's end of the stream is no error now; its close is waited for 5 s.
  feed({}, true);
  wait(seconds(5) - Duration(1));
  EXPECT_FALSE(side.closed);
  wait(Duration(1));
  expect_closed(CloseCode::done);
}

TEST_F(HostControlTest, AWrongPinStoresNothing) {
  const std::string pin = desk.arm(now, random);
  auto half = request_pairing(pin == "0000" ? "1111" : "0000");
  const auto challenge = wire::PairChallenge::decode(side.written.last(FrameType::pair_challenge));
  ASSERT_TRUE(challenge && half.key);
  EXPECT_NE(challenge->host_confirm, crypto::confirm_host(*half.key, client_fp, host_fp));
  prove(half);
  EXPECT_TRUE(side.stored.empty());
  EXPECT_FALSE(wire::PairResult::decode(side.written.last(FrameType::pair_result))->ok);
  EXPECT_FALSE(desk.is_armed(now));
  // The proof is not asked for a second time.
  prove(half);
  EXPECT_TRUE(side.stored.empty());
  EXPECT_EQ(side.written.count(FrameType::pair_result), 1u);
  wait(seconds(5));
  expect_closed(CloseCode::done);
}

TEST_F(HostControlTest, AHostConfirmationIsNoProof) {
  auto half = request_pairing(desk.arm(now, random));
  ASSERT_TRUE(half.key);
  wire::PairProof reflected;
  reflected.client_confirm = crypto::confirm_host(*half.key, client_fp, host_fp);
  feed(frame_of(FrameType::pair_proof, reflected.encode()));
  EXPECT_TRUE(side.stored.empty());
  EXPECT_FALSE(wire::PairResult::decode(side.written.last(FrameType::pair_result))->ok);
}

TEST_F(HostControlTest, APairingThatCannotBeStoredFailsOnBothEnds) {
  side.can_store = false;
  auto half = request_pairing(desk.arm(now, random));
  prove(half);
  EXPECT_FALSE(wire::PairResult::decode(side.written.last(FrameType::pair_result))->ok);
}

TEST_F(HostControlTest, ImpossibleValuesEndThePairingAndSpendThePin) {
  for (const int which : {0, 1, 2, 3}) {
    SCOPED_TRACE(which);
    side = FakeHostSide();
    now += seconds(3);
    start();
    (void)desk.arm(now, random);
    wire::PairRequest request;
    if (which == 0) request.spake_a.fill(0xFF);      // side byte wrong
    if (which == 1) request.spake_a = {0x41};        // y = 0: order 4
    if (which == 2) request.spake_a = {0x41, 0x01};  // the neutral element
    if (which == 3) std::fill(request.spake_a.begin() + 1, request.spake_a.end(), std::uint8_t{0xFF});
    if (which == 3) request.spake_a[0] = 0x41;  // no point
    feed(frame_of(FrameType::pair_request, request.encode()));
    EXPECT_EQ(side.written.count(FrameType::pair_challenge), 0u);
    EXPECT_FALSE(desk.is_armed(now));
    expect_closed(CloseCode::error);
  }
}

TEST_F(HostControlTest, AMalformedPairRequestLeavesThePin) {
  (void)desk.arm(now, random);
  feed(frame_of(FrameType::pair_request, wire::FieldWriter().text(1, "Couch").take()));
  EXPECT_TRUE(desk.is_armed(now));
  expect_closed(CloseCode::error);
}

TEST_F(HostControlTest, AMalformedProofEndsThePairing) {
  (void)request_pairing(desk.arm(now, random));
  feed(frame_of(FrameType::pair_proof, Bytes{0x01, 0x01, 0x00}));
  EXPECT_TRUE(side.stored.empty());
  expect_closed(CloseCode::error);
}

TEST_F(HostControlTest, ClosesWhenTheProofDoesNotCome) {
  (void)request_pairing(desk.arm(now, random));
  wait(seconds(60) - Duration(1));
  EXPECT_FALSE(side.closed);
  wait(Duration(1));
  expect_closed(CloseCode::error);
}

TEST_F(HostControlTest, PairingIsRefusedWithTheDesksCodes) {
  (void)request_pairing("1234");
  expect_closed(CloseCode::pairing_not_armed);

  side = FakeHostSide();
  start();
  (void)request_pairing(desk.arm(now, random));
  expect_closed(CloseCode::pairing_rate_limit);

  side = FakeHostSide();
  now += seconds(2);
  start(true, "203.0.113.7");
  (void)request_pairing(desk.arm(now, random));
  EXPECT_TRUE(desk.is_armed(now));
  expect_closed(CloseCode::pairing_not_armed);

  side = FakeHostSide();
  now += seconds(2);
  start();
  crypto::Digest other{};
  (void)request_pairing(desk.arm(now, random, {.only_for = other}));
  expect_closed(CloseCode::armed_for_another_device);
}

TEST_F(HostControlTest, RandomStreamsOnlyEverEndTheConnection) {
  for (int round = 0; round < 3000; ++round) {
    side = FakeHostSide();
    side.paired.insert(client_fp);
    now += seconds(3);
    start();
    auto& engine = random.engine();
    Bytes stream;
    for (int frame = 0; frame < 4; ++frame) {
      Bytes body(engine() % 64);
      random.fill(body);
      // Often a true beginning, so that the later states are reached too.
      switch (engine() % 6) {
        case 0:
          append(stream, frame_of(FrameType::client_hello, hello().encode()));
          break;
        case 1:
          append(stream, frame_of(FrameType::ready));
          break;
        case 2:
          append(stream, body);
          break;
        default:
          append(stream, frame_of(static_cast<FrameType>(engine() % 0x54), body));
      }
    }
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = std::min<std::size_t>(1 + engine() % 40, stream.size() - at);
      feed(ByteView(stream).subspan(at, size));
      at += size;
      if (engine() % 3 == 0) accept();
    }
    wait(seconds(120));
    EXPECT_TRUE(side.stored.empty());
    EXPECT_TRUE(side.closed || machine->has_session());
  }
}

}  // namespace

}  // namespace punktfunk::control

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/client_control.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>

#include "core/wire/fields.h"
#include "core/wire/pairing_messages.h"
#include "core/wire/varint.h"
#include "fake_surroundings.h"

namespace punktfunk::control {

namespace {

constexpr std::uint64_t kSeed = 20261121;

class ClientControlTest : public testing::Test {
 protected:
  ClientControlTest() : random(kSeed) {
    std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
    asked.mode = {1280, 720, 60};
    asked.video_codecs = wire::kCodecH264;
    answer.session_id.fill(7);
    answer.clock_origin_ns = 1'700'000'000'000'000'000;
    answer.suite = wire::kSuiteAes128Gcm;
    answer.mode = asked.mode;
    answer.fec_percent = 10;
    answer.max_data_per_block = 4096;
    answer.shard_payload = 1408;
    answer.codec = wire::kCodecH264;
    client_fp.fill(0x11);
    host_fp.fill(0x22);
    restart();
  }

  void restart() {
    side = FakeClientSide();
    machine.emplace(side);
  }
  void feed(ByteView bytes, bool fin = false) { machine->on_stream_data(bytes, fin, now); }
  void dial() { machine->start_session(asked, now); }
  void receive_answer() { feed(frame_of(FrameType::server_hello, answer.encode())); }
  void run_session() {
    dial();
    receive_answer();
    ASSERT_TRUE(machine->is_running());
  }

  void pair(const std::string& pin) {
    machine->start_pairing({"Couch", client_fp, host_fp}, as_bytes(pin), random, now);
  }
  // The host's challenge; `pin` is what the host armed.
  void challenge(const std::string& pin) {
    const auto request = wire::PairRequest::decode(side.written.last(FrameType::pair_request));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->name, "Couch");
    const crypto::Spake2 host(crypto::Spake2::Role::host, as_bytes(pin), client_fp, host_fp, random);
    host_key = host.finish(request->spake_a);
    ASSERT_TRUE(host_key);
    wire::PairChallenge message;
    message.spake_b = host.message();
    message.host_confirm = crypto::confirm_host(*host_key, client_fp, host_fp);
    feed(frame_of(FrameType::pair_challenge, message.encode()));
  }
  void result(bool ok) {
    wire::PairResult message;
    message.ok = ok;
    feed(frame_of(FrameType::pair_result, message.encode()));
  }

  void expect_closed(CloseCode code) {
    ASSERT_TRUE(side.closed);
    EXPECT_EQ(side.closed->code, code) << side.closed->reason;
    const auto sessions = side.sessions.size();
    receive_answer();
    machine->handle_deadline(now + minutes(10));
    EXPECT_EQ(side.sessions.size(), sessions);
    EXPECT_FALSE(machine->is_running());
    EXPECT_FALSE(machine->next_deadline());
  }

  SeededRandom random;
  wire::ClientHello asked;
  wire::ServerHello answer;
  crypto::Digest client_fp{};
  crypto::Digest host_fp{};
  std::optional<crypto::Spake2Key> host_key;
  FakeClientSide side;
  TimePoint now = kStart;
  std::optional<ClientControl> machine;
};

TEST_F(ClientControlTest, OpensASession) {
  dial();
  EXPECT_EQ(wire::ClientHello::decode(side.written.last(FrameType::client_hello)), asked);
  EXPECT_FALSE(side.opening.empty());
  receive_answer();
  ASSERT_EQ(side.sessions.size(), 1u);
  EXPECT_EQ(side.sessions[0], answer);
  ASSERT_EQ(side.written.frames.size(), 3u);
  EXPECT_TRUE(side.written.frames[1].is(FrameType::ready));
  EXPECT_TRUE(side.written.frames[1].body.empty());
  EXPECT_TRUE(side.written.frames[2].is(FrameType::clock_probe));
}

TEST_F(ClientControlTest, MeasuresTheClockInEightRounds) {
  run_session();
  const std::uint64_t offset = 5'000'000'000;
  for (int round = 0; round < 8; ++round) {
    ASSERT_EQ(side.written.count(FrameType::clock_probe), static_cast<std::size_t>(round + 1));
    const auto probe = wire::ClockProbe::decode(side.written.last(FrameType::clock_probe));
    ASSERT_TRUE(probe);
    wire::ClockEcho echo;
    echo.t1_ns = probe->t1_ns;
    echo.t2_ns = echo.t3_ns = probe->t1_ns + 1'000'000 + offset;
    now += milliseconds(2);
    feed(frame_of(FrameType::clock_echo, echo.encode()));
  }
  EXPECT_EQ(side.written.count(FrameType::clock_probe), 8u);
  ASSERT_TRUE(machine->clock());
  EXPECT_EQ(machine->clock()->host_ns(now),
            static_cast<std::int64_t>(media::ClockSync::client_ns(now) + offset));
  // The next batch comes a minute later.
  ASSERT_TRUE(machine->next_deadline());
  EXPECT_GT(*machine->next_deadline(), now + seconds(50));
}

TEST_F(ClientControlTest, AsksForABitrateAndPassesTheAnswerOn) {
  machine->ask_bitrate(8'000);
  dial();
  machine->ask_bitrate(8'000);
  receive_answer();
  EXPECT_EQ(side.written.count(FrameType::set_bitrate), 0u) << "only in a session";
  machine->ask_bitrate(8'000);
  const auto ask = wire::SetBitrate::decode(side.written.last(FrameType::set_bitrate));
  ASSERT_TRUE(ask);
  EXPECT_EQ(ask->bitrate_kbps, 8'000u);
  const wire::BitrateChanged changed{7'500, wire::BitrateReason::encoder_limit};
  feed(frame_of(FrameType::bitrate_changed, changed.encode()));
  EXPECT_EQ(side.bitrates, std::vector<wire::BitrateChanged>{changed});
  wire::PipelineGap gap;
  gap.gap_ms = 300;
  feed(frame_of(FrameType::pipeline_gap, gap.encode()));
  EXPECT_EQ(side.gaps, 1);
}

TEST_F(ClientControlTest, AsksForAModeAndPassesTheAnswerOn) {
  const wire::Mode wanted{1920, 1080, 60};
  dial();
  machine->ask_mode(wanted);
  receive_answer();
  EXPECT_EQ(side.written.count(FrameType::reconfigure), 0u) << "not before the session runs";
  machine->ask_mode(wanted);
  EXPECT_EQ(wire::Reconfigure::decode(side.written.last(FrameType::reconfigure)), wire::Reconfigure{wanted});
  const wire::Reconfigured answer_to_it{true, wanted};
  feed(frame_of(FrameType::reconfigured, answer_to_it.encode()));
  EXPECT_EQ(side.modes, std::vector<wire::Reconfigured>{answer_to_it});
}

TEST_F(ClientControlTest, AHostThatSpeaksOfNoPictureIsLeft) {
  for (const wire::Mode& empty :
       {wire::Mode{0, 1080, 60}, wire::Mode{1920, 0, 60}, wire::Mode{1920, 1080, 0}}) {
    wire::StreamConfig config;
    config.mode = empty;
    for (const Bytes& frame : {frame_of(FrameType::stream_config, config.encode()),
                               frame_of(FrameType::reconfigured, wire::Reconfigured{true, empty}.encode())}) {
      restart();
      run_session();
      feed(frame);
      EXPECT_TRUE(side.configs.empty());
      EXPECT_TRUE(side.modes.empty());
      expect_closed(CloseCode::error);
    }
  }
}

TEST_F(ClientControlTest, AsksForAProbeAndPassesTheResultOn) {
  wire::ProbeRequest request;
  request.target_kbps = 4'000;
  request.duration_ms = 50;
  dial();
  machine->ask_probe(request);
  receive_answer();
  EXPECT_EQ(side.written.count(FrameType::probe_request), 0u) << "only in a session";
  machine->ask_probe(request);
  EXPECT_EQ(wire::ProbeRequest::decode(side.written.last(FrameType::probe_request)), request);
  wire::ProbeResult result;
  result.wire_packets_sent = 17;
  feed(frame_of(FrameType::probe_result, result.encode()));
  EXPECT_EQ(side.probe_results, std::vector<wire::ProbeResult>{result});
}

TEST_F(ClientControlTest, PassesNewRightsOn) {
  dial();
  receive_answer();
  feed(frame_of(FrameType::access_update, wire::AccessUpdate{0x3F, 60}.encode()));
  feed(frame_of(FrameType::access_update, wire::AccessUpdate{2, 0}.encode()));
  ASSERT_EQ(side.accesses.size(), 2u);
  EXPECT_EQ(side.accesses[0], (wire::AccessUpdate{0xFF, 60})) << "all, as older hosts wrote it";
  EXPECT_EQ(side.accesses[1], (wire::AccessUpdate{2, 0}));
  feed(frame_of(FrameType::access_update, Bytes{0x01, 0x00}));
  ASSERT_TRUE(side.closed);
}

TEST_F(ClientControlTest, AMissingEchoIsNotFatal) {
  run_session();
  for (int i = 0; i < 20 && machine->next_deadline(); ++i) {
    now = *machine->next_deadline();
    machine->handle_deadline(now);
  }
  EXPECT_FALSE(side.closed);
  EXPECT_TRUE(machine->is_running());
  EXPECT_GE(side.written.count(FrameType::clock_probe), 8u);
}

TEST_F(ClientControlTest, RefusesEveryInadmissibleAnswer) {
  using Change = std::function<void(wire::ServerHello&)>;
  const std::vector<std::pair<const char*, Change>> changes = {
      {"no suite", [](auto& h) { h.suite.reset(); }},
      {"unknown suite", [](auto& h) { h.suite = std::uint8_t{2}; }},
      {"suite this client lacks", [](auto& h) { h.suite = wire::kSuiteChaCha20Poly1305; }},
      {"K of zero", [](auto& h) { h.max_data_per_block = 0; }},
      {"GF(2^8)", [](auto& h) { h.fec_scheme = wire::kFecGf8; }},
      {"odd shard", [](auto& h) { h.shard_payload = 1407; }},
      {"shard too small", [](auto& h) { h.shard_payload = 510; }},
      {"odd and too small", [](auto& h) { h.shard_payload = 511; }},
      {"shard too large", [](auto& h) { h.shard_payload = 9172; }},
      {"no shard", [](auto& h) { h.shard_payload = 0; }},
      {"parity over the limit",
       [](auto& h) {
         h.max_data_per_block = 60'000;
         h.fec_percent = 10;  // 6000 more than 65535 - 60000 = 5535
       }},
      {"parity just over the limit",
       [](auto& h) {
         h.max_data_per_block = 65'534;
         h.fec_percent = 1;
       }},
      {"more parity than exists", [](auto& h) { h.fec_percent = 91; }},
      {"255 %", [](auto& h) { h.fec_percent = 255; }},
      {"codec not asked for", [](auto& h) { h.codec = wire::kCodecHevc; }},
      {"AV1 not asked for", [](auto& h) { h.codec = wire::kCodecAv1; }},
      {"unknown audio layout", [](auto& h) { h.audio_layout = 3; }},
      {"no width", [](auto& h) { h.mode.width = 0; }},
      {"no height", [](auto& h) { h.mode.height = 0; }},
      {"no refresh", [](auto& h) { h.mode.refresh_hz = 0; }},
  };
  const wire::ServerHello good = answer;
  for (const auto& [what, change] : changes) {
    SCOPED_TRACE(what);
    answer = good;
    change(answer);
    restart();
    dial();
    receive_answer();
    EXPECT_TRUE(side.sessions.empty());
    EXPECT_EQ(side.written.count(FrameType::ready), 0u);
    ASSERT_TRUE(side.closed);
    EXPECT_FALSE(side.closed->reason.empty());
    EXPECT_EQ(side.closed->reason.back(), '.') << "a whole sentence";
    answer = good;
    expect_closed(CloseCode::error);
  }
}

TEST_F(ClientControlTest, AcceptsTheExtremesThatAreAllowed) {
  const std::vector<std::function<void(wire::ServerHello&)>> changes = {
      [](auto& h) { h.shard_payload = 512; },
      [](auto& h) { h.shard_payload = 9170; },
      [](auto& h) { h.max_data_per_block = 1; },
      [](auto& h) {
        h.max_data_per_block = 65'535;
        h.fec_percent = 0;
      },
      [](auto& h) {
        h.max_data_per_block = 65'533;
        h.fec_percent = 0;
      },
      [](auto& h) {
        h.max_data_per_block = 59'577;  // 5958 of parity: 65535 in all
        h.fec_percent = 10;
      },
      [](auto& h) { h.fec_percent = 90; },
      [](auto& h) { h.bitrate_kbps = 0; },
  };
  const wire::ServerHello good = answer;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    answer = good;
    changes[i](answer);
    restart();
    run_session();
  }
}

TEST_F(ClientControlTest, AClientThatNamesNoCodecMeansHevc) {
  asked.video_codecs = 0;
  answer.codec = wire::kCodecHevc;
  run_session();
}

TEST_F(ClientControlTest, RefusesMalformedAnswers) {
  const Bytes good = answer.encode();
  Bytes twice = good;
  append(twice, wire::FieldWriter().integer(8, std::uint16_t{5}).take());
  Bytes unknown_twice = good;
  append(unknown_twice, wire::FieldWriter().integer(99, std::uint8_t{1}).integer(99, std::uint8_t{1}).take());
  const Bytes no_session_id(good.begin() + 18, good.end());  // tag, length and 16 bytes
  const Bytes cut(good.begin(), good.end() - 1);
  for (const Bytes& body : {twice, unknown_twice, no_session_id, cut, Bytes{}, Bytes{0x40}}) {
    SCOPED_TRACE(to_hex(body));
    restart();
    dial();
    feed(frame_of(FrameType::server_hello, body));
    EXPECT_TRUE(side.sessions.empty());
    expect_closed(CloseCode::error);
  }
}

TEST_F(ClientControlTest, RefusesAFrameOverItsBoundBeforeItsBodyArrives) {
  for (const bool running : {false, true}) {
    restart();
    if (running)
      run_session();
    else
      dial();
    Bytes head;
    wire::append_varint(head, static_cast<std::uint64_t>(FrameType::server_hello));
    wire::append_varint(head, 16385);
    feed(head);
    expect_closed(CloseCode::error);
  }
}

TEST_F(ClientControlTest, AHostMayNotSayHelloTwice) {
  run_session();
  receive_answer();
  EXPECT_EQ(side.sessions.size(), 1u);
  expect_closed(CloseCode::error);
}

TEST_F(ClientControlTest, IgnoresEverythingElseBeforeTheAnswer) {
  dial();
  wire::StreamConfig config;
  feed(frame_of(FrameType::stream_config, config.encode()));
  feed(frame_of(FrameType::clock_echo, Bytes{0x01, 0x00}));  // not even read
  feed(frame_of(FrameType::pair_challenge, Bytes(5, 1)));
  feed(unknown_frame(Bytes(1000, 1)));
  EXPECT_TRUE(side.configs.empty());
  EXPECT_FALSE(side.closed);
  receive_answer();
  EXPECT_TRUE(machine->is_running());
}

TEST_F(ClientControlTest, SkipsUnknownFramesInTheSession) {
  run_session();
  feed(unknown_frame(Bytes(65536, 1)));
  feed(frame_of(FrameType::pad_slots, Bytes(3, 0xFF)));
  wire::StreamConfig config;
  config.mode = {640, 480, 30};
  const Bytes frame = frame_of(FrameType::stream_config, config.encode());
  for (const std::uint8_t byte : frame) feed({&byte, 1});
  ASSERT_EQ(side.configs.size(), 1u);
  EXPECT_EQ(side.configs[0], config);
  EXPECT_FALSE(side.closed);
}

TEST_F(ClientControlTest, RefusesMalformedSessionFrames) {
  for (const FrameType type : {FrameType::stream_config, FrameType::clock_echo, FrameType::bitrate_changed,
                               FrameType::pipeline_gap}) {
    restart();
    run_session();
    feed(frame_of(type, Bytes{0x01, 0x00}));
    EXPECT_TRUE(side.configs.empty());
    expect_closed(CloseCode::error);
  }
}

TEST_F(ClientControlTest, TheHostMayNotEndTheStream) {
  dial();
  feed({}, true);
  expect_closed(CloseCode::error);
  restart();
  run_session();
  feed({}, true);
  expect_closed(CloseCode::error);
}

TEST_F(ClientControlTest, PassesPendingOn) {
  dial();
  feed(frame_of(FrameType::pending));
  feed(frame_of(FrameType::pending));
  EXPECT_EQ(side.pendings, 2);
  receive_answer();
  feed(frame_of(FrameType::pending));
  EXPECT_EQ(side.pendings, 2) << "means nothing in a session";
  EXPECT_TRUE(machine->is_running());
}

TEST_F(ClientControlTest, ReadsRefusedAndNothingAfterIt) {
  dial();
  wire::Refused refused;
  refused.code = static_cast<std::uint32_t>(CloseCode::busy);
  refused.reason = "Full\x1b[31m.";
  Bytes bytes = frame_of(FrameType::refused, refused.encode());
  append(bytes, frame_of(FrameType::server_hello, answer.encode()));
  feed(bytes);
  ASSERT_EQ(side.refusals.size(), 1u);
  EXPECT_EQ(side.refusals[0].first, 0x42u);
  EXPECT_EQ(side.refusals[0].second, "Full[31m.") << "nothing that a terminal would act on";
  EXPECT_TRUE(side.sessions.empty());
}

TEST_F(ClientControlTest, KeysThatCannotBeMadeEndIt) {
  side.keys_can_be_made = false;
  dial();
  receive_answer();
  EXPECT_EQ(side.written.count(FrameType::ready), 0u);
  expect_closed(CloseCode::error);
}

TEST_F(ClientControlTest, PairsWithTheRightPin) {
  pair("4321");
  challenge("4321");
  const auto proof = wire::PairProof::decode(side.written.last(FrameType::pair_proof));
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->client_confirm, crypto::confirm_client(*host_key, client_fp, host_fp));
  EXPECT_TRUE(side.pairings.empty());
  result(true);
  EXPECT_EQ(side.pairings, std::vector<bool>{true});
  expect_closed(CloseCode::done);
}

TEST_F(ClientControlTest, AWrongPinIsFoundBeforeTheHostHearsAProof) {
  pair("4321");
  challenge("1234");
  EXPECT_EQ(side.pairings, std::vector<bool>{false});
  EXPECT_EQ(side.written.count(FrameType::pair_proof), 0u);
  expect_closed(CloseCode::error);
}

TEST_F(ClientControlTest, AnotherHostsCertificateSpoilsThePairing) {
  // Somebody in between shows another certificate to each end: the fingerprints are part of the exchange.
  pair("4321");
  crypto::Digest seen_by_client = host_fp;
  host_fp.fill(0x33);
  challenge("4321");
  host_fp = seen_by_client;
  EXPECT_EQ(side.pairings, std::vector<bool>{false});
  expect_closed(CloseCode::error);
}

TEST_F(ClientControlTest, TheHostMayStillSayNo) {
  pair("4321");
  challenge("4321");
  result(false);
  EXPECT_EQ(side.pairings, std::vector<bool>{false});
  expect_closed(CloseCode::error);
}

TEST_F(ClientControlTest, AResultBeforeTheProofMeansNothing) {
  pair("4321");
  result(true);
  EXPECT_TRUE(side.pairings.empty());
  challenge("1234");
  EXPECT_EQ(side.pairings, std::vector<bool>{false});
}

TEST_F(ClientControlTest, RefusesMalformedPairingMessages) {
  wire::PairChallenge impossible;
  impossible.spake_b = {0x42, 0x01};  // the neutral element
  for (const Bytes& body : {Bytes{}, Bytes{0x01, 0x01, 0x42}, impossible.encode()}) {
    restart();
    pair("4321");
    feed(frame_of(FrameType::pair_challenge, body));
    EXPECT_TRUE(side.pairings.empty() || !side.pairings[0]);
    EXPECT_EQ(side.written.count(FrameType::pair_proof), 0u);
    expect_closed(CloseCode::error);
  }
  restart();
  pair("4321");
  challenge("4321");
  feed(frame_of(FrameType::pair_result, Bytes{0x01, 0x00}));
  EXPECT_TRUE(side.pairings.empty());
  expect_closed(CloseCode::error);
}

TEST_F(ClientControlTest, EachWaitOfAPairingIsBounded) {
  pair("4321");
  ASSERT_TRUE(machine->next_deadline());
  EXPECT_EQ(*machine->next_deadline() - now, seconds(60));
  now += seconds(59);
  challenge("4321");
  EXPECT_EQ(*machine->next_deadline() - now, seconds(60));
  now += seconds(60);
  machine->handle_deadline(now);
  EXPECT_TRUE(side.pairings.empty());
  expect_closed(CloseCode::error);
}

TEST_F(ClientControlTest, RandomStreamsOnlyEverEndTheConnection) {
  for (int round = 0; round < 3000; ++round) {
    restart();
    auto& engine = random.engine();
    if (engine() % 3 == 0)
      pair("4321");
    else
      dial();
    for (int frame = 0; frame < 6; ++frame) {
      Bytes body(engine() % 64);
      random.fill(body);
      switch (engine() % 5) {
        case 0:
          receive_answer();
          break;
        case 1:
          feed(body);
          break;
        default:
          feed(frame_of(static_cast<FrameType>(engine() % 0x54), body));
      }
    }
    EXPECT_TRUE(side.pairings.empty() || !side.pairings[0]);
    EXPECT_LE(side.sessions.size(), 1u);
  }
}

}  // namespace

}  // namespace punktfunk::control

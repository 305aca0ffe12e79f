// SPDX-License-Identifier: MIT OR Apache-2.0
#include "messages_list.h"

#include "core/wire/auth_messages.h"
#include "core/wire/clipboard.h"
#include "core/wire/clock_datagram.h"
#include "core/wire/cursor.h"
#include "core/wire/feedback.h"
#include "core/wire/hello.h"
#include "core/wire/host_messages.h"
#include "core/wire/pad_messages.h"
#include "core/wire/pairing_messages.h"
#include "core/wire/session_messages.h"

namespace punktfunk::wire {
namespace {

template <class Message>
MessageExample example(std::string name, const Message& message) {
  return {std::move(name),
          message.encode(),
          [](ByteView body) -> std::optional<Bytes> {
            const auto decoded = Message::decode(body);
            if (!decoded) return std::nullopt;
            return decoded->encode();
          },
          false,
          {},
          {},
          false};
}

ClientHello client_hello() {
  ClientHello hello;
  hello.resume = SessionId{1, 2, 3};
  hello.suites = {1, 0};
  hello.mode = {2560, 1440, 120};
  hello.compositor = 2;
  hello.gamepad = 2;
  hello.bitrate_kbps = 40000;
  hello.name = "Living room";
  hello.launch = "game";
  hello.features.set(kClientExtension);
  hello.audio_channels = 6;
  hello.video_codecs = 7;
  hello.preferred_codec = kCodecAv1;
  hello.hdr_meta.emplace();
  hello.audio_rate_hz = 96000;
  hello.audio_bits = 24;
  hello.audio_layout = kLayoutStandard;
  hello.video_fit = 1;
  hello.client_label = "demo 1.0";
  hello.abr_features = 1;
  hello.preset = Preset{"quiet", "Quiet hours"};
  hello.link = ClientLink{2, 866};
  hello.profile = "9a3f";
  hello.probe_only = true;
  hello.pyrowave_bpp_x100 = 150;
  hello.access_only = true;
  return hello;
}

ServerHello server_hello() {
  ServerHello hello;
  hello.session_id = {9, 8, 7};
  hello.clock_origin_ns = 1'700'000'000'000'000'000;
  hello.suite = kSuiteAes128Gcm;
  hello.features.set(kHostExtension);
  hello.mode = {1920, 1080, 60};
  hello.fec_percent = 10;
  hello.max_data_per_block = 4096;
  hello.shard_payload = 1408;
  hello.frames = 5;
  hello.bitrate_kbps = 20000;
  hello.bit_depth = 10;
  hello.colour = kColourHdr10;
  hello.chroma_format = kChroma444;
  hello.codec = kCodecAv1;
  hello.management_port = 47990;
  hello.expires_in_seconds = 60;
  hello.audio_rate_hz = 44100;
  hello.profile = "9a3f";
  return hello;
}

Feedback feedback() {
  Feedback all;
  all.window = 4;
  all.loss_ppm = 1200;
  all.packets = 1ULL << 40;
  all.lost_head = 1;
  all.lost_mid = 2;
  all.lost_tail = 7;
  all.dropped = 3;
  all.link_kbps = 940000;
  all.shape = std::uint8_t{1};
  all.ask = std::uint16_t{9};
  all.invalidate_first = 100;
  all.invalidate_last = 103;
  all.keyframe = true;
  all.resend_frame = 812;
  all.resend_shards = {3, 4, 9};
  all.clean_frame = 7000;
  all.clean_before = std::uint16_t{11};
  return all;
}

}  // namespace

std::vector<MessageExample> message_examples() {
  std::vector<MessageExample> all;
  all.push_back(example("ClientHello", client_hello()));
  all.back().refuses_any_repeat = true;
  all.push_back(example("ServerHello", server_hello()));
  all.back().refuses_any_repeat = true;
  all.back().required = {1};
  all.push_back(example("Refused", Refused{103, "update both"}));
  all.push_back(
      example("StreamConfig", StreamConfig{3, {1920, 1080, 60}, 2, 8, kColourSdr, 1, 1, 2500, 208, 4}));
  all.push_back(example("ClockProbe", ClockProbe{1}));
  all.push_back(example("ClockEcho", ClockEcho{1, 2, 3}));
  all.push_back(example("SetBitrate", SetBitrate{80000}));
  all.push_back(example("BitrateChanged", BitrateChanged{50000, BitrateReason::pinned}));
  all.push_back(example("PipelineGap", PipelineGap{401}));
  all.push_back(example("Reconfigure", Reconfigure{{3840, 2160, 120}}));
  all.push_back(example("Reconfigured", Reconfigured{true, {3840, 2160, 120}}));
  all.push_back(example("ShardPayload", ShardPayload{1188}));
  all.push_back(example("PairRequest", PairRequest{"Living room TV", SpakeMessage{0x41, 5}, Bytes(91, 2)}));
  all.back().required = {2};
  all.push_back(example("PairChallenge", PairChallenge{SpakeMessage{0x42, 6}, Confirmation{4}}));
  all.back().required = {1, 2};
  all.push_back(example("PairProof", PairProof{Confirmation{5}}));
  all.back().required = {1};
  all.push_back(example("PairResult", PairResult{true}));
  all.push_back(example("ClockDatagram", ClockDatagram{1, ClockDatagram::Echo{2, 3}}));
  all.back().required = {1, 2, 3};
  all.push_back(example("Feedback", feedback()));
  // Section B of the open questions: the reference takes the last of these.
  all.back().repeatable = {1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 16};
  all.back().required = {17};  // the shards would name no frame
  all.back().has_list = true;
  all.push_back(
      example("Redirect", Redirect{"couch.local", 9778, "9a", 1, "Seat 1", "TV", std::string(64, 'a')}));
  all.back().required = {2};
  all.push_back(example("AudioConfig", AudioConfig{1, 2, 2, 96000, 24, 2, 1, 2000, true}));
  all.push_back(example("AudioState", AudioState{true}));
  all.push_back(example("ProbeRequest", ProbeRequest{100000, 500, 60, 65536, 7}));
  all.push_back(example("ProbeResult", ProbeResult{1ULL << 40, 2, 3, 4, 5}));
  all.push_back(example("AccessUpdate", AccessUpdate{0xFF, 60}));
  all.push_back(example("LaunchOutcome", LaunchOutcome{4, "Gone in a second."}));
  all.push_back(example("CursorRender", CursorRender{true}));
  all.push_back(example("CursorShape", CursorShape{3, 2, 3, 1, 1, Bytes(24, 0xAB)}));
  all.back().required = {2, 3, 6};
  all.push_back(example("AuthChallenge", AuthChallenge{AuthNonce{7}}));
  all.back().required = {1};
  all.push_back(example("AuthResponse", AuthResponse{Bytes(91, 2), Bytes(70, 3)}));
  all.back().required = {1, 2};
  all.push_back(example("ClipControl", ClipControl{true, ClipControl::kFiles}));
  all.push_back(example("ClipState", ClipState{true, ClipState::kText, 4}));
  all.push_back(
      example("ClipOffer", ClipOffer{7, {{"text/plain;charset=utf-8", 12}, {"image/png", 1ULL << 40}}}));
  all.back().repeatable = {2};
  all.back().has_list = true;
  all.push_back(example("ClipFetch", ClipFetch{7, kNoFileIndex, "image/png"}));
  all.push_back(example("ClipFetchHeader", ClipFetchHeader{0, 1ULL << 33}));
  all.push_back(example("PadSlots", PadSlots{0xFFFF}));
  all.push_back(example("PadIdentity",
                        PadIdentity{3, "FXA0000000001", {{{1, 0x83, 0}, {1, 0x83, 0x1E}}, {{9}, {}}}, 2}));
  all.push_back(example("PadFeature", PadFeature{2, Bytes(64, 5)}));
  all.back().required = {2};
  return all;
}

}  // namespace punktfunk::wire

// SPDX-License-Identifier: MIT OR Apache-2.0
// The control stream: cut into frames however it arrives, then every message by its type.
// Input: seed of the cuts u8, then the stream.
#include <vector>

#include "core/wire/auth_messages.h"
#include "core/wire/clipboard.h"
#include "core/wire/control_frame.h"
#include "core/wire/cursor.h"
#include "core/wire/hello.h"
#include "core/wire/host_messages.h"
#include "core/wire/input_event.h"
#include "core/wire/pad_messages.h"
#include "core/wire/pairing_messages.h"
#include "core/wire/session_messages.h"
#include "core/wire/varint.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::wire;
using fuzz::check_message;
using fuzz::require;

namespace {

// The largest bound of any type and the two varints before a body.
constexpr std::size_t kLargestFrame = 131072 + 8 + 8;

struct Cut {
  std::vector<Frame> frames;
  bool too_long = false;
};

// `seed` 0: all at once. Otherwise pieces of 1 to `seed` bytes.
Cut cut(ByteView stream, std::size_t seed) {
  Cut result;
  FrameParser parser;
  std::size_t at = 0, step = seed;
  while (at < stream.size()) {
    step = step * 5 + 1;
    const std::size_t piece = seed == 0 ? stream.size() : std::min(step % seed + 1, stream.size() - at);
    parser.push(stream.subspan(at, piece));
    at += piece;
    Frame frame;
    FrameParser::Status status;
    while ((status = parser.next(frame)) == FrameParser::Status::frame) {
      require(frame.body.size() <= body_bound(frame.type), "no body is longer than its type allows");
      result.frames.push_back(std::move(frame));
    }
    if (status == FrameParser::Status::too_long) {
      require(parser.violation().has_value(), "the frame that was too long is named");
      require(parser.next(frame) == FrameParser::Status::too_long, "a stream error is final");
      result.too_long = true;
      return result;
    }
    require(parser.buffered() <= kLargestFrame, "at most one unfinished frame is kept");
  }
  return result;
}

void check_clip_offer(ByteView body) {
  check_message<ClipOffer>(body);
  const auto offer = ClipOffer::decode(body);
  if (!offer) return;
  require(offer->kinds.size() <= kMaxClipKinds, "an offer keeps its number of kinds");
  for (const auto& kind : offer->kinds) require(kind.mime.size() <= kMaxMimeBytes, "a type keeps its bound");
}

void check_pad_identity(ByteView body) {
  check_message<PadIdentity>(body);
  const auto identity = PadIdentity::decode(body);
  if (!identity) return;
  // The shortest pair is its two lengths.
  require(identity->replies.size() <= kMaxPadRepliesBytes / 2, "an identity keeps its number of replies");
  for (const auto& pair : identity->replies) {
    require(pair.request.size() <= kMaxPadReportBytes && pair.reply.size() <= kMaxPadReportBytes,
            "a report keeps its bound");
  }
}

void check_body(const Frame& frame) {
  // No default: the compiler names a type that is missing here.
  switch (static_cast<FrameType>(frame.type)) {
    case FrameType::client_hello:
      return check_message<ClientHello>(frame.body);
    case FrameType::server_hello:
      return check_message<ServerHello>(frame.body);
    case FrameType::redirect:
      return check_message<Redirect>(frame.body);
    case FrameType::refused:
      return check_message<Refused>(frame.body);
    case FrameType::pair_request:
      return check_message<PairRequest>(frame.body);
    case FrameType::pair_challenge:
      return check_message<PairChallenge>(frame.body);
    case FrameType::pair_proof:
      return check_message<PairProof>(frame.body);
    case FrameType::pair_result:
      return check_message<PairResult>(frame.body);
    case FrameType::auth_challenge:
      return check_message<AuthChallenge>(frame.body);
    case FrameType::auth_response:
      return check_message<AuthResponse>(frame.body);
    case FrameType::reconfigure:
      return check_message<Reconfigure>(frame.body);
    case FrameType::reconfigured:
      return check_message<Reconfigured>(frame.body);
    case FrameType::stream_config:
      return check_message<StreamConfig>(frame.body);
    case FrameType::audio_config:
      return check_message<AudioConfig>(frame.body);
    case FrameType::audio_state:
      return check_message<AudioState>(frame.body);
    case FrameType::set_bitrate:
      return check_message<SetBitrate>(frame.body);
    case FrameType::bitrate_changed:
      return check_message<BitrateChanged>(frame.body);
    case FrameType::pipeline_gap:
      return check_message<PipelineGap>(frame.body);
    case FrameType::probe_request:
      return check_message<ProbeRequest>(frame.body);
    case FrameType::probe_result:
      return check_message<ProbeResult>(frame.body);
    case FrameType::cursor_shape:
      return check_message<CursorShape>(frame.body);
    case FrameType::cursor_render:
      return check_message<CursorRender>(frame.body);
    case FrameType::access_update:
      return check_message<AccessUpdate>(frame.body);
    case FrameType::launch_outcome:
      return check_message<LaunchOutcome>(frame.body);
    case FrameType::shard_payload_changed:
    case FrameType::shard_payload_ack:
      return check_message<ShardPayload>(frame.body);
    case FrameType::clock_probe:
      return check_message<ClockProbe>(frame.body);
    case FrameType::clock_echo:
      return check_message<ClockEcho>(frame.body);
    case FrameType::pad_slots:
      return check_message<PadSlots>(frame.body);
    case FrameType::clip_control:
      return check_message<ClipControl>(frame.body);
    case FrameType::clip_state:
      return check_message<ClipState>(frame.body);
    case FrameType::clip_offer:
      check_clip_offer(frame.body);
      return;
    case FrameType::clip_fetch:
      return check_message<ClipFetch>(frame.body);
    case FrameType::clip_fetch_header:
      return check_message<ClipFetchHeader>(frame.body);
    case FrameType::input_event:
      return check_message<InputEvent>(frame.body);
    case FrameType::pad_identity:
      check_pad_identity(frame.body);
      return;
    case FrameType::pad_feature:
      return check_message<PadFeature>(frame.body);
    case FrameType::ready:
    case FrameType::pending:
    case FrameType::phase_report:
      return;  // an empty body, or one that nobody reads
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t seed = input.take<std::uint8_t>();
  const Bytes stream = input.take_rest();

  const Cut whole = cut(stream, 0);
  const Cut pieces = cut(stream, seed);
  require(whole.too_long == pieces.too_long, "an error does not depend on the cuts");
  require(whole.frames.size() == pieces.frames.size(), "the number of frames does not depend on the cuts");
  for (std::size_t i = 0; i < whole.frames.size(); ++i) {
    const Frame& frame = whole.frames[i];
    require(frame.type == pieces.frames[i].type && frame.body == pieces.frames[i].body,
            "frames do not depend on the cuts");
    check_body(frame);
    Bytes written;
    append_frame(written, static_cast<FrameType>(frame.type), frame.body);
    const Cut again = cut(written, 0);
    require(again.frames.size() == 1 && again.frames[0].body == frame.body, "a written frame is read");
  }
  return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Frames and audio packets, wherever they came from.
#include <punktfunk_core.h>

#include "abi/failure.h"
#include "abi/handles.h"
#include "abi/structs.h"

namespace {

std::uint64_t monotonic_ns(punktfunk::TimePoint at) {
  return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

}  // namespace

extern "C" {

punktfunk_result punktfunk_frame_get(const punktfunk_frame* frame, punktfunk_frame_info* info) {
  using namespace punktfunk::abi;
  if (frame == nullptr) return bad_argument("No frame was given.");
  if (const auto rc = check_struct(info); rc != PUNKTFUNK_OK) return rc;
  punktfunk_frame_info filled;
  PUNKTFUNK_INIT(&filled);
  filled.index = frame->frame.index;
  filled.flags = frame->frame.flags;
  filled.epoch = frame->frame.epoch;
  filled.data = frame->frame.au.data();
  filled.bytes = frame->frame.au.size();
  filled.capture_ns = frame->frame.capture_ns;
  filled.first_packet_ns = monotonic_ns(frame->frame.first_packet);
  filled.last_packet_ns = monotonic_ns(frame->frame.last_packet);
  filled.recovered_shards = frame->frame.recovered_shards;
  write_struct(filled, info);
  return PUNKTFUNK_OK;
}

void punktfunk_frame_release(punktfunk_frame* frame) { delete frame; }

punktfunk_result punktfunk_audio_get(const punktfunk_audio* audio, punktfunk_audio_info* info) {
  using namespace punktfunk::abi;
  static const std::uint8_t kNothing = 0;
  if (audio == nullptr) return bad_argument("No audio packet was given.");
  if (const auto rc = check_struct(info); rc != PUNKTFUNK_OK) return rc;
  punktfunk_audio_info filled;
  PUNKTFUNK_INIT(&filled);
  filled.sequence = audio->packet.seq;
  filled.pts_ns = audio->packet.pts_ns;
  filled.data = audio->packet.payload.empty() ? &kNothing : audio->packet.payload.data();
  filled.bytes = audio->packet.payload.size();
  write_struct(filled, info);
  return PUNKTFUNK_OK;
}

void punktfunk_audio_release(punktfunk_audio* audio) { delete audio; }

}  // extern "C"

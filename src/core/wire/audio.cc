// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/audio.h"

#include <algorithm>
#include <array>

namespace punktfunk::wire {

Bytes AudioPacket::encode() const {
  Bytes out{format};
  append_le(out, seq);
  append_le(out, pts_ns);
  append(out, payload);
  return out;
}

std::optional<AudioPacket> AudioPacket::decode(ByteView payload) {
  if (payload.size() < kHeaderBytes) return std::nullopt;
  if (payload[0] != kOpusByte && payload[0] != kPcmByte && payload[0] != kMicrophoneByte) return std::nullopt;
  const ByteView rest = payload.subspan(kHeaderBytes);
  return AudioPacket{payload[0], load_le<std::uint32_t>(payload.data() + 1),
                     load_le<std::uint64_t>(payload.data() + 5), Bytes(rest.begin(), rest.end())};
}

Bytes RedundantAudio::encode() const {
  Bytes out{kRedundantOpusByte};
  append_le(out, seq);
  append_le(out, pts_ns);
  const std::size_t length = std::min<std::size_t>(primary.size(), 0xFFFF);
  append_le(out, static_cast<std::uint16_t>(length));
  append(out, ByteView(primary).first(length));
  append(out, previous);
  return out;
}

std::optional<RedundantAudio> RedundantAudio::decode(ByteView payload) {
  constexpr std::size_t kHeader = AudioPacket::kHeaderBytes + 2;
  if (payload.size() < kHeader || payload[0] != kRedundantOpusByte) return std::nullopt;
  const std::size_t length = load_le<std::uint16_t>(payload.data() + AudioPacket::kHeaderBytes);
  const ByteView frames = payload.subspan(kHeader);
  if (length > frames.size()) return std::nullopt;
  RedundantAudio audio;
  audio.seq = load_le<std::uint32_t>(payload.data() + 1);
  audio.pts_ns = load_le<std::uint64_t>(payload.data() + 5);
  audio.primary.assign(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(length));
  audio.previous.assign(frames.begin() + static_cast<std::ptrdiff_t>(length), frames.end());
  return audio;
}

Bytes PadAudio::encode() const {
  Bytes out{kPadAudioByte, pad, kind};
  append_le(out, seq);
  append_le(out, pts_ns);
  append(out, payload);
  return out;
}

std::optional<PadAudio> PadAudio::decode(ByteView payload) {
  constexpr std::size_t kHeader = 3 + 4 + 8;
  if (payload.size() < kHeader || payload[0] != kPadAudioByte) return std::nullopt;
  const ByteView rest = payload.subspan(kHeader);
  return PadAudio{payload[1], payload[2], load_le<std::uint32_t>(payload.data() + 3),
                  load_le<std::uint64_t>(payload.data() + 7), Bytes(rest.begin(), rest.end())};
}

std::optional<PcmFrame> longest_pcm_frame(std::uint32_t rate_hz, std::uint32_t bits, std::uint32_t channels,
                                          std::size_t payload_room) {
  constexpr std::array<std::uint32_t, 7> kLengthsUs = {5000, 4000, 3000, 2500, 2000, 1500, 1000};
  if (bits > 32 || channels > 255) return std::nullopt;  // keeps the product below within 64 bits
  for (const std::uint32_t frame_us : kLengthsUs) {
    const std::uint64_t samples = std::uint64_t{rate_hz} * frame_us / 1'000'000;
    const std::uint64_t bytes = samples * channels * (bits / 8);
    if (samples == 0 || bytes > payload_room || bytes > 0xFFFF) continue;
    return PcmFrame{frame_us, static_cast<std::uint32_t>(samples), static_cast<std::uint32_t>(bytes)};
  }
  return std::nullopt;
}

}  // namespace punktfunk::wire

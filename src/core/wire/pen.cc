// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/pen.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/wire/datagram.h"

namespace punktfunk::wire {
namespace {

constexpr std::size_t kHeaderBytes = 6;  // CC, kind, flags, count, seq u16

float load_f32(const std::uint8_t* at) { return std::bit_cast<float>(load_le<std::uint32_t>(at)); }
void append_f32(Bytes& out, float value) { append_le(out, std::bit_cast<std::uint32_t>(value)); }

std::optional<PenSample> read_sample(const std::uint8_t* at) {
  const float x = load_f32(at + 2);
  const float y = load_f32(at + 6);
  if (std::isnan(x) || std::isnan(y)) return std::nullopt;
  PenSample sample;
  sample.state = at[0];
  sample.tool = at[1];
  sample.x = std::clamp(x, 0.0F, 1.0F);
  sample.y = std::clamp(y, 0.0F, 1.0F);
  sample.pressure = load_le<std::uint16_t>(at + 10);
  sample.distance = load_le<std::uint16_t>(at + 12);
  sample.tilt = at[14];
  sample.azimuth = load_le<std::uint16_t>(at + 15);
  sample.roll = load_le<std::uint16_t>(at + 17);
  sample.dt_us = load_le<std::uint16_t>(at + 19);
  return sample;
}

}  // namespace

Bytes PenBatch::encode() const {
  const std::size_t count = std::min(samples.size(), kMaxPenSamples);
  Bytes out{kRichInputByte, kPenKind, 0, static_cast<std::uint8_t>(count)};
  append_le(out, seq);
  for (std::size_t i = 0; i < count; ++i) {
    const PenSample& sample = samples[i];
    out.push_back(sample.state);
    out.push_back(sample.tool);
    append_f32(out, sample.x);
    append_f32(out, sample.y);
    append_le(out, sample.pressure);
    append_le(out, sample.distance);
    out.push_back(sample.tilt);
    append_le(out, sample.azimuth);
    append_le(out, sample.roll);
    append_le(out, sample.dt_us);
  }
  return out;
}

std::optional<PenBatch> PenBatch::decode(ByteView payload) {
  if (payload.size() < kHeaderBytes || payload[0] != kRichInputByte || payload[1] != kPenKind)
    return std::nullopt;
  const std::size_t count = payload[3];
  if (count > kMaxPenSamples || payload.size() != kHeaderBytes + count * kPenSampleBytes) return std::nullopt;
  PenBatch batch;
  batch.seq = load_le<std::uint16_t>(payload.data() + 4);
  batch.samples.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto sample = read_sample(payload.data() + kHeaderBytes + i * kPenSampleBytes);
    if (!sample) return std::nullopt;
    batch.samples.push_back(*sample);
  }
  return batch;
}

}  // namespace punktfunk::wire

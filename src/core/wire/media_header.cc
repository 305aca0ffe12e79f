// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/media_header.h"

#include <cassert>
#include <limits>

namespace punktfunk::wire {

void MediaHeader::write(MutableBytes out) const {
  assert(out.size() >= kHeaderBytes);
  std::uint8_t* at = out.data();
  at[0] = static_cast<std::uint8_t>(stream & 0x0FU);
  store_le(at + 1, seq_low);
  at[5] = epoch;
  store_le(at + 6, flags);
  store_le(at + 8, frame);
  store_le(at + 12, pts_us);
  store_le(at + 16, block);
  store_le(at + 18, base);
  store_le(at + 22, shard);
  store_le(at + 24, k);
  store_le(at + 26, m);
  store_le(at + 28, pad);
}

MediaHeader MediaHeader::read(ByteView bytes) {
  assert(bytes.size() >= kHeaderBytes);
  const std::uint8_t* at = bytes.data();
  MediaHeader header;
  header.stream = static_cast<std::uint8_t>(at[0] & 0x0FU);
  header.seq_low = load_le<std::uint32_t>(at + 1);
  header.epoch = at[5];
  header.flags = load_le<std::uint16_t>(at + 6);
  header.frame = load_le<std::uint32_t>(at + 8);
  header.pts_us = load_le<std::uint32_t>(at + 12);
  header.block = load_le<std::uint16_t>(at + 16);
  header.base = load_le<std::uint32_t>(at + 18);
  header.shard = load_le<std::uint16_t>(at + 22);
  header.k = load_le<std::uint16_t>(at + 24);
  header.m = load_le<std::uint16_t>(at + 26);
  header.pad = load_le<std::uint16_t>(at + 28);
  return header;
}

std::optional<FrameGeometry> check_geometry(const MediaHeader& header, std::size_t shard_bytes) {
  if (header.k == 0) return std::nullopt;
  if (header.shard >= std::uint32_t{header.k} + header.m) return std::nullopt;
  FrameGeometry geometry;
  geometry.byte_offset = std::uint64_t{header.base} * shard_bytes;
  if (!header.last_block()) return geometry;
  const std::uint64_t total = std::uint64_t{header.base} + header.k;
  // A whole shard of padding is the empty frame, which still has one shard to be sent in.
  if (header.pad > shard_bytes || (header.pad == shard_bytes && total != 1)) return std::nullopt;
  const std::uint64_t frame_bytes = total * shard_bytes - header.pad;
  if (frame_bytes > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  geometry.frame_bytes = frame_bytes;
  return geometry;
}

std::uint64_t expand_pts_us(std::optional<std::uint64_t> newest_us, std::uint32_t pts_us) {
  if (!newest_us) return pts_us;
  const auto difference = static_cast<std::int32_t>(pts_us - static_cast<std::uint32_t>(*newest_us));
  if (difference < 0 && static_cast<std::uint64_t>(-std::int64_t{difference}) > *newest_us) return pts_us;
  return *newest_us + static_cast<std::uint64_t>(std::int64_t{difference});
}

}  // namespace punktfunk::wire

// SPDX-License-Identifier: MIT OR Apache-2.0
// The 30-byte header of a media packet (protocol sections 12.1, 12.5 and 13.5).
//
//   off len field                                  protection
//    0   1  tag: 00 rr ssss (rr = 0, ssss stream)  clear, AAD
//    1   4  seq_low                                clear, AAD
//    5  25  epoch … pad                            sealed
//   30   n  shard                                  sealed
//   30+n 16 AEAD tag
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::size_t kHeaderBytes = 30;
inline constexpr std::size_t kAadBytes = 5;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kWireOverhead = kHeaderBytes + kTagBytes;  // 46

// Shard and datagram sizes a session may use (section 2.3).
inline constexpr std::size_t kMinShard = 512;
inline constexpr std::size_t kMaxShard = 9170;
inline constexpr std::size_t kMaxDatagram = kMaxShard + kWireOverhead;  // 9216
// 1408 on a 1500-byte IPv4 path, 1388 on IPv6, whose header is 20 bytes longer.
inline constexpr std::size_t kDefaultShardIpv4 = 1408;
inline constexpr std::size_t kDefaultShardIpv6 = kDefaultShardIpv4 - 20;

inline constexpr std::uint8_t kStreamVideo = 0;
inline constexpr std::uint8_t kStreamProbe = 1;

inline constexpr std::uint16_t kFlagPicture = 0x0001;
inline constexpr std::uint16_t kFlagKeyframe = 0x0004;
inline constexpr std::uint16_t kFlagProbe = 0x0008;
inline constexpr std::uint16_t kFlagRecoveryPoint = 0x0010;
inline constexpr std::uint16_t kFlagRecoveryAnchor = 0x0020;
inline constexpr std::uint16_t kFlagChunkAligned = 0x0040;
inline constexpr std::uint16_t kFlagSliceStream = 0x0080;
inline constexpr std::uint16_t kFlagRepeat = 0x0100;
inline constexpr std::uint16_t kFlagRecoveryClose = 0x0200;
inline constexpr std::uint16_t kFlagLastBlock = 0x8000;

struct MediaHeader {
  std::uint8_t stream = 0;    // kStreamVideo or kStreamProbe
  std::uint32_t seq_low = 0;  // low half of the packet number
  std::uint8_t epoch = 0;
  std::uint16_t flags = 0;
  std::uint32_t frame = 0;   // frame index of its stream
  std::uint32_t pts_us = 0;  // capture time on the session clock, modulo 2^32
  std::uint16_t block = 0;   // index in the frame
  std::uint32_t base = 0;    // first data shard of the block
  std::uint16_t shard = 0;   // index in the block: 0 … k-1 data, k … k+m-1 parity
  std::uint16_t k = 0;       // data shards of the block
  std::uint16_t m = 0;       // parity shards of the block
  std::uint16_t pad = 0;     // bytes of the last data shard that are not the frame's; last block only

  bool operator==(const MediaHeader&) const = default;

  [[nodiscard]] bool last_block() const { return (flags & kFlagLastBlock) != 0; }

  // Writes kHeaderBytes to the front of `out`, which holds at least that many.
  void write(MutableBytes out) const;
  // Reads the front of `bytes`, kHeaderBytes at least, already decrypted. Takes any values: check the tag
  // byte with is_media_tag before decrypting and the numbers with check_geometry after.
  [[nodiscard]] static MediaHeader read(ByteView bytes);
};

// true: the first byte of a datagram names a stream this protocol has. Otherwise the datagram is dropped.
[[nodiscard]] constexpr bool is_media_tag(std::uint8_t first_byte) { return first_byte <= kStreamProbe; }

// What a header says about its frame, as far as one packet on its own can say it.
struct FrameGeometry {
  std::uint64_t byte_offset = 0;             // of the block in the frame
  std::optional<std::uint64_t> frame_bytes;  // known from the last block only
};

// The checks of section 13.5 that need nothing but the packet: k > 0, shard < k + m, the padding rule, and
// that the frame's length fits u32. nullopt = drop. Limits of the session come on top.
[[nodiscard]] std::optional<FrameGeometry> check_geometry(const MediaHeader& header, std::size_t shard_bytes);

// Section 12.5: the value nearest to the newest one seen; the first of a session is taken as is. A value that
// would lie before time 0 is taken as is too.
[[nodiscard]] std::uint64_t expand_pts_us(std::optional<std::uint64_t> newest_us, std::uint32_t pts_us);

}  // namespace punktfunk::wire

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/media/packetizer.h"

#include <algorithm>
#include <cstring>

#include "core/media/blocks.h"
#include "core/wire/media_header.h"

namespace punktfunk::media {

namespace {

constexpr std::uint64_t kMaxBlocks = 65535;  // section 13.5: block < 65535
constexpr std::uint8_t kMaxPercent = 90;     // section 15

}  // namespace

Packetizer::Packetizer(const PacketizerParams& params)
    : params_(params), datagram_bytes_(wire::kWireOverhead + params.shard_payload) {}

std::uint32_t Packetizer::parity_shards(std::uint32_t k, std::uint8_t percent) const {
  const std::uint32_t max_k = params_.max_data_per_block;
  std::uint32_t m =
      fec::parity_count(k, std::min(percent, kMaxPercent), max_k, params_.fec_percent, params_.scheme);
  // What a receiver takes (13.5) is less than the sender's own bound (13.2) when K is 1.
  m = std::min(m, max_k + (max_k * 9 + 9) / 10 - k);
  // Very large blocks do not fit the field's 65536 points with every parity count.
  if (params_.scheme == fec::Scheme::gf16) {
    while (m > 0 && !fec::Gf16Code::supports(k, m)) m /= 2;
  }
  return m;
}

MutableBytes Packetizer::packetize(ByteView au, const FrameFields& fields, std::uint64_t first_number) {
  const std::size_t shard_bytes = params_.shard_payload;
  const std::uint32_t max_k = params_.max_data_per_block;
  const BlockSplit split = split_frame(au.size(), params_.shard_payload, max_k);
  if (split.blocks > kMaxBlocks) return {};

  const auto total = static_cast<std::size_t>(split.total);
  std::size_t datagrams = total;
  for (std::uint64_t b = 0; b < split.blocks; ++b)
    datagrams += parity_shards(split.data_shards(b, max_k), fields.parity_percent);
  // Grows only: shrinking would make the next large frame pay for zeroing it again.
  if (buffer_.size() < datagrams * datagram_bytes_) buffer_.resize(datagrams * datagram_bytes_);

  wire::MediaHeader header;
  header.stream = fields.stream;
  header.epoch = fields.epoch;
  header.frame = fields.frame;
  header.pts_us = fields.pts_us;

  std::size_t next_parity = total;
  for (std::uint64_t b = 0; b < split.blocks; ++b) {
    const bool last = b + 1 == split.blocks;
    const std::uint32_t k = split.data_shards(b, max_k);
    const std::uint32_t m = parity_shards(k, fields.parity_percent);
    header.block = static_cast<std::uint16_t>(b);
    header.base = static_cast<std::uint32_t>(b * max_k);
    header.k = static_cast<std::uint16_t>(k);
    header.m = static_cast<std::uint16_t>(m);
    header.pad = last ? static_cast<std::uint16_t>(split.pad) : std::uint16_t{0};
    header.flags = static_cast<std::uint16_t>(last ? fields.flags | wire::kFlagLastBlock
                                                   : fields.flags & ~unsigned{wire::kFlagLastBlock});

    const std::size_t first_data = header.base;
    for (std::uint32_t i = 0; i < k + m; ++i) {
      const std::size_t at = i < k ? first_data + i : next_parity + (i - k);
      std::uint8_t* datagram = buffer_.data() + at * datagram_bytes_;
      header.shard = static_cast<std::uint16_t>(i);
      header.seq_low = static_cast<std::uint32_t>(first_number + at);
      header.write({datagram, wire::kHeaderBytes});
      if (i >= k) continue;
      const std::size_t offset = at * shard_bytes;
      const std::size_t have = offset < au.size() ? std::min(shard_bytes, au.size() - offset) : 0;
      if (have > 0) std::memcpy(datagram + wire::kHeaderBytes, au.data() + offset, have);
      std::memset(datagram + wire::kHeaderBytes + have, 0, shard_bytes - have);
    }
    if (m > 0) {
      encode_block(k, m, buffer_.data() + first_data * datagram_bytes_ + wire::kHeaderBytes,
                   buffer_.data() + next_parity * datagram_bytes_ + wire::kHeaderBytes);
    }
    next_parity += m;
  }
  return MutableBytes(buffer_).first(datagrams * datagram_bytes_);
}

void Packetizer::encode_block(std::uint32_t k, std::uint32_t m, std::uint8_t* data, std::uint8_t* parity) {
  data_.resize(k);
  parity_.resize(m);
  for (std::uint32_t i = 0; i < k; ++i) data_[i] = data + i * datagram_bytes_;
  for (std::uint32_t j = 0; j < m; ++j) parity_[j] = parity + j * datagram_bytes_;
  // Both refuse only shapes that parity_shards() never returns.
  if (params_.scheme == fec::Scheme::gf8) {
    gf8_.encode(data_, parity_, params_.shard_payload);
  } else {
    gf16_.encode(data_, parity_, params_.shard_payload);
  }
}

}  // namespace punktfunk::media

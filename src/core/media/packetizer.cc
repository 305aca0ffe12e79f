// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/media/packetizer.h"

#include <algorithm>
#include <cstring>

#include "core/media/blocks.h"

namespace punktfunk::media {

namespace {

constexpr std::uint32_t kMaxBlocks = 65535;  // section 13.5: block < 65535
constexpr std::uint8_t kMaxPercent = 90;     // section 15
// Section 13.4: the least a slice's end sends as a block of its own. It also bounds the blocks of a frame.
constexpr std::uint32_t kMinSliceShards = 16;
// Parity of less data than this is computed sooner by one thread: see media_sender.cc.
constexpr std::size_t kTwoLaneBytes = std::size_t{4} << 20U;

}  // namespace

Packetizer::Packetizer(const PacketizerParams& params)
    : params_(params), datagram_bytes_(wire::kWireOverhead + params.shard_payload) {}

// Cutting
// -------------------------------------------------------------------------------------------------------

std::uint32_t Packetizer::parity_shards(std::uint32_t k) const {
  const std::uint32_t max_k = params_.max_data_per_block;
  std::uint32_t m = fec::parity_count(k, std::min(fields_.parity_percent, kMaxPercent), max_k,
                                      params_.fec_percent, params_.scheme);
  // What a receiver takes (13.5) is less than the sender's own bound (13.2) when K is 1.
  m = std::min(m, max_k + (max_k * 9 + 9) / 10 - k);
  // Very large blocks do not fit the field's 65536 points with every parity count.
  if (params_.scheme == fec::Scheme::gf16) {
    while (m > 0 && !fec::Gf16Code::supports(k, m)) m /= 2;
  }
  return m;
}

std::uint32_t Packetizer::data_shards(const Group& group, std::uint32_t block) const {
  return std::min(params_.max_data_per_block, group.data - block * params_.max_data_per_block);
}

std::uint32_t Packetizer::parity_before(const Group& group, std::uint32_t block) {
  return block == group.blocks ? group.parity : block * group.parity_full;
}

void Packetizer::start_frame(const FrameFields& fields) {
  fields_ = fields;
  au_ = {};
  groups_.clear();
  group_ = 0;
  next_ = 0;
  ready_ = 0;
  cut_shards_ = 0;
  cut_blocks_ = 0;
  run_ = {};
  streaming_ = false;
  streamed_.clear();
}

bool Packetizer::add_group(std::uint32_t data, bool ends_frame) {
  Group group;
  group.blocks = (data - 1) / params_.max_data_per_block + 1;
  if (group.blocks > kMaxBlocks - cut_blocks_) return false;
  group.first_block = cut_blocks_;
  group.base = cut_shards_;
  group.data = data;
  group.ends_frame = ends_frame;
  if (group.blocks > 1) group.parity_full = parity_shards(params_.max_data_per_block);
  group.parity = (group.blocks - 1) * group.parity_full + parity_shards(data_shards(group, group.blocks - 1));
  groups_.push_back(group);
  cut_shards_ += data;
  cut_blocks_ += group.blocks;
  ready_ += group.data + group.parity;
  return true;
}

bool Packetizer::begin(ByteView au, const FrameFields& fields) {
  start_frame(fields);
  const BlockSplit split = split_frame(au.size(), params_.shard_payload, params_.max_data_per_block);
  if (split.blocks > kMaxBlocks) return false;  // and so the shards fit 32 bits
  au_ = au;
  return add_group(static_cast<std::uint32_t>(split.total), true);
}

void Packetizer::begin_stream(const FrameFields& fields) {
  start_frame(fields);
  fields_.flags = static_cast<std::uint16_t>(fields_.flags | wire::kFlagSliceStream);
  streaming_ = true;
}

// Whole shards not yet cut off, without the last one: the final block must not be empty.
std::uint32_t Packetizer::shards_to_spare() const {
  const std::size_t shards = (streamed_.size() + params_.shard_payload - 1) / params_.shard_payload;
  return shards == 0 ? 0 : static_cast<std::uint32_t>(shards - 1 - cut_shards_);
}

bool Packetizer::append_full_blocks(ByteView part) {
  if (!streaming_) return false;
  punktfunk::append(streamed_, part);
  au_ = streamed_;
  while (shards_to_spare() >= params_.max_data_per_block) {
    if (!add_group(params_.max_data_per_block, false)) return abandon();
  }
  return true;
}

bool Packetizer::append(ByteView part, bool slice_end) {
  if (!append_full_blocks(part)) return false;
  if (!slice_end || shards_to_spare() < kMinSliceShards) return true;
  return add_group(shards_to_spare(), false) || abandon();
}

bool Packetizer::finish(ByteView part) {
  if (!append_full_blocks(part)) return false;
  const std::uint32_t left = streamed_.empty() ? 1 : shards_to_spare() + 1;
  if (!add_group(left, true)) return abandon();
  streaming_ = false;
  return true;
}

bool Packetizer::abandon() {
  start_frame(fields_);
  return false;
}

// Writing
// -------------------------------------------------------------------------------------------------------

MutableBytes Packetizer::prepare(std::size_t max_datagrams, std::uint64_t first_number, Lanes* lanes) {
  if (ready_ == 0 || max_datagrams == 0) return {};
  if (next_ == groups_[group_].data + groups_[group_].parity) {
    ++group_;
    next_ = 0;
  }
  Group& group = groups_[group_];
  const auto count =
      static_cast<std::uint32_t>(std::min<std::size_t>(max_datagrams, group.data + group.parity - next_));
  const std::uint32_t end = next_ + count;
  const std::uint32_t data = next_ < group.data ? std::min(count, group.data - next_) : 0;

  // Grows only: shrinking would make the next large frame pay for zeroing it again. While a group has data to
  // go, none of its parity is there yet that could lie in the way.
  border_ = std::max<std::size_t>(border_, data);
  const std::size_t needed = (border_ + group.parity) * datagram_bytes_;
  if (buffer_.size() < needed) buffer_.resize(needed);

  while (end > group.data && parity_before(group, group.parity_computed) < end - group.data) {
    compute_parity(group, group.parity_computed++, lanes);
  }
  const std::size_t at = next_ < group.data ? border_ - data : border_ + (next_ - group.data);
  run_ = {buffer_.data() + at * datagram_bytes_, first_number, next_};
  next_ = end;
  ready_ -= count;
  return {run_.start, count * datagram_bytes_};
}

std::uint32_t Packetizer::enter_block(const Group& group, std::uint32_t position,
                                      wire::MediaHeader& header) const {
  const std::uint32_t max_k = params_.max_data_per_block;
  const bool is_data = position < group.data;
  std::uint32_t block = group.blocks - 1;
  if (is_data) {
    block = position / max_k;
  } else if (position - group.data < block * group.parity_full) {
    block = (position - group.data) / group.parity_full;
  }
  const std::uint32_t k = data_shards(group, block);
  const std::uint32_t m = parity_before(group, block + 1) - parity_before(group, block);
  const bool last = group.ends_frame && block + 1 == group.blocks;
  header.block = static_cast<std::uint16_t>(group.first_block + block);
  header.base = group.base + block * max_k;
  header.k = static_cast<std::uint16_t>(k);
  header.m = static_cast<std::uint16_t>(m);
  const std::uint64_t end = std::uint64_t{header.base} + k;
  header.pad = last ? static_cast<std::uint16_t>(end * params_.shard_payload - au_.size()) : std::uint16_t{0};
  header.flags = static_cast<std::uint16_t>(last ? fields_.flags | wire::kFlagLastBlock
                                                 : fields_.flags & ~unsigned{wire::kFlagLastBlock});
  const std::uint32_t shard =
      is_data ? position - block * max_k : k + position - group.data - parity_before(group, block);
  header.shard = static_cast<std::uint16_t>(shard);
  return is_data ? k - shard : k + m - shard;
}

void Packetizer::write(std::size_t from, std::size_t to) const {
  if (from >= to) return;
  const Group& group = groups_[group_];
  wire::MediaHeader header;
  header.stream = fields_.stream;
  header.epoch = fields_.epoch;
  header.frame = fields_.frame;
  header.pts_us = fields_.pts_us;
  std::uint32_t left_in_block = 0;
  for (std::size_t i = from; i < to; ++i, --left_in_block, ++header.shard) {
    const std::uint32_t position = run_.first + static_cast<std::uint32_t>(i);
    if (left_in_block == 0) left_in_block = enter_block(group, position, header);
    std::uint8_t* const datagram = run_.start + i * datagram_bytes_;
    header.seq_low = static_cast<std::uint32_t>(run_.first_number + i);
    header.write({datagram, wire::kHeaderBytes});
    if (position < group.data)
      copy_shard(std::uint64_t{group.base} + position, datagram + wire::kHeaderBytes);
  }
}

bool Packetizer::write_data_shard(std::uint32_t shard, std::uint64_t number, MutableBytes out) const {
  if (groups_.size() != 1 || shard >= groups_[0].data) return false;
  wire::MediaHeader header;
  header.stream = fields_.stream;
  header.epoch = fields_.epoch;
  header.frame = fields_.frame;
  header.pts_us = fields_.pts_us;
  header.seq_low = static_cast<std::uint32_t>(number);
  (void)enter_block(groups_[0], shard, header);
  header.write(out.first(wire::kHeaderBytes));
  copy_shard(shard, out.data() + wire::kHeaderBytes);
  return true;
}

ByteView Packetizer::shard_at(std::uint64_t shard) const {
  const std::size_t offset = static_cast<std::size_t>(shard) * params_.shard_payload;
  if (offset >= au_.size()) return {};
  return au_.subspan(offset, std::min<std::size_t>(params_.shard_payload, au_.size() - offset));
}

void Packetizer::copy_shard(std::uint64_t shard, std::uint8_t* to) const {
  const ByteView bytes = shard_at(shard);
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  std::memset(to + bytes.size(), 0, params_.shard_payload - bytes.size());
}

void Packetizer::compute_parity(const Group& group, std::uint32_t block, Lanes* lanes) {
  const std::uint32_t first = parity_before(group, block);
  const std::uint32_t m = parity_before(group, block + 1) - first;
  if (m == 0) return;
  const std::uint32_t k = data_shards(group, block);
  data_.resize(k);
  for (std::uint32_t i = 0; i < k; ++i) {
    const std::uint64_t shard = std::uint64_t{group.base} + block * params_.max_data_per_block + i;
    const ByteView bytes = shard_at(shard);
    data_[i] = bytes.data();
    if (bytes.size() == params_.shard_payload) continue;
    // The frame's last shard, with its padding.
    last_shard_.resize(params_.shard_payload);
    copy_shard(shard, last_shard_.data());
    data_[i] = last_shard_.data();
  }
  parity_.resize(m);
  for (std::uint32_t j = 0; j < m; ++j) {
    parity_[j] = buffer_.data() + (border_ + first + j) * datagram_bytes_ + wire::kHeaderBytes;
  }
  const std::size_t bytes = params_.shard_payload;
  if (lanes == nullptr || k * bytes < kTwoLaneBytes) return encode(coders_[0], 0, bytes);
  // The codes work on groups of 64 bytes, each for itself.
  const std::size_t half = bytes / 2 / 64 * 64;
  lanes->run_both([&] { encode(coders_[0], 0, half); }, [&] { encode(coders_[1], half, bytes - half); });
}

// Bytes `column` … `column` + `bytes` - 1 of every shard in data_ and parity_.
void Packetizer::encode(Coder& coder, std::size_t column, std::size_t bytes) const {
  coder.data.resize(data_.size());
  coder.parity.resize(parity_.size());
  for (std::size_t i = 0; i < data_.size(); ++i) coder.data[i] = data_[i] + column;
  for (std::size_t j = 0; j < parity_.size(); ++j) coder.parity[j] = parity_[j] + column;
  // Both refuse only shapes that parity_shards() never returns.
  if (params_.scheme == fec::Scheme::gf8) {
    coder.gf8.encode(coder.data, coder.parity, bytes);
  } else {
    coder.gf16.encode(coder.data, coder.parity, bytes);
  }
}

MutableBytes Packetizer::packetize(ByteView au, const FrameFields& fields, std::uint64_t first_number) {
  if (!begin(au, fields)) return {};
  const MutableBytes all = prepare(ready_, first_number);
  write(0, all.size() / datagram_bytes_);
  return all;
}

}  // namespace punktfunk::media

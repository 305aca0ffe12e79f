// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/media/frame_assembly.h"

#include <algorithm>
#include <cstring>

namespace punktfunk::media {

namespace {

// The capacity a vector gets when it has to hold `size`: doubled, so that a frame arriving shard by shard is
// copied a few times at most, but not beyond what the frame can need.
std::size_t next_capacity(std::size_t capacity, std::size_t size, std::size_t limit) {
  return std::max(size, std::min(2 * capacity, limit));
}

template <class T>
std::size_t growth_of(const std::vector<T>& vector, std::size_t size, std::size_t limit) {
  return size <= vector.capacity() ? 0 : next_capacity(vector.capacity(), size, limit) * sizeof(T);
}

template <class T>
void grow(std::vector<T>& vector, std::size_t size, std::size_t limit, MemoryBudget& budget) {
  if (size > vector.capacity()) {
    const std::size_t before = vector.capacity() * sizeof(T);
    vector.reserve(next_capacity(vector.capacity(), size, limit));
    budget.take(vector.capacity() * sizeof(T));
    budget.give(before);
  }
  if (size > vector.size()) vector.resize(size);
}

constexpr std::size_t kNoLimit = SIZE_MAX;

}  // namespace

bool FrameDecoder::recover(std::uint8_t* data, std::span<const std::uint8_t> present,
                           std::size_t shard_bytes) {
  data_.resize(present.size());
  for (std::size_t i = 0; i < present.size(); ++i) data_[i] = data + i * shard_bytes;
  return scheme_ == fec::Scheme::gf8 ? gf8_.recover(data_, present, parity_, shard_bytes)
                                     : gf16_.recover(data_, present, parity_, shard_bytes);
}

std::span<const std::uint8_t*> FrameDecoder::parity(std::size_t m) {
  parity_.assign(m, nullptr);
  return parity_;
}

void FrameAssembly::start(const wire::MediaHeader& first, std::size_t shard_bytes, std::uint64_t capture_us,
                          TimePoint now, Bytes&& au) {
  index_ = first.frame;
  pts_us_ = first.pts_us;
  capture_us_ = capture_us;
  flags_ = static_cast<std::uint16_t>(first.flags & ~unsigned{wire::kFlagLastBlock});
  epoch_ = first.epoch;
  shard_bytes_ = shard_bytes;
  first_packet_ = last_packet_ = now;
  total_.reset();
  frame_bytes_ = 0;
  shards_done_ = 0;
  rebuilt_ = 0;
  blocks_.clear();
  present_.clear();
  parity_seen_.clear();
  parity_list_.clear();
  parity_.clear();
  // Their old bytes may stay: each shard is overwritten before the frame counts as complete.
  au_ = std::move(au);
}

std::size_t FrameAssembly::position(std::uint16_t block) const {
  const auto at = std::lower_bound(blocks_.begin(), blocks_.end(), block,
                                   [](const Block& b, std::uint16_t index) { return b.index < index; });
  return static_cast<std::size_t>(at - blocks_.begin());
}

const FrameAssembly::Block* FrameAssembly::find(std::uint16_t block) const {
  const std::size_t at = position(block);
  return at < blocks_.size() && blocks_[at].index == block ? &blocks_[at] : nullptr;
}

bool FrameAssembly::has_parity(const Block& block, std::uint32_t number) const {
  return block.has_parity_bits && ((parity_seen_[block.parity_bits + number / 64] >> (number % 64)) & 1) != 0;
}

FrameAssembly::Check FrameAssembly::check(const wire::MediaHeader& header, std::size_t shard_bytes) const {
  if (header.epoch != epoch_ || header.pts_us != pts_us_ || shard_bytes != shard_bytes_) {
    return Check::contradiction;
  }
  const std::size_t at = position(header.block);
  if (at < blocks_.size() && blocks_[at].index == header.block) {
    const Block& block = blocks_[at];
    if (block.k != header.k || block.m != header.m || block.base != header.base ||
        block.last != header.last_block() || (block.last && block.pad != header.pad)) {
      return Check::contradiction;
    }
    const bool repeated = header.shard < header.k
                              ? present_[std::size_t{header.base} + header.shard] == kReceived
                              : has_parity(block, std::uint32_t{header.shard} - header.k);
    return repeated ? Check::repeated : Check::fits;
  }
  // Blocks follow each other in the access unit, so a new one has to lie between its neighbours; that also
  // keeps all of them below the end that the last one gives.
  if (at > 0) {
    const Block& before = blocks_[at - 1];
    if (before.last || std::uint64_t{before.base} + before.k > header.base) return Check::contradiction;
  }
  if (at < blocks_.size()) {
    if (header.last_block() || std::uint64_t{header.base} + header.k > blocks_[at].base) {
      return Check::contradiction;
    }
  }
  return Check::fits;
}

FrameAssembly::Sizes FrameAssembly::sizes_with(const wire::MediaHeader& header) const {
  const Block* block = find(header.block);
  const bool is_data = header.shard < header.k;
  const bool done = block != nullptr && block->done;
  const std::uint32_t have = block == nullptr ? 0 : block->data + block->parity;
  const bool completes = !done && have + 1 >= header.k;  // missing data shards are rebuilt in place

  Sizes sizes{blocks_.size(), present_.size(), 0, parity_seen_.size(), parity_list_.size(), parity_.size()};
  if (block == nullptr) ++sizes.blocks;
  sizes.present = std::max<std::size_t>(sizes.present, std::size_t{header.base} + header.k);
  if (completes) {
    sizes.au = (std::size_t{header.base} + header.k) * shard_bytes_;
  } else if (is_data && !done) {
    sizes.au = (std::size_t{header.base} + header.shard + 1) * shard_bytes_;
  }
  if (!is_data) {
    if (block == nullptr || !block->has_parity_bits) sizes.parity_seen += (header.m + 63U) / 64;
    if (!done) {
      ++sizes.parity_list;
      sizes.parity += shard_bytes_;
    }
  }
  return sizes;
}

std::size_t FrameAssembly::au_limit(const HeaderLimits& limits) const {
  return total_ ? static_cast<std::size_t>(*total_) * shard_bytes_
                : static_cast<std::size_t>(limits.max_frame_bytes) + shard_bytes_;
}

std::size_t FrameAssembly::growth(const wire::MediaHeader& header, const HeaderLimits& limits) const {
  const Sizes sizes = sizes_with(header);
  return growth_of(blocks_, sizes.blocks, kNoLimit) + growth_of(present_, sizes.present, kNoLimit) +
         growth_of(au_, sizes.au, au_limit(limits)) + growth_of(parity_seen_, sizes.parity_seen, kNoLimit) +
         growth_of(parity_list_, sizes.parity_list, kNoLimit) + growth_of(parity_, sizes.parity, kNoLimit);
}

FrameAssembly::Stored FrameAssembly::store(const wire::MediaHeader& header, ByteView shard, TimePoint now,
                                           const HeaderLimits& limits, FrameDecoder& decoder,
                                           MemoryBudget& budget) {
  const Sizes sizes = sizes_with(header);
  const std::size_t at = position(header.block);
  const bool is_new = sizes.blocks > blocks_.size();
  const std::size_t new_parity_bits = parity_seen_.size();
  grow(present_, sizes.present, kNoLimit, budget);
  grow(au_, sizes.au, au_limit(limits), budget);
  grow(parity_seen_, sizes.parity_seen, kNoLimit, budget);
  grow(blocks_, sizes.blocks, kNoLimit, budget);
  if (is_new) {
    std::move_backward(blocks_.begin() + static_cast<std::ptrdiff_t>(at), blocks_.end() - 1, blocks_.end());
    Block fresh;
    fresh.index = header.block;
    fresh.k = header.k;
    fresh.m = header.m;
    fresh.base = header.base;
    fresh.last = header.last_block();
    fresh.pad = header.pad;
    blocks_[at] = fresh;
    if (fresh.last) {
      total_ = std::uint64_t{header.base} + header.k;
      frame_bytes_ = *total_ * shard_bytes_ - header.pad;
    }
  }

  Block& block = blocks_[at];
  last_packet_ = now;
  if (header.shard < header.k) {
    const std::size_t place = std::size_t{header.base} + header.shard;
    if (present_[place] == kRebuilt) {
      present_[place] = kReceived;
      return {.late = true};
    }
    std::memcpy(au_.data() + place * shard_bytes_, shard.data(), shard_bytes_);
    present_[place] = kReceived;
    ++block.data;
  } else {
    const std::uint32_t number = std::uint32_t{header.shard} - header.k;
    if (!block.has_parity_bits) {
      block.has_parity_bits = true;
      block.parity_bits = new_parity_bits;
    }
    parity_seen_[block.parity_bits + number / 64] |= std::uint64_t{1} << (number % 64);
    ++block.parity;
    if (!block.done) {
      grow(parity_list_, sizes.parity_list, kNoLimit, budget);
      grow(parity_, sizes.parity, kNoLimit, budget);
      parity_list_.back() = {header.block, static_cast<std::uint16_t>(number)};
      std::memcpy(parity_.data() + parity_.size() - shard_bytes_, shard.data(), shard_bytes_);
    }
  }
  if (block.done || block.data + block.parity < block.k) return {};
  return rebuild(block, decoder);
}

FrameAssembly::Stored FrameAssembly::rebuild(Block& block, FrameDecoder& decoder) {
  Stored result;
  if (block.data < block.k) {
    const std::span<const std::uint8_t*> parity = decoder.parity(block.m);
    for (std::size_t i = 0; i < parity_list_.size(); ++i) {
      if (parity_list_[i].block == block.index) {
        parity[parity_list_[i].number] = parity_.data() + i * shard_bytes_;
      }
    }
    const std::span<std::uint8_t> present = std::span(present_).subspan(block.base, block.k);
    if (!decoder.recover(au_.data() + std::size_t{block.base} * shard_bytes_, present, shard_bytes_)) {
      return {.failed = true};
    }
    for (std::uint8_t& state : present) {
      if (state == kMissing) state = kRebuilt;
    }
    result.rebuilt = block.k - block.data;
    rebuilt_ += result.rebuilt;
  }
  block.done = true;
  shards_done_ += block.k;
  return result;
}

Frame FrameAssembly::take_frame() {
  Frame frame;
  frame.index = index_;
  frame.epoch = epoch_;
  frame.flags = flags_;
  frame.capture_ns = capture_us_ * 1000;
  frame.first_packet = first_packet_;
  frame.last_packet = last_packet_;
  frame.recovered_shards = rebuilt_;
  frame.au = std::move(au_);
  frame.au.resize(static_cast<std::size_t>(frame_bytes_));
  return frame;
}

LossRecord FrameAssembly::loss(TimePoint now) const {
  LossRecord record;
  record.frame = index_;
  record.capture_us = capture_us_;
  record.finished = now;
  record.total = total_.value_or(present_.size());
  record.rebuilt = 0;
  std::uint64_t data_missing = record.total;
  for (const Block& block : blocks_) {
    data_missing -= block.data;
    record.parity += std::uint64_t{block.m} - block.parity;
  }
  if (data_missing == 0) return record;
  for (std::uint64_t i = 0; i < record.total; ++i) {
    const std::uint8_t state = i < present_.size() ? present_[i] : kMissing;
    if (state == kRebuilt) ++record.rebuilt;
    if (state != kReceived) ++record.missing[static_cast<std::size_t>(place_of(i, record.total))];
  }
  return record;
}

std::uint32_t FrameAssembly::find_missing(std::vector<std::uint16_t>& shards) const {
  shards.clear();
  std::uint32_t needed = 0;
  for (const Block& block : blocks_) {
    if (block.done) continue;
    const std::uint32_t lacks = block.k - block.data - block.parity;
    needed += lacks;
    std::uint32_t wanted = lacks + (lacks + 7) / 8;
    for (std::uint32_t i = block.base; wanted > 0 && i < block.base + block.k; ++i) {
      if (i > UINT16_MAX) break;  // beyond what the field can name
      if (present_[i] != kMissing) continue;
      shards.push_back(static_cast<std::uint16_t>(i));
      --wanted;
    }
  }
  return needed;
}

std::size_t FrameAssembly::bookkeeping_bytes() const {
  return blocks_.capacity() * sizeof(Block) + present_.capacity() +
         parity_seen_.capacity() * sizeof(std::uint64_t) + parity_list_.capacity() * sizeof(ParityShard) +
         parity_.capacity();
}

}  // namespace punktfunk::media

// SPDX-License-Identifier: MIT OR Apache-2.0
// What a reassembler may take and hand over, worked out apart from it: the packets it took for one frame
// agree with each other (section 13.5), and what comes out is made of them and nothing else.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/media/frame.h"
#include "core/wire/media_header.h"
#include "fuzz_input.h"

namespace punktfunk::fuzz {

class FrameModel {
 public:
  // Every packet that got as far as the reassembler and was not late.
  void seen(std::uint32_t frame) {
    if (newest_ && static_cast<std::int32_t>(frame - *newest_) <= 0) return;
    newest_ = frame;
    // What lies 64 indices behind is over, and its index may come again once the numbers have gone round.
    for (auto& [index, packets] : frames_) {
      if (*newest_ - index >= 64) packets.over = true;
    }
  }

  // A packet was stored; `fill` is every byte of its shard. `surely`: false where the outcome says only that
  // some frame is ready, which may hide that this packet was refused.
  void taken(const wire::MediaHeader& header, std::size_t shard_bytes, std::uint8_t fill, bool surely) {
    Packets& frame = frames_[header.frame];
    if (frame.over) frame = Packets{};
    if (!agrees(frame, header, shard_bytes)) {
      require(!surely, "packets taken for one frame agree");
      frame.abandoned = true;
      return;
    }
    frame.first = frame.first.value_or(First{header.epoch, header.pts_us, shard_bytes});
    Block& block = frame.blocks.try_emplace(header.block, Block{header, {}}).first->second;
    if (surely) require(block.shards.insert(header.shard).second, "a shard is taken once");
    frame.bytes += shard_bytes;
    if (header.shard >= header.k) return;
    const std::uint64_t place = std::uint64_t{header.base} + header.shard;
    if (surely) {
      frame.data.insert_or_assign(place, fill);
    } else {
      frame.data.try_emplace(place, fill);
    }
  }

  void abandoned(std::uint32_t frame) { frames_[frame].abandoned = true; }

  void check(const media::Frame& delivered) const {
    const auto known = frames_.find(delivered.index);
    require(known != frames_.end() && known->second.first, "a frame was sent before it is delivered");
    const Packets& frame = known->second;
    require(!frame.abandoned, "an abandoned frame is not delivered");
    require(delivered.au.size() <= frame.bytes, "a frame is made of bytes that arrived");
    require(delivered.epoch == frame.first->epoch, "a frame keeps its epoch");
    const wire::MediaHeader& last = frame.blocks.rbegin()->second.header;
    const std::size_t shard_bytes = frame.first->shard_bytes;
    const std::uint64_t total = std::uint64_t{last.base} + last.k;
    require(last.last_block() && delivered.au.size() == total * shard_bytes - last.pad,
            "a frame has the length that its last block says");
    if (delivered.recovered_shards != 0) return;
    for (std::uint64_t shard = 0; shard * shard_bytes < delivered.au.size(); ++shard) {
      const auto from = frame.data.find(shard);
      require(from != frame.data.end(), "every shard arrived");
      const ByteView rest = ByteView(delivered.au).subspan(shard * shard_bytes);
      const ByteView bytes = rest.first(std::min(rest.size(), shard_bytes));
      require(
          std::all_of(bytes.begin(), bytes.end(), [&](std::uint8_t byte) { return byte == from->second; }),
          "every shard lies in its place");
    }
  }

 private:
  struct First {
    std::uint8_t epoch;
    std::uint32_t pts_us;
    std::size_t shard_bytes;
    bool operator==(const First&) const = default;
  };
  struct Block {
    wire::MediaHeader header;  // of its first packet
    std::set<std::uint16_t> shards;
  };
  struct Packets {
    std::optional<First> first;
    std::map<std::uint16_t, Block> blocks;
    std::map<std::uint64_t, std::uint8_t> data;  // content of each data shard, by place
    std::size_t bytes = 0;
    bool abandoned = false;
    bool over = false;
  };

  static bool agrees(const Packets& frame, const wire::MediaHeader& h, std::size_t shard_bytes) {
    if (frame.first && *frame.first != First{h.epoch, h.pts_us, shard_bytes}) return false;
    return std::all_of(frame.blocks.begin(), frame.blocks.end(), [&](const auto& entry) {
      const wire::MediaHeader& other = entry.second.header;
      if (h.block == other.block) {
        return h.k == other.k && h.m == other.m && h.base == other.base &&
               h.last_block() == other.last_block() && (!h.last_block() || h.pad == other.pad);
      }
      const wire::MediaHeader& before = h.block < other.block ? h : other;
      const wire::MediaHeader& after = h.block < other.block ? other : h;
      return !before.last_block() && std::uint64_t{before.base} + before.k <= after.base;
    });
  }

  std::map<std::uint32_t, Packets> frames_;
  std::optional<std::uint32_t> newest_;
};

}  // namespace punktfunk::fuzz

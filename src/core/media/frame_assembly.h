// SPDX-License-Identifier: MIT OR Apache-2.0
// One frame under way: its blocks, its data shards at their final place in the access unit, its parity.
// Nothing is allocated because a header claims it; buffers reach as far as the shards that arrived.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "core/fec/gf16_code.h"
#include "core/fec/gf8_code.h"
#include "core/media/frame.h"
#include "core/media/header_rules.h"
#include "core/media/loss_ledger.h"
#include "core/media/memory_budget.h"
#include "core/wire/media_header.h"

namespace punktfunk::media {

// The erasure codes and their scratch memory, shared by all frames of a receiver.
class FrameDecoder {
 public:
  explicit FrameDecoder(fec::Scheme scheme) : scheme_(scheme) {}

  // Rebuilds the data shards whose `present` is 0; `parity()` was filled by the caller.
  [[nodiscard]] bool recover(std::uint8_t* data, std::span<const std::uint8_t> present,
                             std::size_t shard_bytes);
  // One pointer for each of `m` parity shards, all nullptr.
  [[nodiscard]] std::span<const std::uint8_t*> parity(std::size_t m);

 private:
  const fec::Scheme scheme_;
  fec::Gf16Code gf16_;
  fec::Gf8Code gf8_;
  std::vector<std::uint8_t*> data_;
  std::vector<const std::uint8_t*> parity_;
};

// Reused from frame to frame: start() … take_au() or drop().
class FrameAssembly {
 public:
  // `au` is a buffer to reuse; its capacity is already counted in the budget.
  void start(const wire::MediaHeader& first, std::size_t shard_bytes, std::uint64_t capture_us, TimePoint now,
             Bytes&& au);

  enum class Check : std::uint8_t { fits, repeated, contradiction };
  // Whether the packet agrees with what came before. Changes nothing. `header` is within limits.
  [[nodiscard]] Check check(const wire::MediaHeader& header, std::size_t shard_bytes) const;

  // Bytes that store() may have to allocate for this packet, old buffers not subtracted.
  [[nodiscard]] std::size_t growth(const wire::MediaHeader& header, const HeaderLimits& limits) const;

  struct Stored {
    std::uint32_t rebuilt = 0;  // data shards recovered by this packet
    bool late = false;          // the original of a shard rebuilt before
    bool failed = false;        // the code refused the block: the frame can never be completed
  };
  // check() said fits, and the budget has room for growth().
  Stored store(const wire::MediaHeader& header, ByteView shard, TimePoint now, const HeaderLimits& limits,
               FrameDecoder& decoder, MemoryBudget& budget);

  // The blocks tile 0 … total.
  [[nodiscard]] bool is_complete() const { return total_ && shards_done_ == *total_; }
  // The frame, less its capture origin. Complete frames only; the buffer's capacity stays counted.
  [[nodiscard]] Frame take_frame();
  // Overwrites `shards` with the data shards to ask for again (Reassembler::Hole); returns how many would
  // complete what is known of the frame.
  std::uint32_t find_missing(std::vector<std::uint16_t>& shards) const;
  // What it lacks now.
  [[nodiscard]] LossRecord loss(TimePoint now) const;
  // Ends an incomplete frame; returns its buffer, whose capacity stays counted.
  [[nodiscard]] Bytes drop() { return std::move(au_); }

  [[nodiscard]] std::uint64_t capture_us() const { return capture_us_; }
  [[nodiscard]] TimePoint last_packet() const { return last_packet_; }
  [[nodiscard]] std::uint16_t flags() const { return flags_; }
  // Allocated for bookkeeping and parity, without the access unit's buffer.
  [[nodiscard]] std::size_t bookkeeping_bytes() const;

 private:
  struct Block {
    std::uint16_t index = 0;
    std::uint16_t k = 0;
    std::uint16_t m = 0;
    std::uint16_t pad = 0;
    std::uint32_t base = 0;
    std::uint32_t data = 0;       // shards received
    std::uint32_t parity = 0;     // shards received
    std::size_t parity_bits = 0;  // where its words start in parity_seen_, once parity came
    bool has_parity_bits = false;
    bool last = false;
    bool done = false;
  };
  struct ParityShard {
    std::uint16_t block = 0;
    std::uint16_t number = 0;  // 0 … m-1; its bytes lie at the same position in parity_
  };
  struct Sizes {
    std::size_t blocks, present, au, parity_seen, parity_list, parity;
  };
  // Present states of a data shard.
  static constexpr std::uint8_t kMissing = 0, kReceived = 1, kRebuilt = 2;

  [[nodiscard]] std::size_t position(std::uint16_t block) const;
  [[nodiscard]] const Block* find(std::uint16_t block) const;
  [[nodiscard]] bool has_parity(const Block& block, std::uint32_t number) const;
  [[nodiscard]] Sizes sizes_with(const wire::MediaHeader& header) const;
  [[nodiscard]] std::size_t au_limit(const HeaderLimits& limits) const;
  Stored rebuild(Block& block, FrameDecoder& decoder);

  std::uint32_t index_ = 0;
  std::uint32_t pts_us_ = 0;
  std::uint64_t capture_us_ = 0;
  std::uint16_t flags_ = 0;
  std::uint8_t epoch_ = 0;
  std::size_t shard_bytes_ = 0;
  TimePoint first_packet_{};
  TimePoint last_packet_{};
  std::optional<std::uint64_t> total_;  // known from the last block
  std::uint64_t frame_bytes_ = 0;
  std::uint64_t shards_done_ = 0;  // data shards of the complete blocks
  std::uint32_t rebuilt_ = 0;
  std::vector<Block> blocks_;          // by index, and so by base
  std::vector<std::uint8_t> present_;  // state of each data shard of the frame
  std::vector<std::uint64_t> parity_seen_;
  std::vector<ParityShard> parity_list_;
  Bytes parity_;
  Bytes au_;
};

}  // namespace punktfunk::media

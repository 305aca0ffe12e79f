// SPDX-License-Identifier: MIT OR Apache-2.0
// "No allocation per block": once both codes have seen their largest block, with its heaviest loss, coding
// and recovering take no memory, whatever is lost and whichever way it is done.
#include <gtest/gtest.h>

#include "core/fec/gf16_code.h"
#include "core/fec/gf8_code.h"
#include "core/fec/kernels/kernels.h"
#include "heap_watch.h"
#include "seed.h"
#include "shards.h"

namespace punktfunk::fec {
namespace {

// The pointer lists of a block, made once: only the code itself may allocate.
struct Block {
  Block(std::size_t k, std::size_t m, std::size_t shard_bytes, std::mt19937_64& random)
      : bytes(shard_bytes), original(k, bytes), data(k, bytes), parity(m, bytes) {
    original.fill(random);
    data.all = original.all;
    views = original.views();
    writable = data.writable();
    parity_writable = parity.writable();
    parity_views = parity.views();
    received = parity_views;
    present.assign(k, 1);
  }

  // Which shards are lost follows from `random` alone: `lost` data shards, and parity down to `lost` shards.
  void lose(std::size_t lost, std::mt19937_64& random) {
    std::fill(present.begin(), present.end(), std::uint8_t{1});
    std::fill_n(present.begin(), lost, std::uint8_t{0});
    std::shuffle(present.begin(), present.end(), random);
    std::vector<std::uint8_t> arrived(received.size(), 0);
    std::fill_n(arrived.begin(), lost, std::uint8_t{1});
    std::shuffle(arrived.begin(), arrived.end(), random);
    for (std::size_t j = 0; j < received.size(); ++j)
      received[j] = arrived[j] != 0 ? parity_views[j] : nullptr;
    for (std::size_t i = 0; i < present.size(); ++i) {
      if (present[i] == 0) std::fill(data.all[i].begin(), data.all[i].end(), std::uint8_t{0xEE});
    }
  }

  std::size_t bytes;
  Shards original, data, parity;
  std::vector<const std::uint8_t*> views, parity_views, received;
  std::vector<std::uint8_t*> writable, parity_writable;
  std::vector<std::uint8_t> present;
};

template <class Code>
std::uint64_t allocations_of(Code& code, Block& block, std::mt19937_64& random, int rounds) {
  const std::size_t worst = std::min(block.views.size(), block.parity.all.size());
  std::uint64_t counted = 0;
  for (int round = 0; round < rounds; ++round) {
    block.lose(round == 0 ? 1 : 1 + random() % worst, random);
    const std::uint64_t before = media::heap_allocations();
    const bool done = code.encode(block.views, block.parity_writable, block.bytes) &&
                      code.recover(block.writable, block.present, block.received, block.bytes);
    counted += media::heap_allocations() - before;
    EXPECT_TRUE(done);
    EXPECT_EQ(block.data.all, block.original.all);
  }
  return counted;
}

TEST(Allocation, NoneForABlockAfterTheFirst) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  // Both forms of the transform, one shard on either side, and tails.
  const std::size_t shapes[][2] = {{200, 40}, {30, 6}, {10, 2}, {1, 4}, {20, 1}, {12, 70}, {1000, 200}};
  for (const auto& [k, m] : shapes) {
    SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m));
    Block block(k, m, 130, random);
    for (const auto method :
         {Gf16Code::Method::chosen, Gf16Code::Method::direct, Gf16Code::Method::transform}) {
      Gf16Code code;
      code.force(method);
      const std::uint64_t first = allocations_of(code, block, random, 1);
      const std::size_t held = code.scratch_bytes();
      EXPECT_EQ(allocations_of(code, block, random, 40), 0u);
      EXPECT_EQ(code.scratch_bytes(), held)
          << "this counts the rows too, which operator new does not hand out";
      if (k > 1 && m > 1) {
        EXPECT_GT(first, 0u) << "the count works";
      }
    }
    if (!Gf8Code::supports(k, m)) continue;
    Gf8Code code;
    EXPECT_GT(allocations_of(code, block, random, 1), 0u);
    EXPECT_EQ(allocations_of(code, block, random, 40), 0u);
  }
}

}  // namespace
}  // namespace punktfunk::fec

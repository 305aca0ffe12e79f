// SPDX-License-Identifier: MIT OR Apache-2.0
// A block of shards for the tests, with the pointer lists the codes want.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "base/bytes.h"

namespace punktfunk::fec {

struct Shards {
  Shards(std::size_t count, std::size_t bytes) : all(count, Bytes(bytes)) {}

  void fill(std::mt19937_64& random) {
    for (Bytes& shard : all) {
      for (std::uint8_t& byte : shard) byte = static_cast<std::uint8_t>(random());
    }
  }
  // The vectors' pattern: byte b of data shard i = (31·i + 7·b) mod 256.
  void fill_pattern() {
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::size_t b = 0; b < all[i].size(); ++b) all[i][b] = static_cast<std::uint8_t>(31 * i + 7 * b);
    }
  }
  [[nodiscard]] std::vector<const std::uint8_t*> views() const {
    std::vector<const std::uint8_t*> pointers;
    for (const Bytes& shard : all) pointers.push_back(shard.data());
    return pointers;
  }
  [[nodiscard]] std::vector<std::uint8_t*> writable() {
    std::vector<std::uint8_t*> pointers;
    for (Bytes& shard : all) pointers.push_back(shard.data());
    return pointers;
  }
  [[nodiscard]] Bytes joined() const {
    Bytes bytes;
    for (const Bytes& shard : all) append(bytes, shard);
    return bytes;
  }

  std::vector<Bytes> all;
};

// Loses `lost` of the k data shards and all but `kept` of the parity shards, recovers, and says whether the
// data is back and the code said so.
template <class Code>
bool recovers(Code& code, const Shards& data, const Shards& parity, std::size_t lost, std::size_t kept,
              std::mt19937_64& random) {
  const std::size_t bytes = data.all.front().size();
  std::vector<std::uint8_t> present(data.all.size(), 1);
  std::fill_n(present.begin(), lost, std::uint8_t{0});
  std::shuffle(present.begin(), present.end(), random);
  Shards damaged = data;
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (present[i] == 0) std::fill(damaged.all[i].begin(), damaged.all[i].end(), std::uint8_t{0xEE});
  }
  std::vector<std::size_t> order(parity.all.size());
  for (std::size_t j = 0; j < order.size(); ++j) order[j] = j;
  std::shuffle(order.begin(), order.end(), random);
  std::vector<const std::uint8_t*> received(parity.all.size(), nullptr);
  for (std::size_t n = 0; n < kept; ++n) received[order[n]] = parity.all[order[n]].data();
  const std::vector<std::uint8_t*> pointers = damaged.writable();
  return code.recover(pointers, present, received, bytes) && damaged.all == data.all;
}

}  // namespace punktfunk::fec

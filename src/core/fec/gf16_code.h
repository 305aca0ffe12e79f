// SPDX-License-Identifier: MIT OR Apache-2.0
// The erasure code over GF(2^16) (protocol section 14.1), bit-compatible with Leopard's 16-bit code.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/fec/aligned_buffer.h"
#include "core/fec/cauchy.h"
#include "core/fec/gf16_generator.h"
#include "core/fec/kernels/kernels.h"

namespace punktfunk::fec {

// Holds scratch memory that is reused from call to call: keep one per thread. Not thread-safe. Once it has
// encoded and recovered its largest block it allocates nothing, whatever is lost.
class Gf16Code {
 public:
  // Shapes the code exists for: at least one data shard, and all points in the field (65536 of them).
  [[nodiscard]] static bool supports(std::size_t k, std::size_t m);

  // Writes every parity shard from the data shards. `shard_bytes` is even, the same for all shards. False,
  // with nothing written, when supports() says no or the length is odd; no parity at all is true.
  bool encode(std::span<const std::uint8_t* const> data, std::span<std::uint8_t* const> parity,
              std::size_t shard_bytes);

  // Fills in the data shards whose `data_present` is 0; writes nothing else. `data` holds a writable shard
  // for every index, `parity` a nullptr for each one not received, and its size is the block's m. False when
  // fewer parity shards are there than data shards are missing, or encode() would refuse the shape.
  [[nodiscard]] bool recover(std::span<std::uint8_t* const> data, std::span<const std::uint8_t> data_present,
                             std::span<const std::uint8_t* const> parity, std::size_t shard_bytes);

  // The two ways of each, which give the same bytes; encode() and recover() take the faster. For tests and
  // benchmarks.
  enum class Method { chosen, direct, transform };
  void force(Method method) { method_ = method; }

  // Memory held. It depends on the block's shape, not on the length of its shards: rows of one strip are
  // kept, 64 bytes wide for large blocks. Never above kMaxScratchBytes, whatever a peer sends.
  [[nodiscard]] std::size_t scratch_bytes() const;
  // 65536 rows of 64 bytes; for each shard an input pointer with its index of 2 bytes, 8 weights of 2 bytes,
  // two indices of 2 bytes and two points of 2 bytes with quotients of 4; locator values of 4 bytes. Vectors
  // may grow to twice what they hold.
  static constexpr std::size_t kMaxScratchBytes = 65536 * (64 + 2 * (8 + 2 + 8 * 2 + 2 * (2 + 2 + 4) + 4));

 private:
  struct Loss {  // of one block
    const Gf16Generator& generator;
    std::span<std::uint8_t* const> data;
    std::span<const std::uint8_t> present;
    std::span<const std::uint8_t* const> parity;
    std::size_t shard_bytes;
  };

  // What weights depend on: a shape and, unless they encode, the lost shards and the rows to rebuild them
  // from. Blocks tend to have the shape, and small ones the losses, of one before. k is 0 for none.
  struct Weighted {
    std::size_t k, m, lost;
    std::array<std::uint16_t, kMostRows> missing, rows;
    bool operator==(const Weighted&) const = default;
  };

  void reserve(const Gf16Generator& generator, std::size_t k, std::size_t m, std::size_t shard_bytes);
  void prepare_encode(const Gf16Generator& generator, std::size_t k, std::size_t start, std::size_t rows);
  void prepare_recover(const Loss& loss, std::size_t start, std::size_t rows);
  void encode_direct(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                     std::span<std::uint8_t* const> parity, std::size_t shard_bytes);
  void encode_transform(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                        std::span<std::uint8_t* const> parity, std::size_t shard_bytes);
  void recover_direct(const Loss& loss);
  void recover_parity_first(const Loss& loss);
  void recover_data_first(const Loss& loss);
  void sum_of_chunks(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                     const Strip& strip, std::uint8_t* sum, std::uint8_t* part) const;
  void combine(std::span<std::uint8_t* const> outputs, std::size_t shard_bytes);
  void start_inputs(std::size_t count, std::size_t rows);
  void add_input(std::uint32_t shard, std::span<const TowerWord> weights);

  Method method_ = Method::chosen;
  AlignedBuffer work_;                       // rows of one strip
  std::vector<const std::uint8_t*> inputs_;  // shards that are read
  std::vector<std::uint16_t> order_;         // their indices, of parity shards from k on
  std::vector<TowerWord> weights_;           // per input, one for each output
  std::size_t low_inputs_ = 0;               // inputs from the front without a high part in their weights,
  std::size_t full_inputs_ = 0;              // and from the back with one
  Weighted weighted_{};                      // what these weights are for
  std::vector<std::uint16_t> missing_;       // indices of data shards
  std::vector<std::uint16_t> rows_;          // as many indices of parity shards
  std::vector<std::uint16_t> missing_points_;
  std::vector<std::uint16_t> row_points_;
  std::vector<std::int32_t> locator_;
  CauchyWeights cauchy_{Gf16Field::instance().log_table(), 16};
};

}  // namespace punktfunk::fec

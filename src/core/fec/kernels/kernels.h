// SPDX-License-Identifier: MIT OR Apache-2.0
// The few inner loops of the GF(2^16) code. The code is written once over this vocabulary; an instruction set
// is one file here, compiled with its own flags, and dispatch.cc picks among them.
//
// Rows of working memory hold words in tower form (tower.h), in groups of 64 bytes: 32 low parts, then 32
// high parts. Shards of the caller hold the words of protocol section 14.1 in the same groups, the last one
// of r < 64 bytes as r/2 low and r/2 high bytes; the loops convert while they read and write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/fec/kernels/tower.h"

namespace punktfunk::fec {

inline constexpr std::size_t kGroupBytes = 64;
// The most outputs any kernel set sums at once.
inline constexpr std::size_t kMostRows = 8;

// The part of every shard that is worked on at once, so that the rows stay in the cache: `width` bytes of
// row, a multiple of kGroupBytes, for the shards' bytes from `column` on, which may end inside the last
// group.
struct Strip {
  std::size_t column;
  std::size_t width;
  std::size_t shard_bytes;
};

// Some neighbouring layers of an additive FFT (gf16_fft.h) over rows `strip.width` bytes apart.
struct Pass {
  Strip strip;
  unsigned first_layer;  // butterflies of layer d pair rows 2^d apart
  unsigned layers;       // 1 … Kernels::max_layers
  std::size_t offset;    // point of row 0
  std::size_t count;     // butterfly blocks that start at this row or behind are left alone
  // The input: shards (first_layer is 0 then; a nullptr counts as zeros, and so do those from shards_in_count
  // on), or, where shards_in is nullptr, rows.
  const std::uint8_t* const* shards_in;
  std::size_t shards_in_count;
  const std::uint8_t* rows_in;
  // The output: shards (first_layer is 0 then; those from shards_out_count on are not written), or, where
  // shards_out is nullptr, rows, which may be those of the input. With `add`, rows are added to.
  std::uint8_t* const* shards_out;
  std::size_t shards_out_count;
  std::uint8_t* rows_out;
  bool add;
};

// outputs[r] = Σ_i weights[i·rows + r] · inputs[i], whole shards.
struct Combination {
  std::size_t shard_bytes;
  std::span<const std::uint8_t* const> inputs;
  std::size_t low_inputs;  // the weights of the first so many inputs have no high part
  const TowerWord* weights;
  std::uint8_t* const* outputs;
  std::size_t rows;  // 1 … Kernels::max_rows
};

// One row times a constant: v = row + shard_in (either may be nullptr), then c·v goes to shard_out, or to
// `row` where that is nullptr.
struct Scaling {
  Strip strip;
  std::uint8_t* row;
  bool row_is_input;
  const std::uint8_t* shard_in;
  std::uint8_t* shard_out;
  TowerWord c;
};

struct Kernels {
  const char* name;
  unsigned max_layers;
  std::size_t max_rows;
  void (*inverse_pass)(const Pass&, const TowerTables&);  // y ^= x, then x ^= c·y, layers upwards
  void (*forward_pass)(const Pass&, const TowerTables&);  // x ^= c·y, then y ^= x, layers downwards
  void (*combine)(const Combination&, const TowerTables&);
  void (*scale)(const Scaling&, const TowerTables&);
  // out = Σ inputs, `bytes` (even) of whole shards, of which there is at least one
  void (*sum)(std::uint8_t* out, std::span<const std::uint8_t* const> inputs, std::size_t bytes);
  // out ^= in, `bytes` a multiple of kGroupBytes, rows only
  void (*add)(std::uint8_t* out, const std::uint8_t* in, std::size_t bytes);
};

// The kernels in use, chosen on first call: the best this CPU has, or the one PUNKTFUNK_FEC_KERNEL names
// (scalar, ssse3, avx2, avx2_gfni, avx512_gfni, neon). A name this CPU or build lacks falls back to the best.
// Thread-safe.
[[nodiscard]] const Kernels& active_kernels();

// Every set this CPU can run, the scalar reference first, the best last.
[[nodiscard]] std::span<const Kernels* const> available_kernels();

// Makes `kernels` the active one, for tests and benchmarks that compare sets. Not while another thread codes.
void use_kernels(const Kernels& kernels);

}  // namespace punktfunk::fec

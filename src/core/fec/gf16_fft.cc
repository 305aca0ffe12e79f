// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_fft.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace punktfunk::fec {
namespace {

// Layers shared out evenly over as few passes as the kernel set allows.
struct Split {
  Split(std::size_t size, const Kernels& kernels)
      : layers(static_cast<unsigned>(std::countr_zero(size))),
        passes((layers + kernels.max_layers - 1) / kernels.max_layers) {}
  // First layer of a pass; that of pass `passes` is behind the last layer.
  [[nodiscard]] unsigned first(unsigned pass) const { return layers * pass / passes; }
  unsigned layers;
  unsigned passes;
};

std::size_t round_up(std::size_t value, std::size_t power_of_two) {
  return (value + power_of_two - 1) & ~(power_of_two - 1);
}

}  // namespace

void Gf16Transform::inverse_passes(Pass pass, std::size_t used, std::uint8_t* work, std::uint8_t* out,
                                   bool add) const {
  const TowerTables& tables = TowerTables::instance();
  const Split split(size, kernels);
  pass.strip = strip;
  pass.offset = offset;
  pass.count = used;
  for (unsigned p = 0; p < split.passes; ++p) {
    const bool last = p + 1 == split.passes;
    pass.first_layer = split.first(p);
    pass.layers = split.first(p + 1) - pass.first_layer;
    pass.rows_out = last ? out : work;
    pass.add = last && add;
    if (p > 0 || pass.shards_in == nullptr) {
      // Rows that no block has written are zeros to this pass.
      const std::size_t written = p == 0 ? used : round_up(used, std::size_t{1} << pass.first_layer);
      const std::size_t read = round_up(used, std::size_t{1} << split.first(p + 1));
      std::memset(work + written * strip.width, 0, (read - written) * strip.width);
      pass.shards_in = nullptr;
      pass.rows_in = work;
    }
    kernels.inverse_pass(pass, tables);
  }
}

void Gf16Transform::inverse(std::span<const std::uint8_t* const> shards, std::uint8_t* work,
                            std::uint8_t* out, bool add) const {
  Pass pass{};
  pass.shards_in = shards.data();
  pass.shards_in_count = shards.size();
  pass.rows_in = work;
  inverse_passes(pass, shards.size(), work, out, add);
}

void Gf16Transform::inverse(std::uint8_t* rows, std::size_t used) const {
  inverse_passes(Pass{}, used, rows, rows, false);
}

void Gf16Transform::forward_passes(Pass last, std::size_t wanted, const std::uint8_t* in,
                                   std::uint8_t* work) const {
  const TowerTables& tables = TowerTables::instance();
  const Split split(size, kernels);
  last.strip = strip;
  last.offset = offset;
  last.count = wanted;
  last.rows_out = work;
  for (unsigned p = split.passes; p-- > 0;) {
    Pass pass = last;
    pass.first_layer = split.first(p);
    pass.layers = split.first(p + 1) - pass.first_layer;
    pass.rows_in = p + 1 == split.passes ? in : work;
    if (p > 0) pass.shards_out = nullptr;
    kernels.forward_pass(pass, tables);
  }
}

void Gf16Transform::forward(const std::uint8_t* in, std::uint8_t* work,
                            std::span<std::uint8_t* const> shards) const {
  Pass pass{};
  pass.shards_out = shards.data();
  pass.shards_out_count = shards.size();
  forward_passes(pass, shards.size(), in, work);
}

void Gf16Transform::forward(const std::uint8_t* in, std::uint8_t* out, std::size_t wanted) const {
  forward_passes(Pass{}, wanted, in, out);
}

void Gf16Transform::derive(std::uint8_t* rows) const {
  // In this order every row is added to the ones in front of it before it changes itself.
  for (std::size_t i = 1; i < size; ++i) {
    const std::size_t bytes = (i & (~i + 1)) * strip.width;
    std::uint8_t* const row = rows + i * strip.width;
    kernels.add(row - bytes, row, bytes);
  }
}

}  // namespace punktfunk::fec

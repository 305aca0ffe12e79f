// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_code.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/fec/gf16_choice.h"
#include "core/fec/gf16_fft.h"
#include "core/fec/gf16_field.h"
#include "core/fec/gf16_locator.h"

namespace punktfunk::fec {
namespace {

constexpr std::size_t kFieldSize = 65536;

// Whole words, and at least one.
bool is_shard_length(std::size_t bytes) { return bytes != 0 && bytes % 2 == 0; }

// Calls body(strip) for strips so wide that `rows` of them take up a good part of a second-level cache:
// narrow ones would stay in the first level, but fetch the cache lines of unaligned shards twice. An odd
// number of groups keeps rows that are a power of two apart out of each other's way in the cache.
template <class Body>
void for_each_strip(std::size_t rows, std::size_t shard_bytes, const Body& body) {
  constexpr std::size_t kCacheBytes = std::size_t{384} << 10;
  const std::size_t groups = (shard_bytes + kGroupBytes - 1) / kGroupBytes;
  const std::size_t fitting = std::max<std::size_t>(kCacheBytes / (rows * kGroupBytes), 1);
  const std::size_t most = fitting - (fitting + 1) % 2;
  const std::size_t strips = (groups + most - 1) / most;
  const std::size_t width = ((groups + strips - 1) / strips | 1) * kGroupBytes;
  for (std::size_t column = 0; column < shard_bytes; column += width) {
    body(Strip{column, std::min(width, groups * kGroupBytes - column), shard_bytes});
  }
}

std::size_t widest_strip(std::size_t rows, std::size_t shard_bytes) {
  std::size_t width = 0;
  for_each_strip(rows, shard_bytes, [&](const Strip& strip) { width = std::max(width, strip.width); });
  return width;
}

}  // namespace

struct Gf16Code::Loss {
  const Gf16Generator& generator;
  std::span<std::uint8_t* const> data;
  std::span<const std::uint8_t> present;
  std::span<const std::uint8_t* const> parity;
  std::size_t shard_bytes;
};

bool Gf16Code::supports(std::size_t k, std::size_t m) {
  if (k == 0 || k + m >= kFieldSize) return false;
  if (m == 0) return true;
  const Gf16Generator generator(k, m);
  return generator.chunk + (generator.parity_first ? k : m) <= kFieldSize;
}

std::size_t Gf16Code::scratch_bytes() const {
  return work_.capacity() + inputs_.capacity() * sizeof(inputs_[0]) +
         weights_.capacity() * sizeof(weights_[0]) +
         (missing_.capacity() + rows_.capacity()) * sizeof(std::uint32_t) +
         (missing_points_.capacity() + row_points_.capacity()) * sizeof(std::uint16_t) +
         locator_.capacity() * sizeof(locator_[0]) + cauchy_.scratch_bytes();
}

// Weighted sums
// ---------------------------------------------------------------------------------------------------

// Inputs whose weights all lie in GF(2^8) are cheaper, so those come first and the others are filled in from
// the back.
void Gf16Code::add_input(const std::uint8_t* shard, std::span<const TowerWord> weights) {
  const bool low = std::all_of(weights.begin(), weights.end(), [](TowerWord c) { return c < 0x100; });
  const std::size_t place = low ? low_inputs_++ : inputs_.size() - ++full_inputs_;
  inputs_[place] = shard;
  std::copy(weights.begin(), weights.end(),
            weights_.begin() + static_cast<std::ptrdiff_t>(place * weights.size()));
}

void Gf16Code::combine(std::span<std::uint8_t* const> outputs, std::size_t shard_bytes) {
  active_kernels().combine(
      {shard_bytes, inputs_, low_inputs_, weights_.data(), outputs.data(), outputs.size()},
      TowerTables::instance());
}

void Gf16Code::encode_direct(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                             std::span<std::uint8_t* const> parity, std::size_t shard_bytes) {
  const TowerTables& tables = TowerTables::instance();
  std::array<TowerWord, kMostRows> weights;
  const std::size_t at_once = active_kernels().max_rows;
  for (std::size_t start = 0; start < parity.size(); start += at_once) {
    const std::size_t rows = std::min(at_once, parity.size() - start);
    inputs_.resize(data.size());
    weights_.resize(data.size() * rows);
    low_inputs_ = full_inputs_ = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
      for (std::size_t r = 0; r < rows; ++r)
        weights[r] = tables.from_word(generator.coefficient(start + r, i));
      add_input(data[i], std::span(weights).first(rows));
    }
    combine(parity.subspan(start, rows), shard_bytes);
  }
}

void Gf16Code::recover_direct(const Loss& loss) {
  const Gf16Generator& generator = loss.generator;
  const Gf16Field& field = Gf16Field::instance();
  const TowerTables& tables = TowerTables::instance();
  const std::size_t e = missing_.size();
  missing_points_.resize(e);
  row_points_.resize(e);
  for (std::size_t n = 0; n < e; ++n) {
    missing_points_[n] = generator.data_point(missing_[n]);
    row_points_[n] = generator.parity_point(rows_[n]);
  }
  cauchy_.prepare(row_points_, missing_points_);

  std::array<TowerWord, kMostRows> weights;
  std::array<std::uint8_t*, kMostRows> outputs;
  const std::size_t at_once = active_kernels().max_rows;
  for (std::size_t start = 0; start < e; start += at_once) {
    const std::size_t rows = std::min(at_once, e - start);
    inputs_.resize(loss.data.size());
    weights_.resize(loss.data.size() * rows);
    low_inputs_ = full_inputs_ = 0;
    // The scale of the generator: a data shard's own (form A) comes in when it is read and goes when it is
    // rebuilt, a parity shard's (form B) goes when it is read.
    const auto add_shard = [&](const std::uint8_t* shard, std::uint32_t log_of_point, std::uint16_t point) {
      for (std::size_t r = 0; r < rows; ++r) {
        std::uint32_t log = cauchy_.weight(log_of_point, point, start + r);
        if (generator.parity_first) {
          log += Gf16Field::kOrder - field.log(generator.scale(0, missing_[start + r]));
        }
        weights[r] = tables.from_word(field.exp(log));
      }
      add_input(shard, std::span(weights).first(rows));
    };
    for (std::size_t i = 0; i < loss.data.size(); ++i) {
      if (loss.present[i] == 0) continue;
      std::uint32_t log = cauchy_.known(generator.data_point(i));
      if (generator.parity_first) log += field.log(generator.scale(0, i));
      add_shard(loss.data[i], log, generator.data_point(i));
    }
    for (std::size_t a = 0; a < e; ++a) {
      std::uint32_t log = cauchy_.parity(a);
      if (!generator.parity_first) log += Gf16Field::kOrder - field.log(generator.scale(rows_[a], 0));
      add_shard(loss.parity[rows_[a]], log, row_points_[a]);
    }
    for (std::size_t r = 0; r < rows; ++r) outputs[r] = loss.data[missing_[start + r]];
    combine(std::span(outputs).first(rows), loss.shard_bytes);
  }
}

// Transforms
// ------------------------------------------------------------------------------------------------------

// Form A: each chunk of data determines a polynomial; the coefficients of their sum.
void Gf16Code::sum_of_chunks(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                             const Strip& strip, std::uint8_t* sum, std::uint8_t* part) const {
  const std::size_t chunk = generator.chunk;
  for (std::size_t start = 0; start < data.size(); start += chunk) {
    const Gf16Transform transform{active_kernels(), strip, chunk, chunk + start};
    const auto shards = data.subspan(start, std::min(chunk, data.size() - start));
    transform.inverse(shards, start == 0 ? sum : part, sum, start != 0);
  }
}

void Gf16Code::encode_transform(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                                std::span<std::uint8_t* const> parity, std::size_t shard_bytes) {
  const std::size_t chunk = generator.chunk;
  const std::size_t m = parity.size();
  const Kernels& kernels = active_kernels();
  std::uint8_t* const sum = work_.ensure(2 * chunk * widest_strip(2 * chunk, shard_bytes));
  for_each_strip(2 * chunk, shard_bytes, [&](const Strip& strip) {
    std::uint8_t* const part = sum + chunk * strip.width;
    if (generator.parity_first) {
      // The sum, taken at the points from 0 on, is the parity.
      sum_of_chunks(generator, data, strip, sum, part);
      Gf16Transform{kernels, strip, chunk, 0}.forward(sum, sum, parity);
      return;
    }
    // The data determines one polynomial, which is taken at the points of each chunk of parity.
    Gf16Transform{kernels, strip, chunk, 0}.inverse(data, sum, sum, false);
    for (std::size_t start = 0; start < m; start += chunk) {
      Gf16Transform{kernels, strip, chunk, chunk + start}.forward(
          sum, part, parity.subspan(start, std::min(chunk, m - start)));
    }
  });
}

// Form A with many shards missing. What the received parity x has that the known data does not explain is
//   S(x) = Σ s_i·d_i / (x + y_i) = N(x) / Λ(x)
// over the missing points y_i, with Λ vanishing there and N of lower degree. Let Ψ vanish at the points of
// the first chunk whose parity is not used: N·Ψ is known on that whole chunk, namely S·Λ·Ψ or zero, and has a
// degree below its size. One inverse transform gives its coefficients, a forward one its values at any other
// chunk, and there s_i·d_i = N(y_i) / Λ'(y_i). The locator of all erased points is Λ·Ψ, without the factor
// that would vanish.
void Gf16Code::recover_parity_first(const Loss& loss) {
  const Gf16Generator& generator = loss.generator;
  const Gf16Field& field = Gf16Field::instance();
  const TowerTables& tables = TowerTables::instance();
  const Kernels& kernels = active_kernels();
  const std::size_t chunk = generator.chunk;
  const std::size_t k = loss.data.size();

  locator_.assign(std::bit_ceil(chunk + k), 0);
  std::fill_n(locator_.begin(), chunk, 1);
  for (const std::uint32_t j : rows_) locator_[j] = 0;
  for (const std::uint32_t i : missing_) locator_[chunk + i] = 1;
  locate_erasures(locator_);

  inputs_.resize(k);
  for (std::size_t i = 0; i < k; ++i) inputs_[i] = loss.present[i] != 0 ? loss.data[i] : nullptr;
  std::uint8_t* const sum = work_.ensure(2 * chunk * widest_strip(2 * chunk, loss.shard_bytes));
  for_each_strip(2 * chunk, loss.shard_bytes, [&](const Strip& strip) {
    const std::size_t width = strip.width;
    std::uint8_t* const part = sum + chunk * width;
    sum_of_chunks(generator, inputs_, strip, sum, part);
    const Gf16Transform base{kernels, strip, chunk, 0};
    base.forward(sum, sum, rows_.back() + 1);
    std::size_t next = 0;
    for (const std::uint32_t j : rows_) {
      std::memset(sum + next * width, 0, (j - next) * width);
      const TowerWord c = tables.from_word(field.exp(static_cast<std::uint32_t>(locator_[j])));
      kernels.scale({strip, sum + j * width, true, loss.parity[j], nullptr, c}, tables);
      next = j + 1;
    }
    base.inverse(sum, next);

    for (std::size_t n = 0; n < missing_.size();) {
      const std::size_t start = missing_[n] / chunk * chunk;
      std::size_t end = n;
      while (end < missing_.size() && missing_[end] < start + chunk) ++end;
      Gf16Transform{kernels, strip, chunk, chunk + start}.forward(sum, part, missing_[end - 1] - start + 1);
      for (; n < end; ++n) {
        const std::uint32_t i = missing_[n];
        const std::uint32_t log = 2 * Gf16Field::kOrder - static_cast<std::uint32_t>(locator_[chunk + i]) -
                                  field.log(generator.scale(0, i));
        const TowerWord c = tables.from_word(field.exp(log % Gf16Field::kOrder));
        kernels.scale({strip, part + (i - start) * width, true, nullptr, loss.data[i], c}, tables);
      }
    }
  });
}

// Form B with many shards missing: data and parity are the values of one polynomial f of a degree below the
// chunk. With Λ vanishing at every point not received, f·Λ is known everywhere, and (f·Λ)' = f·Λ' where Λ
// vanishes.
void Gf16Code::recover_data_first(const Loss& loss) {
  const Gf16Field& field = Gf16Field::instance();
  const TowerTables& tables = TowerTables::instance();
  const Kernels& kernels = active_kernels();
  const std::size_t chunk = loss.generator.chunk;
  const std::size_t k = loss.data.size();
  const std::size_t used = chunk + rows_.back() + 1;
  const std::size_t size = std::bit_ceil(used);

  locator_.assign(size, 0);
  std::fill(locator_.begin() + static_cast<std::ptrdiff_t>(chunk), locator_.end(), 1);
  for (const std::uint32_t i : missing_) locator_[i] = 1;
  for (const std::uint32_t j : rows_) locator_[chunk + j] = 0;
  locate_erasures(locator_);
  const auto factor = [&](std::size_t point) {
    return tables.from_word(field.exp(static_cast<std::uint32_t>(locator_[point])));
  };

  std::uint8_t* const rows = work_.ensure(size * widest_strip(size, loss.shard_bytes));
  for_each_strip(size, loss.shard_bytes, [&](const Strip& strip) {
    const std::size_t width = strip.width;
    std::memset(rows, 0, used * width);
    for (std::size_t i = 0; i < k; ++i) {
      if (loss.present[i] == 0) continue;
      kernels.scale({strip, rows + i * width, false, loss.data[i], nullptr, factor(i)}, tables);
    }
    for (const std::uint32_t j : rows_) {
      kernels.scale({strip, rows + (chunk + j) * width, false, loss.parity[j], nullptr, factor(chunk + j)},
                    tables);
    }
    const Gf16Transform transform{kernels, strip, size, 0};
    transform.inverse(rows, used);
    transform.derive(rows);
    transform.forward(rows, rows, missing_.back() + 1);
    for (const std::uint32_t i : missing_) {
      const std::uint32_t log = Gf16Field::kOrder - static_cast<std::uint32_t>(locator_[i]);
      const TowerWord c = tables.from_word(field.exp(log));
      kernels.scale({strip, rows + i * width, true, nullptr, loss.data[i], c}, tables);
    }
  });
}

// Entry points
// ----------------------------------------------------------------------------------------------------

bool Gf16Code::encode(std::span<const std::uint8_t* const> data, std::span<std::uint8_t* const> parity,
                      std::size_t shard_bytes) {
  if (!supports(data.size(), parity.size()) || !is_shard_length(shard_bytes)) return false;
  if (parity.empty()) return true;
  const Gf16Generator generator(data.size(), parity.size());
  const bool transform =
      method_ == Method::chosen ? prefers_transform_encode(parity.size()) : method_ == Method::transform;
  if (transform && generator.chunk > 1) {
    encode_transform(generator, data, parity, shard_bytes);
  } else {
    encode_direct(generator, data, parity, shard_bytes);
  }
  return true;
}

bool Gf16Code::recover(std::span<std::uint8_t* const> data, std::span<const std::uint8_t> data_present,
                       std::span<const std::uint8_t* const> parity, std::size_t shard_bytes) {
  const std::size_t k = data.size();
  const std::size_t m = parity.size();
  if (!supports(k, m) || !is_shard_length(shard_bytes) || data_present.size() != k) return false;

  const auto lost = static_cast<std::size_t>(std::count(data_present.begin(), data_present.end(), 0));
  if (lost == 0) return true;
  const auto received = m - static_cast<std::size_t>(std::count(parity.begin(), parity.end(), nullptr));
  if (received < lost) return false;
  missing_.resize(lost);
  rows_.resize(lost);
  std::size_t n = 0;
  for (std::uint32_t i = 0; n < lost; ++i) {
    if (data_present[i] == 0) missing_[n++] = i;
  }
  n = 0;
  for (std::uint32_t j = 0; n < lost; ++j) {
    if (parity[j] != nullptr) rows_[n++] = j;
  }

  const Gf16Generator generator(k, m);
  const Loss loss{generator, data, data_present, parity, shard_bytes};
  const bool transform = method_ == Method::chosen ? prefers_transform_recover(generator, k, m, lost)
                                                   : method_ == Method::transform;
  if (!transform || generator.chunk == 1) {
    recover_direct(loss);
  } else if (generator.parity_first) {
    recover_parity_first(loss);
  } else {
    recover_data_first(loss);
  }
  return true;
}

}  // namespace punktfunk::fec

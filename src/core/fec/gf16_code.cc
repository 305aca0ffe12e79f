// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_code.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/fec/gf16_choice.h"
#include "core/fec/gf16_fft.h"
#include "core/fec/gf16_field.h"
#include "core/fec/gf16_locator.h"
#include "core/fec/gf16_strips.h"

namespace punktfunk::fec {
namespace {

constexpr std::size_t kFieldSize = 65536;

// Whole words, and at least one.
bool is_shard_length(std::size_t bytes) { return bytes != 0 && bytes % 2 == 0; }

}  // namespace

bool Gf16Code::supports(std::size_t k, std::size_t m) {
  if (k == 0 || k + m >= kFieldSize) return false;
  if (m == 0) return true;
  const Gf16Generator generator(k, m);
  return generator.chunk + (generator.parity_first ? k : m) <= kFieldSize;
}

std::size_t Gf16Code::scratch_bytes() const {
  return work_.capacity() + inputs_.capacity() * sizeof(inputs_[0]) +
         weights_.capacity() * sizeof(weights_[0]) +
         (order_.capacity() + missing_.capacity() + rows_.capacity() + missing_points_.capacity() +
          row_points_.capacity()) *
             sizeof(std::uint16_t) +
         locator_.capacity() * sizeof(locator_[0]) + cauchy_.scratch_bytes();
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
  std::uint8_t* const sum = work_.ensure(strip_bytes(2 * chunk, shard_bytes));
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
  std::uint8_t* const sum = work_.ensure(strip_bytes(2 * chunk, loss.shard_bytes));
  for_each_strip(2 * chunk, loss.shard_bytes, [&](const Strip& strip) {
    const std::size_t width = strip.width;
    std::uint8_t* const part = sum + chunk * width;
    sum_of_chunks(generator, inputs_, strip, sum, part);
    const Gf16Transform base{kernels, strip, chunk, 0};
    base.forward(sum, sum, std::size_t{rows_.back()} + 1);
    std::size_t next = 0;
    for (const std::uint32_t j : rows_) {
      std::memset(sum + next * width, 0, (j - next) * width);
      const TowerWord c = tables.from_word(field.exp(static_cast<std::uint32_t>(locator_[j])));
      kernels.scale({strip, sum + j * width, true, loss.parity[j], nullptr, c}, tables);
      next = std::size_t{j} + 1;
    }
    base.inverse(sum, next);

    for (std::size_t n = 0; n < missing_.size();) {
      const std::size_t start = missing_[n] / chunk * chunk;
      std::size_t end = n;
      while (end < missing_.size() && missing_[end] < start + chunk) ++end;
      Gf16Transform{kernels, strip, chunk, chunk + start}.forward(sum, part,
                                                                  std::size_t{missing_[end - 1]} - start + 1);
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

  // As large for every loss, so that its tables are those of the shape.
  locator_.assign(std::bit_ceil(chunk + loss.parity.size()), 0);
  std::fill_n(locator_.begin() + static_cast<std::ptrdiff_t>(chunk), size - chunk, 1);
  for (const std::uint32_t i : missing_) locator_[i] = 1;
  for (const std::uint32_t j : rows_) locator_[chunk + j] = 0;
  locate_erasures(locator_);
  const auto factor = [&](std::size_t point) {
    return tables.from_word(field.exp(static_cast<std::uint32_t>(locator_[point])));
  };

  std::uint8_t* const rows = work_.ensure(strip_bytes(size, loss.shard_bytes));
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
    transform.forward(rows, rows, std::size_t{missing_.back()} + 1);
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
  // With one shard on either side all coefficients are 1.
  if (method_ == Method::chosen && data.size() == 1) {
    for (std::uint8_t* const shard : parity) std::memcpy(shard, data[0], shard_bytes);
    return true;
  }
  if (method_ == Method::chosen && parity.size() == 1) {
    active_kernels().sum(parity[0], data, shard_bytes);
    return true;
  }
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

// What the heaviest loss of such a block takes, so that the next one finds it there.
void Gf16Code::reserve(const Gf16Generator& generator, std::size_t k, std::size_t m,
                       std::size_t shard_bytes) {
  const std::size_t worst = std::min(k, m);
  inputs_.reserve(k);
  order_.reserve(k);
  weights_.reserve(k * std::min(worst, active_kernels().max_rows));
  missing_points_.reserve(worst);
  row_points_.reserve(worst);
  cauchy_.reserve(worst);
  if (generator.chunk == 1) return;
  const std::size_t points = std::bit_ceil(generator.chunk + (generator.parity_first ? k : m));
  if (locator_.capacity() < points) {
    locator_.reserve(points);
    prepare_locators(points);
  }
  (void)work_.ensure(strip_bytes(generator.parity_first ? 2 * generator.chunk : points, shard_bytes));
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
  missing_.reserve(std::min(k, m));
  rows_.reserve(std::min(k, m));
  missing_.resize(lost);
  rows_.resize(lost);
  std::size_t n = 0;
  for (std::size_t i = 0; n < lost; ++i) {
    if (data_present[i] == 0) missing_[n++] = static_cast<std::uint16_t>(i);
  }
  n = 0;
  for (std::size_t j = 0; n < lost; ++j) {
    if (parity[j] != nullptr) rows_[n++] = static_cast<std::uint16_t>(j);
  }

  if (method_ == Method::chosen && k == 1) {
    std::memcpy(data[0], parity[rows_[0]], shard_bytes);
    return true;
  }
  if (method_ == Method::chosen && m == 1) {
    inputs_.assign(data.begin(), data.end());
    inputs_[missing_[0]] = parity[0];
    active_kernels().sum(data[missing_[0]], inputs_, shard_bytes);
    return true;
  }
  const Gf16Generator generator(k, m);
  reserve(generator, k, m, shard_bytes);
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

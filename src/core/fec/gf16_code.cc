// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_code.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "core/fec/cauchy.h"
#include "core/fec/gf16_fft.h"
#include "core/fec/gf16_field.h"
#include "core/fec/gf16_generator.h"
#include "core/fec/kernels/kernels.h"

namespace punktfunk::fec {
namespace {

constexpr std::size_t kFieldSize = 65536;

// Whole words, and at least one.
bool is_shard_length(std::size_t bytes) { return bytes != 0 && bytes % 2 == 0; }

std::size_t round_to_line(std::size_t bytes) {
  return (bytes + AlignedBuffer::kAlignment - 1) / AlignedBuffer::kAlignment * AlignedBuffer::kAlignment;
}

// Copies a shard into a row; a missing one counts as zeros.
void load_row(std::uint8_t* row, const std::uint8_t* shard, std::size_t bytes) {
  if (shard != nullptr) {
    std::memcpy(row, shard, bytes);
  } else {
    std::memset(row, 0, bytes);
  }
}

// Whether an FFT encode is faster than k·rows multiplications (encode: rows = m; recover: rows = shards
// missing). A butterfly takes about as long as a multiplication, since both also build a table, and moving a
// shard in and out about a quarter. On an AVX2 server CPU with 1408-byte shards that puts the crossover for
// encoding at m = 2.
bool prefers_fft(const Gf16Generator& generator, std::size_t k, std::size_t m, std::size_t rows) {
  const std::size_t larger = generator.parity_first ? k : m;
  const std::size_t transforms = (larger + generator.chunk - 1) / generator.chunk + 1;
  const auto layers = static_cast<std::size_t>(std::countr_zero(generator.chunk));
  const std::size_t butterflies = transforms * layers * generator.chunk / 2;
  return rows > 1 && k * rows > butterflies + (k + m) / 4;
}

}  // namespace

bool Gf16Code::supports(std::size_t k, std::size_t m) {
  if (k == 0 || k + m >= kFieldSize) return false;
  if (m == 0) return true;
  const Gf16Generator generator(k, m);
  return generator.chunk + (generator.parity_first ? k : m) <= kFieldSize;
}

void Gf16Code::encode_direct(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                             std::span<std::uint8_t* const> parity, std::size_t shard_bytes) {
  const Kernels& kernels = active_kernels();
  for (std::uint8_t* const shard : parity) std::memset(shard, 0, shard_bytes);
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (data[i] == nullptr) continue;
    for (std::size_t j = 0; j < parity.size(); ++j) {
      const std::uint16_t c = generator.coefficient(j, i);
      if (c == 1) {
        kernels.add(parity[j], data[i], shard_bytes);
      } else {
        kernels.gf16_multiply_add(parity[j], data[i], make_tables(c), shard_bytes);
      }
    }
  }
}

void Gf16Code::encode_fft(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                          std::span<std::uint8_t* const> parity, std::size_t shard_bytes) {
  const std::size_t k = data.size();
  const std::size_t m = parity.size();
  const std::size_t chunk = generator.chunk;
  const Kernels& kernels = active_kernels();
  const std::size_t stride = round_to_line(shard_bytes);
  const ShardRows sum{work_.ensure(2 * chunk * stride), stride, shard_bytes};
  const ShardRows part = sum.from(chunk);

  if (generator.parity_first) {
    // Each chunk of data determines a polynomial; their sum, taken at the points from 0 on, is the parity.
    for (std::size_t start = 0; start < k; start += chunk) {
      const ShardRows& rows = start == 0 ? sum : part;
      const std::size_t used = std::min(chunk, k - start);
      for (std::size_t i = 0; i < chunk; ++i)
        load_row(rows[i], i < used ? data[start + i] : nullptr, shard_bytes);
      gf16_inverse_fft(rows, chunk, used, chunk + start, kernels);
      if (start == 0) continue;
      for (std::size_t i = 0; i < chunk; ++i) kernels.add(sum[i], part[i], shard_bytes);
    }
    gf16_fft(sum, chunk, m, 0, kernels);
    for (std::size_t j = 0; j < m; ++j) std::memcpy(parity[j], sum[j], shard_bytes);
    return;
  }

  // The data determines one polynomial, which is taken at the points of each chunk of parity.
  for (std::size_t i = 0; i < chunk; ++i) load_row(sum[i], i < k ? data[i] : nullptr, shard_bytes);
  gf16_inverse_fft(sum, chunk, k, 0, kernels);
  for (std::size_t start = 0; start < m; start += chunk) {
    const std::size_t wanted = std::min(chunk, m - start);
    for (std::size_t i = 0; i < chunk; ++i) std::memcpy(part[i], sum[i], shard_bytes);
    gf16_fft(part, chunk, wanted, chunk + start, kernels);
    for (std::size_t j = 0; j < wanted; ++j) std::memcpy(parity[start + j], part[j], shard_bytes);
  }
}

bool Gf16Code::encode(std::span<const std::uint8_t* const> data, std::span<std::uint8_t* const> parity,
                      std::size_t shard_bytes) {
  if (!supports(data.size(), parity.size()) || !is_shard_length(shard_bytes)) return false;
  if (parity.empty()) return true;
  const Gf16Generator generator(data.size(), parity.size());
  if (prefers_fft(generator, data.size(), parity.size(), parity.size())) {
    encode_fft(generator, data, parity, shard_bytes);
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

  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < k; ++i) {
    if (data_present[i] == 0) missing.push_back(i);
  }
  const std::size_t e = missing.size();
  if (e == 0) return true;
  std::vector<std::size_t> rows;
  for (std::size_t j = 0; j < m && rows.size() < e; ++j) {
    if (parity[j] != nullptr) rows.push_back(j);
  }
  if (rows.size() < e) return false;

  // What the known data contributes to the parity rows in use, added to what was received, leaves what the
  // missing data contributed.
  const Gf16Generator generator(k, m);
  const Kernels& kernels = active_kernels();
  const std::size_t stride = round_to_line(shard_bytes);
  const std::size_t outputs = rows.back() + 1;
  const bool fft = prefers_fft(generator, k, m, e);
  ShardRows left{rest_.ensure((fft ? outputs : e) * stride), stride, shard_bytes};
  std::vector<std::uint8_t*> left_row(e);
  if (fft) {
    std::vector<const std::uint8_t*> known(k);
    for (std::size_t i = 0; i < k; ++i) known[i] = data_present[i] != 0 ? data[i] : nullptr;
    std::vector<std::uint8_t*> encoded(outputs);
    for (std::size_t j = 0; j < outputs; ++j) encoded[j] = left[j];
    encode_fft(generator, known, encoded, shard_bytes);
    for (std::size_t a = 0; a < e; ++a) {
      left_row[a] = left[rows[a]];
      kernels.add(left_row[a], parity[rows[a]], shard_bytes);
    }
  } else {
    for (std::size_t a = 0; a < e; ++a) {
      left_row[a] = left[a];
      std::memcpy(left_row[a], parity[rows[a]], shard_bytes);
    }
    for (std::size_t i = 0; i < k; ++i) {
      if (data_present[i] == 0) continue;
      for (std::size_t a = 0; a < e; ++a) {
        kernels.gf16_multiply_add(left_row[a], data[i], make_tables(generator.coefficient(rows[a], i)),
                                  shard_bytes);
      }
    }
  }

  std::vector<std::uint16_t> x(e);
  std::vector<std::uint16_t> y(e);
  for (std::size_t n = 0; n < e; ++n) {
    x[n] = generator.parity_point(rows[n]);
    y[n] = generator.data_point(missing[n]);
  }
  const Gf16Field& field = Gf16Field::instance();
  const CauchyInverse inverse(x, y, field.log_table(), Gf16Field::kOrder);
  for (std::size_t b = 0; b < e; ++b) {
    std::uint8_t* const out = data[missing[b]];
    std::memset(out, 0, shard_bytes);
    for (std::size_t a = 0; a < e; ++a) {
      const std::uint16_t c =
          field.divide(field.exp(inverse.log_at(b, a)), generator.scale(rows[a], missing[b]));
      kernels.gf16_multiply_add(out, left_row[a], make_tables(c), shard_bytes);
    }
  }
  return true;
}

}  // namespace punktfunk::fec

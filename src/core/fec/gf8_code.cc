// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf8_code.h"

#include <array>
#include <cstring>
#include <vector>

#include "core/fec/cauchy.h"
#include "core/fec/kernels/kernels.h"
#include "core/fec/parity.h"

namespace punktfunk::fec {
namespace {

// GF(2)[x] / (x^8 + x^4 + x^3 + x^2 + 1), section 14.2.
constexpr std::uint32_t kPolynomial = 0x11D;
constexpr std::uint32_t kOrder = 255;

struct Field {
  std::array<std::uint16_t, 256> log{};  // 16 bits wide to suit CauchyInverse
  std::array<std::uint8_t, 2 * kOrder> exp{};

  Field() {
    std::uint32_t power = 1;
    for (std::uint32_t i = 0; i < kOrder; ++i) {
      log[power] = static_cast<std::uint16_t>(i);
      exp[i] = exp[i + kOrder] = static_cast<std::uint8_t>(power);
      power <<= 1;
      if (power > kOrder) power ^= kPolynomial;
    }
  }
};

const Field& field() {
  static const Field instance;
  return instance;
}

// Tables for multiplication by every element, by its logarithm 0 … 254: 8 KiB, which the first-level cache
// keeps.
const Gf8Tables& tables_for(std::uint32_t log_c) {
  static const std::array<Gf8Tables, kOrder> all = [] {
    const Field& f = field();
    std::array<Gf8Tables, kOrder> tables{};
    for (std::uint32_t log = 0; log < kOrder; ++log) {
      for (std::size_t nibble = 0; nibble < 2; ++nibble) {
        for (std::size_t value = 1; value < 16; ++value) {
          tables[log].product[nibble][value] = f.exp[log + f.log[value << (4 * nibble)]];
        }
      }
    }
    return tables;
  }();
  return all[log_c];
}

// Logarithm of G[j][i] = 1 / ((m + i) XOR j).
std::uint32_t log_coefficient(std::size_t m, std::size_t j, std::size_t i) {
  return (kOrder - field().log[(m + i) ^ j]) % kOrder;
}

}  // namespace

bool Gf8Code::supports(std::size_t k, std::size_t m) {
  return k > 0 && k + m <= max_block_shards(Scheme::gf8);
}

bool Gf8Code::encode(std::span<const std::uint8_t* const> data, std::span<std::uint8_t* const> parity,
                     std::size_t shard_bytes) {
  const std::size_t m = parity.size();
  if (!supports(data.size(), m) || shard_bytes == 0) return false;
  const Kernels& kernels = active_kernels();
  for (std::uint8_t* const shard : parity) std::memset(shard, 0, shard_bytes);
  for (std::size_t i = 0; i < data.size(); ++i) {
    for (std::size_t j = 0; j < m; ++j) {
      kernels.gf8_multiply_add(parity[j], data[i], tables_for(log_coefficient(m, j, i)), shard_bytes);
    }
  }
  return true;
}

bool Gf8Code::recover(std::span<std::uint8_t* const> data, std::span<const std::uint8_t> data_present,
                      std::span<const std::uint8_t* const> parity, std::size_t shard_bytes) {
  const std::size_t k = data.size();
  const std::size_t m = parity.size();
  if (!supports(k, m) || shard_bytes == 0 || data_present.size() != k) return false;

  std::vector<std::uint16_t> missing;
  for (std::size_t i = 0; i < k; ++i) {
    if (data_present[i] == 0) missing.push_back(static_cast<std::uint16_t>(i));
  }
  const std::size_t e = missing.size();
  if (e == 0) return true;
  std::vector<std::uint16_t> rows;
  for (std::size_t j = 0; j < m && rows.size() < e; ++j) {
    if (parity[j] != nullptr) rows.push_back(static_cast<std::uint16_t>(j));
  }
  if (rows.size() < e) return false;

  // What was received less what the known data contributed is what the missing data contributed.
  const Kernels& kernels = active_kernels();
  std::uint8_t* const rest = rest_.ensure(e * shard_bytes);
  for (std::size_t a = 0; a < e; ++a) std::memcpy(rest + a * shard_bytes, parity[rows[a]], shard_bytes);
  for (std::size_t i = 0; i < k; ++i) {
    if (data_present[i] == 0) continue;
    for (std::size_t a = 0; a < e; ++a) {
      kernels.gf8_multiply_add(rest + a * shard_bytes, data[i], tables_for(log_coefficient(m, rows[a], i)),
                               shard_bytes);
    }
  }

  // Row j stands for the point j, column i for the point m + i.
  std::vector<std::uint16_t> columns(e);
  for (std::size_t b = 0; b < e; ++b) columns[b] = static_cast<std::uint16_t>(m + missing[b]);
  const CauchyInverse inverse(rows, columns, field().log.data(), kOrder);
  for (std::size_t b = 0; b < e; ++b) {
    std::uint8_t* const out = data[missing[b]];
    std::memset(out, 0, shard_bytes);
    for (std::size_t a = 0; a < e; ++a) {
      kernels.gf8_multiply_add(out, rest + a * shard_bytes, tables_for(inverse.log_at(b, a)), shard_bytes);
    }
  }
  return true;
}

}  // namespace punktfunk::fec

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf8_code.h"

#include <isa-l/erasure_code.h>

#include <algorithm>
#include <array>

#include "core/fec/parity.h"

namespace punktfunk::fec {
namespace {

// GF(2)[x] / (x^8 + x^4 + x^3 + x^2 + 1), section 14.2; also ISA-L's field.
constexpr std::uint32_t kPolynomial = 0x11D;
constexpr unsigned kBits = 8;
constexpr std::uint32_t kOrder = 255;
constexpr std::size_t kTableBytes = 32;  // of ISA-L, for one weight

struct Field {
  std::array<std::uint16_t, 256> log{};        // 16 bits wide to suit CauchyWeights
  std::array<std::uint8_t, kOrder + 1> exp{};  // the last is the first again

  Field() {
    std::uint32_t power = 1;
    for (std::uint32_t i = 0; i < kOrder; ++i) {
      log[power] = static_cast<std::uint16_t>(i);
      exp[i] = static_cast<std::uint8_t>(power);
      power <<= 1;
      if (power > kOrder) power ^= kPolynomial;
    }
    exp[kOrder] = exp[0];
  }
};

const Field& field() {
  static const Field instance;
  return instance;
}

// ISA-L returns with the upper halves of the vector registers in use. On many CPUs all code for SSE, most of
// this program, is then several times slower until something clears them.
void clear_upper_halves() {
#if defined(PUNKTFUNK_FEC_X86)
  static const bool has_them = __builtin_cpu_supports("avx") != 0;
  if (has_them) asm volatile("vzeroupper" : : : "memory");
#endif
}

}  // namespace

Gf8Code::Gf8Code() : cauchy_(field().log.data(), kBits) {}

bool Gf8Code::supports(std::size_t k, std::size_t m) {
  return k > 0 && k + m <= max_block_shards(Scheme::gf8);
}

// outputs_ = weights in tables_ × inputs_
void Gf8Code::multiply(std::size_t shard_bytes) {
  ec_encode_data(static_cast<int>(shard_bytes), static_cast<int>(inputs_.size()),
                 static_cast<int>(outputs_.size()), tables_.data(), inputs_.data(), outputs_.data());
  clear_upper_halves();
}

bool Gf8Code::encode(std::span<const std::uint8_t* const> data, std::span<std::uint8_t* const> parity,
                     std::size_t shard_bytes) {
  const std::size_t k = data.size();
  const std::size_t m = parity.size();
  if (!supports(k, m) || shard_bytes == 0) return false;
  if (m == 0) return true;
  inputs_.resize(k);
  for (std::size_t i = 0; i < k; ++i) inputs_[i] = const_cast<std::uint8_t*>(data[i]);
  outputs_.assign(parity.begin(), parity.end());
  // Full blocks of a session all have the same shape.
  if (table_inputs_ != k || tables_.size() != m * k * kTableBytes) {
    weights_.resize(m * k);
    for (std::size_t j = 0; j < m; ++j) {
      for (std::size_t i = 0; i < k; ++i) {
        weights_[j * k + i] = field().exp[kOrder - field().log[(m + i) ^ j]];
      }
    }
    tables_.resize(m * k * kTableBytes);
    ec_init_tables(static_cast<int>(k), static_cast<int>(m), weights_.data(), tables_.data());
    table_inputs_ = k;
  }
  multiply(shard_bytes);
  return true;
}

bool Gf8Code::recover(std::span<std::uint8_t* const> data, std::span<const std::uint8_t> data_present,
                      std::span<const std::uint8_t* const> parity, std::size_t shard_bytes) {
  const std::size_t k = data.size();
  const std::size_t m = parity.size();
  if (!supports(k, m) || shard_bytes == 0 || data_present.size() != k) return false;

  // Row j stands for the point j, column i for the point m + i.
  missing_.clear();
  missing_.reserve(k);
  outputs_.clear();
  outputs_.reserve(k);
  for (std::size_t i = 0; i < k; ++i) {
    if (data_present[i] != 0) continue;
    missing_.push_back(static_cast<std::uint16_t>(m + i));
    outputs_.push_back(data[i]);
  }
  const std::size_t e = missing_.size();
  if (e == 0) return true;
  rows_.clear();
  rows_.reserve(m);
  for (std::size_t j = 0; j < m && rows_.size() < e; ++j) {
    if (parity[j] != nullptr) rows_.push_back(static_cast<std::uint16_t>(j));
  }
  if (rows_.size() < e) return false;

  // What the heaviest loss of such a block takes, so that the next one finds it there.
  const std::size_t worst = std::min(k, m);
  cauchy_.reserve(worst);
  inputs_.reserve(k);
  weights_.reserve(worst * k);
  tables_.reserve(worst * k * kTableBytes);

  cauchy_.prepare(rows_, missing_);
  inputs_.clear();
  weights_.resize(e * k);
  const auto add_shard = [&](const std::uint8_t* shard, std::uint32_t log_of_point, std::uint16_t point) {
    for (std::size_t b = 0; b < e; ++b) {
      weights_[b * k + inputs_.size()] = field().exp[cauchy_.weight(log_of_point, point, b)];
    }
    inputs_.push_back(const_cast<std::uint8_t*>(shard));
  };
  for (std::size_t i = 0; i < k; ++i) {
    const auto point = static_cast<std::uint16_t>(m + i);
    if (data_present[i] != 0) add_shard(data[i], cauchy_.known(point), point);
  }
  for (std::size_t a = 0; a < e; ++a) add_shard(parity[rows_[a]], cauchy_.parity(a), rows_[a]);
  tables_.resize(e * k * kTableBytes);
  ec_init_tables(static_cast<int>(k), static_cast<int>(e), weights_.data(), tables_.data());
  table_inputs_ = 0;
  multiply(shard_bytes);
  return true;
}

}  // namespace punktfunk::fec

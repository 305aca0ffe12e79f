// SPDX-License-Identifier: MIT OR Apache-2.0
// Encoding and recovering by weighted sums of whole shards.
#include <algorithm>
#include <array>

#include "core/fec/gf16_code.h"
#include "core/fec/gf16_field.h"

namespace punktfunk::fec {

void Gf16Code::start_inputs(std::size_t count, std::size_t rows) {
  inputs_.resize(count);
  order_.resize(count);
  weights_.resize(count * rows);
  low_inputs_ = full_inputs_ = 0;
  weighted_ = {};
}

// Inputs whose weights all lie in GF(2^8) are cheaper, so those come first and the others are filled in from
// the back.
void Gf16Code::add_input(std::uint32_t shard, std::span<const TowerWord> weights) {
  const bool low = std::all_of(weights.begin(), weights.end(), [](TowerWord c) { return c < 0x100; });
  const std::size_t place = low ? low_inputs_++ : order_.size() - ++full_inputs_;
  order_[place] = static_cast<std::uint16_t>(shard);
  std::copy(weights.begin(), weights.end(),
            weights_.begin() + static_cast<std::ptrdiff_t>(place * weights.size()));
}

void Gf16Code::combine(std::span<std::uint8_t* const> outputs, std::size_t shard_bytes) {
  active_kernels().combine(
      {shard_bytes, inputs_, low_inputs_, weights_.data(), outputs.data(), outputs.size()},
      TowerTables::instance());
}

// The weights of `rows` parity shards from `start` on.
void Gf16Code::prepare_encode(const Gf16Generator& generator, std::size_t k, std::size_t start,
                              std::size_t rows) {
  const TowerTables& tables = TowerTables::instance();
  std::array<TowerWord, kMostRows> weights;
  start_inputs(k, rows);
  for (std::uint32_t i = 0; i < k; ++i) {
    for (std::size_t r = 0; r < rows; ++r) weights[r] = tables.from_word(generator.coefficient(start + r, i));
    add_input(i, std::span(weights).first(rows));
  }
}

void Gf16Code::encode_direct(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                             std::span<std::uint8_t* const> parity, std::size_t shard_bytes) {
  const std::size_t k = data.size();
  const std::size_t m = parity.size();
  const std::size_t at_once = active_kernels().max_rows;
  const Weighted wanted{k, m, 0, {}, {}};
  inputs_.resize(k);
  for (std::size_t start = 0; start < m; start += at_once) {
    const std::size_t rows = std::min(at_once, m - start);
    if (rows < m || weighted_ != wanted) prepare_encode(generator, k, start, rows);
    for (std::size_t n = 0; n < k; ++n) inputs_[n] = data[order_[n]];
    combine(parity.subspan(start, rows), shard_bytes);
    if (rows == m) weighted_ = wanted;
  }
}

// The weights of `rows` missing shards from the `start`th on.
void Gf16Code::prepare_recover(const Loss& loss, std::size_t start, std::size_t rows) {
  const Gf16Generator& generator = loss.generator;
  const Gf16Field& field = Gf16Field::instance();
  const TowerTables& tables = TowerTables::instance();
  const auto k = static_cast<std::uint32_t>(loss.data.size());
  // The scale of the generator: a data shard's own (form A) comes in when it is read and goes when it is
  // rebuilt, a parity shard's (form B) goes when it is read. Parity shards count from k on.
  std::array<std::uint32_t, kMostRows> rebuilt{};
  for (std::size_t r = 0; r < rows; ++r) {
    if (generator.parity_first)
      rebuilt[r] = Gf16Field::kOrder - field.log(generator.scale(0, missing_[start + r]));
  }
  std::array<TowerWord, kMostRows> weights;
  start_inputs(k, rows);
  const auto add_shard = [&](std::uint32_t shard, std::uint32_t log_of_point, std::uint16_t point) {
    for (std::size_t r = 0; r < rows; ++r) {
      weights[r] = tables.from_word(field.exp(cauchy_.weight(log_of_point + rebuilt[r], point, start + r)));
    }
    add_input(shard, std::span(weights).first(rows));
  };
  for (std::uint32_t i = 0; i < k; ++i) {
    if (loss.present[i] == 0) continue;
    std::uint32_t log = cauchy_.known(generator.data_point(i));
    if (generator.parity_first) log += field.log(generator.scale(0, i));
    add_shard(i, log, generator.data_point(i));
  }
  for (std::size_t a = 0; a < rows_.size(); ++a) {
    std::uint32_t log = cauchy_.parity(a);
    if (!generator.parity_first) log += Gf16Field::kOrder - field.log(generator.scale(rows_[a], 0));
    add_shard(k + rows_[a], log, row_points_[a]);
  }
}

void Gf16Code::recover_direct(const Loss& loss) {
  const std::size_t e = missing_.size();
  const std::size_t k = loss.data.size();
  const std::size_t at_once = active_kernels().max_rows;
  Weighted wanted{k, loss.parity.size(), e, {}, {}};
  if (e <= at_once) {
    std::copy(missing_.begin(), missing_.end(), wanted.missing.begin());
    std::copy(rows_.begin(), rows_.end(), wanted.rows.begin());
  }
  const bool known = e <= at_once && weighted_ == wanted;
  if (!known) {
    missing_points_.resize(e);
    row_points_.resize(e);
    for (std::size_t n = 0; n < e; ++n) {
      missing_points_[n] = loss.generator.data_point(missing_[n]);
      row_points_[n] = loss.generator.parity_point(rows_[n]);
    }
    cauchy_.prepare(row_points_, missing_points_);
  }

  std::array<std::uint8_t*, kMostRows> outputs;
  inputs_.resize(k);
  for (std::size_t start = 0; start < e; start += at_once) {
    const std::size_t rows = std::min(at_once, e - start);
    if (!known) prepare_recover(loss, start, rows);
    for (std::size_t n = 0; n < k; ++n) {
      inputs_[n] = order_[n] < k ? loss.data[order_[n]] : loss.parity[order_[n] - k];
    }
    for (std::size_t r = 0; r < rows; ++r) outputs[r] = loss.data[missing_[start + r]];
    combine(std::span(outputs).first(rows), loss.shard_bytes);
  }
  if (e <= at_once) weighted_ = wanted;
}

}  // namespace punktfunk::fec

// SPDX-License-Identifier: MIT OR Apache-2.0
// Erasure codes: parity bytes, recovery from them, the generator matrix and the field.
#include <algorithm>
#include <cstdio>

#include "core/crypto/hash.h"
#include "core/fec/gf16_code.h"
#include "core/fec/gf16_field.h"
#include "core/fec/gf8_code.h"
#include "core/session/parity_control.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

using Shards = std::vector<Bytes>;

std::vector<const std::uint8_t*> readable(const Shards& shards) {
  std::vector<const std::uint8_t*> out;
  for (const Bytes& shard : shards) out.push_back(shard.data());
  return out;
}

std::vector<std::uint8_t*> writable(Shards& shards) {
  std::vector<std::uint8_t*> out;
  for (Bytes& shard : shards) out.push_back(shard.data());
  return out;
}

Shards read_data(const Object& in, std::size_t k, std::size_t length) {
  Shards data(k, Bytes(length));
  if (in.has("data_hex")) {
    const Json& list = in.at("data_hex");
    if (!list.is_array() || list.size() != k) throw BadVector("\"data_hex\" is no list of k shards");
    for (std::size_t i = 0; i < k; ++i) {
      const auto shard = list[i].is_string() ? from_hex(list[i].get<std::string>()) : std::nullopt;
      if (!shard || shard->size() != length)
        throw BadVector("a data shard is not shard_len bytes of hexadecimal");
      data[i] = *shard;
    }
    return data;
  }
  unsigned per_shard = 0, per_byte = 0;
  const std::string rule = in.text("data");
  if (std::sscanf(rule.c_str(), "byte b of data shard i = (%u*i + %u*b) mod 256", &per_shard, &per_byte) !=
      2) {
    throw BadVector("the data is neither listed nor \"byte b of data shard i = (X*i + Y*b) mod 256\"");
  }
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t b = 0; b < length; ++b)
      data[i][b] = static_cast<std::uint8_t>(per_shard * i + per_byte * b);
  }
  return data;
}

void expect_parity(Run& run, const Shards& parity) {
  if (run.expected.has("parity")) {
    Json hex = Json::array();
    for (const Bytes& shard : parity) hex.push_back(to_hex(shard));
    run.expect("parity", run.expected.at("parity").dump(), hex.dump());
  }
  Bytes all;
  for (const Bytes& shard : parity) append(all, shard);
  if (run.expected.has("parity_sha256")) {
    run.expect("parity_sha256", run.expected.text("parity_sha256"), to_hex(crypto::sha256(all)));
  }
  const auto expect_start = [&](const char* key, const Bytes& shard) {
    if (!run.expected.has(key)) return;
    const std::string wanted = run.expected.text(key);
    run.expect(key, wanted, to_hex(shard).substr(0, wanted.size()));
  };
  if (parity.empty()) return;
  expect_start("parity_first", parity.front());
  expect_start("parity_last", parity.back());
}

// Loses as many data shards as the parity can replace, at most 8 of them, spread over the block.
template <class Code>
void expect_recovery(Run& run, Code& code, const Shards& data, const Shards& parity, std::size_t length) {
  const std::size_t missing = std::min({data.size(), parity.size(), std::size_t{8}});
  Shards damaged = data;
  std::vector<std::uint8_t> present(data.size(), 1);
  for (std::size_t n = 0; n < missing; ++n) {
    const std::size_t at = n * data.size() / missing;
    present[at] = 0;
    std::fill(damaged[at].begin(), damaged[at].end(), std::uint8_t{0});
  }
  const bool recovered = code.recover(writable(damaged), present, readable(parity), length);
  run.expect_true("recovers " + std::to_string(missing) + " lost shards", recovered && damaged == data);
}

template <class Code>
void check_code(Run& run) {
  const std::size_t k = run.inputs.number("k", 65535);
  const std::size_t m = run.inputs.number("m", 65535);
  const std::size_t length = run.inputs.number("shard_len", 9170);
  run.expected.prose("rate");
  if (length == 0) throw BadVector("the shards are empty");
  const Shards data = read_data(run.inputs, k, length);
  Shards parity(m, Bytes(length));
  Code code;
  if (!code.encode(readable(data), writable(parity), length)) {
    throw BadVector("the code has no block of this k, m and shard_len");
  }
  expect_parity(run, parity);
  if (m > 0) expect_recovery(run, code, data, parity, length);
}

// The word 1 is the field's one, so that a single data word 1 shows its column of the matrix.
Json generator_rows(std::size_t k, std::size_t m) {
  Json rows = Json::array();
  for (std::size_t j = 0; j < m; ++j) rows.push_back(Json::array());
  fec::Gf16Code code;
  for (std::size_t i = 0; i < k; ++i) {
    Shards data(k, Bytes{0, 0});
    data[i][0] = 1;
    Shards parity(m, Bytes(2));
    if (!code.encode(readable(data), writable(parity), 2))
      throw BadVector("the code has no block of this shape");
    for (std::size_t j = 0; j < m; ++j) rows[j].push_back(load_le<std::uint16_t>(parity[j].data()));
  }
  return rows;
}

void check_generator(Run& run) {
  const Json& cases = run.inputs.at("cases");
  if (!cases.is_array()) throw BadVector("\"cases\" is no list");
  const Object rows(run.expected.at("rows"), "rows");
  for (const Json& shape : cases) {
    const auto k = shape.is_array() && shape.size() == 2 ? to_number(shape[0]) : std::nullopt;
    const auto m = k ? to_number(shape[1]) : std::nullopt;
    if (!k || !m || *k == 0 || *k > 512 || *m > 512)
      throw BadVector("a case is not [k, m] with both at most 512");
    const std::string key = "k" + std::to_string(*k) + "-m" + std::to_string(*m);
    run.expect(key, rows.at(key).dump(), generator_rows(*k, *m).dump());
  }
}

std::uint16_t word(const Json& row, std::size_t at) {
  const auto value = row.is_array() && at < row.size() ? to_number(row[at]) : std::nullopt;
  if (value) {
    if (*value <= UINT16_MAX) return static_cast<std::uint16_t>(*value);
  }
  throw BadVector("a row is no list of 16-bit words");
}

void check_field(Run& run) {
  run.inputs.prose("ops");
  const auto& field = fec::Gf16Field::instance();
  for (const char* key : {"mul", "div", "field_element_of_word"}) {
    if (!run.expected.has(key)) continue;
    for (const Json& row : run.expected.at(key)) {
      const std::string what = std::string(key) + " " + row.dump();
      const std::uint16_t a = word(row, 0);
      const std::uint16_t b = word(row, 1);
      if (std::string_view(key) == "field_element_of_word") {
        run.expect(what, b, fec::Gf16Field::element_of(a));
      } else if (std::string_view(key) == "mul") {
        run.expect(what, word(row, 2), field.multiply(a, b));
      } else {
        if (b == 0) throw BadVector("a quotient divides by zero");
        run.expect(what, word(row, 2), field.divide(a, b));
      }
    }
  }
}

void check_adaptive(Run& run) {
  if (run.inputs.has("band") && run.inputs.numbers("band") != std::vector<std::uint64_t>{5, 50}) {
    return run.skip("the host's band is fixed");
  }
  run.expect("fec_percent", run.expected.number("fec_percent"),
             media::adaptive_parity_percent(run.inputs.get<std::uint32_t>("loss_ppm")));
}

}  // namespace

void register_fec(Registry& registry) {
  registry.add("fec.gf16", "", check_code<fec::Gf16Code>);
  registry.add("fec.gf16", "fec16/generator-coefficients", check_generator);
  registry.add("fec.gf16", "fec16/field", check_field);
  registry.add("fec.gf8", "", check_code<fec::Gf8Code>);
  registry.add("fec.adaptive", "", check_adaptive);
}

}  // namespace punktfunk::vector_check

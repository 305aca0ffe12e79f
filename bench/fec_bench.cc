// SPDX-License-Identifier: MIT OR Apache-2.0
// Throughput of the erasure codes over 1408-byte shards, in bytes of data shards per second, for every kernel
// set this CPU has, beside memcpy and ISA-L. The two methods appear apart so that the choice in gf16_choice.h
// can be checked. --benchmark_format=json for machines.
#include <benchmark/benchmark.h>
#include <isa-l/erasure_code.h>

#include <cstring>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "core/fec/gf16_code.h"
#include "core/fec/gf8_code.h"
#include "core/fec/kernels/kernels.h"

namespace punktfunk::fec {
namespace {

constexpr std::size_t kShardBytes = 1408;

struct Block {
  Block(std::size_t k, std::size_t m) : bytes((k + m) * kShardBytes) {
    std::mt19937_64 random(1);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    for (std::size_t i = 0; i < k; ++i) data.push_back(bytes.data() + i * kShardBytes);
    for (std::size_t j = 0; j < m; ++j) parity.push_back(bytes.data() + (k + j) * kShardBytes);
  }
  [[nodiscard]] std::vector<const std::uint8_t*> data_views() const { return {data.begin(), data.end()}; }
  [[nodiscard]] std::vector<const std::uint8_t*> parity_views() const {
    return {parity.begin(), parity.end()};
  }

  Bytes bytes;
  std::vector<std::uint8_t*> data;
  std::vector<std::uint8_t*> parity;
};

void count_bytes(benchmark::State& state, std::size_t k) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(k * kShardBytes));
}

using Method = Gf16Code::Method;

void encode_gf16(benchmark::State& state, const Kernels* kernels, std::size_t k, std::size_t m,
                 Method method) {
  use_kernels(*kernels);
  Block block(k, m);
  const auto data = block.data_views();
  Gf16Code code;
  code.force(method);
  for (auto _ : state) {
    code.encode(data, block.parity, kShardBytes);
    benchmark::ClobberMemory();
  }
  count_bytes(state, k);
}

// Loses `lost` data shards spread over the block; all parity arrived.
template <class Code>
void recover(benchmark::State& state, const Kernels* kernels, std::size_t k, std::size_t m, std::size_t lost,
             Method method) {
  if (kernels != nullptr) use_kernels(*kernels);
  Block block(k, m);
  Code code;
  if constexpr (std::is_same_v<Code, Gf16Code>) code.force(method);
  code.encode(block.data_views(), block.parity, kShardBytes);
  std::vector<std::uint8_t> present(k, 1);
  for (std::size_t n = 0; n < lost; ++n) present[n * k / lost] = 0;
  const auto parity = block.parity_views();
  for (auto _ : state) {
    if (!code.recover(block.data, present, parity, kShardBytes)) state.SkipWithError("not recovered");
    benchmark::ClobberMemory();
  }
  count_bytes(state, k);
}

void encode_gf8(benchmark::State& state, std::size_t k, std::size_t m) {
  Block block(k, m);
  const auto data = block.data_views();
  Gf8Code code;
  for (auto _ : state) {
    code.encode(data, block.parity, kShardBytes);
    benchmark::ClobberMemory();
  }
  count_bytes(state, k);
}

// ISA-L itself with its own Cauchy matrix: what is left when our part is taken away.
void encode_isal(benchmark::State& state, std::size_t k, std::size_t m) {
  Block block(k, m);
  Bytes matrix((k + m) * k);
  Bytes tables(32 * k * m);
  const auto inputs = static_cast<int>(k);
  const auto outputs = static_cast<int>(m);
  gf_gen_cauchy1_matrix(matrix.data(), inputs + outputs, inputs);
  ec_init_tables(inputs, outputs, matrix.data() + k * k, tables.data());
  for (auto _ : state) {
    ec_encode_data(int{kShardBytes}, inputs, outputs, tables.data(), block.data.data(), block.parity.data());
    benchmark::ClobberMemory();
  }
  count_bytes(state, k);
}

// Every data shard copied once.
void copy(benchmark::State& state, std::size_t k) {
  Block block(k, k);
  for (auto _ : state) {
    for (std::size_t i = 0; i < k; ++i) std::memcpy(block.parity[i], block.data[i], kShardBytes);
    benchmark::ClobberMemory();
  }
  count_bytes(state, k);
}

void register_all() {
  const struct {
    std::size_t k, m;
  } shapes[] = {{10, 2}, {30, 6}, {40, 4}, {100, 10}, {200, 40}, {1000, 200}, {4096, 410}};
  const auto shape_name = [](std::size_t k, std::size_t m) {
    return "/" + std::to_string(k) + "+" + std::to_string(m);
  };
  for (const auto [k, m] : shapes) {
    benchmark::RegisterBenchmark(("memcpy" + shape_name(k, m)).c_str(), copy, k);
    if (k + m > 255) continue;
    benchmark::RegisterBenchmark(("isal_encode" + shape_name(k, m)).c_str(), encode_isal, k, m);
    benchmark::RegisterBenchmark(("gf8_encode" + shape_name(k, m)).c_str(), encode_gf8, k, m);
    benchmark::RegisterBenchmark(("gf8_recover_5%" + shape_name(k, m)).c_str(), recover<Gf8Code>, nullptr, k,
                                 m, (k + 19) / 20, Method::chosen);
  }
  const std::pair<const char*, Method> methods[] = {
      {"", Method::chosen}, {"_direct", Method::direct}, {"_transform", Method::transform}};
  for (const Kernels* const kernels : available_kernels()) {
    for (const auto [k, m] : shapes) {
      const std::string shape = shape_name(k, m) + "/" + kernels->name;
      for (const auto& [suffix, method] : methods) {
        if (method == Method::direct && k > 1000) continue;
        benchmark::RegisterBenchmark(("gf16_encode" + std::string(suffix) + shape).c_str(), encode_gf16,
                                     kernels, k, m, method);
        for (const std::size_t percent : {1u, 5u}) {
          const std::size_t lost = (k * percent + 99) / 100;
          const std::string name =
              "gf16_recover" + std::string(suffix) + "_" + std::to_string(percent) + "%" + shape;
          benchmark::RegisterBenchmark(name.c_str(), recover<Gf16Code>, kernels, k, m, lost, method);
        }
      }
    }
  }
}

const bool registered = (register_all(), true);

}  // namespace
}  // namespace punktfunk::fec

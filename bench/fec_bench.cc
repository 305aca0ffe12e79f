// SPDX-License-Identifier: MIT OR Apache-2.0
// Throughput of the erasure codes over 1408-byte shards, in bytes of data shards per second, for every kernel
// set this CPU has. The direct and FFT forms appear apart so that the crossover in gf16_code.cc can be
// checked.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
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

enum class Form { chosen, direct, fft };

void encode_gf16(benchmark::State& state, const Kernels* kernels, std::size_t k, std::size_t m, Form form) {
  use_kernels(*kernels);
  Block block(k, m);
  const auto data = block.data_views();
  const Gf16Generator generator(k, m);
  Gf16Code code;
  for (auto _ : state) {
    switch (form) {
      case Form::chosen:
        code.encode(data, block.parity, kShardBytes);
        break;
      case Form::direct:
        code.encode_direct(generator, data, block.parity, kShardBytes);
        break;
      case Form::fft:
        code.encode_fft(generator, data, block.parity, kShardBytes);
        break;
    }
    benchmark::ClobberMemory();
  }
  count_bytes(state, k);
}

// Loses `lost` data shards spread over the block; all parity arrived.
template <class Code>
void recover(benchmark::State& state, const Kernels* kernels, std::size_t k, std::size_t m,
             std::size_t lost) {
  use_kernels(*kernels);
  Block block(k, m);
  Code code;
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

void encode_gf8(benchmark::State& state, const Kernels* kernels, std::size_t k, std::size_t m) {
  use_kernels(*kernels);
  Block block(k, m);
  const auto data = block.data_views();
  Gf8Code code;
  for (auto _ : state) {
    code.encode(data, block.parity, kShardBytes);
    benchmark::ClobberMemory();
  }
  count_bytes(state, k);
}

void register_all() {
  const struct {
    std::size_t k, m;
  } shapes[] = {{10, 2}, {40, 4}, {100, 10}, {200, 40}, {1000, 200}, {4096, 410}};
  for (const Kernels* const kernels : available_kernels()) {
    for (const auto [k, m] : shapes) {
      const std::string shape = "/" + std::to_string(k) + "+" + std::to_string(m) + "/" + kernels->name;
      benchmark::RegisterBenchmark(("gf16_encode" + shape).c_str(), encode_gf16, kernels, k, m, Form::chosen);
      benchmark::RegisterBenchmark(("gf16_encode_fft" + shape).c_str(), encode_gf16, kernels, k, m,
                                   Form::fft);
      if (k <= 1000) {
        benchmark::RegisterBenchmark(("gf16_encode_direct" + shape).c_str(), encode_gf16, kernels, k, m,
                                     Form::direct);
      }
      for (const std::size_t percent : {1u, 5u}) {
        const std::size_t lost = (k * percent + 99) / 100;
        const std::string name = "gf16_recover_" + std::to_string(percent) + "%" + shape;
        benchmark::RegisterBenchmark(name.c_str(), recover<Gf16Code>, kernels, k, m, lost);
      }
    }
    const std::string shape = std::string("/200+40/") + kernels->name;
    benchmark::RegisterBenchmark(("gf8_encode" + shape).c_str(), encode_gf8, kernels, 200u, 40u);
    benchmark::RegisterBenchmark(("gf8_recover_5%" + shape).c_str(), recover<Gf8Code>, kernels, 200u, 40u,
                                 10u);
  }
}

const bool registered = (register_all(), true);

}  // namespace
}  // namespace punktfunk::fec

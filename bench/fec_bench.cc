// SPDX-License-Identifier: MIT OR Apache-2.0
// Throughput of the erasure codes over 1408-byte shards, in bytes of data shards per second, for every kernel
// set this CPU has, beside memcpy and ISA-L. The two methods appear apart so that the choice in gf16_choice.h
// can be checked. With --compare or --peer all codes take turns instead (fec_compare.h).
#include <benchmark/benchmark.h>
#include <isa-l/erasure_code.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "bench_main.h"
#include "core/fec/gf16_code.h"
#include "core/fec/gf16_incremental.h"
#include "core/fec/gf8_code.h"
#include "core/fec/kernels/kernels.h"
#include "fec_compare.h"

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

// What is left to do once the last data shard is there, when the others were absorbed as they came.
void finish_gf16(benchmark::State& state, std::size_t k, std::size_t m) {
  Block block(k, m);
  const auto data = block.data_views();
  Gf16IncrementalEncoder encoder;
  for (auto _ : state) {
    if (!encoder.begin(k, m, kShardBytes)) state.SkipWithError("not for this shape");
    encoder.absorb(std::span(data).first(k - 1));
    const double start = thread_seconds();
    if (!encoder.finish(data, block.parity)) state.SkipWithError("not finished");
    state.SetIterationTime(thread_seconds() - start);
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
  // Two losses in turn: the weights of the one before are of no use, as with most losses.
  std::vector<std::uint8_t> present[2];
  for (std::size_t shift : {0u, 1u}) {
    present[shift].assign(k, 1);
    for (std::size_t n = 0; n < lost; ++n) present[shift][(n * k / lost + shift) % k] = 0;
  }
  const auto parity = block.parity_views();
  std::size_t turn = 0;
  for (auto _ : state) {
    if (!code.recover(block.data, present[turn++ % 2], parity, kShardBytes))
      state.SkipWithError("not recovered");
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
  const auto shapes = usual_shapes();
  const auto shape_name = [](std::size_t k, std::size_t m) {
    return "/" + std::to_string(k) + "+" + std::to_string(m);
  };
  for (const auto [k, m] : shapes) {
    benchmark::RegisterBenchmark(("memcpy" + shape_name(k, m)).c_str(), copy, k);
    if (Gf16IncrementalEncoder().begin(k, m, kShardBytes)) {
      benchmark::RegisterBenchmark(("gf16_finish" + shape_name(k, m)).c_str(), finish_gf16, k, m)
          ->UseManualTime();
    }
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

// "200+40"
bool parse_shapes(const std::vector<std::string>& texts, std::vector<CompareOptions::Shape>& shapes) {
  for (const std::string& text : texts) {
    CompareOptions::Shape shape{};
    int end = 0;
    if (std::sscanf(text.c_str(), "%zu+%zu%n", &shape.k, &shape.m, &end) != 2 ||
        static_cast<std::size_t>(end) != text.size() || shape.m == 0 ||
        !Gf16Code::supports(shape.k, shape.m)) {
      std::fprintf(stderr, "No block has the shape %s: name it as data+parity shards, as 200+40.\n",
                   text.c_str());
      return false;
    }
    shapes.push_back(shape);
  }
  return true;
}

int run(int argc, char** argv) {
  CompareOptions options;
  bool take_turns = false;
  bool sweep = false;
  std::vector<std::string> shapes;
  std::vector<std::string> kernels;
  CLI::App app(
      "Throughput of the erasure codes. All other arguments are Google Benchmark's (--benchmark_help).");
  app.allow_extras();
  app.add_flag("--compare", take_turns,
               "All codes take turns, in one run; every figure beside the first peer's");
  app.add_option("--peer", options.peers,
                 "Compare with the code in this shared library too (bench/fec_peer.h); several may be given");
  app.add_option("--shape", shapes, "Compare: data+parity shards, as 200+40")->delimiter(',');
  app.add_flag("--sweep", sweep, "Compare: a hundred shapes from 1 to 30,000 data shards");
  app.add_option("--shard-bytes", options.shard_bytes, "Compare: lengths of the shards")
      ->delimiter(',')
      ->check(CLI::Range(2, 65534));
  app.add_option("--gap", options.gap, "Compare: bytes between the shards (46 as in datagrams)")
      ->check(CLI::Range(0, 4096));
  app.add_option("--kernel", kernels, "Compare: these kernel sets, or all (default: the active one)")
      ->delimiter(',');
  app.add_option("--seconds", options.seconds, "Compare: for each shape and job")
      ->check(CLI::Range(0.001, 60.0));
  app.add_option("--json", options.json_path, "Write the figures there as well; - prints nothing else");
  CLI11_PARSE(app, argc, argv);

  if (!take_turns && options.peers.empty()) {
    register_all();
    return bench::run_benchmarks(argc, argv);
  }
  if (!app.remaining().empty()) {
    std::fprintf(stderr, "%s: unknown option; see --help.\n", app.remaining().front().c_str());
    return 1;
  }
  if (!parse_shapes(shapes, options.shapes)) return 1;
  if (options.shapes.empty()) options.shapes = sweep ? sweep_shapes() : usual_shapes();
  if (options.shard_bytes.empty()) options.shard_bytes = {kShardBytes};
  for (const Kernels* const set : available_kernels()) {
    const bool named = kernels.empty()
                           ? set == &active_kernels()
                           : std::any_of(kernels.begin(), kernels.end(), [&](const std::string& name) {
                               return name == "all" || name == set->name;
                             });
    if (named) options.kernels.push_back(set);
  }
  if (options.kernels.empty()) {
    std::fprintf(stderr, "This CPU has none of the kernel sets named.\n");
    return 1;
  }
  return compare(options);
}

}  // namespace
}  // namespace punktfunk::fec

int main(int argc, char** argv) { return punktfunk::fec::run(argc, argv); }

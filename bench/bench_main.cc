// SPDX-License-Identifier: MIT OR Apache-2.0
#include "bench_main.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

namespace punktfunk::bench {

int run_benchmarks(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = 0; i < argc; ++i) {
    if (std::string(argv[i]) != "--json") {
      arguments.emplace_back(argv[i]);
      continue;
    }
    if (++i == argc) {
      std::fprintf(stderr, "--json: name a file, or - for standard output.\n");
      return 1;
    }
    const std::string path = argv[i];
    if (path == "-") {
      arguments.emplace_back("--benchmark_format=json");
    } else {
      arguments.push_back("--benchmark_out=" + path);
      arguments.emplace_back("--benchmark_out_format=json");
    }
  }
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace punktfunk::bench

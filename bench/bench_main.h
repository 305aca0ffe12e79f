// SPDX-License-Identifier: MIT OR Apache-2.0
// Google Benchmark's own main, with the option that all our measuring programs share.
#pragma once

namespace punktfunk::bench {

// Runs what is registered. `--json PATH` writes the figures there as well, `--json -` prints only them as
// JSON; all other arguments are Google Benchmark's. The program's exit status.
[[nodiscard]] int run_benchmarks(int argc, char** argv);

}  // namespace punktfunk::bench

// SPDX-License-Identifier: MIT OR Apache-2.0
// loss-harness: streams over simulated links that lose packets.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "apps/common/write_text.h"
#include "apps/loss_harness/loop_run.h"
#include "apps/loss_harness/options.h"
#include "apps/loss_harness/report.h"
#include "base/time.h"

namespace punktfunk::loss_harness {
namespace {

// A pattern over a stream is the same link for every scheme, and does not depend on what else is in the
// lists.
std::uint64_t seed_for(std::uint64_t seed, const std::string& pattern, const std::string& stream) {
  std::uint64_t hash = 14695981039346656037U ^ seed;  // FNV-1a
  for (const char c : pattern + "/" + stream) hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211U;
  return hash;
}

std::vector<RunSpec> specs_of(const Options& options) {
  std::vector<RunSpec> specs;
  for (const LossPattern& pattern : options.patterns) {
    for (const StreamShape& stream : options.streams) {
      RunSpec spec;
      spec.pattern = pattern;
      spec.stream = stream;
      spec.frames = options.frames;
      spec.seed = seed_for(options.seed, pattern.name, stream.name);
      spec.late = Duration(static_cast<Duration::rep>(options.late_ms * 1e6));
      for (const Scheme scheme : options.schemes) {
        spec.scheme = scheme;
        if (scheme == Scheme::none || scheme == Scheme::adaptive) {
          specs.push_back(spec);
          continue;
        }
        for (const std::uint8_t percent : options.parity_percents) {
          spec.parity_percent = percent;
          specs.push_back(spec);
        }
      }
    }
  }
  return specs;
}

// Says how far a long sweep is: on a terminal in one line that is written over, elsewhere now and then.
class Progress {
 public:
  explicit Progress(std::size_t total) : total_(total) {}

  void done(std::size_t count) {
    const TimePoint now = monotonic_now();
    if (now - last_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(5))) return;
    last_ = now;
    shown_ = true;
    std::fprintf(stderr, terminal_ ? "\r%zu of %zu streams" : "%zu of %zu streams\n", count, total_);
  }
  void end() {
    if (shown_ && terminal_) std::fprintf(stderr, "\r%40s\r", "");
  }

 private:
  const std::size_t total_;
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  TimePoint last_ = monotonic_now();
  bool shown_ = false;
};

int complain(const std::string& message) {
  std::fprintf(stderr, "loss-harness: %s\n", message.c_str());
  return static_cast<int>(ExitCode::failed);
}

int run_scenarios(const Options& options) {
  const auto rows = run_loop_scenarios();
  if (!rows) return complain(rows.error().message);
  if (options.json_file != "-") std::fputs(loop_table_of(*rows).c_str(), stdout);
  if (!options.json_file.empty()) {
    if (const auto written = write_text(options.json_file, loop_json_of(*rows)); !written)
      return complain(written.error().message);
  }
  return static_cast<int>(ExitCode::ok);
}

int run(const Options& options) {
  if (options.loop) return run_scenarios(options);
  const std::vector<RunSpec> specs = specs_of(options);
  std::vector<Row> rows;
  bool sound = true;
  Progress progress(specs.size());
  for (const RunSpec& spec : specs) {
    auto result = run_stream(spec);
    if (!result) return complain(result.error().message);
    sound = sound && result->frames_wrong == 0 && result->packets_refused() == 0;
    rows.push_back({spec, *result});
    progress.done(rows.size());
  }
  progress.end();

  if (options.json_file != "-") std::fputs(table_of(options, rows).c_str(), stdout);
  if (!options.json_file.empty()) {
    if (const auto written = write_text(options.json_file, json_of(options, rows)); !written)
      return complain(written.error().message);
  }
  if (!sound) return complain("Frames or packets came out other than they went in: this build is broken.");
  return static_cast<int>(ExitCode::ok);
}

}  // namespace
}  // namespace punktfunk::loss_harness

int main(int argc, char** argv) {
  int exit_code = 0;
  const auto options = punktfunk::loss_harness::parse_options(argc, argv, exit_code);
  return options ? punktfunk::loss_harness::run(*options) : exit_code;
}

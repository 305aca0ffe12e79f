// SPDX-License-Identifier: MIT OR Apache-2.0
// punktfunk-test-pattern: a moving picture that carries the time it was drawn and the input it received, for
// measuring and testing a stream from its decoded pictures (apps/common/clock_blocks.h).
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "test_pattern/window.h"

int main(int argc, char** argv) {
  CLI::App app("Shows a moving picture with the time and the received input written into it.");
  punktfunk::WindowOptions options;
  std::string log_path;
  app.add_option("--busy", options.busy_percent,
                 "Share of the picture with new noise in every frame, in percent")
      ->check(CLI::Range(0, 100));
  app.add_option("--log", log_path, "Write received input to this file, one line per event");
  app.add_flag("--still", options.still, "Redraw only when input arrived");
  CLI11_PARSE(app, argc, argv);

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> log;
  if (!log_path.empty()) {
    log.reset(std::fopen(log_path.c_str(), "w"));
    if (!log) {
      std::fprintf(stderr, "The input log %s cannot be written; name another file.\n", log_path.c_str());
      return 1;
    }
    options.log = log.get();
  }
  punktfunk::Window window(options);
  if (const auto result = window.run(); !result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    return 1;
  }
  return 0;
}

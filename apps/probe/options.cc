// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/probe/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "apps/common/client/mode_text.h"
#include "apps/common/paths.h"

namespace punktfunk::probe {

namespace {

// "2.5:1920x1080@60".
std::optional<Options::ModeStep> parse_mode_step(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  Options::ModeStep step;
  const char* const end = text.data() + colon;
  const auto seconds = std::from_chars(text.data(), end, step.at_seconds);
  const auto mode = apps::parse_mode(text.substr(colon + 1));
  if (seconds.ec != std::errc{} || seconds.ptr != end || !(step.at_seconds >= 0) || !mode)
    return std::nullopt;
  step.mode = *mode;
  return step;
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_code) {
  Options options;
  options.state_dir = default_state_dir("client");
  CLI::App app("Connects to a punktfunk host, receives and decodes its stream, and measures it.",
               "punktfunk-probe");
  app.footer(
      "Exit status: 0 streamed; 1 failed; 2 wrong usage; 3 host not trusted; 4 no answer or connection lost; "
      "5 refused by the "
      "host; 6 streamed, but --verify or --drive-input found an error.");
  app.add_option("--host", options.host, "IP address of the host")->capture_default_str();
  app.add_option("--port", options.port, "Its UDP port")->capture_default_str();
  app.add_option("--state-dir", options.state_dir, "Where this device's identity is kept")
      ->capture_default_str();
  app.add_option("--pin-store", options.pin_store,
                 "File of known hosts (default: hosts.json in the state directory)");
  app.add_option("--pair", options.pair_pin, "Pair first, with the PIN the host shows")
      ->check([](const std::string& pin) {
        const bool digits =
            !pin.empty() && pin.size() <= 16 && pin.find_first_not_of("0123456789") == std::string::npos;
        return digits ? std::string() : std::string("A PIN is up to 16 digits.");
      });
  app.add_flag("--pair-only", options.pair_only, "End after pairing");
  app.add_flag("--first-contact", options.first_contact,
               "Ask a host that is not known yet to be let in; what it shows is remembered once it does. "
               "Compare the fingerprint");
  app.add_flag("--speed-test", options.speed_test,
               "Measure what the link from the host carries, without a stream, and say what bitrate to set");
  app.add_option("--mode", options.mode_text, "Display wanted, WIDTHxHEIGHT@HZ")->capture_default_str();
  std::vector<std::string> steps;
  app.add_option(
      "--reconfigure-at", steps,
      "SECONDS:WIDTHxHEIGHT@HZ: ask for another mode that long after the first picture; repeatable");
  app.add_option("--seconds", options.seconds, "How long to measure, from the first picture on")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
  app.add_option("--count", options.count, "Stop after this many access units");
  app.add_option("--bitrate", options.bitrate_kbps, "kbit/s wanted; the host chooses by default");
  app.add_option("--loss", options.loss_percent, "Percent of arriving datagrams to throw away")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--loss-seed", options.loss_seed, "Seed of --loss")->capture_default_str();
  app.add_option("--timeout", options.connect_timeout_s, "Seconds to wait for the host's answer")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app.add_flag("--verify", options.verify,
               "Check every byte against a host that runs with --source synthetic");
  app.add_option("--synthetic-seed", options.synthetic_seed, "Seed for --verify")->capture_default_str();
  app.add_flag("--drive-input", options.drive_input, "Move the pointer and type, and check that it arrives");
  app.add_flag(
      "--drive-again", options.drive_again,
      "With --drive-input: begin anew until all of it arrives, for a device whose rights are about to "
      "change");
  app.add_option("--typed-file", options.typed_file,
                 "With --drive-input: also type a command into the terminal that writes this file");
  app.add_option("--host-pid", options.host_pid, "Process of a host on this machine, to state its CPU time");
  app.add_option("--json", options.json_file, "Write the figures here; - for standard output");
  app.add_option("--png", options.png_file, "Write the last picture here");
  app.add_option("--dump", options.dump_file, "Write the elementary stream here");
  app.add_flag("--quiet", options.quiet, "No table and no progress");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
    return std::nullopt;
  }
  const auto mode = apps::parse_mode(options.mode_text);
  if (!mode) {
    std::fprintf(stderr, "punktfunk-probe: %s\n", apps::no_mode_sentence(options.mode_text).c_str());
    exit_code = static_cast<int>(ExitCode::usage);
    return std::nullopt;
  }
  options.mode = *mode;
  for (const std::string& text : steps) {
    const auto step = parse_mode_step(text);
    if (!step) {
      std::fprintf(stderr,
                   "punktfunk-probe: \"%s\" is no change of mode; give one such as 2.5:1920x1080@60.\n",
                   text.c_str());
      exit_code = static_cast<int>(ExitCode::usage);
      return std::nullopt;
    }
    options.mode_steps.push_back(*step);
  }
  std::stable_sort(options.mode_steps.begin(), options.mode_steps.end(),
                   [](const auto& a, const auto& b) { return a.at_seconds < b.at_seconds; });
  if (options.pin_store.empty()) options.pin_store = options.state_dir / "hosts.json";
  return options;
}

}  // namespace punktfunk::probe

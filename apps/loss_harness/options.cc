// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/loss_harness/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "core/wire/limits.h"

namespace punktfunk::loss_harness {

namespace {

constexpr std::array kSchemes = {Scheme::none, Scheme::gf8, Scheme::gf16, Scheme::adaptive};
constexpr double kMostMbps = 2000;
constexpr double kMostHz = 1000;
// A keyframe is three times as large, and a session takes at least 8 MiB.
constexpr std::uint64_t kMostMeanBytes = wire::kMinFrameLimit / 4;

template <class T>
std::optional<T> number_from(std::string_view text, T least, T most) {
  T value{};
  const auto end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || at != end || !(value >= least && value <= most)) return std::nullopt;
  return value;
}

Result<Scheme> parse_scheme(const std::string& text) {
  for (const Scheme scheme : kSchemes) {
    if (text == name_of(scheme)) return scheme;
  }
  return fail(fmt::format("\"{}\" is no scheme; give some of none, gf8, gf16 and adaptive.", text));
}

Result<std::uint8_t> parse_percent(const std::string& text) {
  const auto percent = number_from<std::uint8_t>(text, 0, 90);
  if (!percent)
    return fail(
        fmt::format("\"{}\" is no parity; give whole percentages from 0 to 90, such as 10,20.", text));
  return *percent;
}

Result<StreamShape> parse_stream(const std::string& text) {
  const std::size_t at = text.find('@');
  if (at != std::string::npos) {
    const auto mbps = number_from<double>(std::string_view(text).substr(0, at), 0.1, kMostMbps);
    const auto hz = number_from<double>(std::string_view(text).substr(at + 1), 1, kMostHz);
    if (mbps && hz && *hz == std::floor(*hz)) {
      StreamShape shape;
      shape.name = text;
      shape.rate.bits_per_second = static_cast<std::uint64_t>(std::llround(*mbps * 1e6));
      shape.frames_hz = static_cast<std::uint32_t>(*hz);
      if (shape.mean_bytes() <= kMostMeanBytes) return shape;
    }
  }
  return fail(
      fmt::format("\"{}\" is no stream; give Mbit/s and frames per second such as 20@60, at most {} "
                  "Mbit/s and {} KiB a frame.",
                  text, kMostMbps, kMostMeanBytes / 1024));
}

// Each text by `parse`; the first error ends it.
template <class T>
bool parse_all(const std::vector<std::string>& texts, Result<T> (*parse)(const std::string&),
               std::vector<T>& out, int& exit_code) {
  for (const std::string& text : texts) {
    auto value = parse(text);
    if (!value) {
      std::fprintf(stderr, "loss-harness: %s\n", value.error().message.c_str());
      exit_code = static_cast<int>(ExitCode::usage);
      return false;
    }
    out.push_back(std::move(*value));
  }
  return true;
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_code) {
  Options options;
  std::vector<std::string> schemes = {"none", "gf8", "gf16", "adaptive"};
  std::vector<std::string> percents = {"10", "20"};
  std::vector<std::string> patterns = default_patterns();
  std::vector<std::string> streams = {"5@60", "20@60", "60@60"};
  CLI::App app(
      "Sends streams of synthetic frames over simulated links that lose packets, in virtual time and without "
      "a network, and says what arrives. Every combination of the lists below is run; the same seed gives "
      "the same figures.",
      "loss-harness");
  const auto list = [&app](const char* name, std::vector<std::string>& values, const char* help) {
    app.add_option(name, values, help)->delimiter(',')->capture_default_str();
  };
  list("--schemes", schemes,
       "none: no parity; gf8, gf16: a fixed percentage of it; adaptive: as much as the host adds by itself");
  list("--parity", percents, "Percent of parity for gf8 and gf16, 0 to 90");
  list("--patterns", patterns, "What the links lose");
  list("--streams", streams,
       "Mbit/s and frames per second, which together give the frames' mean size; frames have half to three "
       "halves of it, keyframes three times as much");
  app.add_option("--frames", options.frames, "Frames of each stream")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000'000}))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Seed of all that is random")->capture_default_str();
  app.add_option("--late", options.late_ms, "Milliseconds from capture after which a frame counts as late")
      ->check(CLI::Range(0.0, 60'000.0))
      ->capture_default_str();
  app.add_flag("--loop", options.loop,
               "Instead: links that get worse and better, with the adaptive loop on and off, as one table");
  app.add_option("--json", options.json_file,
                 "Write the figures to this file too; - writes them to standard output instead of the table");
  app.footer("Patterns:\n" + patterns_help() +
             "\nColumns:\n"
             "  deliv      frames that came out whole, byte for byte as sent\n"
             "  parity     of those, frames that needed parity\n"
             "  lost       frames that never came out\n"
             "  late       frames that came out later than --late allows, mostly behind a missing one\n"
             "  shown      frames a decoder can show: no frame missing since the last keyframe\n"
             "  keyfr      keyframes sent: one at the start, the others because the client asked\n"
             "  gap ms     the longest time without a new picture\n"
             "  shards     shards repaired with parity\n"
             "  pkt loss   percent of the datagrams that the link lost\n"
             "  overhead   bytes sent beyond the frames' own: parity, headers, tags and padding\n"
             "\nExit status: 0 done; 1 a file was not written, or a frame came out wrong; 2 wrong usage.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    exit_code = app.exit(help);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "loss-harness: %s; loss-harness --help lists what can be given.\n", error.what());
    exit_code = static_cast<int>(ExitCode::usage);
    return std::nullopt;
  }
  if (!parse_all(schemes, parse_scheme, options.schemes, exit_code) ||
      !parse_all(percents, parse_percent, options.parity_percents, exit_code) ||
      !parse_all(patterns, parse_pattern, options.patterns, exit_code) ||
      !parse_all(streams, parse_stream, options.streams, exit_code)) {
    return std::nullopt;
  }
  return options;
}

}  // namespace punktfunk::loss_harness

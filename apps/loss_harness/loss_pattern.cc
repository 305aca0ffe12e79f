// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/loss_harness/loss_pattern.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <random>
#include <string_view>

namespace punktfunk::loss_harness {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Every pattern's way through the house: as in the simulated sessions of the tests.
constexpr Duration kDelay = milliseconds(2);

// What a pattern takes behind its name, each with its bounds.
struct Number {
  const char* name;
  double least;
  double most;
};
struct Kind {
  const char* name;
  std::vector<Number> numbers;
  const char* help;
  void (*set)(LossPattern& pattern, const std::vector<double>& values);
};

Duration from_ms(double ms) { return microseconds(std::llround(ms * 1000)); }

// A burst of L after g datagrams that pass makes the share p = L / (L + g), and a burst that begins with
// chance s before each datagram lets g = (1 - s) / s pass.
void set_bursts(LossPattern& pattern, double share, double length) {
  pattern.burst_share = share;
  pattern.link.burst_start = share / (share + length * (1 - share));
  pattern.link.burst_length = length;
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"perfect", {}, "loses nothing", [](LossPattern&, const std::vector<double>&) {}},
      {"random",
       {{"PERCENT", 0, 100}},
       "loses so many percent of the datagrams, each by itself",
       [](LossPattern& p, const std::vector<double>& v) { p.link.loss = v[0] / 100; }},
      {"burst",
       {{"PERCENT", 0, 99}, {"LENGTH", 1, 10'000}},
       "loses as many percent, but in bursts of so many datagrams on average (Gilbert-Elliott)",
       [](LossPattern& p, const std::vector<double>& v) { set_bursts(p, v[0] / 100, v[1]); }},
      {"wifi",
       {},
       "0.5 % in bursts of 5, jitter up to 3 ms, a stall of 40 ms every 2 s, all lost for 60 ms every 10 s",
       [](LossPattern& p, const std::vector<double>&) {
         // Our own choice, not a measurement: the radio repeats what it loses, so that most trouble comes as
         // jitter and stalls (a scan of other channels, somebody's download) and little as loss.
         set_bursts(p, 0.005, 5);
         p.link.jitter = milliseconds(3);
         p.stall = {seconds(2), milliseconds(40)};
         p.outage = {seconds(10), milliseconds(60)};
       }},
      {"queue",
       {{"TIMES", 0.1, 1000}, {"KIB", 2, 100'000}},
       "carries so many times the stream's rate, and loses what does not fit a queue of so many KiB",
       [](LossPattern& p, const std::vector<double>& v) {
         p.rate_share = v[0];
         p.link.queue_bytes = static_cast<std::size_t>(v[1] * 1024);
       }},
      {"reorder",
       {{"PERCENT", 0, 100}, {"MS", 0, 1000}},
       "holds so many percent of the datagrams back for so many milliseconds",
       [](LossPattern& p, const std::vector<double>& v) {
         p.link.reorder = v[0] / 100;
         p.link.reorder_delay = from_ms(v[1]);
       }},
      {"duplicate",
       {{"PERCENT", 0, 100}},
       "delivers so many percent of the datagrams twice",
       [](LossPattern& p, const std::vector<double>& v) { p.link.duplicate = v[0] / 100; }},
      {"jitter",
       {{"MS", 0, 1000}},
       "delays each datagram by up to so many milliseconds more, in order",
       [](LossPattern& p, const std::vector<double>& v) { p.link.jitter = from_ms(v[0]); }},
  };
  return all;
}

std::string usage_of(const Kind& kind) {
  std::string text = kind.name;
  for (const Number& number : kind.numbers) text += std::string(":") + number.name;
  return text;
}

std::optional<double> number_from(std::string_view text, const Number& bounds) {
  double value = 0;
  const auto end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || at != end || !(value >= bounds.least && value <= bounds.most))
    return std::nullopt;
  return value;
}

// Whether the spell is on, and how much of it is left.
std::optional<Duration> rest_of(const Spell& spell, Duration since_start, std::uint64_t seed) {
  if (spell.every.count() == 0) return std::nullopt;
  const auto number = static_cast<std::uint64_t>(since_start / spell.every);
  std::mt19937_64 random(seed + number);
  const auto room = static_cast<std::uint64_t>((spell.every - spell.length).count());
  const Duration begins = spell.every * static_cast<Duration::rep>(number) +
                          Duration(static_cast<Duration::rep>(random() % room));
  if (since_start < begins || since_start >= begins + spell.length) return std::nullopt;
  return begins + spell.length - since_start;
}

}  // namespace

sim::LinkOptions LossPattern::link_at(Duration since_start, BitRate rate, std::uint64_t seed) const {
  sim::LinkOptions now = link;
  if (rate_share > 0) {
    now.rate.bits_per_second =
        static_cast<std::uint64_t>(rate_share * static_cast<double>(rate.bits_per_second));
  }
  if (const auto rest = rest_of(stall, since_start, seed)) now.delay += *rest;
  if (rest_of(outage, since_start, seed + 1'000'000)) now.loss = 1;
  return now;
}

Result<LossPattern> parse_pattern(const std::string& text) {
  std::vector<std::string_view> parts;
  for (std::string_view rest = text;;) {
    const std::size_t colon = rest.find(':');
    parts.push_back(rest.substr(0, colon));
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  for (const Kind& kind : kinds()) {
    if (parts[0] != kind.name) continue;
    LossPattern pattern;
    pattern.name = text;
    pattern.link.delay = kDelay;
    std::vector<double> values;
    if (parts.size() != kind.numbers.size() + 1)
      return fail(fmt::format("\"{}\" is no loss pattern, because it has other parts than {}.", text,
                              usage_of(kind)));
    for (std::size_t i = 0; i < kind.numbers.size(); ++i) {
      const Number& number = kind.numbers[i];
      const auto value = number_from(parts[i + 1], number);
      if (!value) {
        return fail(fmt::format("\"{}\" is no loss pattern; {} in {} is a number from {} to {}.", text,
                                number.name, usage_of(kind), number.least, number.most));
      }
      values.push_back(*value);
    }
    kind.set(pattern, values);
    return pattern;
  }
  return fail(fmt::format("\"{}\" is no loss pattern; give for example random:5, burst:1:8 or wifi.", text));
}

std::string patterns_help() {
  std::string text;
  for (const Kind& kind : kinds()) text += fmt::format("  {:<22}{}\n", usage_of(kind), kind.help);
  return text;
}

const std::vector<std::string>& default_patterns() {
  static const std::vector<std::string> names = {
      "perfect",    "random:0.1", "random:1", "random:5",     "random:10",   "random:20",  "burst:1:4",
      "burst:1:16", "wifi",       "jitter:5", "queue:1.5:64", "reorder:2:5", "duplicate:2"};
  return names;
}

}  // namespace punktfunk::loss_harness

// SPDX-License-Identifier: MIT OR Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/loss_harness/loop_run.h"

namespace punktfunk::loss_harness {

namespace {

const char* name_of(LoopMode mode) {
  switch (mode) {
    case LoopMode::off:
      return "off";
    case LoopMode::keyframes:
      return "on";
    case LoopMode::references:
      break;
  }
  return "ref";
}

double freezes_a_minute(const LoopRow& row) {
  return static_cast<double>(row.result.freezes) * 60 / to_seconds(row.scenario->length);
}

double rounded(double value) { return std::round(value * 10) / 10; }

}  // namespace

std::string loop_table_of(const std::vector<LoopRow>& rows) {
  std::string text =
      "# Made by loss-harness --loop; docs/measuring.md says what the figures mean.\n"
      "# scenario     loop  freezes/min  longest  recovery  p50 ms  p95 ms  lost  shown  again  anchors  "
      "keyfr"
      "  good kbit/s  sent MB  parity %  lowest    last  asks\n";
  for (const LoopRow& row : rows) {
    const LoopResult& r = row.result;
    std::string asks;
    for (const auto& [cause, count] : r.asks) asks += fmt::format(" {} {}", media::name_of(cause), count);
    text += fmt::format(
        "{:<14} {:<4} {:>12.1f} {:>8.0f} {:>9.0f} {:>7.1f} {:>7.1f} {:>5} {:>6} {:>6} {:>8} {:>6} {:>12} "
        "{:>8.1f} {:>9.1f} {:>7} {:>7} {}\n",
        row.scenario->name, name_of(row.mode), freezes_a_minute(row), to_ms(r.longest_freeze),
        to_ms(r.recovery), to_ms(r.latency_p50), to_ms(r.latency_p95), r.frames_lost, r.frames_shown,
        r.shards_again, r.anchors, r.keyframes, r.goodput.kbps(), static_cast<double>(r.sent_bytes) / 1e6,
        r.parity_share * 100, r.lowest.kbps(), r.last.kbps(), asks.empty() ? "-" : asks.substr(1));
  }
  return text;
}

std::string loop_json_of(const std::vector<LoopRow>& rows) {
  nlohmann::ordered_json json;
  json["sessions"] = nlohmann::ordered_json::array();
  for (const LoopRow& row : rows) {
    const LoopResult& r = row.result;
    nlohmann::ordered_json one;
    one["scenario"] = row.scenario->name;
    one["what"] = row.scenario->what;
    one["loop"] = name_of(row.mode);
    one["freezes_per_minute"] = rounded(freezes_a_minute(row));
    one["longest_freeze_ms"] = rounded(to_ms(r.longest_freeze));
    one["recovery_ms"] = rounded(to_ms(r.recovery));
    one["latency_p50_ms"] = rounded(to_ms(r.latency_p50));
    one["latency_p95_ms"] = rounded(to_ms(r.latency_p95));
    one["frames_sent"] = r.frames_sent;
    one["frames_lost"] = r.frames_lost;
    one["frames_shown"] = r.frames_shown;
    one["frames_healed"] = r.healed;
    one["shards_sent_again"] = r.shards_again;
    one["anchors"] = r.anchors;
    one["keyframes"] = r.keyframes;
    one["goodput_kbps"] = r.goodput.kbps();
    one["sent_bytes"] = r.sent_bytes;
    one["parity_percent"] = rounded(r.parity_share * 100);
    one["lowest_kbps"] = r.lowest.kbps();
    one["last_kbps"] = r.last.kbps();
    one["asks"] = nlohmann::ordered_json::object();
    for (const auto& [cause, count] : r.asks) one["asks"][media::name_of(cause)] = count;
    json["sessions"].push_back(std::move(one));
  }
  return json.dump(2) + "\n";
}

}  // namespace punktfunk::loss_harness

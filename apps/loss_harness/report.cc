// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/loss_harness/report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace punktfunk::loss_harness {

namespace {

double percent_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}
double round3(double value) { return std::round(value * 1000) / 1000; }

bool has_fixed_parity(Scheme scheme) { return scheme == Scheme::gf8 || scheme == Scheme::gf16; }

std::string label_of(const RunSpec& spec) {
  std::string text = name_of(spec.scheme);
  if (has_fixed_parity(spec.scheme)) text += fmt::format(" {} %", spec.parity_percent);
  return text;
}

nlohmann::ordered_json json_of(const Row& row) {
  const RunResult& r = row.result;
  nlohmann::ordered_json json;
  json["scheme"] = name_of(row.spec.scheme);
  json["parity_percent"] =
      has_fixed_parity(row.spec.scheme) ? nlohmann::ordered_json(row.spec.parity_percent) : nullptr;
  json["pattern"] = row.spec.pattern.name;
  json["mbps"] = static_cast<double>(row.spec.stream.rate.bits_per_second) / 1e6;
  json["fps"] = row.spec.stream.frames_hz;
  json["frames_sent"] = r.frames_sent;
  json["frames_delivered"] = r.frames_delivered;
  json["frames_recovered"] = r.frames_recovered;
  json["frames_lost"] = r.frames_lost;
  json["frames_late"] = r.frames_late;
  json["frames_shown"] = r.frames_shown;
  json["frames_wrong"] = r.frames_wrong;
  json["longest_gap_ms"] = round3(to_ms(r.longest_gap));
  json["keyframes"] = r.keyframes;
  json["keyframe_asks"] = r.asks;
  json["shards_repaired"] = r.media.recovered_shards;
  json["data_shards"] = r.data_shards;
  json["parity_shards"] = r.parity_shards;
  json["highest_parity_percent"] = r.highest_percent;
  json["packets_sent"] = r.link.sent;
  json["packets_lost"] = r.link_lost();
  json["packets_duplicated"] = r.link.duplicated;
  json["packets_reordered"] = r.link.reordered;
  json["packets_refused"] = r.packets_refused();
  json["frame_bytes"] = r.au_bytes;
  json["sent_bytes"] = r.sent_bytes;
  json["overhead_bytes"] = r.overhead_bytes();
  return json;
}

}  // namespace

std::string table_of(const Options& options, const std::vector<Row>& rows) {
  std::string out = fmt::format("Seed {}, {} frames a stream. What the columns mean: loss-harness --help.\n",
                                options.seed, options.frames);
  std::string block;
  for (const Row& row : rows) {
    const RunResult& r = row.result;
    const StreamShape& stream = row.spec.stream;
    const std::string here =
        fmt::format("{}, {} Mbit/s, {} fps", row.spec.pattern.name,
                    static_cast<double>(stream.rate.bits_per_second) / 1e6, stream.frames_hz);
    if (here != block) {
      block = here;
      out += fmt::format("\n{} ({:.1f} shards a frame)\n", here,
                         static_cast<double>(r.data_shards) / static_cast<double>(r.frames_sent));
      out += fmt::format("  {:<9}{:>7}{:>7}{:>7}{:>6}{:>6}{:>7}{:>6}{:>8}{:>8}{:>9}{:>10}\n", "scheme",
                         "sent", "deliv", "parity", "lost", "late", "shown", "keyfr", "gap ms", "shards",
                         "pkt loss", "overhead");
    }
    out += fmt::format("  {:<9}{:>7}{:>7}{:>7}{:>6}{:>6}{:>7}{:>6}{:>8.0f}{:>8}{:>8.2f}%{:>9.1f}%{}\n",
                       label_of(row.spec), r.frames_sent, r.frames_delivered, r.frames_recovered,
                       r.frames_lost, r.frames_late, r.frames_shown, r.keyframes, to_ms(r.longest_gap),
                       r.media.recovered_shards, percent_of(r.link_lost(), r.link.sent),
                       percent_of(r.overhead_bytes(), r.au_bytes), r.frames_wrong != 0 ? " WRONG" : "");
  }
  return out;
}

std::string json_of(const Options& options, const std::vector<Row>& rows) {
  nlohmann::ordered_json json;
  json["seed"] = options.seed;
  json["frames"] = options.frames;
  json["late_ms"] = options.late_ms;
  json["runs"] = nlohmann::ordered_json::array();
  for (const Row& row : rows) json["runs"].push_back(json_of(row));
  return json.dump(2) + "\n";
}

}  // namespace punktfunk::loss_harness

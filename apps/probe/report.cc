// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/probe/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace punktfunk::probe {

namespace {

double fps_of(const Figures& f) {
  return f.seconds > 0 ? static_cast<double>(f.pictures - 1) / f.seconds : 0;
}
double mbps_of(const Figures& f) {
  return f.seconds > 0 ? static_cast<double>(f.stream.network.node.media.bytes_received) * 8 / f.seconds / 1e6
                       : 0;
}
double parity_percent_of(const Figures& f) {
  const auto& media = f.stream.network.node.media;
  return media.packets_received == 0 ? 0
                                     : 100.0 * static_cast<double>(media.parity_packets) /
                                           static_cast<double>(media.packets_received);
}
double round2(double value) { return std::round(value * 100) / 100; }

std::vector<std::pair<const char*, const Histogram*>> stages_of(const Figures& f) {
  const client::StageLatencies& s = f.stream.latency;
  return {{"draw_to_decoded", &f.draw_to_decoded},
          {"capture_to_decoded", &s.capture_to_decoded},
          {"queue", &s.queue},
          {"encode", &s.encode},
          {"send", &s.send},
          {"network", &s.network},
          {"reassemble", &s.reassemble},
          {"decode", &s.decode},
          {"picture_interval", &f.picture_interval},
          {"input_to_picture", &f.input_to_picture}};
}

nlohmann::ordered_json json_of(const Histogram& histogram) {
  if (histogram.count() == 0) return {{"p50", nullptr}, {"p95", nullptr}, {"p99", nullptr}};
  return {{"p50", round2(to_ms(histogram.percentile(0.50)))},
          {"p95", round2(to_ms(histogram.percentile(0.95)))},
          {"p99", round2(to_ms(histogram.percentile(0.99)))}};
}

std::string text_of(const wire::Mode& mode) {
  return fmt::format("{}x{}@{}", mode.width, mode.height, mode.refresh_hz);
}

// Epochs that came without a change of mode.
std::uint64_t rebuilds_of(const Figures& f) {
  const auto changes = std::count_if(f.mode_asks.begin(), f.mode_asks.end(),
                                     [](const Figures::ModeAsk& ask) { return ask.change.has_value(); });
  return f.stream.epochs - std::min(f.stream.epochs, static_cast<std::uint64_t>(changes));
}

std::string outcome_of(const Figures::ModeAsk& ask) {
  if (ask.change)
    return fmt::format("{} after {:.0f} ms, {:.0f} ms without a picture", text_of(ask.mode),
                       to_ms(*ask.ask_to_picture), to_ms(ask.change->gap));
  return text_of(ask.mode) + (ask.accepted == false ? " was refused" : " did not come");
}

nlohmann::ordered_json json_of(const Figures::ModeAsk& ask) {
  nlohmann::ordered_json json = {{"mode", text_of(ask.mode)}, {"changed", ask.change.has_value()}};
  json["accepted"] = ask.accepted ? nlohmann::ordered_json(*ask.accepted) : nullptr;
  json["epoch"] = ask.change ? nlohmann::ordered_json(ask.change->epoch) : nullptr;
  json["ask_to_picture_ms"] =
      ask.ask_to_picture ? nlohmann::ordered_json(round2(to_ms(*ask.ask_to_picture))) : nullptr;
  json["gap_ms"] = ask.change ? nlohmann::ordered_json(round2(to_ms(ask.change->gap))) : nullptr;
  return json;
}

}  // namespace

std::string table_of(const Figures& f) {
  const auto& media = f.stream.network.node.media;
  std::string out;
  const auto line = [&out](const char* name, const std::string& value) {
    out += fmt::format("{:<20} {}\n", name, value);
  };
  line("Mode", text_of(f.mode));
  for (const auto& ask : f.mode_asks) line("Mode change", outcome_of(ask));
  if (f.decoded_width != 0) line("Decoded picture", fmt::format("{}x{}", f.decoded_width, f.decoded_height));
  line("Frames", fmt::format("{} in {:.2f} s = {:.2f} fps", f.pictures, f.seconds, fps_of(f)));
  line("On the wire", fmt::format("{:.2f} Mbit/s", mbps_of(f)));
  const double parity = parity_percent_of(f), minutes = to_seconds(f.stream.shown) / 60;
  line("Parity", fmt::format("{:.1f} % of the bytes on the wire", parity));
  line("Keyframes", fmt::format("{}", f.stream.keyframes));
  line("Packets", fmt::format("{} received, {} refused", media.packets_received, media.packets_dropped()));
  line("Losses",
       fmt::format("{} shards repaired, {} asked for again, {} frames healed so, {} lost, {} held back",
                   media.recovered_shards, f.stream.network.node.shards_asked_again,
                   f.stream.network.node.frames_healed, media.frames_lost, f.stream.held_back));
  if (f.stream.network.dropped_for_test != 0) {
    line("Dropped for the test", fmt::format("{} datagrams", f.stream.network.dropped_for_test));
  }
  line("Longest still picture",
       fmt::format("{:.1f} ms ({} over 100 ms{})", to_ms(f.stream.longest_gap), f.stream.freezes,
                   minutes > 0
                       ? fmt::format(", {:.1f} a minute", static_cast<double>(f.stream.freezes) / minutes)
                       : std::string()));
  if (const auto rebuilds = rebuilds_of(f); rebuilds > 0)
    line("Rebuilt by the host", fmt::format("{} times, at most {:.0f} ms without a picture", rebuilds,
                                            to_ms(f.stream.longest_epoch_gap)));
  line("To first picture", fmt::format("{:.0f} ms", to_ms(f.to_first_picture)));
  line("CPU of one core",
       fmt::format("client {:.1f} %{}", f.client_cpu_percent,
                   f.host_cpu_percent ? fmt::format(", host {:.1f} %", *f.host_cpu_percent) : std::string()));
  if (f.verified != 0)
    line("Verified", fmt::format("{} access units, {} wrong", f.verified, f.verify_errors));
  if (f.input_ok)
    line("Input", *f.input_ok ? "everything sent was seen by the applications" : "NOT everything arrived");
  for (const std::string& failure : f.input_failures) line("", "missing: " + failure);
  out += fmt::format("\n{:<20} {:>9} {:>9} {:>9}\n", "Latency, ms", "median", "p95", "p99");
  for (const auto& [name, histogram] : stages_of(f)) {
    if (histogram->count() == 0) continue;
    std::string label = name;
    for (char& c : label) c = c == '_' ? ' ' : c;
    out += fmt::format("{:<20} {:>9.2f} {:>9.2f} {:>9.2f}\n", label, to_ms(histogram->percentile(0.50)),
                       to_ms(histogram->percentile(0.95)), to_ms(histogram->percentile(0.99)));
  }
  return out;
}

std::string json_of(const Figures& f) {
  const auto& media = f.stream.network.node.media;
  nlohmann::ordered_json json;
  json["mode"] = text_of(f.mode);
  json["decoded_size"] = fmt::format("{}x{}", f.decoded_width, f.decoded_height);
  json["seconds"] = round2(f.seconds);
  json["frames"] = f.pictures;
  json["fps"] = round2(fps_of(f));
  json["mbps"] = round2(mbps_of(f));
  json["lost_frames"] = media.frames_lost;
  json["recovered_shards"] = media.recovered_shards;
  json["parity_percent"] = round2(parity_percent_of(f));
  json["shards_asked_again"] = f.stream.network.node.shards_asked_again;
  json["frames_healed"] = f.stream.network.node.frames_healed;
  json["invalidations"] = f.stream.network.node.invalidations;
  json["keyframes"] = f.stream.keyframes;
  json["held_back_frames"] = f.stream.held_back;
  json["undecodable_frames"] = f.stream.undecodable;
  json["repeated_frames"] = f.stream.repeats;
  json["packets_received"] = media.packets_received;
  json["packets_refused"] = media.packets_dropped();
  json["packets_dropped_for_test"] = f.stream.network.dropped_for_test;
  json["longest_gap_ms"] = round2(to_ms(f.stream.longest_gap));
  json["gaps_over_100_ms"] = f.stream.freezes;
  json["frozen_ms"] = round2(to_ms(f.stream.frozen));
  json["epochs"] = f.stream.epochs;
  json["longest_epoch_gap_ms"] = round2(to_ms(f.stream.longest_epoch_gap));
  json["host_gaps"] = f.stream.network.node.host_gaps;
  json["mode_changes"] = nlohmann::ordered_json::array();
  for (const auto& ask : f.mode_asks) json["mode_changes"].push_back(json_of(ask));
  json["jumps_to_live"] = f.stream.jumps_to_live;
  json["rate_kbps"] = f.stream.network.node.rate.kbps();
  json["rate_asks"] = f.stream.network.node.rate_asks;
  json["first_picture_ms"] = round2(to_ms(f.to_first_picture));
  for (const auto& [name, histogram] : stages_of(f)) json["latency_ms"][name] = json_of(*histogram);
  json["host_cpu_percent"] =
      f.host_cpu_percent ? nlohmann::ordered_json(round2(*f.host_cpu_percent)) : nullptr;
  json["client_cpu_percent"] = round2(f.client_cpu_percent);
  json["input_ok"] = f.input_ok ? nlohmann::ordered_json(*f.input_ok) : nullptr;
  if (f.verified != 0) json["verified"] = {{"access_units", f.verified}, {"wrong", f.verify_errors}};
  return json.dump(2) + "\n";
}

}  // namespace punktfunk::probe

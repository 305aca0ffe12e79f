// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/common/client/speed_report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace punktfunk::apps {

namespace {
double mbps(BitRate rate) { return static_cast<double>(rate.bits_per_second) / 1e6; }
double round2(double value) { return std::round(value * 100) / 100; }
}  // namespace

std::string table_of(const client::SpeedTestResult& result) {
  std::string text = "asked Mbit/s    for ms   sent   arrived   loss %   jitter ms   delay growth ms\n";
  for (const media::ProbeFigures& probe : result.probes) {
    text +=
        fmt::format("{:12.1f} {:9} {:6.1f} {:9.1f} {:8.2f} {:11.2f} {:17.2f}\n",
                    probe.asked.target_kbps / 1e3, probe.asked.duration_ms, mbps(probe.sent),
                    mbps(probe.received), probe.loss * 100, to_ms(probe.jitter), to_ms(probe.delay_growth));
  }
  return text + result.verdict.sentence() + "\n";
}

std::string json_of(const client::SpeedTestResult& result) {
  const media::SpeedVerdict& verdict = result.verdict;
  nlohmann::ordered_json json;
  json["link_kbps"] = verdict.link.kbps();
  json["is_at_least"] = verdict.is_at_least;
  json["loss_percent"] = round2(verdict.loss * 100);
  json["jitter_ms"] = round2(to_ms(verdict.jitter));
  json["delay_growth_ms"] = round2(to_ms(verdict.delay_growth));
  json["safe_kbps"] = verdict.safe.kbps();
  json["sentence"] = verdict.sentence();
  json["probes"] = nlohmann::ordered_json::array();
  for (const media::ProbeFigures& probe : result.probes) {
    json["probes"].push_back({{"target_kbps", probe.asked.target_kbps},
                              {"duration_ms", probe.asked.duration_ms},
                              {"sent_kbps", probe.sent.kbps()},
                              {"received_kbps", probe.received.kbps()},
                              {"packets_sent", probe.packets_sent},
                              {"packets_received", probe.packets_received},
                              {"send_dropped", probe.send_dropped},
                              {"loss_percent", round2(probe.loss * 100)},
                              {"jitter_ms", round2(to_ms(probe.jitter))},
                              {"delay_growth_ms", round2(to_ms(probe.delay_growth))}});
  }
  return json.dump(2) + "\n";
}

}  // namespace punktfunk::apps

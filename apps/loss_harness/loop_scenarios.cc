// SPDX-License-Identifier: MIT OR Apache-2.0
// The links are our own choice: what a house, a shared line and a bad corner do, not measurements.
#include "apps/loss_harness/loop_run.h"

namespace punktfunk::loss_harness {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

sim::LinkOptions line(std::uint64_t kbps, std::size_t queue_kib, double loss = 0) {
  sim::LinkOptions link;
  link.delay = milliseconds(5);
  link.rate = BitRate::from_kbps(kbps);
  link.queue_bytes = queue_kib * 1024;
  link.loss = loss;
  return link;
}

// Everything sent is lost.
sim::LinkOptions dead() { return line(50'000, 256, 1); }

LoopScenario outage(int length_s) {
  LoopScenario scenario;
  scenario.name = "outage-" + std::to_string(length_s);
  scenario.what = "all lost for " + std::to_string(length_s) + " s";
  scenario.phases = {
      {seconds(0), line(50'000, 256)}, {seconds(15), dead()}, {seconds(15 + length_s), line(50'000, 256)}};
  scenario.events = {seconds(15 + length_s)};
  return scenario;
}

std::vector<LoopScenario> all() {
  std::vector<LoopScenario> list;
  const auto add = [&list](const char* name, const char* what,
                           std::vector<LinkPhase> phases) -> LoopScenario& {
    LoopScenario scenario;
    scenario.name = name;
    scenario.what = what;
    scenario.phases = std::move(phases);
    list.push_back(std::move(scenario));
    return list.back();
  };
  add("steady", "50 Mbit/s, nothing happens", {{seconds(0), line(50'000, 256)}});
  add("random", "3 % of the datagrams lost", {{seconds(0), line(50'000, 256, 0.03)}});
  add("wifi", "60 Mbit/s, bursts, stalls of 40 ms, all lost for 60 ms", {{seconds(0), line(60'000, 256)}})
      .pattern = "wifi";
  add("bufferbloat", "12 Mbit/s behind a queue of 1.5 MiB", {{seconds(0), line(12'000, 1536)}}).events = {
      seconds(0)};
  add("short-queue", "12 Mbit/s behind a queue of 48 KiB", {{seconds(0), line(12'000, 48)}}).events = {
      seconds(0)};
  add("step", "50, from 15 s on 6, from 35 s on 50 Mbit/s",
      {{seconds(0), line(50'000, 256)}, {seconds(15), line(6'000, 256)}, {seconds(35), line(50'000, 256)}})
      .events = {seconds(15), seconds(35)};
  for (const int length_s : {1, 5, 30}) list.push_back(outage(length_s));
  add("two-share", "two sessions over one line of 24 Mbit/s", {{seconds(0), line(24'000, 256)}}).sessions = 2;
  list.back().events = {seconds(0)};
  return list;
}

}  // namespace

const std::vector<LoopScenario>& loop_scenarios() {
  static const std::vector<LoopScenario> scenarios = all();
  return scenarios;
}

}  // namespace punktfunk::loss_harness

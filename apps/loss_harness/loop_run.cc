// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/loss_harness/loop_run.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "apps/loss_harness/stream_ends.h"
#include "core/wire/limits.h"

namespace punktfunk::loss_harness {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeed = 1;
constexpr Duration kStep = milliseconds(1);
constexpr Duration kFreeze = milliseconds(100);
// Recovered: for this long no freeze, and no picture older than kCurrent.
constexpr Duration kCalm = seconds(1);
constexpr Duration kCurrent = milliseconds(150);
// With the loop off: what the host adds when nobody tells it anything.
constexpr std::uint8_t kFixedParity = 10;

// The ends of several sessions behind one node, so that they share its links. The first byte of a datagram is
// the session's number.
template <class End>
class Shared final : public sim::Participant {
 public:
  void add(std::unique_ptr<End> end) { ends_.push_back(std::move(end)); }
  [[nodiscard]] End& at(std::size_t i) { return *ends_[i]; }

  void receive(TimePoint now, sim::NodeId from, MutableBytes datagram) override {
    if (!datagram.empty() && datagram[0] < ends_.size())
      ends_[datagram[0]]->receive(now, from, datagram.subspan(1));
  }
  std::optional<TimePoint> next_deadline() const override {
    std::optional<TimePoint> next;
    for (const auto& end : ends_) {
      const auto at = end->next_deadline();
      if (at && (!next || *at < *next)) next = at;
    }
    return next;
  }
  void handle_deadline(TimePoint now) override {
    for (const auto& end : ends_) {
      const auto at = end->next_deadline();
      if (at && *at <= now) end->handle_deadline(now);
    }
  }
  // In turns, so that none goes first at a full queue.
  std::optional<std::pair<sim::NodeId, Bytes>> poll_transmit(TimePoint now) override {
    for (std::size_t tries = 0; tries < ends_.size(); ++tries) {
      const std::size_t i = turn_++ % ends_.size();
      auto datagram = ends_[i]->poll_transmit(now);
      if (!datagram) continue;
      datagram->second.insert(datagram->second.begin(), static_cast<std::uint8_t>(i));
      return datagram;
    }
    return std::nullopt;
  }

 private:
  std::vector<std::unique_ptr<End>> ends_;
  std::size_t turn_ = 0;
};

struct Shown {
  TimePoint at;
  Duration latency{};
};

struct Session {
  std::vector<Shown> shown;
  std::uint64_t shown_bytes = 0;
  LoopResult result;
  std::vector<bool> was_shown;  // by index
};

// A picture that was shown was coded from one that was shown too, or this build shows broken ones.
void check_references(Session& session, const StreamHost& host, std::uint32_t index) {
  const auto reference = host.reference_of(index);
  if (reference && (*reference >= session.was_shown.size() || !session.was_shown[*reference]))
    ++session.result.frames_wrong;
  session.was_shown.resize(index + 1);
  session.was_shown[index] = true;
}

media::MediaParams params_of(const LoopScenario& scenario) {
  media::MediaParams params;
  params.max_frame_bytes =
      wire::max_frame_bytes(static_cast<std::uint32_t>(scenario.rate.kbps()), scenario.frames_hz);
  return params;
}

std::unique_ptr<StreamHost> host_of(const LoopScenario& scenario, LoopMode mode, std::uint64_t seed) {
  HostSetup setup;
  setup.params = params_of(scenario);
  setup.rate = scenario.rate;
  setup.budgeted = true;
  setup.frames_hz = scenario.frames_hz;
  setup.frames = static_cast<std::uint64_t>(scenario.length / interval_of(scenario.frames_hz));
  if (mode == LoopMode::off) setup.parity_percent = kFixedParity;
  setup.invalidates = mode == LoopMode::references;
  setup.resends = mode != LoopMode::off;
  setup.seed = seed;
  return std::make_unique<StreamHost>(setup);
}

std::unique_ptr<StreamClient> client_of(const LoopScenario& scenario, LoopMode mode, std::uint64_t seed,
                                        std::function<Duration()> round_trip) {
  ClientSetup setup;
  setup.params = params_of(scenario);
  setup.frames_hz = scenario.frames_hz;
  setup.seed = seed;
  setup.invalidates = true;  // what the host makes of it is its business
  if (mode != LoopMode::off) {
    setup.round_trip = std::move(round_trip);
    setup.rate_control = media::RateControlConfig{
        .start = scenario.rate, .ceiling = scenario.rate, .frame_interval = interval_of(scenario.frames_hz)};
  }
  return std::make_unique<StreamClient>(setup);
}

// From `event` to the first picture after it from which on all is calm; the rest of the run when it never is.
Duration recovery_from(TimePoint event, const std::vector<Shown>& shown, TimePoint end) {
  std::optional<TimePoint> since;
  TimePoint last = event;
  for (const Shown& one : shown) {
    if (one.at < event) continue;
    if (one.at - last > kFreeze || one.latency > kCurrent) since.reset();
    last = one.at;
    if (one.latency > kCurrent) continue;
    if (!since) since = one.at;
    if (one.at - *since >= kCalm) break;
  }
  return since ? *since - event : end - event;
}

void sum_up(Session& session, const LoopScenario& scenario, const StreamHost& host,
            const StreamClient& client) {
  LoopResult& result = session.result;
  const TimePoint end = kStart + scenario.length;
  TimePoint last = kStart;
  const auto gap = [&](TimePoint now) {
    const Duration length = now - last;
    last = now;
    if (length <= kFreeze) return;
    ++result.freezes;
    result.longest_freeze = std::max(result.longest_freeze, length);
  };
  std::vector<Duration> latencies;
  for (const Shown& one : session.shown) {
    gap(one.at);
    latencies.push_back(one.latency);
  }
  if (last < end) gap(end);
  std::sort(latencies.begin(), latencies.end());
  if (!latencies.empty()) {
    result.latency_p50 = latencies[latencies.size() / 2];
    result.latency_p95 = latencies[latencies.size() * 95 / 100];
  }
  for (const Duration event : scenario.events) {
    result.recovery = std::max(result.recovery, recovery_from(kStart + event, session.shown, end));
  }
  const HostCounts& sent = host.counts();
  result.frames_sent = sent.frames;
  result.keyframes = sent.keyframes;
  result.sent_bytes = sent.sent_bytes;
  result.parity_share =
      static_cast<double>(sent.parity_shards) /
      static_cast<double>(std::max<std::uint64_t>(1, sent.data_shards + sent.parity_shards));
  result.goodput.bits_per_second =
      static_cast<std::uint64_t>(static_cast<double>(session.shown_bytes) * 8 / to_seconds(scenario.length));
  const ClientCounts counts = client.counts();
  result.frames_lost = sent.frames - counts.delivered;
  result.frames_shown = counts.shown;
  result.frames_wrong += counts.wrong;
  result.healed = counts.healed;
  result.anchors = sent.anchors;
  result.shards_again = sent.shards_again;
}

sim::LinkOptions link_at(const LoopScenario& scenario, const std::optional<LossPattern>& pattern,
                         Duration at) {
  sim::LinkOptions link;
  for (const LinkPhase& phase : scenario.phases) {
    if (phase.at <= at) link = phase.link;
  }
  if (!pattern) return link;
  sim::LinkOptions radio = pattern->link_at(at, scenario.rate, kSeed);
  radio.rate = link.rate;
  radio.queue_bytes = link.queue_bytes;
  return radio;
}

}  // namespace

Result<std::vector<LoopResult>> run_loop(const LoopScenario& scenario, LoopMode mode) {
  std::optional<LossPattern> pattern;
  if (!scenario.pattern.empty()) {
    auto parsed = parse_pattern(scenario.pattern);
    if (!parsed) return tl::unexpected(parsed.error());
    pattern = std::move(*parsed);
  }
  Shared<StreamHost> hosts;
  Shared<StreamClient> clients;
  std::vector<Session> sessions(static_cast<std::size_t>(scenario.sessions));
  Duration round_trip = 2 * scenario.phases.front().link.delay;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    Session& session = sessions[i];
    session.result.lowest = session.result.last = scenario.rate;
    hosts.add(host_of(scenario, mode, kSeed + i));
    auto client = client_of(scenario, mode, kSeed + i, [&round_trip] { return round_trip; });
    client->on_frame = [&session, &hosts, i](const media::Frame& frame, bool shown, TimePoint now) {
      if (!shown) return;
      check_references(session, hosts.at(i), frame.index);
      const TimePoint captured = kStart + Duration(static_cast<Duration::rep>(frame.capture_ns));
      session.shown.push_back({now, now - captured});
      session.shown_bytes += frame.au.size();
    };
    client->on_ask = [&session](const media::RateControl& control, TimePoint) {
      ++session.result.asks[control.cause()];
      session.result.last = control.rate();
      session.result.lowest = std::min(session.result.lowest, control.rate());
    };
    clients.add(std::move(client));
  }
  sim::SimNetwork network(kSeed);
  sim::SimDriver driver(network, kStart);
  driver.add(kHost, hosts);
  driver.add(kClient, clients);
  for (Duration at{}; at < scenario.length; at += kStep) {
    sim::LinkOptions link = link_at(scenario, pattern, at);
    round_trip = 2 * link.delay;
    network.set_link(kHost, kClient, link);
    // Feedback is sparse: a burst counted in its datagrams would last far longer than one of video.
    link.burst_start = 0;
    network.set_link(kClient, kHost, link);
    if (!driver.run_until(kStart + at + kStep))
      return fail("The simulated time stood still: this build is broken.");
  }
  std::vector<LoopResult> results;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    sum_up(sessions[i], scenario, hosts.at(i), clients.at(i));
    results.push_back(sessions[i].result);
  }
  return results;
}

Result<std::vector<LoopRow>> run_loop_scenarios() {
  std::vector<LoopRow> rows;
  for (const LoopScenario& scenario : loop_scenarios()) {
    for (const LoopMode mode : {LoopMode::references, LoopMode::keyframes, LoopMode::off}) {
      auto results = run_loop(scenario, mode);
      if (!results) return tl::unexpected(results.error());
      for (const LoopResult& result : *results) {
        if (result.frames_wrong != 0)
          return fail("Frames came out other than they went in: this build is broken.");
        rows.push_back({&scenario, mode, result});
      }
    }
  }
  return rows;
}

}  // namespace punktfunk::loss_harness

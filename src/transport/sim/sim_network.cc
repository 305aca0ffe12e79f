// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transport/sim/sim_network.h"

#include <algorithm>
#include <cmath>

namespace punktfunk::sim {

void SimNetwork::set_link(NodeId from, NodeId to, const LinkOptions& options) {
  link(from, to).options = options;
}

void SimNetwork::set_both_ways(NodeId a, NodeId b, const LinkOptions& options) {
  set_link(a, b, options);
  set_link(b, a, options);
}

SimNetwork::Link& SimNetwork::link(NodeId from, NodeId to) { return links_[{from, to}]; }

// Not std::uniform_real_distribution: its results differ between standard libraries, and a seed must repeat
// anywhere.
bool SimNetwork::chance(double probability) {
  if (probability <= 0) return false;
  return static_cast<double>(random_() >> 11) * 0x1p-53 < probability;
}

Duration SimNetwork::up_to(Duration limit) {
  if (limit <= Duration::zero()) return Duration::zero();
  return Duration(static_cast<Duration::rep>(random_() % (static_cast<std::uint64_t>(limit.count()) + 1)));
}

void SimNetwork::send(TimePoint now, NodeId from, NodeId to, ByteView bytes) {
  Link& path = link(from, to);
  const LinkOptions& options = path.options;
  ++path.stats.sent;

  TimePoint leaves = now;
  if (options.rate.bits_per_second != 0) {
    const TimePoint starts = std::max(now, path.free_at);
    const double waiting_bytes =
        to_seconds(starts - now) * static_cast<double>(options.rate.bits_per_second) / 8;
    if (waiting_bytes + static_cast<double>(bytes.size()) > static_cast<double>(options.queue_bytes)) {
      ++path.stats.lost_queue;
      return;
    }
    leaves = path.free_at = starts + options.rate.time_for(bytes.size());
  }

  // Loss is behind the queue: a lost datagram has used its share of the line.
  if (!path.in_burst) path.in_burst = chance(options.burst_start);
  if (path.in_burst) {
    ++path.stats.lost_burst;
    path.in_burst = !chance(1 / std::max(1.0, options.burst_length));
    return;
  }
  if (chance(options.loss)) {
    ++path.stats.lost_random;
    return;
  }

  TimePoint arrives = leaves + options.delay + up_to(options.jitter);
  if (chance(options.reorder)) {
    ++path.stats.reordered;
    arrives += options.reorder_delay;
  } else {
    arrives = path.last_arrival = std::max(arrives, path.last_arrival);
  }
  deliver(path, arrives, from, to, bytes);
  if (chance(options.duplicate)) {
    ++path.stats.duplicated;
    deliver(path, arrives + up_to(options.jitter), from, to, bytes);
  }
}

void SimNetwork::deliver(Link& path, TimePoint at, NodeId from, NodeId to, ByteView bytes) {
  ++path.stats.delivered;
  pending_.push({at, next_order_++, {from, to, Bytes(bytes.begin(), bytes.end())}});
}

std::optional<TimePoint> SimNetwork::next_arrival() const {
  if (pending_.empty()) return std::nullopt;
  return pending_.top().at;
}

std::optional<SimDatagram> SimNetwork::receive(TimePoint now) {
  if (pending_.empty() || pending_.top().at > now) return std::nullopt;
  // top() is const because changing the key would break the heap; the bytes are not part of the key.
  SimDatagram datagram = std::move(const_cast<Pending&>(pending_.top()).datagram);
  pending_.pop();
  return datagram;
}

LinkStats SimNetwork::stats(NodeId from, NodeId to) const {
  const auto found = links_.find({from, to});
  return found == links_.end() ? LinkStats{} : found->second.stats;
}

void SimDriver::flush() {
  for (auto& [id, participant] : participants_) {
    while (auto datagram = participant->poll_transmit(now_))
      network_.send(now_, id, datagram->first, datagram->second);
  }
}

std::optional<TimePoint> SimDriver::next_event() const {
  std::optional<TimePoint> next = network_.next_arrival();
  for (const auto& [id, participant] : participants_) {
    const auto deadline = participant->next_deadline();
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

bool SimDriver::run_until(TimePoint end) {
  constexpr int kMostStepsAtOneInstant = 1'000'000;
  int steps = 0;
  flush();
  while (true) {
    const auto next = next_event();
    if (!next || *next > end) break;
    if (*next > now_) {
      now_ = *next;
      steps = 0;
    } else if (++steps > kMostStepsAtOneInstant) {
      return false;
    }
    if (auto datagram = network_.receive(now_)) {
      const auto target = participants_.find(datagram->to);
      if (target != participants_.end()) target->second->receive(now_, datagram->from, datagram->bytes);
    } else {
      for (auto& [id, participant] : participants_) {
        const auto deadline = participant->next_deadline();
        if (deadline && *deadline <= now_) participant->handle_deadline(now_);
      }
    }
    flush();
  }
  now_ = std::max(now_, end);
  return true;
}

}  // namespace punktfunk::sim

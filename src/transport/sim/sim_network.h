// SPDX-License-Identifier: MIT OR Apache-2.0
// A network in virtual time for tests: seeded loss, delay, jitter, reordering, duplication, and a rate limit
// with a bounded queue. The same seed and the same traffic give the same deliveries, byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <queue>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace punktfunk::sim {

// A participant's address in the simulation.
using NodeId = std::uint32_t;

struct SimDatagram {
  NodeId from = 0;
  NodeId to = 0;
  Bytes bytes;
};

// One direction between two nodes. All chances are 0..1 per datagram.
struct LinkOptions {
  Duration delay = Duration::zero();   // propagation, one way
  Duration jitter = Duration::zero();  // uniform 0..jitter added to the delay; alone it never reorders
  double loss = 0;                     // independent random loss
  // Gilbert-Elliott: in the bad state every datagram is lost. burst_start is the chance to enter it,
  // 1/burst_length the chance to leave it after each lost datagram.
  double burst_start = 0;
  double burst_length = 1;  // mean datagrams lost per burst, >= 1
  double duplicate = 0;     // chance of a second copy, with its own jitter
  double reorder = 0;       // chance to be held back by reorder_delay, past its successors
  Duration reorder_delay = Duration::zero();
  BitRate rate{};  // zero = unlimited
  std::size_t queue_bytes =
      std::size_t{256} * 1024;  // waiting for the rate limit; what does not fit is dropped
};

struct LinkStats {
  std::uint64_t sent = 0;       // offered to the link
  std::uint64_t delivered = 0;  // copies included
  std::uint64_t lost_random = 0;
  std::uint64_t lost_burst = 0;
  std::uint64_t lost_queue = 0;  // tail drop at the rate limit
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
};

class SimNetwork {
 public:
  explicit SimNetwork(std::uint64_t seed) : random_(seed) {}

  // Sets or replaces the link from `from` to `to`; datagrams already under way keep their arrival time. A
  // pair without a link has a perfect one.
  void set_link(NodeId from, NodeId to, const LinkOptions& options);
  void set_both_ways(NodeId a, NodeId b, const LinkOptions& options);

  void send(TimePoint now, NodeId from, NodeId to, ByteView bytes);

  [[nodiscard]] std::optional<TimePoint> next_arrival() const;
  // The next datagram that has arrived by `now`, in order of arrival (ties in order of sending); nullopt if
  // none.
  [[nodiscard]] std::optional<SimDatagram> receive(TimePoint now);
  [[nodiscard]] LinkStats stats(NodeId from, NodeId to) const;

 private:
  struct Link {
    LinkOptions options;
    LinkStats stats;
    bool in_burst = false;
    TimePoint free_at{};       // when the rate-limited line has sent everything before
    TimePoint last_arrival{};  // jitter alone keeps order
  };
  struct Pending {
    TimePoint at;
    std::uint64_t order;
    SimDatagram datagram;
  };
  struct Later {
    bool operator()(const Pending& a, const Pending& b) const {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  Link& link(NodeId from, NodeId to);
  [[nodiscard]] bool chance(double probability);
  [[nodiscard]] Duration up_to(Duration limit);
  void deliver(Link& link, TimePoint at, NodeId from, NodeId to, ByteView bytes);

  std::mt19937_64 random_;
  std::map<std::pair<NodeId, NodeId>, Link> links_;
  std::priority_queue<Pending, std::vector<Pending>, Later> pending_;
  std::uint64_t next_order_ = 0;
};

// What the driver loop needs of an endpoint under test. Pure in time: `now` never goes back.
class Participant {
 public:
  virtual ~Participant() = default;
  virtual void receive(TimePoint now, NodeId from, MutableBytes datagram) = 0;
  [[nodiscard]] virtual std::optional<TimePoint> next_deadline() const = 0;
  virtual void handle_deadline(TimePoint now) = 0;
  // The next datagram to send, nullopt when there is none until the next event.
  [[nodiscard]] virtual std::optional<std::pair<NodeId, Bytes>> poll_transmit(TimePoint now) = 0;
};

// Delivers datagrams and deadlines in time order. Deterministic: participants are served in the order of
// their ids.
class SimDriver {
 public:
  // `network` and the participants outlive the driver.
  explicit SimDriver(SimNetwork& network, TimePoint start = TimePoint{}) : network_(network), now_(start) {}

  void add(NodeId id, Participant& participant) { participants_[id] = &participant; }
  // Handles everything up to and including `end`, then stands at `end`. Returns false when a participant
  // asked for more than a million steps at one instant (a deadline that never advances).
  [[nodiscard]] bool run_until(TimePoint end);
  [[nodiscard]] TimePoint now() const { return now_; }

 private:
  void flush();
  [[nodiscard]] std::optional<TimePoint> next_event() const;

  SimNetwork& network_;
  std::map<NodeId, Participant*> participants_;
  TimePoint now_;
};

}  // namespace punktfunk::sim

// SPDX-License-Identifier: MIT OR Apache-2.0
// Two datagram sockets joined by simulated links, in virtual time: what runs over a socket runs faster than
// real time, and repeats exactly.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "transport/datagram.h"
#include "transport/sim/sim_network.h"

namespace punktfunk::sim {

// One thread. The sockets are not to be used after the pair is gone; their fd() is -1, since there is nothing
// to wait for but advance(). Addresses are of TEST-NET-2 (RFC 5737).
class SimPair {
 public:
  // `start`: the first instant of virtual time. All randomness of the links comes from `seed`.
  SimPair(std::uint64_t seed, const LinkOptions& first_to_second, const LinkOptions& second_to_first,
          TimePoint start);
  ~SimPair();
  SimPair(const SimPair&) = delete;
  SimPair& operator=(const SimPair&) = delete;

  [[nodiscard]] std::shared_ptr<DatagramSocket> first() const;
  [[nodiscard]] std::shared_ptr<DatagramSocket> second() const;

  [[nodiscard]] TimePoint now() const { return now_; }
  // When the next datagram arrives at either end; nullopt: nothing is under way.
  [[nodiscard]] std::optional<TimePoint> next_arrival() const { return network_.next_arrival(); }
  // Virtual time goes on to `at`, never back; what has arrived by then can be received.
  void advance(TimePoint at);
  [[nodiscard]] LinkStats first_to_second() const { return network_.stats(0, 1); }
  [[nodiscard]] LinkStats second_to_first() const { return network_.stats(1, 0); }
  // From now on; what is under way keeps its time.
  void set_first_to_second(const LinkOptions& options) { network_.set_link(0, 1, options); }

 private:
  class Socket;
  SimNetwork network_;
  TimePoint now_;
  std::array<std::shared_ptr<Socket>, 2> sockets_;
};

}  // namespace punktfunk::sim

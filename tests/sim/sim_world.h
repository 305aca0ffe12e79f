// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <list>
#include <string>

#include "address_book.h"
#include "scratch_folder.h"
#include "sim_client.h"
#include "sim_host.h"
#include "transport/sim/sim_network.h"

namespace punktfunk::sim {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// One host (node 1) and any number of clients (nodes 2, 3, …) in virtual time. What TLS draws at random
// cannot be seeded, so a run repeats up to the contents of the handshake and what they do to its sizes;
// assertions hold for any of it.
class SimWorld {
 public:
  static constexpr NodeId kHost = 1;

  explicit SimWorld(std::uint64_t world_seed, HostBehaviour behaviour = {}, endpoint::HostConfig config = {})
      : seed(world_seed),
        network(world_seed),
        identity(control::Identity::create_ephemeral("punktfunk-client").value()),
        driver_(network, TimePoint(seconds(1000))) {
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    behaviour.synthetic_seed = seed;
    book_.add(kHost, "10.0.0.1", 9777);
    host.emplace(book_, folder_.path(), seed, behaviour, config);
    driver_.add(kHost, *host);
  }
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  // A device that the host already knows.
  void trust_client() {
    ASSERT_TRUE(host->clients().put({identity.fingerprint(), "Simulated device"}).has_value());
  }

  // A new client node of the one device. `link` in both directions.
  SimClient& add_client(const LinkOptions& link, const control::QuicConfig& quic = {}) {
    const NodeId id = next_client_++;
    book_.add(id, "10.0.0." + std::to_string(id), 40000);
    clients_.emplace_back(book_, id, seed + id, seed, &identity, quic);
    driver_.add(id, clients_.back());
    network.set_both_ways(kHost, id, link);
    return clients_.back();
  }

  // The host sees the client added as number `nth` (from 0) at another address from now on.
  void move_client(std::size_t nth, const std::string& ip, std::uint16_t port) {
    book_.move(static_cast<NodeId>(kHost + 1 + nth), ip, port, next_client_++);
  }

  // An address nobody listens at.
  NodeId add_stranger(const std::string& ip) {
    const NodeId id = next_client_++;
    book_.add(id, ip, 40000);
    return id;
  }

  // A trusted client that dials at once.
  SimClient& connect(const LinkOptions& link) {
    trust_client();
    SimClient& client = add_client(link);
    client.connect(host->identity().fingerprint(), now());
    return client;
  }

  void run_for(Duration time) { ASSERT_TRUE(driver_.run_until(now() + time)) << "time stood still"; }

  // At most `limit`; in steps of 10 ms.
  template <class Done>
  bool run_until(Done done, Duration limit = seconds(30)) {
    const TimePoint end = now() + limit;
    while (!done() && now() < end) run_for(milliseconds(10));
    return done();
  }

  [[nodiscard]] TimePoint now() const { return driver_.now(); }

  const std::uint64_t seed;
  SimNetwork network;
  control::Identity identity;
  std::optional<SimHost> host;

 private:
  test::ScratchFolder folder_;
  AddressBook book_;
  std::list<SimClient> clients_;
  NodeId next_client_ = 2;
  SimDriver driver_;
};

// A good path through a house: 2 ms each way.
inline LinkOptions quiet_link() {
  LinkOptions link;
  link.delay = milliseconds(2);
  return link;
}

}  // namespace punktfunk::sim

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transport/sim/sim_network.h"

#include <gtest/gtest.h>

#include <deque>
#include <iostream>
#include <vector>

namespace punktfunk::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeed = 20260101;
constexpr NodeId kA = 1;
constexpr NodeId kB = 2;
const TimePoint kStart{};

Bytes numbered(std::uint32_t number, std::size_t size = 100) {
  Bytes bytes(size);
  store_le(bytes.data(), number);
  return bytes;
}

struct Arrival {
  TimePoint at;
  std::uint32_t number;
  friend bool operator==(const Arrival&, const Arrival&) = default;
};

// Sends `count` datagrams, one each `gap`, and returns what came out, in order.
std::vector<Arrival> run(SimNetwork& network, std::uint32_t count, Duration gap, std::size_t size = 100) {
  for (std::uint32_t i = 0; i < count; ++i) network.send(kStart + i * gap, kA, kB, numbered(i, size));
  std::vector<Arrival> arrivals;
  while (const auto at = network.next_arrival()) {
    const auto datagram = network.receive(*at);
    arrivals.push_back({*at, load_le<std::uint32_t>(datagram->bytes.data())});
  }
  return arrivals;
}

class SimNetworkTest : public testing::Test {
 protected:
  SimNetworkTest() { std::cout << "seed " << kSeed << "\n"; }
  SimNetwork network_{kSeed};
};

TEST_F(SimNetworkTest, PerfectLinkKeepsEverythingInOrder) {
  const auto arrivals = run(network_, 1000, 1us);
  ASSERT_EQ(arrivals.size(), 1000U);
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_EQ(arrivals[i], (Arrival{kStart + i * 1us, i}));
}

TEST_F(SimNetworkTest, NothingArrivesEarly) {
  network_.set_link(kA, kB, {.delay = 5ms});
  network_.send(kStart, kA, kB, numbered(0));
  EXPECT_FALSE(network_.receive(kStart + 5ms - 1ns).has_value());
  const auto datagram = network_.receive(kStart + 5ms);
  ASSERT_TRUE(datagram.has_value());
  EXPECT_EQ(datagram->from, kA);
  EXPECT_EQ(datagram->to, kB);
  EXPECT_EQ(datagram->bytes, numbered(0));
}

TEST_F(SimNetworkTest, LinksAreOneDirectionEach) {
  network_.set_link(kA, kB, {.loss = 1});
  network_.send(kStart, kA, kB, numbered(0));
  network_.send(kStart, kB, kA, numbered(1));
  EXPECT_EQ(network_.receive(kStart)->from, kB);
  EXPECT_FALSE(network_.receive(kStart).has_value());
}

TEST_F(SimNetworkTest, SameSeedRepeatsExactlyAndAnotherDoesNot) {
  const LinkOptions bad{.delay = 10ms,
                        .jitter = 3ms,
                        .loss = 0.05,
                        .burst_start = 0.01,
                        .burst_length = 4,
                        .duplicate = 0.02,
                        .reorder = 0.03,
                        .reorder_delay = 4ms,
                        .rate = BitRate::from_kbps(100'000)};
  const auto once = [&](std::uint64_t seed) {
    SimNetwork network(seed);
    network.set_link(kA, kB, bad);
    return run(network, 5000, 50us);
  };
  const auto first = once(kSeed);
  EXPECT_EQ(first, once(kSeed));
  EXPECT_NE(first, once(kSeed + 1));
}

// Of everything that arrives and when: FNV-1a over times in ns and numbers.
std::uint64_t digest_of(const std::vector<Arrival>& arrivals) {
  std::uint64_t digest = 0xcbf29ce484222325;
  const auto add = [&digest](std::uint64_t value) {
    for (int byte = 0; byte < 8; ++byte) digest = (digest ^ (value >> (8 * byte) & 0xFF)) * 0x100000001b3;
  };
  for (const Arrival& arrival : arrivals) {
    add(static_cast<std::uint64_t>(arrival.at.time_since_epoch().count()));
    add(arrival.number);
  }
  return digest;
}

// A seed means the same on every machine, with every compiler and library: each kind of trouble alone, and
// all of them together.
TEST_F(SimNetworkTest, SeedsMeanTheSameEverywhere) {
  struct Case {
    const char* name;
    LinkOptions options;
    std::uint64_t digest;
  };
  const Case cases[] = {
      {"loss", {.loss = 0.05}, 0x4a838d1a9ac2a5a8},
      {"bursts", {.burst_start = 0.01, .burst_length = 4}, 0x610d0e53dba91466},
      {"jitter", {.delay = 10ms, .jitter = 3ms}, 0x1c9ccbd60c36cd19},
      {"reordering", {.reorder = 0.03, .reorder_delay = 4ms}, 0x37bf8a11062ff610},
      {"duplication", {.jitter = 1ms, .duplicate = 0.02}, 0x4f4dc532d3f6929f},
      {"rate", {.rate = BitRate::from_kbps(12'345), .queue_bytes = 20'000}, 0x5a481a345e20215a},
      {"all",
       {.delay = 10ms,
        .jitter = 3ms,
        .loss = 0.05,
        .burst_start = 0.01,
        .burst_length = 4,
        .duplicate = 0.02,
        .reorder = 0.03,
        .reorder_delay = 4ms,
        .rate = BitRate::from_kbps(12'345),
        .queue_bytes = 20'000},
       0x7871fe248c46ec40},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    SimNetwork network(kSeed);
    network.set_link(kA, kB, one.options);
    const auto arrivals = run(network, 2000, 50us);
    EXPECT_GT(arrivals.size(), 1000U);
    EXPECT_EQ(digest_of(arrivals), one.digest) << std::hex << "0x" << digest_of(arrivals);
  }
}

TEST_F(SimNetworkTest, RandomLossHasTheRateAskedFor) {
  network_.set_link(kA, kB, {.loss = 0.05});
  const auto arrivals = run(network_, 100'000, 1us);
  const LinkStats stats = network_.stats(kA, kB);
  // Standard deviation of the count is sqrt(100,000 * 0.05 * 0.95) = 69; five of them.
  EXPECT_NEAR(static_cast<double>(stats.lost_random), 5000, 345);
  EXPECT_EQ(arrivals.size() + stats.lost_random, 100'000U);
}

TEST_F(SimNetworkTest, BurstsHaveTheMeanLengthAskedFor) {
  network_.set_link(kA, kB, {.burst_start = 0.001, .burst_length = 8});
  const auto arrivals = run(network_, 200'000, 1us);
  std::uint32_t holes = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) holes += arrivals[i].number != arrivals[i - 1].number + 1;
  ASSERT_GT(holes, 100U);
  EXPECT_NEAR(static_cast<double>(network_.stats(kA, kB).lost_burst) / holes, 8, 2.5);
}

TEST_F(SimNetworkTest, JitterSpreadsButKeepsOrder) {
  network_.set_link(kA, kB, {.delay = 1ms, .jitter = 2ms});
  const auto arrivals = run(network_, 2000, 100us);
  ASSERT_EQ(arrivals.size(), 2000U);
  Duration largest{};
  for (std::uint32_t i = 0; i < 2000; ++i) {
    EXPECT_EQ(arrivals[i].number, i);
    const Duration delay = arrivals[i].at - (kStart + i * 100us);
    EXPECT_GE(delay, 1ms);
    EXPECT_LE(delay, 3ms);
    largest = std::max(largest, delay);
  }
  EXPECT_GT(largest, 2500us);
}

TEST_F(SimNetworkTest, ReorderedOnesComeLater) {
  network_.set_link(kA, kB, {.reorder = 0.1, .reorder_delay = 1ms});
  const auto arrivals = run(network_, 10'000, 100us);
  std::uint32_t overtaken = 0;
  std::uint32_t newest = 0;
  for (const Arrival& arrival : arrivals) {
    overtaken += arrival.number < newest;
    newest = std::max(newest, arrival.number);
  }
  EXPECT_NEAR(overtaken, 1000, 200);
  EXPECT_EQ(network_.stats(kA, kB).reordered, overtaken);
}

TEST_F(SimNetworkTest, DuplicatesAreCopies) {
  network_.set_link(kA, kB, {.duplicate = 0.2});
  const auto arrivals = run(network_, 10'000, 1us);
  EXPECT_NEAR(static_cast<double>(arrivals.size()), 12'000, 250);
  EXPECT_EQ(network_.stats(kA, kB).duplicated, arrivals.size() - 10'000);
}

TEST_F(SimNetworkTest, RateLimitSpacesAndItsQueueIsBounded) {
  // 1000 bytes at 8 Mbit/s take 1 ms; room for four of them.
  network_.set_link(kA, kB, {.rate = BitRate::from_kbps(8000), .queue_bytes = 4000});
  const auto arrivals = run(network_, 100, 0ns, 1000);
  ASSERT_EQ(arrivals.size(), 4U);
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(arrivals[i].at, kStart + (i + 1) * 1ms);
  EXPECT_EQ(network_.stats(kA, kB).lost_queue, 96U);
}

TEST_F(SimNetworkTest, LossRateAtLimitIsTheExcess) {
  // Offered twice what the line carries: half is dropped, whatever the queue.
  network_.set_link(kA, kB, {.rate = BitRate::from_kbps(8000), .queue_bytes = 10'000});
  const auto arrivals = run(network_, 10'000, 500us, 1000);
  EXPECT_NEAR(static_cast<double>(arrivals.size()), 5000, 20);
}

// Answers every datagram with the next number until `last`, and ticks once a millisecond.
class PingPong : public Participant {
 public:
  PingPong(NodeId peer, std::uint32_t last, bool starts) : peer_(peer), last_(last) {
    if (starts) outgoing_.push_back(numbered(0));
  }
  void receive(TimePoint now, NodeId from, MutableBytes datagram) override {
    EXPECT_EQ(from, peer_);
    seen_.push_back({now, load_le<std::uint32_t>(datagram.data())});
    if (seen_.back().number < last_) outgoing_.push_back(numbered(seen_.back().number + 1));
  }
  std::optional<TimePoint> next_deadline() const override { return tick_; }
  void handle_deadline(TimePoint now) override {
    EXPECT_EQ(now, tick_);
    if (advance_) tick_ += 1ms;
    ++ticks_;
  }
  std::optional<std::pair<NodeId, Bytes>> poll_transmit(TimePoint) override {
    if (outgoing_.empty()) return std::nullopt;
    auto next = std::make_pair(peer_, std::move(outgoing_.front()));
    outgoing_.pop_front();
    return next;
  }

  NodeId peer_;
  std::uint32_t last_;
  std::deque<Bytes> outgoing_;
  std::vector<Arrival> seen_;
  TimePoint tick_ = kStart + 1ms;
  bool advance_ = true;
  int ticks_ = 0;
};

TEST_F(SimNetworkTest, DriverInterleavesDatagramsAndDeadlines) {
  network_.set_both_ways(kA, kB, {.delay = 10ms});
  PingPong a(kB, 100, true);
  PingPong b(kA, 100, false);
  SimDriver driver(network_, kStart);
  driver.add(kA, a);
  driver.add(kB, b);
  ASSERT_TRUE(driver.run_until(kStart + 95ms));
  EXPECT_EQ(driver.now(), kStart + 95ms);
  // Number n arrives at (n + 1) * 10 ms: 0, 2, 4, 6, 8 at b.
  ASSERT_EQ(b.seen_.size(), 5U);
  EXPECT_EQ(b.seen_[4], (Arrival{kStart + 90ms, 8}));
  EXPECT_EQ(a.ticks_, 95);
  ASSERT_TRUE(driver.run_until(kStart + 2s));
  EXPECT_EQ(a.seen_.back().number, 99U);
  EXPECT_EQ(b.seen_.back().number, 100U);
  EXPECT_EQ(b.ticks_, 2000);
}

TEST_F(SimNetworkTest, DeadlineThatNeverAdvancesIsReported) {
  PingPong a(kB, 0, false);
  a.advance_ = false;
  SimDriver driver(network_, kStart);
  driver.add(kA, a);
  EXPECT_FALSE(driver.run_until(kStart + 1s));
}

}  // namespace
}  // namespace punktfunk::sim

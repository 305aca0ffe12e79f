// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transport/loopback/loopback.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>
#include <vector>

namespace punktfunk {
namespace {

using namespace std::chrono_literals;

LoopbackPair make(std::size_t queue_bytes = LoopbackOptions{}.queue_bytes) {
  auto pair = make_loopback_pair({queue_bytes});
  EXPECT_TRUE(pair.has_value());
  return std::move(*pair);
}

bool is_readable(const DatagramSocket& socket) {
  pollfd entry{socket.fd(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}

SendOutcome send(DatagramSocket& from, const DatagramSocket& to, ByteView bytes, std::size_t segment,
                 const SendOptions& options = {}) {
  return from.send({}, to.local_address(), bytes, segment, options);
}

TEST(Loopback, SegmentsArriveWholeAndInOrder) {
  const LoopbackPair pair = make();
  Bytes sent(2500);
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::uint8_t>(i % 251);
  EXPECT_FALSE(is_readable(*pair.second));
  EXPECT_EQ(send(*pair.first, *pair.second, sent, 1000, {.ecn = 2}).sent, 3U);
  EXPECT_TRUE(is_readable(*pair.second));
  EXPECT_FALSE(is_readable(*pair.first));
  const auto got = pair.second->receive_batch();
  ASSERT_EQ(got.size(), 3U);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const ByteView expected = ByteView(sent).subspan(i * 1000, i == 2 ? 500 : 1000);
    EXPECT_TRUE(std::equal(got[i].bytes.begin(), got[i].bytes.end(), expected.begin(), expected.end()));
    EXPECT_EQ(*got[i].remote, pair.first->local_address());
    EXPECT_EQ(*got[i].local, pair.second->local_address());
    EXPECT_EQ(got[i].ecn, 2);
  }
  EXPECT_FALSE(is_readable(*pair.second));
  EXPECT_TRUE(pair.second->receive_batch().empty());
  EXPECT_EQ(pair.first->stats().sent_datagrams, 3U);
  EXPECT_EQ(pair.first->stats().sent_bytes, 2500U);
  EXPECT_EQ(pair.second->stats().received_datagrams, 3U);
  EXPECT_EQ(pair.second->stats().received_bytes, 2500U);
}

TEST(Loopback, StaysReadableUntilTheLastBatch) {
  const LoopbackPair pair = make();
  (void)send(*pair.first, *pair.second, Bytes(100), 1);
  std::size_t total = 0;
  while (is_readable(*pair.second)) {
    const std::size_t got = pair.second->receive_batch().size();
    ASSERT_GT(got, 0U);
    total += got;
  }
  EXPECT_EQ(total, 100U);
}

TEST(Loopback, FullQueueIsCountedAtBothEnds) {
  // Room for four datagrams of 1000 bytes.
  const LoopbackPair pair = make(4 * (1000 + kLoopbackOverhead));
  const SendOutcome outcome = send(*pair.first, *pair.second, Bytes(10'000), 1000);
  EXPECT_EQ(outcome.sent, 4U);
  EXPECT_EQ(outcome.dropped, 6U);
  EXPECT_TRUE(outcome.would_block);
  EXPECT_EQ(pair.first->stats().dropped_would_block, 6U);
  EXPECT_EQ(pair.second->stats().receive_overflows, 6U);
  EXPECT_EQ(pair.second->receive_batch().size(), 4U);
  // There is room again.
  EXPECT_EQ(send(*pair.first, *pair.second, Bytes(1000), 1000).sent, 1U);
}

TEST(Loopback, PatienceWaitsForTheReader) {
  const LoopbackPair pair = make(4 * (1000 + kLoopbackOverhead));
  std::thread reader([&] {
    for (std::size_t got = 0; got < 100;) {
      pollfd entry{pair.second->fd(), POLLIN, 0};
      ASSERT_EQ(::poll(&entry, 1, 10'000), 1);
      got += pair.second->receive_batch().size();
    }
  });
  const SendOutcome outcome =
      send(*pair.first, *pair.second, Bytes(100'000), 1000, {.patience = std::chrono::seconds(10)});
  reader.join();
  EXPECT_EQ(outcome.sent, 100U);
  EXPECT_EQ(pair.second->stats().receive_overflows, 0U);
}

TEST(Loopback, ForeignDestinationAndOversizedAreCounted) {
  const LoopbackPair pair = make();
  EXPECT_EQ(send(*pair.first, *pair.first, Bytes(10), 10).dropped, 1U);
  EXPECT_EQ(pair.first->stats().dropped_unreachable, 1U);
  EXPECT_EQ(send(*pair.first, *pair.second, Bytes(65508), 65508).dropped, 1U);
  EXPECT_EQ(pair.first->stats().dropped_too_large, 1U);
  EXPECT_TRUE(pair.second->receive_batch().empty());
}

TEST(Loopback, EndsMayGoInAnyOrder) {
  LoopbackPair pair = make();
  const SocketAddress second = pair.second->local_address();
  (void)send(*pair.second, *pair.first, Bytes(10), 10);
  pair.second.reset();
  EXPECT_EQ(pair.first->receive_batch().size(), 1U);
  EXPECT_EQ(pair.first->send({}, second, Bytes(10), 10).dropped, 1U);
  EXPECT_EQ(pair.first->stats().dropped_refused, 1U);
}

// Two senders and a reader for each direction at once. Runs under ThreadSanitizer.
TEST(Loopback, ThreadsMixNothing) {
  const LoopbackPair pair = make();
  constexpr std::size_t kSends = 200;
  constexpr std::size_t kSegments = 5;
  const auto reading = [](DatagramSocket& socket, std::vector<std::size_t>& next, std::size_t from) {
    for (std::size_t got = 0; got < 2 * kSends * kSegments;) {
      pollfd entry{socket.fd(), POLLIN, 0};
      ASSERT_EQ(::poll(&entry, 1, 10'000), 1);
      for (const ReceivedDatagram& datagram : socket.receive_batch()) {
        ASSERT_EQ(datagram.bytes.size(), 8U);
        const std::size_t sender = datagram.bytes[0];
        ASSERT_EQ(sender / 2, from);
        // Each sender's datagrams keep their order.
        ASSERT_EQ(load_le<std::uint32_t>(datagram.bytes.data() + 4), next[sender % 2]++);
        ++got;
      }
    }
  };
  const auto sending = [&](std::size_t sender) {
    DatagramSocket& from = sender / 2 == 0 ? *pair.first : *pair.second;
    const DatagramSocket& to = sender / 2 == 0 ? *pair.second : *pair.first;
    for (std::uint32_t i = 0; i < kSends; ++i) {
      Bytes bytes(kSegments * 8);
      for (std::uint32_t s = 0; s < kSegments; ++s) {
        bytes[s * 8] = static_cast<std::uint8_t>(sender);
        store_le(bytes.data() + s * 8 + 4, static_cast<std::uint32_t>(i * kSegments + s));
      }
      EXPECT_EQ(send(from, to, bytes, 8, {.patience = 10s}).sent, kSegments);
      (void)from.stats();
    }
  };
  std::vector<std::size_t> seen_by_second(2), seen_by_first(2);
  std::vector<std::thread> threads;
  threads.emplace_back([&] { reading(*pair.second, seen_by_second, 0); });
  threads.emplace_back([&] { reading(*pair.first, seen_by_first, 1); });
  for (std::size_t sender = 0; sender < 4; ++sender) threads.emplace_back(sending, sender);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace punktfunk

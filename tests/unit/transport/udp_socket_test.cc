// SPDX-License-Identifier: MIT OR Apache-2.0
// The UDP socket against the kernel's loopback, with and without segmentation offload and coalescing.
#include "transport/udp/udp_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace punktfunk {
namespace {

using testing::HasSubstr;

struct Offload {
  bool gso;
  bool gro;
};

std::unique_ptr<UdpSocket> open(const std::string& ip, UdpOptions options = {}) {
  auto socket = UdpSocket::bind(*SocketAddress::parse(ip, 0), options);
  EXPECT_TRUE(socket.has_value()) << socket.error().message;
  return std::move(*socket);
}

bool has_ipv6() { return UdpSocket::bind(*SocketAddress::parse("::1", 0)).has_value(); }

struct Copy {
  Bytes bytes;
  SocketAddress local, remote;
  std::uint8_t ecn;
};

// Waits until `wanted` datagrams have come, or until the socket was silent for 5 s (then the test fails on
// the count).
std::vector<Copy> receive(UdpSocket& socket, std::size_t wanted) {
  std::vector<Copy> all;
  while (all.size() < wanted) {
    const auto batch = socket.receive_batch();
    for (const ReceivedDatagram& d : batch) {
      all.push_back({Bytes(d.bytes.begin(), d.bytes.end()), *d.local, *d.remote, d.ecn});
    }
    if (!batch.empty()) continue;
    pollfd readable{.fd = socket.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 5000) <= 0) break;
  }
  return all;
}

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return bytes;
}

SocketAddress at_port_of(const UdpSocket& socket, const std::string& ip) {
  return *SocketAddress::parse(ip, socket.local_address().port());
}

class UdpOffload : public testing::TestWithParam<Offload> {
 protected:
  UdpOptions options() const {
    UdpOptions result;
    result.use_gso = GetParam().gso;
    result.use_gro = GetParam().gro;
    return result;
  }
};

TEST_P(UdpOffload, CutsAndRejoinsEveryLength) {
  const auto sender = open("127.0.0.1", options());
  const auto receiver = open("127.0.0.1", options());
  const std::size_t segment = 1200;
  // One byte, whole segments, a short last one, more than one call's 64 segments, more than 65,507 bytes.
  for (const std::size_t size :
       {std::size_t{1}, segment, segment + 1, 10 * segment, 64 * segment, 150 * segment + 17}) {
    const Bytes sent = counting(size);
    const std::size_t number = (size + segment - 1) / segment;
    const SendOutcome outcome = sender->send({}, receiver->local_address(), sent, segment);
    EXPECT_EQ(outcome.sent, number);
    EXPECT_EQ(outcome.dropped, 0U);
    const std::vector<Copy> got = receive(*receiver, number);
    ASSERT_EQ(got.size(), number) << "of a send of " << size << " bytes";
    Bytes joined;
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].bytes.size(), std::min(segment, size - i * segment));
      append(joined, got[i].bytes);
      EXPECT_EQ(got[i].remote, sender->local_address());
      EXPECT_EQ(got[i].local, receiver->local_address());
    }
    EXPECT_EQ(joined, sent);
  }
}

TEST_P(UdpOffload, ManySmallDatagramsStaySeparate) {
  const auto sender = open("127.0.0.1", options());
  const auto receiver = open("127.0.0.1", options());
  const Bytes sent = counting(300);
  EXPECT_EQ(sender->send({}, receiver->local_address(), sent, 1).sent, 300U);
  const std::vector<Copy> got = receive(*receiver, 300);
  ASSERT_EQ(got.size(), 300U);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].bytes, Bytes{sent[i]});
}

INSTANTIATE_TEST_SUITE_P(All, UdpOffload,
                         testing::Values(Offload{true, true}, Offload{true, false}, Offload{false, true},
                                         Offload{false, false}),
                         [](const auto& offload) {
                           return std::string(offload.param.gso ? "gso" : "no_gso") +
                                  (offload.param.gro ? "_gro" : "_no_gro");
                         });

TEST(UdpSocket, OffloadNeedsFewerCalls) {
  UdpOptions plain;
  plain.use_gso = false;
  const auto fast = open("127.0.0.1");
  const auto slow = open("127.0.0.1", plain);
  const auto receiver = open("127.0.0.1");
  const Bytes bytes(std::size_t{40} * 1200);
  (void)fast->send({}, receiver->local_address(), bytes, 1200);
  (void)slow->send({}, receiver->local_address(), bytes, 1200);
  EXPECT_EQ(receive(*receiver, 80).size(), 80U);
  EXPECT_TRUE(fast->gso_in_use()) << "this kernel refuses UDP_SEGMENT on loopback";
  EXPECT_EQ(fast->stats().send_calls, 1U);
  EXPECT_EQ(slow->stats().send_calls, 1U);  // one sendmmsg
  EXPECT_LT(receiver->stats().receive_calls, 20U);
}

TEST(UdpSocket, RefusedOffloadFallsBackAndIsRemembered) {
  const auto sender = open("127.0.0.1");
  const auto receiver = open("127.0.0.1");
  // Without UDP checksums the kernel refuses to segment, as it does on a route without checksum offload.
  const int on = 1;
  ASSERT_EQ(::setsockopt(sender->fd(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
  const Bytes bytes = counting(5000);
  EXPECT_EQ(sender->send({}, receiver->local_address(), bytes, 1000).sent, 5U);
  EXPECT_FALSE(sender->gso_in_use());
  EXPECT_EQ(sender->stats().send_calls, 2U);  // the refused one and a sendmmsg
  EXPECT_EQ(sender->send({}, receiver->local_address(), bytes, 1000).sent, 5U);
  EXPECT_EQ(sender->stats().send_calls, 3U);
  EXPECT_EQ(receive(*receiver, 10).size(), 10U);
}

TEST(UdpSocket, NeverFragments) {
  int mode = -1;
  socklen_t size = sizeof mode;
  const auto v4 = open("0.0.0.0");
  ASSERT_EQ(::getsockopt(v4->fd(), IPPROTO_IP, IP_MTU_DISCOVER, &mode, &size), 0);
  EXPECT_EQ(mode, IP_PMTUDISC_PROBE);
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  const auto dual = open("::");
  ASSERT_EQ(::getsockopt(dual->fd(), IPPROTO_IP, IP_MTU_DISCOVER, &mode, &size), 0);
  EXPECT_EQ(mode, IP_PMTUDISC_PROBE);
  ASSERT_EQ(::getsockopt(dual->fd(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, &mode, &size), 0);
  EXPECT_EQ(mode, IPV6_PMTUDISC_PROBE);
}

TEST(UdpSocket, DualStackTakesBothFamilies) {
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  const auto server = UdpSocket::bind({});
  ASSERT_TRUE(server.has_value());
  for (const std::string ip : {"127.0.0.1", "::1"}) {
    const auto client = open(ip);
    const Bytes hello = counting(100);
    ASSERT_EQ(client->send({}, at_port_of(**server, ip), hello, 100).sent, 1U);
    const std::vector<Copy> asked = receive(**server, 1);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].remote, client->local_address());
    EXPECT_EQ(asked[0].local, at_port_of(**server, ip));
    // Back from the address it came to, with ECN bits and several segments, so that every control message is
    // present.
    const Bytes answer = counting(2500);
    const SendOutcome outcome = (*server)->send(asked[0].local, asked[0].remote, answer, 1000, {.ecn = 2});
    EXPECT_EQ(outcome.sent, 3U);
    const std::vector<Copy> got = receive(*client, 3);
    ASSERT_EQ(got.size(), 3U);
    EXPECT_EQ(got[2].bytes, Bytes(answer.begin() + 2000, answer.end()));
    EXPECT_EQ(got[0].remote, at_port_of(**server, ip));
    EXPECT_EQ(got[0].ecn, 2);
  }
}

TEST(UdpSocket, MappedAndPlainIpv4AreTheSameDestination) {
  const auto v4 = open("127.0.0.1");
  EXPECT_EQ(v4->send({}, at_port_of(*v4, "::ffff:127.0.0.1"), counting(10), 10).sent, 1U);
  EXPECT_EQ(receive(*v4, 1).size(), 1U);
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  const auto dual = open("::");
  EXPECT_EQ(dual->send({}, at_port_of(*v4, "127.0.0.1"), counting(10), 10).sent, 1U);
  EXPECT_EQ(
      dual->send(*SocketAddress::parse("127.0.0.1", 0), at_port_of(*v4, "::ffff:127.0.0.1"), counting(10), 10)
          .sent,
      1U);
  const std::vector<Copy> got = receive(*v4, 2);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].remote.ip(), "127.0.0.1");
}

TEST(UdpSocket, SourceAddressIsTheOneAskedFor) {
  const auto any = open("0.0.0.0");
  const auto receiver = open("127.0.0.1");
  const auto source = SocketAddress::parse("127.0.0.5", 0);
  EXPECT_EQ(any->send(*source, receiver->local_address(), counting(10), 10).sent, 1U);
  const std::vector<Copy> got = receive(*receiver, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].remote.ip(), "127.0.0.5");
}

// The traffic class of the next datagram, as the receiving kernel shows it; -1 when none comes.
int traffic_class(const UdpSocket& receiver) {
  pollfd readable{.fd = receiver.fd(), .events = POLLIN, .revents = 0};
  if (::poll(&readable, 1, 5000) != 1) return -1;
  char byte = 0;
  iovec payload{&byte, 1};
  alignas(cmsghdr) std::array<char, 256> control{};
  msghdr header{};
  header.msg_iov = &payload;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  if (::recvmsg(receiver.fd(), &header, 0) < 0) return -1;
  for (cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr; at = CMSG_NXTHDR(&header, at)) {
    if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_TOS) return *CMSG_DATA(at);
    if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_TCLASS) {
      int value = 0;
      std::memcpy(&value, CMSG_DATA(at), sizeof value);
      return value;
    }
  }
  return -1;
}

TEST(UdpSocket, MarkingAndCongestionBitsAreKeptApart) {
  UdpOptions marked;
  marked.dscp = kDscpInteractiveVideo;
  for (const std::string ip : {"127.0.0.1", "::1"}) {
    if (ip == "::1" && !has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
    // From a socket of one family, and from one of both.
    for (const std::string& from : {ip, std::string("::")}) {
      if (from == "::" && !has_ipv6()) continue;
      SCOPED_TRACE(ip + " from " + from);
      const auto sender = open(from, marked);
      const auto plain = open(from);
      const auto receiver = open(ip);
      const auto& to = receiver->local_address();
      EXPECT_EQ(sender->send({}, to, counting(10), 10).sent, 1U);
      EXPECT_EQ(traffic_class(*receiver), 34 << 2);
      EXPECT_EQ(sender->send({}, to, counting(10), 10, {.ecn = 2}).sent, 1U);
      EXPECT_EQ(traffic_class(*receiver), 34 << 2 | 2);
      EXPECT_EQ(plain->send({}, to, counting(10), 10, {.ecn = 1}).sent, 1U);
      EXPECT_EQ(traffic_class(*receiver), 1);
      EXPECT_EQ(plain->send({}, to, counting(10), 10).sent, 1U);
      EXPECT_EQ(traffic_class(*receiver), 0) << "off by default";
    }
  }
}

TEST(UdpSocket, BuffersGrantedAreKnown) {
  UdpOptions small;
  small.receive_buffer_bytes = small.send_buffer_bytes = 16 * 1024;
  const auto socket = open("127.0.0.1", small);
  // The kernel doubles what is asked, for its bookkeeping.
  EXPECT_EQ(socket->granted_receive_buffer(), 32 * 1024);
  EXPECT_EQ(socket->granted_send_buffer(), 32 * 1024);
}

TEST(UdpSocket, Ipv6DestinationOnAnIpv4SocketIsCounted) {
  const auto socket = open("127.0.0.1");
  const SendOutcome outcome = socket->send({}, *SocketAddress::parse("::1", 9), counting(25), 10);
  EXPECT_EQ(outcome.sent, 0U);
  EXPECT_EQ(outcome.dropped, 3U);
  EXPECT_EQ(socket->stats().dropped_unreachable, 3U);
}

TEST(UdpSocket, OversizedDatagramIsCountedAndTheRestGoes) {
  for (const bool gso : {true, false}) {
    UdpOptions options;
    options.use_gso = gso;
    const auto sender = open("127.0.0.1", options);
    const auto receiver = open("127.0.0.1");
    // 70,000 bytes fit no datagram; the second piece does.
    const SendOutcome outcome = sender->send({}, receiver->local_address(), counting(70'100), 70'000);
    EXPECT_EQ(outcome.sent, 1U);
    EXPECT_EQ(outcome.dropped, 1U);
    EXPECT_FALSE(outcome.would_block);
    EXPECT_EQ(sender->stats().dropped_too_large, 1U);
    EXPECT_EQ(sender->gso_in_use(), gso);
    const std::vector<Copy> got = receive(*receiver, 1);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].bytes.size(), 100U);
  }
}

TEST(UdpSocket, TruncatedReadIsDroppedAndCounted) {
  UdpOptions options;
  options.receive_message_bytes = 1000;
  const auto receiver = open("127.0.0.1", options);
  const auto sender = open("127.0.0.1");
  (void)sender->send({}, receiver->local_address(), counting(1001), 2000);
  (void)sender->send({}, receiver->local_address(), counting(1000), 2000);
  const std::vector<Copy> got = receive(*receiver, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].bytes.size(), 1000U);
  EXPECT_EQ(receiver->stats().receive_truncated, 1U);
  EXPECT_EQ(receiver->stats().received_datagrams, 1U);
}

TEST(UdpSocket, EmptyDatagramArrivesAndEmptySendDoesNothing) {
  const auto receiver = open("127.0.0.1");
  EXPECT_EQ(receiver->send({}, receiver->local_address(), {}, 100).sent, 0U);
  const auto& to = receiver->local_address();
  ASSERT_EQ(::sendto(receiver->fd(), nullptr, 0, 0, to.data(), to.size()), 0);
  const std::vector<Copy> got = receive(*receiver, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_TRUE(got[0].bytes.empty());
}

TEST(UdpSocket, NothingWaitingIsEmpty) {
  const auto socket = open("127.0.0.1");
  EXPECT_TRUE(socket->receive_batch().empty());
  EXPECT_EQ(socket->stats().receive_errors, 0U);
}

TEST(UdpSocket, OverflowOfTheReceiveBufferIsReported) {
  UdpOptions options;
  options.receive_buffer_bytes = 4096;
  const auto receiver = open("127.0.0.1", options);
  const int on = 1;
  if (::setsockopt(receiver->fd(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on) != 0) {
    GTEST_SKIP() << "this kernel, or the emulator of it, does not count overflows (SO_RXQ_OVFL)";
  }
  const auto sender = open("127.0.0.1");
  (void)sender->send({}, receiver->local_address(), Bytes(std::size_t{200} * 1000), 1000);
  while (!receiver->receive_batch().empty()) {
  }
  // The kernel reports the count with the next datagram that it queues.
  (void)sender->send({}, receiver->local_address(), counting(10), 10);
  EXPECT_GE(receive(*receiver, 1).size(), 1U);
  EXPECT_GT(receiver->stats().receive_overflows, 0U);
}

TEST(UdpSocket, ConcurrentSendersMixNothing) {
  const auto sender = open("127.0.0.1");
  const auto receiver = open("127.0.0.1");
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kSends = 25;
  constexpr std::size_t kSegments = 5;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&sender, &receiver, t] {
      const Bytes bytes(kSegments * 300, static_cast<std::uint8_t>(t));
      for (std::size_t i = 0; i < kSends; ++i) {
        (void)sender->send({}, receiver->local_address(), bytes, 300, {.patience = std::chrono::seconds(5)});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<Copy> got = receive(*receiver, kThreads * kSends * kSegments);
  EXPECT_EQ(got.size(), kThreads * kSends * kSegments);
  for (const Copy& datagram : got) {
    ASSERT_EQ(datagram.bytes.size(), 300U);
    EXPECT_TRUE(std::all_of(datagram.bytes.begin(), datagram.bytes.end(),
                            [&](std::uint8_t byte) { return byte == datagram.bytes[0]; }));
  }
  EXPECT_EQ(sender->stats().sent_datagrams, kThreads * kSends * kSegments);
}

TEST(UdpSocket, PortInUseSaysSoAndNamesTheRemedy) {
  const auto first = open("127.0.0.1");
  const auto second = UdpSocket::bind(first->local_address());
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(first->local_address().port())));
  EXPECT_THAT(second.error().message, HasSubstr("already in use"));
  EXPECT_THAT(second.error().message, HasSubstr("--port"));
}

TEST(UdpSocket, ForeignAddressIsRefusedByName) {
  const auto socket = UdpSocket::bind(*SocketAddress::parse("203.0.113.7", 0));
  ASSERT_FALSE(socket.has_value());
  EXPECT_THAT(socket.error().message, HasSubstr("203.0.113.7"));
}

}  // namespace
}  // namespace punktfunk

// SPDX-License-Identifier: MIT OR Apache-2.0
// In a network namespace of its own, whose loopback interface is given a small MTU.
#include "transport/udp/route_mtu.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>

#include <string>

#include "base/bytes.h"
#include "base/unique_fd.h"
#include "transport/udp/udp_socket.h"

namespace punktfunk {
namespace {

constexpr int kLoopbackMtu = 1400;

bool set_up_loopback() {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  ::strcpy(request.ifr_name, "lo");
  request.ifr_mtu = kLoopbackMtu;
  if (::ioctl(fd.get(), SIOCSIFMTU, &request) != 0) return false;
  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
  return ::ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0;
}

// False under qemu-user, which does not pass the question on.
bool kernel_answers() {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress to = *SocketAddress::parse("127.0.0.1", 9);
  int mtu = 0;
  socklen_t size = sizeof mtu;
  return ::connect(fd.get(), to.data(), to.size()) == 0 &&
         ::getsockopt(fd.get(), IPPROTO_IP, IP_MTU, &mtu, &size) == 0;
}

class RouteMtu : public testing::Test {
 protected:
  // The whole program moves: nothing else runs in it.
  static void SetUpTestSuite() {
    const bool own = ::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
    if (!own) {
      why_not_ = std::string("this user may not make a network namespace: ") + strerror(errno);
    } else if (!set_up_loopback()) {
      why_not_ = std::string("the loopback interface could not be set up: ") + strerror(errno);
    } else if (!kernel_answers()) {
      why_not_ = std::string("the kernel, or the emulator of it, does not tell MTUs: ") + strerror(errno);
    }
  }
  void SetUp() override {
    if (!why_not_.empty()) GTEST_SKIP() << why_not_;
  }
  static inline std::string why_not_;
};

SocketAddress at(const char* ip, std::uint16_t port = 9) { return *SocketAddress::parse(ip, port); }

TEST_F(RouteMtu, IsThatOfTheInterface) {
  EXPECT_EQ(route_mtu({}, at("127.0.0.1")), 1400U);
  EXPECT_EQ(route_mtu(at("127.0.0.2", 5000), at("127.0.0.1")), 1400U);
  EXPECT_EQ(route_mtu(at("::", 5000), at("::ffff:127.0.0.1")), 1400U);
  if (!UdpSocket::bind(at("::1", 0))) GTEST_SKIP() << "this machine has no IPv6";
  EXPECT_EQ(route_mtu({}, at("::1")), 1400U);
}

TEST_F(RouteMtu, NoRouteNoNumber) {
  EXPECT_EQ(route_mtu({}, at("198.51.100.1")), std::nullopt);
  EXPECT_EQ(route_mtu({}, at("2001:db8::1")), std::nullopt);
}

// What does not fit the interface is a counted drop; what fits by this arithmetic arrives.
TEST_F(RouteMtu, LargestPayloadPasses) {
  const auto sender = UdpSocket::bind(at("127.0.0.1", 0)).value();
  const auto receiver = UdpSocket::bind(at("127.0.0.1", 0)).value();
  const std::size_t largest = udp_payload_of(kLoopbackMtu, receiver->local_address());
  EXPECT_EQ(largest, 1372U);
  EXPECT_EQ(sender->send({}, receiver->local_address(), Bytes(largest), largest).sent, 1U);
  EXPECT_EQ(sender->send({}, receiver->local_address(), Bytes(largest + 1), largest + 1).dropped, 1U);
  EXPECT_EQ(sender->stats().dropped_too_large, 1U);
  // The same as segments of a larger send: each is over the MTU, and offload is not blamed for it.
  EXPECT_EQ(sender->send({}, receiver->local_address(), Bytes(3 * (largest + 1)), largest + 1).dropped, 3U);
  EXPECT_EQ(sender->stats().dropped_too_large, 4U);
  EXPECT_TRUE(sender->gso_in_use());
  EXPECT_EQ(receiver->receive_batch().size(), 1U);
}

// A router's word about a packet of ours is remembered for its destination, and our sends go on unhindered:
// the answer to it is a smaller shard, not an error.
TEST_F(RouteMtu, LearnsFromPacketTooBig) {
  const auto sender = UdpSocket::bind(at("127.0.0.1", 0)).value();
  const auto receiver = UdpSocket::bind(at("127.0.0.3", 0)).value();
  ASSERT_EQ(route_mtu({}, receiver->local_address()), 1400U);

  struct {
    icmphdr icmp;
    iphdr ip;
    udphdr udp;
  } message{};
  message.icmp.type = ICMP_DEST_UNREACH;
  message.icmp.code = ICMP_FRAG_NEEDED;
  message.icmp.un.frag.mtu = htons(1300);
  message.ip.version = 4;
  message.ip.ihl = 5;
  message.ip.tot_len = htons(1400);
  message.ip.protocol = IPPROTO_UDP;
  message.ip.saddr = message.ip.daddr = htonl(INADDR_LOOPBACK);
  message.ip.daddr = htonl(0x7F000003);
  message.udp.source = htons(sender->local_address().port());
  message.udp.dest = htons(receiver->local_address().port());
  message.udp.len = htons(1380);
  std::uint32_t sum = 0;
  std::array<std::uint16_t, sizeof message / 2> words;
  memcpy(words.data(), &message, sizeof message);
  for (const std::uint16_t word : words) sum += word;
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  message.icmp.checksum = static_cast<std::uint16_t>(~sum);
  const UniqueFd router(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
  ASSERT_TRUE(router.valid()) << strerror(errno);
  const SocketAddress to = at("127.0.0.1", 0);
  ASSERT_EQ(::sendto(router.get(), &message, sizeof message, 0, to.data(), to.size()),
            static_cast<ssize_t>(sizeof message));

  EXPECT_EQ(route_mtu({}, receiver->local_address()), 1300U);
  EXPECT_EQ(sender->send({}, receiver->local_address(), Bytes(100), 100).sent, 1U);
}

TEST(UdpPayload, OfSmallAndLargePackets) {
  EXPECT_EQ(udp_payload_of(1500, at("10.0.0.1")), 1472U);
  EXPECT_EQ(udp_payload_of(1500, at("::ffff:10.0.0.1")), 1472U);
  EXPECT_EQ(udp_payload_of(1500, at("2001:db8::1")), 1452U);
  EXPECT_EQ(udp_payload_of(28, at("10.0.0.1")), 0U);
  EXPECT_EQ(udp_payload_of(0, at("10.0.0.1")), 0U);
}

}  // namespace
}  // namespace punktfunk

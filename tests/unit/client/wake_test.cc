// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/socket_address.h"
#include "base/unique_fd.h"
#include "client/hosts/wake_on_lan.h"

namespace punktfunk::client {
namespace {

TEST(WakeOnLan, MagicPacket) {
  const auto mac = parse_mac("0a:1B-2c:3d:4e:5f");
  ASSERT_TRUE(mac);
  EXPECT_EQ(mac_text(*mac), "0a:1b:2c:3d:4e:5f");
  const Bytes packet = magic_packet(*mac);
  ASSERT_EQ(packet.size(), 102U);
  EXPECT_TRUE(
      std::all_of(packet.begin(), packet.begin() + 6, [](std::uint8_t byte) { return byte == 0xFF; }));
  for (std::ptrdiff_t at = 6; at < 102; at += 6)
    EXPECT_TRUE(std::equal(mac->begin(), mac->end(), packet.begin() + at)) << at;
}

TEST(WakeOnLan, AddressesNobodyHas) {
  for (const char* wrong :
       {"", "0a:1b:2c:3d:4e", "0a:1b:2c:3d:4e:5", "0a:1b:2c:3d:4e:5g", "0a1b2c3d4e5f00000",
        "00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "0a:1b:2c:3d:4e:5f:"})
    EXPECT_FALSE(parse_mac(wrong)) << wrong;
}

TEST(WakeOnLan, ReachesWhoeverListensToTheBroadcast) {
  const UniqueFd listener(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  SocketAddress any = *SocketAddress::parse("0.0.0.0", 0);
  ASSERT_EQ(::bind(listener.get(), any.data(), any.size()), 0);
  socklen_t length = sizeof(sockaddr_storage);
  ASSERT_EQ(::getsockname(listener.get(), any.data(), &length), 0);
  const MacAddress mac{2, 1, 2, 3, 4, 5};
  if (const auto sent = wake(mac, any.port()); !sent) GTEST_SKIP() << sent.error().message;
  pollfd readable{listener.get(), POLLIN, 0};
  // A machine without a network that has broadcasts sends into the void.
  if (::poll(&readable, 1, 1000) != 1) GTEST_SKIP() << "no broadcast comes back here";
  Bytes packet(200);
  const ssize_t got = ::recv(listener.get(), packet.data(), packet.size(), 0);
  ASSERT_EQ(got, 102);
  packet.resize(102);
  EXPECT_EQ(packet, magic_packet(mac));
}

}  // namespace
}  // namespace punktfunk::client

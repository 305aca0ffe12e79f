// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/discovery/advertisement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "host/discovery/host_id.h"
#include "host/discovery/local_network.h"
#include "scratch_folder.h"

namespace punktfunk::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Advertisement tower() {
  Advertisement advertisement;
  advertisement.name = "Tower";
  advertisement.port = 9777;
  advertisement.fingerprint.fill(0xAB);
  advertisement.id = "0123";
  advertisement.management_port = 47990;
  advertisement.macs = {"02:00:00:00:00:01", "02:00:00:00:00:02"};
  advertisement.os = "Debian GNU/Linux 12 (bookworm)";
  advertisement.addresses = {"192.168.1.10", "fd00::5"};
  return advertisement;
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Advertisement, TheTxtRecordIsThatOfTheSpecification) {
  EXPECT_THAT(txt_of(tower()),
              ElementsAre("proto=punktfunk/1", "wire=2", "fp=" + repeated("ab", 32), "pair=required",
                          "id=0123", "mgmt=47990", "mac=02:00:00:00:00:01,02:00:00:00:00:02",
                          "os=Debian GNU/Linux 12 (bookworm)", "addr=192.168.1.10,fd00::5"));
}

TEST(Advertisement, WhatIsNotKnownIsLeftOutAndWhatIsTooLongIsCut) {
  Advertisement plain = tower();
  plain.management_port = 0;
  plain.macs.clear();
  plain.pairing_required = false;
  plain.addresses.assign(100, "192.168.100.100");
  const auto txt = txt_of(plain);
  EXPECT_EQ(txt.size(), 7U);
  EXPECT_EQ(txt[3], "pair=optional");
  EXPECT_LE(txt.back().size(), kMaxTxtStringBytes);
  EXPECT_TRUE(txt.back().ends_with(",192.168.100.100")) << "whole addresses only";
}

TEST(OsName, IsReadFromOsRelease) {
  EXPECT_EQ(os_name("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"), "Debian GNU/Linux 12");
  EXPECT_EQ(os_name("PRETTY_NAME=Alpine"), "Alpine");
  EXPECT_EQ(os_name("PRETTY_NAME=\"\x1b[31m\n"), "\"[31m");
  EXPECT_EQ(os_name(""), "Linux");
  EXPECT_EQ(os_name("PRETTY_NAME=\"\"\n"), "Linux");
}

InterfaceAddress at(const char* interface, const char* ip, bool is_hardware, const char* mac) {
  return {interface, *SocketAddress::parse(ip, 0), mac, is_hardware};
}

TEST(LocalNetwork, HardwareAndIpv4ComeFirst) {
  const LocalNetwork network = best_first({at("lo", "127.0.0.1", false, ""), at("lo", "::1", false, ""),
                                           at("docker0", "172.17.0.1", false, "02:42:00:00:00:01"),
                                           at("eth0", "fd00::5", true, "aa:00:00:00:00:01"),
                                           at("eth0", "fe80::1", true, "aa:00:00:00:00:01"),
                                           at("eth0", "192.168.1.10", true, "aa:00:00:00:00:01"),
                                           at("wlan0", "192.168.1.11", true, "aa:00:00:00:00:02")});
  EXPECT_THAT(network.addresses, ElementsAre("192.168.1.10", "192.168.1.11", "fd00::5", "172.17.0.1"));
  EXPECT_THAT(network.macs, ElementsAre("aa:00:00:00:00:01", "aa:00:00:00:00:02"));
}

TEST(HostId, IsMadeOnceAndKept) {
  const test::ScratchFolder scratch;
  SystemRandom random;
  const auto first = load_or_create_host_id(scratch.path() / "state", random);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->size(), 32U);
  EXPECT_EQ(load_or_create_host_id(scratch.path() / "state", random), *first);
  test::write_file(scratch.path() / "state" / "host-id", "nonsense");
  const auto damaged = load_or_create_host_id(scratch.path() / "state", random);
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message, HasSubstr("host-id"));
}

}  // namespace
}  // namespace punktfunk::host

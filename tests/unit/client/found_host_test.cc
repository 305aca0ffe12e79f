// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/discovery/found_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "client/discovery/host_browser.h"
#include "client/discovery/host_list.h"

namespace punktfunk::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kHex(64, 'a');

Announcement announcement() {
  return {"Tower",
          "tower.local",
          "192.168.1.10",
          9777,
          {"proto=punktfunk/1", "wire=2", "fp=" + kHex, "pair=required", "id=0123", "mgmt=47990",
           "mac=AA:BB:CC:DD:EE:0F,02:00:00:00:00:01", "os=Debian GNU/Linux 12",
           "addr=10.0.0.5,192.168.1.10,fd00::5"}};
}

TEST(Announcements, AreRead) {
  const auto host = parse_announcement(announcement());
  ASSERT_TRUE(host);
  EXPECT_EQ(host->name, "Tower");
  EXPECT_EQ(host->id, "0123");
  ASSERT_TRUE(host->fingerprint);
  EXPECT_EQ(control::fingerprint_hex(*host->fingerprint), kHex);
  EXPECT_THAT(host->addresses, ElementsAre("192.168.1.10", "10.0.0.5", "fd00::5"))
      << "the one that was resolved comes first, and once";
  EXPECT_THAT(host->macs, ElementsAre("aa:bb:cc:dd:ee:0f", "02:00:00:00:00:01"));
  EXPECT_EQ(host->management_port, 47990);
  EXPECT_TRUE(host->needs_pairing);
  EXPECT_TRUE(host->is_compatible);
  EXPECT_EQ(host->os, "Debian GNU/Linux 12");
}

TEST(Announcements, OfOthersAreLeftOut) {
  Announcement other = announcement();
  other.txt[0] = "proto=punktfunk/9";
  EXPECT_FALSE(parse_announcement(other));
  other.txt.clear();
  EXPECT_FALSE(parse_announcement(other));
  other = announcement();
  other.port = 0;
  EXPECT_FALSE(parse_announcement(other));
  other = announcement();
  other.address.clear();
  other.txt.back() = "addr=";
  EXPECT_FALSE(parse_announcement(other)) << "nowhere to go";
  other.address = "127.0.0.1";
  other.txt.back() = "addr=::1,0.0.0.0,::";
  EXPECT_FALSE(parse_announcement(other)) << "nowhere but this machine";
}

TEST(Announcements, OfAnotherGenerationAreShownAsSuch) {
  Announcement other = announcement();
  other.txt[1] = "wire=3,4";
  EXPECT_FALSE(parse_announcement(other)->is_compatible);
  other.txt[1] = "wire=1, 2";
  EXPECT_TRUE(parse_announcement(other)->is_compatible);
}

TEST(Announcements, HostileOnesAreCleanedAndBounded) {
  Announcement hostile = announcement();
  hostile.name = "\x1b[2J\xe2\x80\xae" + std::string(500, 'x');
  hostile.host_name = std::string(5000, 'y');
  hostile.txt = {"PROTO=punktfunk/1",
                 "proto=other",
                 "wire=2",
                 "fp=zz" + kHex.substr(2),
                 "mgmt=99999",
                 "mac=zz:zz,01:00:5e:00:00:01",
                 "os=\n\x7f" + std::string(500, 'o'),
                 "=",
                 "",
                 "id"};
  std::string many = "addr=";
  for (int i = 0; i < 200; ++i) many += "10.0.0." + std::to_string(i) + ",";
  hostile.txt.push_back(many + "evil; rm -rf");
  const auto host = parse_announcement(hostile);
  ASSERT_TRUE(host) << "keys are compared without case, and the first of a kind counts";
  EXPECT_LE(host->name.size(), 64U);
  EXPECT_EQ(host->name.substr(0, 4), "[2Jx");
  EXPECT_LE(host->host_name.size(), 255U);
  EXPECT_FALSE(host->fingerprint);
  EXPECT_EQ(host->management_port, 0);
  EXPECT_THAT(host->macs, IsEmpty());
  EXPECT_EQ(host->os, std::string(64, 'o'));
  EXPECT_EQ(host->addresses.size(), SavedHost::kMaxAddresses);
}

TEST(FoundHosts, OneHostOnSeveralInterfacesIsOneEntry) {
  FoundHosts hosts;
  FoundHost host = *parse_announcement(announcement());
  hosts.add("2/0/Tower", host);
  host.addresses = {"fe80::1"};
  hosts.add("3/1/Tower", host);
  ASSERT_EQ(hosts.merged().size(), 1U);
  EXPECT_THAT(hosts.merged()[0].addresses, ElementsAre("192.168.1.10", "10.0.0.5", "fd00::5", "fe80::1"));
  host.fingerprint->at(0) = 1;
  hosts.add("2/0/Attic", host);
  EXPECT_EQ(hosts.merged().size(), 2U) << "another identity is another host, whatever it calls itself";
  hosts.remove("2/0/Tower");
  hosts.remove("3/1/Tower");
  EXPECT_EQ(hosts.merged().size(), 1U);
}

TEST(FoundHosts, AFloodIsBounded) {
  FoundHosts hosts;
  FoundHost host = *parse_announcement(announcement());
  for (unsigned i = 0; i < 5000; ++i) {
    host.fingerprint->at(0) = static_cast<std::uint8_t>(i);
    host.fingerprint->at(1) = static_cast<std::uint8_t>(i >> 8);
    hosts.add(std::to_string(i), host);
  }
  EXPECT_EQ(hosts.merged().size(), FoundHosts::kMaxSightings);
}

TEST(HostList, JoinsWhatIsSavedWithWhatIsAnnounced) {
  const FoundHost tower = *parse_announcement(announcement());
  FoundHost stranger = tower;
  stranger.name = "Stranger";
  stranger.id = "9";
  stranger.fingerprint->fill(9);
  FoundHost reinstalled = tower;
  reinstalled.id = "5";
  reinstalled.fingerprint->fill(5);
  SavedHost known;
  known.name = "My tower";
  known.fingerprint = *tower.fingerprint;
  SavedHost away = known;
  away.name = "Away";
  away.fingerprint.fill(8);
  SavedHost old = known;
  old.name = "Old";
  old.id = "5";
  old.fingerprint.fill(7);
  const auto list = list_hosts({known, away, old}, {stranger, tower, reinstalled});
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0].name, "My tower");
  EXPECT_EQ(list[0].trust, HostTrust::paired);
  EXPECT_EQ(list[0].found, tower);
  EXPECT_FALSE(list[1].found);
  EXPECT_EQ(list[2].trust, HostTrust::changed);
  EXPECT_EQ(list[2].found, reinstalled);
  EXPECT_EQ(list[3].trust, HostTrust::unknown);
  EXPECT_EQ(list[3].name, "Stranger");
}

class FakeBrowser final : public HostBrowser {
 public:
  [[nodiscard]] std::vector<FoundHost> hosts() const override { return hosts_; }
  [[nodiscard]] std::string trouble() const override { return trouble_; }
  std::vector<FoundHost> hosts_;
  std::string trouble_;
};

TEST(Browse, EndsWithWhatIsWantedWithTroubleOrWhenStopped) {
  FakeBrowser browser;
  browser.trouble_ = "No daemon.";
  EXPECT_EQ(browse_hosts(browser, std::chrono::hours(1), {}, {}).error().message, "No daemon.");
  browser.trouble_.clear();
  EXPECT_TRUE(browse_hosts(browser, std::chrono::hours(1), {}, [] { return true; })->empty());
  browser.hosts_ = {*parse_announcement(announcement())};
  const auto is_tower = [](const FoundHost& host) { return host.name == "Tower"; };
  EXPECT_EQ(browse_hosts(browser, std::chrono::hours(1), is_tower, {})->size(), 1U);
  EXPECT_EQ(browse_hosts(browser, Duration::zero(), {}, {})->size(), 1U);
}

}  // namespace
}  // namespace punktfunk::client

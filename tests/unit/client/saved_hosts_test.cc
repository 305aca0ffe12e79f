// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/hosts/saved_hosts.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "base/time.h"
#include "base/unique_fd.h"
#include "client/hosts/saved_hosts_file.h"
#include "scratch_folder.h"
#include "seed.h"

namespace punktfunk::client {
namespace {

using test::content_of;
using test::files_in;
using test::mode_of;
using test::ScratchFolder;
using test::write_file;
using testing::ElementsAre;
using testing::HasSubstr;

control::Fingerprint number(unsigned n) {
  control::Fingerprint fingerprint{};
  fingerprint[30] = static_cast<std::uint8_t>(n >> 8);
  fingerprint[31] = static_cast<std::uint8_t>(n);
  return fingerprint;
}

SavedHost host(unsigned n, const std::string& name, const std::string& address) {
  SavedHost host;
  host.fingerprint = number(n);
  host.name = name;
  host.addresses = {address};
  return host;
}

std::string hex(unsigned n) { return control::fingerprint_hex(number(n)); }

TEST(SavedHosts, RemembersFindsRenamesForgetsAndPersists) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "state" / "hosts.json";
  auto hosts = SavedHosts::open(file);
  ASSERT_TRUE(hosts) << hosts.error().message;
  SavedHost tower = host(1, "Tower", "192.168.1.10");
  tower.id = "0123";
  tower.management_port = 47990;
  tower.macs = {"AA-BB-CC-DD-EE-0F"};
  tower.last_mode = wire::Mode{1920, 1080, 60};
  tower.added_unix_s = tower.last_seen_unix_s = 1'700'000'000;
  ASSERT_TRUE(hosts->remember(tower));
  ASSERT_TRUE(hosts->remember(host(2, "Den", "fe80::1%lo")));
  EXPECT_EQ(mode_of(file), 0600U);

  auto again = SavedHosts::open(file);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->list(), hosts->list());
  const SavedHost* found = again->find("tower");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->macs, std::vector<std::string>{"aa:bb:cc:dd:ee:0f"});
  EXPECT_EQ(found->last_mode, (wire::Mode{1920, 1080, 60}));
  EXPECT_EQ(again->find("192.168.1.10:9777"), found);
  EXPECT_EQ(again->find("192.168.1.10"), found);
  EXPECT_EQ(again->find("[::ffff:192.168.1.10]"), found) << "the same address in another spelling";
  EXPECT_EQ(again->find("192.168.1.10:1"), nullptr);
  EXPECT_EQ(again->find("Tow"), nullptr);
  EXPECT_EQ(again->find(number(1)), found);

  EXPECT_FALSE(again->rename(number(1), "den")) << "taken, but for case";
  EXPECT_FALSE(again->rename(number(1), "\x01 ")) << "nothing of it can be seen";
  ASSERT_TRUE(again->rename(number(1), "Attic"));
  EXPECT_EQ(again->find("tower"), nullptr);
  EXPECT_EQ(again->forget(number(2)), true);
  EXPECT_EQ(again->forget(number(2)), false);
  EXPECT_EQ(SavedHosts::open(file)->list().size(), 1U);
  EXPECT_EQ(files_in(scratch.path() / "state"), 2U) << "the list and its lock";
}

TEST(SavedHosts, WhatIsSeenAgainBringsTheEntryUpToDateAndKeepsItsName) {
  const ScratchFolder scratch;
  auto hosts = *SavedHosts::open(scratch.path() / "hosts.json");
  SavedHost first = host(1, "Tower", "10.0.0.1");
  first.macs = {"aa:bb:cc:dd:ee:01"};
  first.last_seen_unix_s = 100;
  ASSERT_TRUE(hosts.remember(first));
  ASSERT_TRUE(hosts.rename(number(1), "Mine"));
  SavedHost seen = host(1, "Other", "10.0.0.2");
  seen.port = 5000;
  seen.last_seen_unix_s = 200;
  ASSERT_TRUE(hosts.remember(seen));
  ASSERT_EQ(hosts.list().size(), 1U);
  const SavedHost& now = hosts.list()[0];
  EXPECT_EQ(now.name, "Mine");
  EXPECT_THAT(now.addresses, ElementsAre("10.0.0.2", "10.0.0.1"));
  EXPECT_EQ(now.port, 5000);
  EXPECT_THAT(now.macs, ElementsAre("aa:bb:cc:dd:ee:01"));
  EXPECT_EQ(now.last_seen_unix_s, 200U);
}

TEST(SavedHosts, AnotherIdentityAtAKnownAddressIsRefusedUntilTheHostIsForgotten) {
  const ScratchFolder scratch;
  auto hosts = *SavedHosts::open(scratch.path() / "hosts.json");
  ASSERT_TRUE(hosts.remember(host(1, "Living room", "10.0.0.1")));
  const std::string before = content_of(scratch.path() / "hosts.json");
  const auto refused = hosts.remember(host(2, "x", "10.0.0.1"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("changed"));
  EXPECT_THAT(refused.error().message, HasSubstr("punktfunk forget 'Living room'"));
  EXPECT_EQ(content_of(scratch.path() / "hosts.json"), before);
  EXPECT_EQ(hosts.list().size(), 1U);
  ASSERT_EQ(hosts.forget(number(1)), true);
  EXPECT_TRUE(hosts.remember(host(2, "x", "10.0.0.1")));
}

TEST(SavedHosts, AKnownHostThatMovedTakesTheAddressFromOneThatHasOthers) {
  const ScratchFolder scratch;
  auto hosts = *SavedHosts::open(scratch.path() / "hosts.json");
  SavedHost a = host(1, "A", "10.0.0.1");
  a.addresses.push_back("10.0.0.9");
  ASSERT_TRUE(hosts.remember(a));
  ASSERT_TRUE(hosts.remember(host(2, "B", "10.0.0.2")));
  ASSERT_TRUE(hosts.remember(host(2, "B", "10.0.0.1")));
  EXPECT_THAT(hosts.find("A")->addresses, ElementsAre("10.0.0.9"));
  EXPECT_EQ(hosts.find("10.0.0.1")->name, "B");
}

TEST(SavedHosts, NamesAreCleanedCutAndUnique) {
  const ScratchFolder scratch;
  auto hosts = *SavedHosts::open(scratch.path() / "hosts.json");
  ASSERT_TRUE(hosts.remember(host(1, "T\x1b[31mower\xe2\x80\xae", "10.0.0.1")));
  EXPECT_EQ(hosts.list()[0].name, "T[31mower");
  ASSERT_TRUE(hosts.remember(host(2, std::string(300, 'a'), "10.0.0.2")));
  ASSERT_TRUE(hosts.remember(host(3, std::string(300, 'a'), "10.0.0.3")));
  EXPECT_EQ(hosts.list()[1].name, std::string(64, 'a'));
  EXPECT_EQ(hosts.list()[2].name, std::string(60, 'a') + " (2)");
  ASSERT_TRUE(hosts.remember(host(4, "", "::1")));
  EXPECT_EQ(hosts.list()[3].name, "[::1]:9777");
}

TEST(SavedHosts, ImportsTheListOfPinsOnce) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "hosts.json";
  write_file(file, R"({"version": 1, "peers": [{"fingerprint": ")" + hex(7) +
                       R"(", "name": "127.0.0.1:4000", "added_unix_s": 5, "label": "127.0.0.1:4000"}]})");
  auto hosts = SavedHosts::open(file);
  ASSERT_TRUE(hosts) << hosts.error().message;
  const SavedHost* found = hosts->find("127.0.0.1:4000");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->fingerprint, number(7));
  EXPECT_EQ(found->added_unix_s, 5U);
  ASSERT_TRUE(hosts->rename(number(7), "Old"));
  EXPECT_THAT(content_of(file), HasSubstr("\"version\": 2"));
  EXPECT_EQ(SavedHosts::open(file)->find("old")->port, 4000);
}

TEST(SavedHosts, ADamagedFileIsNeverReplaced) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "hosts.json";
  const std::string good = R"({"fingerprint": ")" + hex(1) + R"(", "name": "a"})";
  for (const std::string& content :
       {std::string(), std::string("[]"), std::string("{"), std::string(R"({"version": 3, "hosts": []})"),
        std::string(R"({"version": 2})"), std::string(R"({"version": 2, "hosts": {}})"),
        R"({"version": 2, "hosts": [)" + good + R"(, {"name": "b"}]})",
        R"({"version": 2, "hosts": [)" + good + R"(, {"fingerprint": "12"}]})",
        std::string(kMaxSavedHostsBytes + 1, ' ')}) {
    write_file(file, content);
    const auto opened = SavedHosts::open(file);
    ASSERT_FALSE(opened) << content.substr(0, 80);
    EXPECT_THAT(opened.error().message, HasSubstr(file.string()));
    EXPECT_EQ(content_of(file), content);
  }
  // It became damaged while this program ran: its change is refused, too.
  std::filesystem::remove(file);
  auto hosts = *SavedHosts::open(file);
  ASSERT_TRUE(hosts.remember(host(1, "a", "10.0.0.1")));
  write_file(file, "{");
  EXPECT_FALSE(hosts.remember(host(2, "b", "10.0.0.2")));
  EXPECT_EQ(content_of(file), "{");
  EXPECT_EQ(hosts.list().size(), 1U) << "as before";

  const auto aside = SavedHosts::set_aside(file, 99);
  ASSERT_TRUE(aside) << aside.error().message;
  EXPECT_EQ(content_of(*aside), "{");
  EXPECT_TRUE(SavedHosts::open(file)->list().empty());
}

TEST(SavedHosts, AWriteProtectedFileStaysAsItIs) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "hosts.json";
  auto hosts = *SavedHosts::open(file);
  ASSERT_TRUE(hosts.remember(host(1, "a", "10.0.0.1")));
  const std::string before = content_of(file);
  ASSERT_EQ(::chmod(file.c_str(), 0400), 0);
  const auto refused = hosts.remember(host(2, "b", "10.0.0.2"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("write-protected"));
  EXPECT_TRUE(hosts.remember(host(1, "a", "10.0.0.1"))) << "nothing new is nothing to write";
  EXPECT_EQ(content_of(file), before);
}

TEST(SavedHosts, ABoundedNumber) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "hosts.json";
  std::vector<SavedHost> many;
  for (unsigned n = 0; n < SavedHosts::kMaxHosts; ++n) {
    SavedHost full = host(n, std::string(63, '"') + std::to_string(n % 10), "10.0.0.1");
    full.id = std::string(64, '\\');
    full.addresses.clear();
    for (unsigned i = 0; i < SavedHost::kMaxAddresses; ++i)
      full.addresses.push_back(std::string(62, '"') + std::to_string(i));
    for (unsigned i = 0; i < SavedHost::kMaxMacs; ++i)
      full.macs.push_back("aa:bb:cc:dd:ee:0" + std::to_string(i));
    many.push_back(full);
  }
  write_file(file, saved_hosts_text(many));
  auto hosts = SavedHosts::open(file);
  ASSERT_TRUE(hosts) << "the largest list fits into the bound of the file: " << hosts.error().message;
  EXPECT_EQ(hosts->list(), many);
  const auto refused = hosts->remember(host(60000, "one more", "10.0.1.1"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("full"));
}

TEST(SavedHosts, TwoWritersLoseNothing) {
  constexpr unsigned kEach = 20;
  const ScratchFolder scratch;
  const auto file = scratch.path() / "hosts.json";
  std::vector<pid_t> writers;
  for (unsigned writer = 0; writer < 2; ++writer) {
    const pid_t child = ::fork();
    if (child == 0) {
      // Opened before the other has written anything: what it writes is based on what the file holds then.
      auto hosts = SavedHosts::open(file);
      bool done = hosts.has_value();
      for (unsigned n = 0; done && n < kEach; ++n) {
        const unsigned which = writer * kEach + n;
        done = hosts->remember(host(which, "h" + std::to_string(which), "10.0.0." + std::to_string(which)))
                   .has_value();
      }
      ::_exit(done ? 0 : 1);
    }
    writers.push_back(child);
  }
  for (const pid_t writer : writers) {
    int status = 0;
    ASSERT_EQ(::waitpid(writer, &status, 0), writer);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(SavedHosts::open(file)->list().size(), 2 * kEach);
}

TEST(SavedHosts, KilledInTheMiddleOfAWriteLosesNothingConfirmed) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  const ScratchFolder scratch;
  const auto file = scratch.path() / "hosts.json";
  unsigned confirmed = 0;
  for (int round = 0; round < 25; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd confirmations(ends[0]);
    UniqueFd writing(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
      auto hosts = SavedHosts::open(file);
      for (unsigned n = confirmed; hosts && n < SavedHosts::kMaxHosts; ++n) {
        if (!hosts->remember(host(n, "h" + std::to_string(n),
                                  "10.0." + std::to_string(n / 250) + "." + std::to_string(n % 250))))
          ::_exit(1);
        if (::write(writing.get(), "+", 1) != 1) ::_exit(1);
      }
      ::_exit(2);
    }
    writing.reset();
    // Killed somewhere in the change after two confirmed ones, the second of which says how long one takes.
    char byte = 0;
    ASSERT_EQ(::read(confirmations.get(), &byte, 1), 1) << "seed " << seed;
    const TimePoint first = monotonic_now();
    ASSERT_EQ(::read(confirmations.get(), &byte, 1), 1) << "seed " << seed;
    const TimePoint second = monotonic_now();
    confirmed += 2;
    const double share = std::uniform_real_distribution<double>(0, 1)(random);
    const Duration into(static_cast<std::int64_t>(static_cast<double>((second - first).count()) * share));
    while (monotonic_now() < second + into) {
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    while (::read(confirmations.get(), &byte, 1) == 1) ++confirmed;
    const auto hosts = SavedHosts::open(file);
    ASSERT_TRUE(hosts) << hosts.error().message;
    ASSERT_GE(hosts->list().size(), confirmed) << "seed " << seed;
    ASSERT_LE(hosts->list().size(), confirmed + 1);
    confirmed = static_cast<unsigned>(hosts->list().size());
  }
}

TEST(HostAddress, Parses) {
  const auto parsed = [](const char* text) {
    const auto address = HostAddress::parse(text);
    return address ? address->host + "|" + (address->port ? std::to_string(*address->port) : "-") : "none";
  };
  EXPECT_EQ(parsed("192.168.1.10"), "192.168.1.10|-");
  EXPECT_EQ(parsed("192.168.1.10:9777"), "192.168.1.10|9777");
  EXPECT_EQ(parsed("::1"), "::1|-");
  EXPECT_EQ(parsed("[fe80::1%eth0]:80"), "fe80::1%eth0|80");
  EXPECT_EQ(parsed("[::1]"), "::1|-");
  EXPECT_EQ(parsed("tower.lan:1"), "tower.lan|1");
  for (const char* wrong : {"", ":1", "a:", "a:0", "a:65536", "a:1x", "[::1", "[]:1", "[::1]1", "a:-1"})
    EXPECT_EQ(parsed(wrong), "none") << wrong;
  EXPECT_EQ(join_host_port("::1", 5), "[::1]:5");
}

}  // namespace
}  // namespace punktfunk::client

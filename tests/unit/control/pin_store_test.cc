// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/identity/pin_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "scratch_folder.h"

namespace punktfunk::control {
namespace {

using test::content_of;
using test::files_in;
using test::mode_of;
using test::ScratchFolder;
using test::write_file;
using testing::HasSubstr;

Fingerprint number(std::uint8_t n) {
  Fingerprint fingerprint{};
  fingerprint[31] = n;
  return fingerprint;
}

TEST(PinStore, AddsFindsRemovesAndPersists) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "state" / "clients.json";
  auto store = PinStore::open(file);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE(store->list().empty());
  ASSERT_TRUE(store->add(number(1), " liv\u202eing\x07 room ", 1234));
  ASSERT_TRUE(store->add(number(2), std::string(100, 'n'), 5));
  EXPECT_EQ(mode_of(file), 0600u);
  EXPECT_EQ(files_in(file.parent_path()), 1u);

  auto again = PinStore::open(file);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->contains(number(1)));
  EXPECT_FALSE(again->contains(number(3)));
  EXPECT_EQ(again->find(number(1))->name, "living room");
  EXPECT_EQ(again->find(number(1))->added_unix_s, 1234u);
  EXPECT_EQ(again->find(number(2))->name.size(), 64u);
  ASSERT_TRUE(again->add(number(1), "renamed", 9));
  EXPECT_EQ(again->list().size(), 2u);
  EXPECT_EQ(again->remove(number(1)).value(), true);
  EXPECT_EQ(again->remove(number(1)).value(), false);
  EXPECT_FALSE(PinStore::open(file)->contains(number(1)));
  EXPECT_TRUE(PinStore::open(file)->contains(number(2)));
}

TEST(PinStore, OneFingerprintPerLabel) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "hosts.json";
  auto store = PinStore::open(file);
  ASSERT_TRUE(store->set("192.168.1.5:9777", number(1), "desk", 1));
  ASSERT_TRUE(store->set("192.168.1.6:9777", number(1), "desk", 2));
  ASSERT_TRUE(store->set("192.168.1.5:9777", number(7), "desk", 3));
  EXPECT_FALSE(store->set("", number(8), "x", 3));
  auto again = PinStore::open(file);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->list().size(), 2u);
  EXPECT_EQ(again->find_label("192.168.1.5:9777")->fingerprint, number(7));
  EXPECT_EQ(again->find_label("192.168.1.6:9777")->fingerprint, number(1));
  EXPECT_EQ(again->find_label("192.168.1.7:9777"), nullptr);
  EXPECT_EQ(again->find_label(""), nullptr);
  EXPECT_TRUE(again->remove_label("192.168.1.6:9777").value());
  EXPECT_FALSE(again->contains(number(1)));
}

TEST(PinStore, CorruptFileIsAnErrorAndStays) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "clients.json";
  const std::string fp(64, 'a');
  for (const std::string& bad : std::vector<std::string>{
           "", "{", "[]", "{}", R"({"version":2,"peers":[]})", R"({"version":1})",
           R"({"version":1,"peers":{}})", R"({"version":1,"peers":[1]})",
           R"({"version":1,"peers":[{"fingerprint":"aa","name":"","added_unix_s":1}]})",
           R"({"version":1,"peers":[{"fingerprint":")" + fp + R"(","name":3,"added_unix_s":1}]})",
           R"({"version":1,"peers":[{"fingerprint":")" + fp + R"(","name":"","added_unix_s":-1}]})",
           std::string(100'000, '[')}) {
    write_file(file, bad);
    const auto store = PinStore::open(file);
    ASSERT_FALSE(store) << bad.substr(0, 80);
    EXPECT_THAT(store.error().message, HasSubstr(file.string()));
    EXPECT_EQ(content_of(file), bad);
  }
  write_file(file, R"({"version":1,"peers":[{"fingerprint":")" + fp + R"(","name":"","added_unix_s":1}]})");
  EXPECT_TRUE(PinStore::open(file));
}

TEST(PinStore, UnreadableFileIsAnError) {
  const ScratchFolder scratch;
  std::filesystem::create_directory(scratch.path() / "clients.json");
  EXPECT_FALSE(PinStore::open(scratch.path() / "clients.json"));
  std::filesystem::create_symlink("loop", scratch.path() / "loop");
  EXPECT_FALSE(PinStore::open(scratch.path() / "loop"));
}

TEST(PinStore, FailedWriteChangesNothing) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "state" / "clients.json";
  auto store = PinStore::open(file);
  ASSERT_TRUE(store->add(number(1), "a", 1));
  const std::string before = content_of(file);
  // A file where the folder was: nothing can be written there, whoever runs the test.
  std::filesystem::rename(file.parent_path(), scratch.path() / "away");
  write_file(file.parent_path(), "in the way");
  EXPECT_FALSE(store->add(number(2), "b", 2));
  EXPECT_FALSE(store->remove(number(1)));
  EXPECT_FALSE(store->contains(number(2)));
  EXPECT_TRUE(store->contains(number(1)));
  EXPECT_EQ(content_of(scratch.path() / "away" / "clients.json"), before);
  EXPECT_EQ(files_in(scratch.path() / "away"), 1u);
}

}  // namespace
}  // namespace punktfunk::control

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/settings_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch_folder.h"

namespace punktfunk::host::api {
namespace {

class SettingsStoreTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder.path() / SettingsStore::kFileName; }
  punktfunk::test::ScratchFolder folder;
};

TEST_F(SettingsStoreTest, ChangesOutliveTheHost) {
  {
    auto store = SettingsStore::open(folder.path(), {});
    ASSERT_TRUE(store);
    EXPECT_EQ(store->values(), Settings{});
    EXPECT_FALSE(std::filesystem::exists(file())) << "nothing was changed yet";
    SettingsChange change;
    change.linger_s.emplace(std::nullopt);
    change.bitrate_kbps = 8000;
    ASSERT_TRUE(store->change(change));
    EXPECT_EQ(store->values().bitrate_kbps, 8000U);
    SettingsChange more;
    more.when_busy = WhenBusy::take_over;
    ASSERT_TRUE(store->change(more));
  }
  EXPECT_EQ(punktfunk::test::mode_of(file()), 0600U);
  const auto again = SettingsStore::open(folder.path(), {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->values().bitrate_kbps, 8000U);
  EXPECT_EQ(again->values().linger_s, std::nullopt);
  EXPECT_EQ(again->values().when_busy, WhenBusy::take_over);
  EXPECT_EQ(again->values().max_sessions, Settings{}.max_sessions);
}

TEST_F(SettingsStoreTest, TheCommandLineWins) {
  SettingsChange fixed;
  fixed.approval = false;
  punktfunk::test::write_file(file(), R"({"approval": true, "max_sessions": 3})");
  auto store = SettingsStore::open(folder.path(), fixed);
  ASSERT_TRUE(store);
  EXPECT_FALSE(store->values().approval);
  EXPECT_EQ(store->values().max_sessions, 3U);
  EXPECT_EQ(store->view().fixed, std::vector<std::string>{"approval"});
  SettingsChange change;
  change.approval = true;
  change.max_sessions = 4;
  const auto refused = store->change(change);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "setting_fixed");
  EXPECT_EQ(store->values().max_sessions, 3U) << "all or nothing";
}

TEST_F(SettingsStoreTest, ADamagedFileIsSaidAndKept) {
  for (const char* damaged :
       {"", "{", "[]", R"({"bitrate_kbps": 1})", R"({"volume": 11})", R"({"linger_s": "ever"})"}) {
    punktfunk::test::write_file(file(), damaged);
    const auto store = SettingsStore::open(folder.path(), {});
    ASSERT_FALSE(store) << damaged;
    EXPECT_NE(store.error().message.find("settings.json"), std::string::npos);
    EXPECT_EQ(punktfunk::test::content_of(file()), damaged);
  }
}

TEST_F(SettingsStoreTest, WhatCannotBeStoredDoesNotHold) {
  auto store = SettingsStore::open(folder.path(), {});
  ASSERT_TRUE(store);
  std::filesystem::create_directory(file());  // nothing replaces a folder
  SettingsChange change;
  change.max_sessions = 2;
  const auto refused = store->change(change);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "store_failed");
  EXPECT_EQ(store->values(), Settings{});
}

}  // namespace
}  // namespace punktfunk::host::api

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/event_log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

namespace punktfunk::host::http {
namespace {

std::vector<std::uint64_t> ids_of(const EventLog::Batch& batch) {
  std::vector<std::uint64_t> ids;
  for (const Event& event : batch.events) ids.push_back(event.id);
  return ids;
}

using Ids = std::vector<std::uint64_t>;

TEST(EventLogTest, AReaderGoesOnWhereItWas) {
  EventLog log(100, 4);
  EXPECT_EQ(log.last_id(), 100U);
  EXPECT_TRUE(ids_of(log.after(100, 9, 999)).empty());
  EXPECT_FALSE(log.after(100, 9, 999).missed);
  EXPECT_EQ(log.publish("a", {{"x", 1}}), 101U);
  log.publish("b", nullptr);
  log.publish("c", "text");
  EXPECT_EQ(ids_of(log.after(100, 9, 999)), (Ids{101, 102, 103}));
  EXPECT_EQ(ids_of(log.after(102, 9, 999)), (Ids{103}));
  EXPECT_EQ(log.after(100, 9, 999).events[0].data, "{\"x\":1}");
  EXPECT_EQ(ids_of(log.after(100, 2, 999)), (Ids{101, 102}));
  // One at least, however few bytes are wanted.
  EXPECT_EQ(ids_of(log.after(100, 9, 1)), (Ids{101}));
}

TEST(EventLogTest, WhatTheRingHasLeftBehindIsMissed) {
  EventLog log(0, 3);
  for (int i = 0; i < 5; ++i) log.publish("e", i);
  EXPECT_EQ(ids_of(log.after(2, 9, 999)), (Ids{3, 4, 5}));
  EXPECT_FALSE(log.after(2, 9, 999).missed);
  EXPECT_TRUE(log.after(1, 9, 999).missed);
  EXPECT_EQ(ids_of(log.after(1, 9, 999)), (Ids{3, 4, 5}));
  EXPECT_TRUE(log.after(0, 9, 999).missed);
}

TEST(EventLogTest, NumbersOfAnotherRunAreMissedToo) {
  EventLog log(1000, 3);
  log.publish("e", 1);
  EXPECT_TRUE(log.after(17, 9, 999).missed);
  EXPECT_TRUE(log.after(5000, 9, 999).missed);
  EXPECT_EQ(ids_of(log.after(5000, 9, 999)), (Ids{1001}));
  EXPECT_LT(EventLog::id_for_start(), std::uint64_t{1} << 53);
}

TEST(EventLogTest, DataIsBoundedAndAlwaysJson) {
  EventLog log(0, 3);
  log.publish("e", std::string(EventLog::kMaxDataBytes, 'x'));
  log.publish("e", "\xff\n\r");
  const auto batch = log.after(0, 9, 99999);
  EXPECT_EQ(batch.events[0].data, "null");
  EXPECT_TRUE(nlohmann::json::accept(batch.events[1].data));
  EXPECT_EQ(batch.events[1].data.find('\n'), std::string::npos);
}

TEST(EventLogTest, AnyThreadPublishesAndListenersHear) {
  EventLog log(0, 4096);
  std::atomic<int> heard = 0;
  const auto listener = log.add_listener([&heard] { ++heard; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log] {
      for (int n = 0; n < 500; ++n) log.publish("e", n);
    });
  }
  for (auto& thread : threads) thread.join();
  log.remove_listener(listener);
  log.publish("e", 0);
  EXPECT_EQ(heard, 2000);
  const auto batch = log.after(0, 9999, 1 << 20);
  ASSERT_EQ(batch.events.size(), 2001U);
  for (std::size_t i = 0; i < batch.events.size(); ++i) EXPECT_EQ(batch.events[i].id, i + 1);
}

}  // namespace
}  // namespace punktfunk::host::http

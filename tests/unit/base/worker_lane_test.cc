// SPDX-License-Identifier: MIT OR Apache-2.0
#include "base/worker_lane.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace punktfunk {
namespace {

TEST(WorkerLane, BothAreDoneOnReturn) {
  WorkerLane lanes("test-lane");
  std::uint64_t here = 0, there = 0;  // not atomic: run_both() orders them
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    lanes.run_both([&] { ++here; }, [&] { ++there; });
    ASSERT_EQ(here, i);
    ASSERT_EQ(there, i);
  }
}

TEST(WorkerLane, TheOtherThreadDoesItsPart) {
  WorkerLane lanes("test-lane");
  std::promise<std::thread::id> begun;
  std::future<std::thread::id> id = begun.get_future();
  // Waits for the other piece, which so must run on another thread.
  lanes.run_both([&] { EXPECT_NE(id.get(), std::this_thread::get_id()); },
                 [&] { begun.set_value(std::this_thread::get_id()); });
}

TEST(WorkerLane, WaitsForAPieceUnderWay) {
  WorkerLane lanes("test-lane");
  std::promise<void> begun, go_on;
  bool done = false;
  std::thread helper([&, released = begun.get_future()]() mutable {
    released.wait();
    go_on.set_value();
  });
  lanes.run_both([] {},
                 [&, released = go_on.get_future()]() mutable {
                   begun.set_value();
                   released.wait();
                   done = true;
                 });
  EXPECT_TRUE(done);
  helper.join();
}

TEST(WorkerLane, EndsWithoutEverHavingWorked) { WorkerLane lanes("test-lane"); }

}  // namespace
}  // namespace punktfunk

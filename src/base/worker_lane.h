// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>

#include "base/lanes.h"

namespace punktfunk {

// One parked thread beside the caller's. It sleeps in the kernel while there is nothing to do. A piece that
// it has not begun when the caller is done with its own, the caller takes back: two lanes cost at most one
// wake-up more than one.
class WorkerLane final : public Lanes {
 public:
  // `name`: at most 15 characters, for the thread lists of the system.
  explicit WorkerLane(const char* name);
  // Joins. No run_both() is under way.
  ~WorkerLane() override;
  WorkerLane(const WorkerLane&) = delete;
  WorkerLane& operator=(const WorkerLane&) = delete;

  void run_both(FunctionRef<void()> here, FunctionRef<void()> there) override;

 private:
  enum State : std::uint32_t { idle, offered, running, stopping };
  void work();

  std::optional<FunctionRef<void()>> offer_;  // written before `offered` is published
  std::atomic<std::uint32_t> state_ = idle;
  std::thread thread_;
};

}  // namespace punktfunk

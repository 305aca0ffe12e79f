// SPDX-License-Identifier: MIT OR Apache-2.0
#include "base/worker_lane.h"

#include <pthread.h>

namespace punktfunk {

WorkerLane::WorkerLane(const char* name) : thread_([this] { work(); }) {
  pthread_setname_np(thread_.native_handle(), name);
}

WorkerLane::~WorkerLane() {
  state_.store(stopping, std::memory_order_release);
  state_.notify_all();
  thread_.join();
}

void WorkerLane::run_both(FunctionRef<void()> here, FunctionRef<void()> there) {
  offer_ = there;
  state_.store(offered, std::memory_order_release);
  state_.notify_all();
  here();
  std::uint32_t expected = offered;
  if (state_.compare_exchange_strong(expected, idle, std::memory_order_acquire)) return there();
  // wait() returns at once when the state is another one already.
  while (state_.load(std::memory_order_acquire) == running) state_.wait(running, std::memory_order_acquire);
}

void WorkerLane::work() {
  while (true) {
    std::uint32_t expected = offered;
    if (state_.compare_exchange_strong(expected, running, std::memory_order_acq_rel)) {
      (*offer_)();
      state_.store(idle, std::memory_order_release);
      state_.notify_all();
    } else if (expected == stopping) {
      return;
    } else {
      state_.wait(expected, std::memory_order_acquire);
    }
  }
}

}  // namespace punktfunk

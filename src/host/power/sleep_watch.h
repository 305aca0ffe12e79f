// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "base/unique_fd.h"

namespace punktfunk::host {

// Joins the machine's sleep with the host, through logind on the system bus: clients are told before the
// machine sleeps, and it does not go to sleep by itself while somebody streams. Without a system bus, without
// logind or without the right to ask it, nothing happens, and one line in the debug log says so.
class SleepWatch {
 public:
  struct Callbacks {
    // The machine is about to sleep and waits until this returns (logind's InhibitDelayMaxSec at most, 5 s by
    // default). On the watching thread.
    std::function<void()> going_to_sleep;
    // It is awake again. On the watching thread.
    std::function<void()> awake;
  };

  SleepWatch();
  ~SleepWatch() { stop(); }
  SleepWatch(const SleepWatch&) = delete;
  SleepWatch& operator=(const SleepWatch&) = delete;

  // Once, by the owner.
  void start(Callbacks callbacks);
  // No callback comes any more once this returns. Idempotent.
  void stop();

  // While true, logind does not suspend the machine for lack of use. Somebody who asks for it still can: the
  // lock is on idling, not on sleep. Any thread; carried out soon, once started.
  void set_streaming(bool streaming);

 private:
  class Bus;
  void run();

  Callbacks callbacks_;
  UniqueFd wake_;
  std::atomic<bool> streaming_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace punktfunk::host

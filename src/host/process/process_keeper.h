// SPDX-License-Identifier: MIT OR Apache-2.0
// The one thread that starts programs and reads what they print. A thread of its own because PR_SET_PDEATHSIG
// fires when the *thread* that started the child exits: children started from a session's thread would die
// with it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "host/process/child_process.h"

namespace punktfunk::host {

// What a program printed last. Written by the keeper, read by anyone.
struct ChildProcess::Tail {
  mutable std::mutex mutex;
  std::string text;
};

class ProcessKeeper {
 public:
  static ProcessKeeper& instance();
  ~ProcessKeeper();

  [[nodiscard]] Result<ChildProcess> spawn(const ChildCommand& command);
  // Stops reading the output of the child that has `tail`.
  void forget(const std::shared_ptr<ChildProcess::Tail>& tail);

 private:
  struct Pipe {
    UniqueFd fd;
    std::shared_ptr<ChildProcess::Tail> tail;
  };

  ProcessKeeper();
  void run();
  void post(std::function<void()> work);
  Result<ChildProcess> spawn_here(const ChildCommand& command, const std::string& program);
  // False when the last writer closed it.
  static bool drain(Pipe& pipe);

  UniqueFd wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> work_;  // at most one per thread that waits in spawn(), plus forget()s
  bool stopping_ = false;
  std::vector<Pipe> pipes_;  // keeper thread only
  std::thread thread_;
};

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include "base/unique_fd.h"

namespace punktfunk {

// Turns SIGINT, SIGTERM and SIGHUP into a readable descriptor, and ignores SIGPIPE. Made first in main(),
// before any thread, so that every thread inherits the blocked signals.
class StopSignal {
 public:
  StopSignal() {
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    fd_ = UniqueFd(signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  // Readable once one of the signals has come.
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  sigset_t set_{};
  UniqueFd fd_;
};

}  // namespace punktfunk

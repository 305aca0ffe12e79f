// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/process/child_process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "host/process/process_keeper.h"

namespace punktfunk::host {
namespace {

// False after `timeout`.
bool wait_readable(int fd, Duration timeout) {
  const TimePoint end = monotonic_now() + timeout;
  for (;;) {
    const Duration left = std::max(end - monotonic_now(), Duration::zero());
    const timespec limit{static_cast<time_t>(left.count() / 1'000'000'000), left.count() % 1'000'000'000};
    pollfd wait{fd, POLLIN, 0};
    const int ready = ::ppoll(&wait, 1, &limit, nullptr);
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return false;
  }
}

void send_signal(int pidfd, int number) {
  (void)::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0u);
}

}  // namespace

ChildProcess::ChildProcess(UniqueFd pidfd, pid_t pid, Isolation isolation, std::shared_ptr<Tail> tail)
    : pidfd_(std::move(pidfd)), pid_(pid), isolation_(isolation), tail_(std::move(tail)) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept = default;

ChildProcess::~ChildProcess() {
  if (!pidfd_.valid()) return;
  stop(Duration::zero());
  siginfo_t info{};
  (void)::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED);
  ProcessKeeper::instance().forget(tail_);
}

Result<ChildProcess> ChildProcess::spawn(const ChildCommand& command) {
  return ProcessKeeper::instance().spawn(command);
}

bool ChildProcess::running() const { return !wait_readable(pidfd_.get(), Duration::zero()); }

std::string ChildProcess::how_it_ended() const {
  if (running()) return {};
  siginfo_t info{};
  if (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOWAIT) < 0)
    return "ended";
  int status = info.si_status;
  // The container's init passes a signal on the way a shell does.
  if (isolation_ == Isolation::container && info.si_code == CLD_EXITED && status > 128)
    return "was killed by signal " + std::to_string(status - 128);
  if (info.si_code == CLD_EXITED) return "ended with status " + std::to_string(status);
  return "was killed by signal " + std::to_string(status);
}

std::string ChildProcess::log_tail() const {
  const std::lock_guard lock(tail_->mutex);
  return tail_->text;
}

void ChildProcess::stop(Duration grace) {
  if (running() && isolation_ == Isolation::session && grace > Duration::zero()) {
    send_signal(pidfd_.get(), SIGTERM);
    (void)wait_readable(pidfd_.get(), grace);
  }
  send_signal(pidfd_.get(), SIGKILL);
  // The child leads its group, and as long as it has not been waited for (the destructor does that) its
  // number cannot be another process's.
  if (isolation_ == Isolation::session) (void)::kill(-pid_, SIGKILL);
  // A process that was sent SIGKILL ends as soon as the kernel lets go of it. The bound is for one stuck in a
  // device.
  (void)wait_readable(pidfd_.get(), std::chrono::seconds(5));
}

}  // namespace punktfunk::host

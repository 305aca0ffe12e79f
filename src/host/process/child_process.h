// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs the host runs, such as a private compositor. Whatever ends the host, SIGKILL included, ends them
// too.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"

namespace punktfunk::host {

enum class Isolation {
  // The child leads a session of its own; its descendants are its own business.
  session,
  // The child and all its descendants live in a PID namespace and end together, whatever they do. Inside,
  // they are user
  // and group 1000 (several desktop programs refuse to run as root) with no rights beyond the host's own
  // files.
  container,
};

struct ChildCommand {
  std::vector<std::string> argv;         // argv[0] is looked up in PATH
  std::vector<std::string> environment;  // "NAME=value", complete: nothing is inherited
  std::string working_directory = "/";
  Isolation isolation = Isolation::session;
};

// Absolute path of `name` in PATH; nullopt when there is no such program.
[[nodiscard]] std::optional<std::string> find_program(std::string_view name);

// Owns one running program. Thread-safe except for destruction and moving.
class ChildProcess {
 public:
  // Returns after the program was executed (or could not be: the error says which step failed).
  [[nodiscard]] static Result<ChildProcess> spawn(const ChildCommand& command);

  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  // stop() without grace

  // Readable (poll) once the program ended; stays so.
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  [[nodiscard]] bool running() const;
  // "ended with status 3", "was killed by signal 9"; empty while it runs.
  [[nodiscard]] std::string how_it_ended() const;
  // The last kLogTailBytes of what it and its descendants wrote to standard output and error.
  [[nodiscard]] std::string log_tail() const;

  // SIGTERM, up to `grace` for it to end, then SIGKILL to its process group. A container is killed at once.
  // Blocks until it is gone. Idempotent.
  void stop(Duration grace);

 private:
  struct Tail;
  ChildProcess(UniqueFd pidfd, pid_t pid, Isolation isolation, std::shared_ptr<Tail> tail);
  friend class ProcessKeeper;

  UniqueFd pidfd_;
  pid_t pid_ = -1;
  Isolation isolation_ = Isolation::session;
  std::shared_ptr<Tail> tail_;
};

inline constexpr std::size_t kLogTailBytes = 8192;

// Kills every process of this user whose environment has exactly `variable` ("NAME=value"), and returns how
// many there were. The way to find what a compositor started, when the compositor itself is gone and nothing
// contains its descendants.
std::size_t kill_processes_with_environment(std::string_view variable);

}  // namespace punktfunk::host

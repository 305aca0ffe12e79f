// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/punktfunk/stream_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace punktfunk::cli {

namespace {

constexpr int kPollMs = 100;
constexpr int kPatienceMs = 2000;  // a player's, for its end

std::string player_command(const std::string& command) {
  if (command == "mpv") return "exec mpv --no-terminal --profile=low-latency --untimed -";
  if (command == "ffplay") return "exec ffplay -loglevel error -fflags nobuffer -flags low_delay -i -";
  return command;
}

// The shell's exit statuses for a command that it could not start.
bool could_not_start(int status) {
  return WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127);
}

// Reaps the player if it ends within `wait_ms`.
bool wait_for_end(pid_t player, int wait_ms, int* status) {
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, player, 0)));
  pollfd ended{pidfd.get(), POLLIN, 0};
  if (pidfd.valid() && ::poll(&ended, 1, wait_ms) != 1) return false;
  return ::waitpid(player, status, pidfd.valid() ? 0 : WNOHANG) == player;
}

}  // namespace

Result<std::unique_ptr<StreamSink>> StreamSink::to_file(const std::string& path) {
  // O_NONBLOCK: a FIFO without a reader is refused, where open() would wait for one.
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC;
  UniqueFd fd(path == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : ::open(path.c_str(), flags, 0644));
  if (!fd.valid()) {
    return fail("The elementary stream cannot be written to " + path + " (" + strerror(errno) +
                "); name another file.");
  }
  return std::unique_ptr<StreamSink>(
      new StreamSink(std::move(fd), path == "-" ? "standard output" : path, -1));
}

Result<std::unique_ptr<StreamSink>> StreamSink::to_player(const std::string& command) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(std::string("The player was not started, because no pipe could be made (") + strerror(errno) +
                "); close other programs.");
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, read_end.get(), STDIN_FILENO);
  // Standard output may be taken by figures.
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  // This program blocks signals for its descriptor and ignores SIGPIPE; the player's are as usual.
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const std::string line = player_command(command);
  const char* const arguments[] = {"sh", "-c", line.c_str(), nullptr};
  pid_t player = -1;
  const int error =
      posix_spawn(&player, "/bin/sh", &actions, &attributes, const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return fail(std::string("The player was not started (") + strerror(error) + "); check the command.");
  return std::unique_ptr<StreamSink>(
      new StreamSink(std::move(write_end), "the player \"" + command + "\"", player));
}

StreamSink::~StreamSink() {
  fd_.reset();
  if (player_ < 0) return;
  int status = 0;
  if (wait_for_end(player_, kPatienceMs, &status)) return;
  ::kill(player_, SIGTERM);
  if (wait_for_end(player_, kPatienceMs, &status)) return;
  ::kill(player_, SIGKILL);
  ::waitpid(player_, &status, 0);
}

bool StreamSink::write(ByteView au, const client::FrameReport& report) {
  if (has_restarted_.exchange(false) || report.index != next_index_) waits_for_keyframe_ = true;
  next_index_ = report.index + 1;
  if (report.keyframe) waits_for_keyframe_ = false;
  if (waits_for_keyframe_) return true;
  if (!closed_) write_all(au);
  return false;
}

void StreamSink::write_all(ByteView bytes) {
  while (!bytes.empty() && !stopped_) {
    // poll() first, with a bound: a pipe that is full must not keep the thread for ever. A pipe is writable
    // when it takes at least one page (pipe(7)), and no more than that is given to it at a time.
    pollfd writable{fd_.get(), POLLOUT, 0};
    const int ready = ::poll(&writable, 1, kPollMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const std::size_t most = std::min<std::size_t>(bytes.size(), 4096);
    const ssize_t written = ::write(fd_.get(), bytes.data(), most);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written < 0) {
      const int error = errno;
      int status = 0;
      if (player_ >= 0 && wait_for_end(player_, kPatienceMs, &status)) {
        player_ = -1;
        if (could_not_start(status))
          complaint_ = "The stream ended, because " + name_ + " was not found; install it.";
      } else if (error != EPIPE) {
        complaint_ =
            "The stream ended, because " + name_ + " cannot be written to (" + strerror(error) + ").";
      }
      closed_ = true;
      return;
    }
    bytes_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  // Cut off in the middle: what follows would be torn.
  if (!bytes.empty()) closed_ = true;
}

}  // namespace punktfunk::cli

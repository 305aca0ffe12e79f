// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/process/process_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <future>

namespace punktfunk::host {
namespace {

// First process of a container: waits for the program, reaps what its descendants leave behind, and ends with
// it, which ends the container. `exit` afterwards keeps the shell from replacing itself with the program.
constexpr const char* kInitScript = "\"$@\"; exit $?";

enum class Step : std::int32_t { ids, session, directory, output, execute };

const char* describe(Step step) {
  switch (step) {
    case Step::ids:
      return "its user namespace could not be set up";
    case Step::session:
      return "it could not get a session of its own";
    case Step::directory:
      return "its working directory could not be entered";
    case Step::output:
      return "its output could not be connected";
    case Step::execute:
      break;
  }
  return "it could not be executed";
}

struct Failure {
  Step step;
  std::int32_t error;
};

// Everything the child needs, laid out before it exists: between clone and execve it may only make system
// calls, because another thread of the host may hold any lock.
struct ChildPlan {
  const char* program;
  char* const* argv;
  char* const* environment;
  const char* directory;
  const char* uid_map;
  const char* gid_map;
  bool container;
  int null_fd;
  int output_fd;
  int failure_fd;
};

bool write_file(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text, ::strlen(text)) >= 0;
  ::close(fd);
  return written;
}

[[noreturn]] void give_up(const ChildPlan& plan, Step step) {
  const Failure failure{step, errno};
  (void)!::write(plan.failure_fd, &failure, sizeof failure);
  ::_exit(127);
}

[[noreturn]] void run_child(const ChildPlan& plan) {
  if (plan.container) {
    if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", plan.uid_map) ||
        !write_file("/proc/self/gid_map", plan.gid_map))
      give_up(plan, Step::ids);
    // A /proc of the new PID namespace. Where it is not allowed (a container whose own /proc is partly
    // covered) the outer one stays: /proc/self still resolves correctly there.
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0)
      (void)::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::setsid() < 0) give_up(plan, Step::session);
  if (::chdir(plan.directory) < 0) give_up(plan, Step::directory);
  if (::dup2(plan.null_fd, 0) < 0 || ::dup2(plan.output_fd, 1) < 0 || ::dup2(plan.output_fd, 2) < 0)
    give_up(plan, Step::output);
  ::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(plan.program, plan.argv, plan.environment);
  give_up(plan, Step::execute);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

tl::unexpected<Error> not_started(const std::string& name, const std::string& why) {
  return fail(name + " did not start: " + why + ".");
}

}  // namespace

ProcessKeeper& ProcessKeeper::instance() {
  static ProcessKeeper keeper;
  return keeper;
}

ProcessKeeper::ProcessKeeper() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  // Signals stay with the program's main thread.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ProcessKeeper::~ProcessKeeper() {
  post([this] { stopping_ = true; });
  thread_.join();
}

void ProcessKeeper::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
  }
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

Result<ChildProcess> ProcessKeeper::spawn(const ChildCommand& command) {
  if (command.argv.empty()) return fail("No program was named, so none was started.");
  const std::optional<std::string> program = find_program(command.argv.front());
  if (!program) return not_started(command.argv.front(), "there is no such program in PATH");
  std::promise<Result<ChildProcess>> promise;
  auto result = promise.get_future();
  post([&] { promise.set_value(spawn_here(command, *program)); });
  return result.get();
}

void ProcessKeeper::forget(const std::shared_ptr<ChildProcess::Tail>& tail) {
  post([this, tail] { std::erase_if(pipes_, [&](const Pipe& pipe) { return pipe.tail == tail; }); });
}

void ProcessKeeper::run() {
  ::prctl(PR_SET_NAME, "pf-keeper");
  std::vector<pollfd> waits;
  while (!stopping_) {
    waits.assign(1, pollfd{wake_.get(), POLLIN, 0});
    for (const Pipe& pipe : pipes_) waits.push_back(pollfd{pipe.fd.get(), POLLIN, 0});
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    for (std::size_t i = waits.size(); i-- > 1;) {
      if (waits[i].revents == 0) continue;
      if (!drain(pipes_[i - 1])) pipes_.erase(pipes_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
    if ((waits[0].revents & POLLIN) == 0) continue;
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
    std::vector<std::function<void()>> work;
    {
      const std::lock_guard lock(mutex_);
      work.swap(work_);
    }
    for (const auto& item : work) item();
  }
}

bool ProcessKeeper::drain(Pipe& pipe) {
  std::array<char, 4096> buffer;
  const ssize_t got = ::read(pipe.fd.get(), buffer.data(), buffer.size());
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  const std::lock_guard lock(pipe.tail->mutex);
  pipe.tail->text.append(buffer.data(), static_cast<std::size_t>(got));
  if (pipe.tail->text.size() > kLogTailBytes)
    pipe.tail->text.erase(0, pipe.tail->text.size() - kLogTailBytes);
  return true;
}

Result<ChildProcess> ProcessKeeper::spawn_here(const ChildCommand& command, const std::string& program) {
  const std::string& name = command.argv.front();
  const bool container = command.isolation == Isolation::container;
  std::vector<std::string> arguments;
  if (container)
    arguments = {"sh", "-c", kInitScript, "sh", program};
  else
    arguments = {program};
  arguments.insert(arguments.end(), command.argv.begin() + 1, command.argv.end());
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> environment = pointers(command.environment);
  const std::string uid_map = "1000 " + std::to_string(::geteuid()) + " 1";
  const std::string gid_map = "1000 " + std::to_string(::getegid()) + " 1";

  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  int output[2];
  int failure[2];
  if (!null.valid() || ::pipe2(output, O_CLOEXEC) < 0) return not_started(name, ::strerror(errno));
  UniqueFd output_read(output[0]);
  UniqueFd output_write(output[1]);
  if (::pipe2(failure, O_CLOEXEC) < 0) return not_started(name, ::strerror(errno));
  const UniqueFd failure_read(failure[0]);
  UniqueFd failure_write(failure[1]);
  ::fcntl(output_read.get(), F_SETFL, O_NONBLOCK);

  const ChildPlan plan{container ? "/bin/sh" : program.c_str(),
                       argv.data(),
                       environment.data(),
                       command.working_directory.c_str(),
                       uid_map.c_str(),
                       gid_map.c_str(),
                       container,
                       null.get(),
                       output_write.get(),
                       failure_write.get()};
  unsigned long flags = CLONE_PIDFD | SIGCHLD;
  if (container) flags |= CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS;
  int pidfd = -1;
  // The raw call because no wrapper takes fork semantics together with namespaces and a pidfd. A null stack
  // means "a copy of mine", so it behaves like fork().
  const long pid = ::syscall(SYS_clone, flags, nullptr, &pidfd, nullptr, nullptr);
  if (pid == 0) run_child(plan);
  if (pid < 0) {
    if (container && (errno == EPERM || errno == ENOSPC || errno == EINVAL))
      return not_started(
          name, "this system does not allow user namespaces (" + std::string(::strerror(errno)) + ")");
    return not_started(name, ::strerror(errno));
  }
  output_write.reset();
  failure_write.reset();

  ChildProcess child(UniqueFd(pidfd), static_cast<pid_t>(pid), command.isolation,
                     std::make_shared<ChildProcess::Tail>());
  Failure why{};
  ssize_t got = 0;
  while ((got = ::read(failure_read.get(), &why, sizeof why)) < 0 && errno == EINTR) {
  }
  if (got == sizeof why)
    return not_started(name, std::string(describe(why.step)) + " (" + ::strerror(why.error) + ")");
  pipes_.push_back(Pipe{std::move(output_read), child.tail_});
  return child;
}

}  // namespace punktfunk::host

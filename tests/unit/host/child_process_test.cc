// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/process/child_process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <thread>

namespace punktfunk::host {
namespace {

constexpr int kPatienceMs = 20'000;

ChildCommand shell(const std::string& script) {
  ChildCommand command;
  command.argv = {"sh", "-c", script};
  command.environment = {"PATH=/usr/bin:/bin", "MARK=" + std::to_string(::getpid())};
  return command;
}

bool wait_for_end(const ChildProcess& child) {
  pollfd wait{child.pidfd(), POLLIN, 0};
  return ::poll(&wait, 1, kPatienceMs) == 1;
}

TEST(ChildProcess, TellsHowItEnded) {
  const auto fine = ChildProcess::spawn(shell("exit 3"));
  ASSERT_TRUE(fine) << fine.error().message;
  ASSERT_TRUE(wait_for_end(*fine));
  EXPECT_FALSE(fine->running());
  EXPECT_EQ(fine->how_it_ended(), "ended with status 3");

  const auto killed = ChildProcess::spawn(shell("kill -9 $$"));
  ASSERT_TRUE(killed);
  ASSERT_TRUE(wait_for_end(*killed));
  EXPECT_EQ(killed->how_it_ended(), "was killed by signal 9");
}

TEST(ChildProcess, KeepsTheEndOfItsOutput) {
  const auto child = ChildProcess::spawn(
      shell("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo end >&2"));
  ASSERT_TRUE(child);
  ASSERT_TRUE(wait_for_end(*child));
  const TimePoint limit = monotonic_now() + std::chrono::milliseconds(kPatienceMs);
  while (child->log_tail().find("end\n") == std::string::npos && monotonic_now() < limit)
    std::this_thread::yield();
  EXPECT_TRUE(child->log_tail().ends_with("line 2999\nend\n"));
  EXPECT_LE(child->log_tail().size(), kLogTailBytes);
}

TEST(ChildProcess, MissingProgramIsASentence) {
  ChildCommand command;
  command.argv = {"punktfunk-no-such-program"};
  const auto child = ChildProcess::spawn(command);
  ASSERT_FALSE(child);
  EXPECT_NE(child.error().message.find("punktfunk-no-such-program did not start"), std::string::npos);
}

TEST(ChildProcess, UnusableDirectoryIsASentence) {
  ChildCommand command = shell("true");
  command.working_directory = "/nonexistent";
  const auto child = ChildProcess::spawn(command);
  ASSERT_FALSE(child);
  EXPECT_NE(child.error().message.find("working directory"), std::string::npos) << child.error().message;
}

TEST(ChildProcess, StopEndsOneThatIgnoresSigterm) {
  auto child = ChildProcess::spawn(shell("trap '' TERM; echo ready; exec sleep 60"));
  ASSERT_TRUE(child);
  while (child->log_tail().empty() && child->running()) std::this_thread::yield();
  child->stop(std::chrono::milliseconds(10));
  EXPECT_EQ(child->how_it_ended(), "was killed by signal 9");
}

// The thread that asked for the child is not the one the kernel ties its life to.
TEST(ChildProcess, OutlivesTheThreadThatAskedForIt) {
  std::optional<ChildProcess> child;
  std::thread([&] {
    auto spawned = ChildProcess::spawn(shell("echo ready; exec sleep 60"));
    if (spawned) child.emplace(std::move(*spawned));
  }).join();
  ASSERT_TRUE(child);
  while (child->log_tail().empty() && child->running()) std::this_thread::yield();
  EXPECT_TRUE(child->running());
}

TEST(ChildProcess, FindsProcessesByEnvironment) {
  const auto child = ChildProcess::spawn(shell("echo ready; exec sleep 60"));
  ASSERT_TRUE(child);
  while (child->log_tail().empty() && child->running()) std::this_thread::yield();
  const std::string mark = "MARK=" + std::to_string(::getpid());
  EXPECT_EQ(kill_processes_with_environment(mark + "0"), 0u);
  EXPECT_EQ(kill_processes_with_environment(mark), 1u);
  EXPECT_TRUE(wait_for_end(*child));
}

// A daemon that left its session and its parent still ends with the container.
TEST(ChildProcess, ContainerTakesEverythingWithIt) {
  ChildCommand command = shell("setsid sh -c 'sleep 60 & sleep 60' & echo ready; exec sleep 60");
  command.isolation = Isolation::container;
  auto child = ChildProcess::spawn(command);
  if (!child) GTEST_SKIP() << child.error().message;
  while (child->log_tail().empty() && child->running()) std::this_thread::yield();
  child->stop(Duration::zero());
  EXPECT_EQ(kill_processes_with_environment("MARK=" + std::to_string(::getpid())), 0u);
}

}  // namespace
}  // namespace punktfunk::host

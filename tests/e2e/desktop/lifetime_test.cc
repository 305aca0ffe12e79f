// SPDX-License-Identifier: MIT OR Apache-2.0
// What is left when a display ends, and how its end is noticed.
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "desktop_fixture.h"
#include "host/process/child_process.h"

namespace punktfunk::host {
namespace {

// The processes of the display at `directory` that run `program`.
std::vector<int> running(const std::string& directory, const std::string& program) {
  std::vector<int> out;
  for (const int pid : processes_with_environment("XDG_RUNTIME_DIR=" + directory)) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
    std::string name;
    std::getline(file, name);
    if (name == program.substr(0, 15)) out.push_back(pid);
  }
  return out;
}

bool nothing_left(const std::string& directory) {
  return processes_with_environment("XDG_RUNTIME_DIR=" + directory).empty() &&
         !std::filesystem::exists(directory);
}

TEST_F(DesktopTest, EndingADisplayLeavesNothing) {
  ASSERT_NO_FATAL_FAILURE(open(DisplayMode::from_hz(640, 480, 60)));
  const std::string directory = lease_->runtime_dir();
  ASSERT_TRUE(eventually([&] { return !running(directory, "punktfunk-test-pattern").empty(); }));
  lease_.release(DisplayBook::Leave::quit);
  EXPECT_TRUE(eventually([&] { return nothing_left(directory); }));
  EXPECT_EQ(displays_->count(), 0u);
}

TEST_F(DesktopTest, ModeChangesInPlaceUnderARunningProgram) {
  ASSERT_NO_FATAL_FAILURE(open(DisplayMode::from_hz(640, 480, 60)));
  const std::string directory = lease_->runtime_dir();
  ASSERT_TRUE(eventually([&] { return running(directory, "punktfunk-test-pattern").size() == 1; }));
  const std::vector<int> program = running(directory, "punktfunk-test-pattern");
  const std::vector<int> sway = running(directory, "sway");
  // Larger, smaller, odd, another rate alone, and back: a private output must take any order of them.
  const std::vector<DisplayMode> modes = {
      DisplayMode::from_hz(1280, 800, 90), DisplayMode{801, 601, 59'940}, DisplayMode{801, 601, 120'000},
      DisplayMode::from_hz(1920, 1080, 60), DisplayMode::from_hz(640, 480, 60)};
  for (const DisplayMode& mode : modes) {
    const auto changed = lease_.set_mode(mode);
    ASSERT_TRUE(changed) << to_string(mode) << ": " << changed.error().message;
    EXPECT_EQ(lease_->mode(), mode);
    RecordingSink sink;
    const auto capture = capturer();
    ASSERT_TRUE(capture);
    ASSERT_TRUE(capture->start(sink));
    // The program has redrawn itself at the new size, and is still the same one.
    ASSERT_TRUE(sink.wait([&](const auto& seen) {
      return !seen.empty() && seen.back().width == mode.width && seen.back().height == mode.height &&
             seen.back().content.has_value();
    })) << to_string(mode)
        << ": " << sink.end_message();
  }
  EXPECT_EQ(running(directory, "punktfunk-test-pattern"), program);
  EXPECT_EQ(running(directory, "sway"), sway);
  const auto impossible = lease_.set_mode(DisplayMode::from_hz(20'000, 480, 60));
  ASSERT_FALSE(impossible);
  EXPECT_EQ(lease_->mode(), modes.back());
}

TEST_F(DesktopTest, KilledCompositorIsReportedAndLeavesNothing) {
  ASSERT_NO_FATAL_FAILURE(open(DisplayMode::from_hz(640, 480, 60)));
  const std::string directory = lease_->runtime_dir();
  RecordingSink sink;
  const auto capture = capturer();
  ASSERT_TRUE(capture);
  ASSERT_TRUE(capture->start(sink));
  ASSERT_TRUE(sink.wait([](const auto& seen) { return !seen.empty(); }));
  const std::vector<int> sway = running(directory, "sway");
  ASSERT_EQ(sway.size(), 1u);
  ASSERT_EQ(::kill(sway.front(), SIGKILL), 0);

  pollfd death{lease_->death_fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&death, 1, 20'000), 1);
  EXPECT_FALSE(lease_->alive());
  EXPECT_NE(lease_->death_reason().find("was killed by signal 9"), std::string::npos)
      << lease_->death_reason();
  ASSERT_TRUE(sink.wait_for_end());
  EXPECT_NE(sink.end_message().find("no longer captured"), std::string::npos) << sink.end_message();
  lease_.release();
  EXPECT_TRUE(eventually([&] { return nothing_left(directory); }));
}

// A host that is killed cannot clean up: its children must end with it, and the next host removes its files.
TEST_F(DesktopTest, KilledHostLeavesNothingForLong) {
  std::array<int, 2> pipe_fds{};
  ASSERT_EQ(::pipe(pipe_fds.data()), 0);
  const UniqueFd from_child(pipe_fds[0]);
  UniqueFd to_parent(pipe_fds[1]);
  // A program of its own, because a forked copy of this one would lack its threads.
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const pid_t host = ::fork();
  ASSERT_GE(host, 0);
  if (host == 0) {
    ::dup2(to_parent.get(), 1);
    ::execl(self.c_str(), self.c_str(), "--gtest_filter=HostToBeKilled.*", "--gtest_also_run_disabled_tests",
            nullptr);
    ::_exit(127);
  }
  to_parent.reset();
  std::string said;
  std::string directory;
  for (char character = 0; ::read(from_child.get(), &character, 1) == 1;) {
    if (character != '\n') {
      said += character;
    } else if (said.starts_with("display ")) {
      directory = said.substr(8);
      break;
    } else {
      said.clear();
    }
  }
  ASSERT_FALSE(directory.empty());
  ASSERT_FALSE(running(directory, "sway").empty());
  ASSERT_EQ(::kill(host, SIGKILL), 0);
  ASSERT_EQ(::waitpid(host, nullptr, 0), host);
  EXPECT_TRUE(eventually([&] { return running(directory, "sway").empty(); }));
  const auto next_host = create_display_backend();
  ASSERT_TRUE(next_host);
  EXPECT_TRUE(eventually([&] { return nothing_left(directory); }));
}

// Only for the test above: opens a display, says where, and waits to be killed.
TEST(HostToBeKilled, DISABLED_Display) {
  auto backend = create_display_backend();
  ASSERT_TRUE(backend);
  DisplayRequest request;
  request.mode = DisplayMode::from_hz(640, 480, 60);
  request.start_commands = {std::string("exec '") + TEST_PATTERN + "'"};
  const auto display = (*backend)->create(request);
  ASSERT_TRUE(display) << display.error().message;
  std::printf("\ndisplay %s\n", (*display)->runtime_dir().c_str());
  std::fflush(stdout);
  pollfd death{(*display)->death_fd(), POLLIN, 0};
  (void)::poll(&death, 1, 60'000);
}

}  // namespace
}  // namespace punktfunk::host

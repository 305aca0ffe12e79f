// SPDX-License-Identifier: MIT OR Apache-2.0
#include "desktop_fixture.h"

#include <poll.h>
#include <stdlib.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "host/process/child_process.h"

namespace punktfunk::host {

void RecordingSink::on_frame(CapturedFrame frame) {
  Seen seen{frame.captured, frame.ready, frame.pixels.width, frame.pixels.height,
            clock_blocks::read(frame.pixels.data + 1, frame.pixels.stride, frame.pixels.width,
                               frame.pixels.height, 4)};
  const std::lock_guard lock(mutex_);
  seen_.push_back(seen);
  changed_.notify_all();
}

void RecordingSink::on_capture_ended(const Error& error) {
  const std::lock_guard lock(mutex_);
  ended_ = error.message;
  changed_.notify_all();
}

bool RecordingSink::wait(const std::function<bool(const std::vector<Seen>&)>& wanted) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return ended_ || wanted(seen_); }) && wanted(seen_);
}

bool RecordingSink::wait_for_end() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return ended_.has_value(); });
}

std::vector<RecordingSink::Seen> RecordingSink::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::string RecordingSink::end_message() const {
  const std::lock_guard lock(mutex_);
  return ended_.value_or("");
}

void DesktopTest::SetUp() {
  if (!find_program("sway")) GTEST_SKIP() << "sway is not installed";
  std::string path = testing::TempDir() + "pf-desktop-XXXXXX";
  ASSERT_NE(::mkdtemp(path.data()), nullptr);
  work_dir_ = path;
  auto backend = create_display_backend();
  ASSERT_TRUE(backend) << backend.error().message;
  displays_ = std::make_unique<DisplayRegistry>(std::move(*backend));
}

void DesktopTest::TearDown() {
  lease_.release(DisplayBook::Leave::quit);
  std::error_code ignored;
  if (!work_dir_.empty()) std::filesystem::remove_all(work_dir_, ignored);
}

void DesktopTest::open(const DisplayMode& mode, const std::string& pattern_options) {
  DisplayRequest request;
  request.mode = mode;
  request.start_commands = {std::string("exec '") + TEST_PATTERN + "' --log " + work_dir_ + "/input.log " +
                            pattern_options};
  auto lease = displays_->acquire("test", request);
  ASSERT_TRUE(lease) << lease.error().message;
  lease_ = std::move(*lease);
}

std::unique_ptr<Capturer> DesktopTest::capturer() const {
  auto out = create_capturer({lease_->wayland_socket(), lease_->output_name(), lease_->mode()});
  if (!out) {
    ADD_FAILURE() << out.error().message;
    return nullptr;
  }
  return std::move(*out);
}

std::string DesktopTest::log_text() const {
  std::ifstream file(work_dir_ + "/input.log");
  return {std::istreambuf_iterator<char>(file), {}};
}

bool DesktopTest::wait_for_log(const std::string& line) const {
  return eventually([&] { return ("\n" + log_text()).find("\n" + line + "\n") != std::string::npos; });
}

std::vector<int> processes_with_environment(const std::string& variable) {
  std::vector<int> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size())
      continue;
    std::ifstream file(entry.path() / "environ", std::ios::binary);
    std::string environment{std::istreambuf_iterator<char>(file), {}};
    if (('\0' + environment).find('\0' + variable + '\0') != std::string::npos) out.push_back(pid);
  }
  return out;
}

bool eventually(const std::function<bool()>& condition) {
  const TimePoint end = monotonic_now() + kPatience;
  while (monotonic_now() < end) {
    if (condition()) return true;
    (void)::poll(nullptr, 0, 20);
  }
  return condition();
}

}  // namespace punktfunk::host

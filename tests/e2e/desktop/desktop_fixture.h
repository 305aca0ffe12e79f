// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/clock_blocks.h"
#include "host/capture/capture.h"
#include "host/display/display.h"

namespace punktfunk::host {

// Generous: on a loaded machine everything here may take seconds.
inline constexpr Duration kPatience = std::chrono::seconds(20);

// Keeps what the frames said.
class RecordingSink final : public CaptureSink {
 public:
  struct Seen {
    TimePoint captured;
    TimePoint ready;
    std::uint32_t width;
    std::uint32_t height;
    std::optional<clock_blocks::Content> content;
  };

  void on_frame(CapturedFrame frame) override;
  void on_capture_ended(const Error& error) override;

  // Waits until `wanted` holds of the frames seen (or capture ended); false after kPatience.
  bool wait(const std::function<bool(const std::vector<Seen>&)>& wanted);
  [[nodiscard]] bool wait_for_end();
  [[nodiscard]] std::vector<Seen> seen() const;
  [[nodiscard]] std::string end_message() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Seen> seen_;
  std::optional<std::string> ended_;
};

// A display with the test pattern on it.
class DesktopTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  void open(const DisplayMode& mode, const std::string& pattern_options = {});
  [[nodiscard]] std::unique_ptr<Capturer> capturer() const;
  [[nodiscard]] std::string log_text() const;
  // Until the input log has the line; false after kPatience.
  [[nodiscard]] bool wait_for_log(const std::string& line) const;

  std::string work_dir_;
  std::unique_ptr<DisplayRegistry> displays_;
  DisplayLease lease_;
};

// Numbers of the processes that have `variable` in their environment.
[[nodiscard]] std::vector<int> processes_with_environment(const std::string& variable);
// True once the condition holds, which is looked at every 20 ms, up to kPatience.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/clock_blocks.h"
#include "base/histogram.h"
#include "base/time.h"
#include "core/wire/input_event.h"
#include "core/wire/mode.h"

namespace punktfunk::probe {

// Plays a person: moves the pointer, clicks, scrolls and types over the test pattern, and reads from the
// decoded picture what the application saw; then types a command into the terminal below it and waits for the
// command's effect. Pure in time but for the look at that file. Decode thread.
class InputDrive {
 public:
  // `typed_file`: what the command in the terminal writes; empty leaves the terminal out.
  InputDrive(const wire::Mode& mode, std::filesystem::path typed_file,
             std::function<void(const wire::InputEvent&)> send);

  // Once per decoded picture; `content` when the pattern could be read in it.
  void on_picture(const std::optional<clock_blocks::Content>& content, TimePoint now);

  [[nodiscard]] bool is_done() const { return step_ >= steps_.size(); }
  [[nodiscard]] bool has_failed() const { return !failures_.empty(); }
  [[nodiscard]] bool is_ok() const { return is_done() && failures_.empty(); }
  // What did not arrive, in words.
  [[nodiscard]] std::vector<std::string> failures() const;
  // From sending an event to the decoded picture that shows its effect.
  [[nodiscard]] const Histogram& input_to_picture() const { return input_to_picture_; }

 private:
  using Content = clock_blocks::Content;
  struct Step {
    std::string name;
    std::function<void(const Content&)> act;
    // Whether the picture, or the world, shows the effect.
    std::function<bool(const Content&)> seen;
    Duration patience;
    bool measured = true;
    int tries = 1;
  };

  void add_pointer_steps();
  void add_keyboard_step();
  void add_terminal_step(const std::filesystem::path& typed_file);
  void position(std::int32_t x, std::int32_t y);
  void queue_text(const std::string& text);

  const wire::Mode mode_;
  const std::function<void(const wire::InputEvent&)> send_;
  std::vector<Step> steps_;
  std::size_t step_ = 0;
  int tried_ = 0;
  std::optional<TimePoint> acted_at_;
  Content before_;  // the picture before the step in progress
  std::deque<std::vector<wire::InputEvent>>
      keystrokes_;  // one character a picture: a person types, a flood is dropped
  std::uint64_t history_wanted_ = 0;
  std::vector<std::string> failures_;
  Histogram input_to_picture_;
};

}  // namespace punktfunk::probe

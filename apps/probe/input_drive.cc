// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/probe/input_drive.h"

#include <fstream>
#include <utility>

#include "apps/probe/us_layout.h"
#include "core/wire/key_codes.h"

namespace punktfunk::probe {

using wire::InputEvent;
using wire::InputKind;

namespace {

constexpr Duration kPatience = std::chrono::seconds(2);
// A terminal may still be starting when the typing begins; then the line is typed again.
constexpr Duration kTerminalPatience = std::chrono::milliseconds(2500);
constexpr int kTerminalTries = 3;
constexpr const char* kTypedText = "hello from the client";

InputEvent key_event(std::uint16_t evdev, bool down) {
  return {down ? InputKind::key_down : InputKind::key_up, wire::evdev_to_vk(evdev).value_or(0), 0, 0, 0};
}

InputEvent button_event(std::uint32_t button, bool down) {
  return {down ? InputKind::button_down : InputKind::button_up, button, 0, 0, 0};
}

bool file_holds(const std::filesystem::path& file, const std::string& line) {
  std::ifstream in(file);
  std::string first;
  return std::getline(in, first) && first == line;
}

}  // namespace

InputDrive::InputDrive(const wire::Mode& mode, std::filesystem::path typed_file,
                       std::function<void(const InputEvent&)> send)
    : mode_(mode), send_(std::move(send)) {
  add_pointer_steps();
  add_keyboard_step();
  if (!typed_file.empty()) add_terminal_step(typed_file);
}

void InputDrive::position(std::int32_t x, std::int32_t y) {
  send_({InputKind::mouse_position, 0, x, y, mode_.width << 16 | mode_.height});
}

void InputDrive::add_pointer_steps() {
  // Three places in the upper half, where the pattern is; each visit is one sample of input latency.
  for (const int part : {1, 2, 3}) {
    const auto x = static_cast<std::int32_t>(mode_.width * static_cast<std::uint32_t>(part) / 4);
    const auto y = static_cast<std::int32_t>(mode_.height * static_cast<std::uint32_t>(part) / 8);
    steps_.push_back({"the pointer at " + std::to_string(x) + "," + std::to_string(y),
                      [this, x, y](const Content&) { position(x, y); },
                      [x, y](const Content& now) { return now.pointer.x == x && now.pointer.y == y; },
                      kPatience});
  }
  steps_.push_back({"a relative pointer motion of +10,-5",
                    [this](const Content&) {
                      send_({InputKind::mouse_move, 0, 10, -5, 0});
                    },
                    [this](const Content& now) {
                      return now.pointer.x == before_.pointer.x + 10 &&
                             now.pointer.y == before_.pointer.y - 5;
                    },
                    kPatience});
  steps_.push_back({"a press of the left button",
                    [this](const Content&) { send_(button_event(wire::kButtonLeft, true)); },
                    [this](const Content& now) {
                      return now.pointer.clicks == static_cast<std::uint16_t>(before_.pointer.clicks + 1) &&
                             now.pointer.buttons == 1;
                    },
                    kPatience});
  steps_.push_back({"its release", [this](const Content&) { send_(button_event(wire::kButtonLeft, false)); },
                    [](const Content& now) { return now.pointer.buttons == 0; }, kPatience});
  steps_.push_back({"a turn of the wheel",
                    [this](const Content&) {
                      send_({InputKind::scroll_simple, wire::kAxisVertical, -120, 0, 0});
                    },
                    [this](const Content& now) { return now.pointer.scrolls != before_.pointer.scrolls; },
                    kPatience});
}

void InputDrive::add_keyboard_step() {
  static constexpr std::uint16_t kKeys[] = {KEY_P, KEY_U, KEY_N, KEY_K, KEY_T};
  steps_.push_back({"the keys P U N K T",
                    [this](const Content& now) {
                      clock_blocks::KeyState expected;
                      expected.presses = now.key_presses;
                      expected.history = now.key_history;
                      for (const std::uint16_t key : kKeys) {
                        expected.press(key);
                        // The picture carries 48 bits of the running hash, and the hash of what follows
                        // depends on all 64: the low bits of an FNV product depend only on low bits, so 48
                        // are enough to go on from.
                        expected.history = expected.history48();
                        keystrokes_.push_back({key_event(key, true), key_event(key, false)});
                      }
                      history_wanted_ = expected.history48();
                    },
                    [this](const Content& now) {
                      return now.key_history == history_wanted_ &&
                             now.key_presses ==
                                 static_cast<std::uint16_t>(before_.key_presses + std::size(kKeys));
                    },
                    kPatience, false});
}

void InputDrive::add_terminal_step(const std::filesystem::path& typed_file) {
  steps_.push_back({"the command typed into the terminal",
                    [this, typed_file](const Content&) {
                      // Lower half: the terminal. A click gives it the keyboard.
                      position(static_cast<std::int32_t>(mode_.width / 2),
                               static_cast<std::int32_t>(mode_.height * 3 / 4));
                      send_(button_event(wire::kButtonLeft, true));
                      send_(button_event(wire::kButtonLeft, false));
                      queue_text("\necho " + std::string(kTypedText) + " | tee \"" + typed_file.string() +
                                 "\"\n");
                    },
                    [typed_file](const Content&) { return file_holds(typed_file, kTypedText); },
                    kTerminalPatience, false, kTerminalTries});
}

void InputDrive::queue_text(const std::string& text) {
  for (const char c : text) {
    const auto stroke = key_for(c);
    if (!stroke) continue;
    std::vector<InputEvent> events;
    if (stroke->shift) events.push_back(key_event(KEY_LEFTSHIFT, true));
    events.push_back(key_event(stroke->evdev, true));
    events.push_back(key_event(stroke->evdev, false));
    if (stroke->shift) events.push_back(key_event(KEY_LEFTSHIFT, false));
    keystrokes_.push_back(std::move(events));
  }
}

void InputDrive::on_picture(const std::optional<Content>& content, TimePoint now) {
  if (is_done() || !content) return;
  if (!keystrokes_.empty()) {
    for (const InputEvent& event : keystrokes_.front()) send_(event);
    keystrokes_.pop_front();
    acted_at_ = now;  // patience counts from the last key
    return;
  }
  const Step& step = steps_[step_];
  if (!acted_at_) {
    before_ = *content;
    acted_at_ = now;
    ++tried_;
    step.act(*content);
    return;
  }
  const bool seen = step.seen(*content);
  if (!seen && now - *acted_at_ < step.patience) return;
  if (seen && step.measured) input_to_picture_.add(now - *acted_at_);
  acted_at_.reset();
  if (!seen && tried_ < step.tries) return;
  if (!seen) failures_.push_back(step.name);
  tried_ = 0;
  ++step_;
}

std::vector<std::string> InputDrive::failures() const {
  std::vector<std::string> all = failures_;
  for (std::size_t i = step_; i < steps_.size(); ++i) all.push_back(steps_[i].name + " (not reached)");
  return all;
}

}  // namespace punktfunk::probe

// SPDX-License-Identifier: MIT OR Apache-2.0
// Writes down what it is told, with the rules every backend follows for held keys.
#pragma once

#include <string>
#include <vector>

#include "host/input/held_keys.h"
#include "host/input/injector.h"

namespace punktfunk::host {

class FakeInjector final : public Injector {
 public:
  void key(std::uint16_t evdev_code, bool down) override;
  void pointer_move(std::int32_t dx, std::int32_t dy) override;
  void pointer_position(std::int32_t x, std::int32_t y, std::uint32_t width, std::uint32_t height) override;
  void button(std::uint16_t evdev_button, bool down) override;
  void scroll(ScrollAxis axis, std::int32_t units, bool smooth) override;
  void release_all() override;
  void flush() override { ++flushes_; }
  [[nodiscard]] const char* name() const override { return "fake"; }

  // "key 30 down", "move 3 -4", "position 5 6 in 640x480", "button 272 up", "scroll 0 120", "scroll 1 30
  // smooth".
  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }
  [[nodiscard]] int flushes() const { return flushes_; }

 private:
  HeldKeys held_;
  std::vector<std::string> events_;
  int flushes_ = 0;
};

}  // namespace punktfunk::host

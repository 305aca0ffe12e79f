// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/input/fake/fake_injector.h"

#include <fmt/format.h>

namespace punktfunk::host {

void FakeInjector::key(std::uint16_t evdev_code, bool down) {
  if (held_.key(evdev_code, down))
    events_.push_back(fmt::format("key {} {}", evdev_code, down ? "down" : "up"));
}

void FakeInjector::pointer_move(std::int32_t dx, std::int32_t dy) {
  events_.push_back(fmt::format("move {} {}", dx, dy));
}

void FakeInjector::pointer_position(std::int32_t x, std::int32_t y, std::uint32_t width,
                                    std::uint32_t height) {
  if (width != 0 && height != 0)
    events_.push_back(fmt::format("position {} {} in {}x{}", x, y, width, height));
}

void FakeInjector::button(std::uint16_t evdev_button, bool down) {
  if (held_.button(evdev_button, down))
    events_.push_back(fmt::format("button {} {}", evdev_button, down ? "down" : "up"));
}

void FakeInjector::scroll(ScrollAxis axis, std::int32_t units, bool smooth) {
  events_.push_back(fmt::format("scroll {} {}{}", static_cast<int>(axis), units, smooth ? " smooth" : ""));
}

void FakeInjector::release_all() {
  for (const std::uint16_t code : held_.keys()) key(code, false);
  for (const std::uint16_t code : held_.buttons()) button(code, false);
}

}  // namespace punktfunk::host

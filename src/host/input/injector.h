// SPDX-License-Identifier: MIT OR Apache-2.0
// Puts a client's input into a display. Backends live in subfolders; only registry.cc names them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace punktfunk::host {

enum class ScrollAxis : std::uint8_t { vertical = 0, horizontal = 1 };

// Every value may come from a hostile peer: a backend ignores what it cannot map. Used from one thread at a
// time; no call blocks. Calls after the display died do nothing.
class Injector {
 public:
  virtual ~Injector() = default;

  // `evdev_code`: KEY_* of linux/input-event-codes.h. A second down of a held key is ignored (repeat is the
  // application's own matter), so is an up of a key that is not held.
  virtual void key(std::uint16_t evdev_code, bool down) = 0;
  // Pixels of the display, saturated to ±32767 a call.
  virtual void pointer_move(std::int32_t dx, std::int32_t dy) = 0;
  // Position (x, y) in an area of width × height, which is stretched over the whole output; clamped into it.
  // An area with a zero side is ignored.
  virtual void pointer_position(std::int32_t x, std::int32_t y, std::uint32_t width,
                                std::uint32_t height) = 0;
  // `evdev_button`: BTN_LEFT (0x110) … BTN_TASK (0x117). Same rules as keys.
  virtual void button(std::uint16_t evdev_button, bool down) = 0;
  // 120 units = one detent, or with `smooth` = 10 px of finger travel. Positive = up or right. Saturated to
  // ±100 detents.
  virtual void scroll(ScrollAxis axis, std::int32_t units, bool smooth) = 0;
  // Lets go of every key and button this injector holds down. Also done by the destructor.
  virtual void release_all() = 0;
  // Sends what the calls above queued. Call once after each batch of events.
  virtual void flush() = 0;

  [[nodiscard]] virtual const char* name() const = 0;
};

struct InjectorTarget {
  std::string wayland_socket;  // Display::wayland_socket()
  std::string output_name;     // Display::output_name(); absolute positions refer to it
};

// Creates the devices and waits until the compositor has them (a key sent to a keyboard created a moment
// before would be lost). Blocks for a few round trips.
[[nodiscard]] Result<std::unique_ptr<Injector>> create_injector(const InjectorTarget& target);

}  // namespace punktfunk::host

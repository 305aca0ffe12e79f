// SPDX-License-Identifier: MIT OR Apache-2.0
// The US keymap the virtual keyboard has, and its modifier state: the compositor expects both from whoever is
// the keyboard.
#pragma once

#include <xkbcommon/xkbcommon.h>

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"

namespace punktfunk::host {

struct Modifiers {
  std::uint32_t depressed = 0;
  std::uint32_t latched = 0;
  std::uint32_t locked = 0;
  std::uint32_t group = 0;
  bool operator==(const Modifiers&) const = default;
};

class Keymap {
 public:
  [[nodiscard]] static Result<Keymap> create_us();

  // The keymap as text in a sealed memory file, terminated by a zero byte that `bytes` counts.
  [[nodiscard]] Result<UniqueFd> to_file(std::uint32_t& bytes) const;

  // The modifiers after this key.
  [[nodiscard]] Modifiers update(std::uint16_t evdev_code, bool down);

 private:
  template <class T, auto Unref>
  struct Deleter {
    void operator()(T* object) const { Unref(object); }
  };
  std::unique_ptr<xkb_context, Deleter<xkb_context, xkb_context_unref>> context_;
  std::unique_ptr<xkb_keymap, Deleter<xkb_keymap, xkb_keymap_unref>> keymap_;
  std::unique_ptr<xkb_state, Deleter<xkb_state, xkb_state_unref>> state_;
};

}  // namespace punktfunk::host

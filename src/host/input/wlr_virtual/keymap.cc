// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/input/wlr_virtual/keymap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace punktfunk::host {

Result<Keymap> Keymap::create_us() {
  Keymap out;
  out.context_.reset(xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES));
  const xkb_rule_names names{"evdev", "pc105", "us", "", ""};
  if (out.context_)
    out.keymap_.reset(xkb_keymap_new_from_names(out.context_.get(), &names, XKB_KEYMAP_COMPILE_NO_FLAGS));
  if (out.keymap_) out.state_.reset(xkb_state_new(out.keymap_.get()));
  if (!out.state_)
    return fail("No keys can be typed: the US keyboard layout is missing; install the package xkb-data.");
  return out;
}

Result<UniqueFd> Keymap::to_file(std::uint32_t& bytes) const {
  struct Free {
    void operator()(char* text) const { ::free(text); }
  };
  const std::unique_ptr<char, Free> text(xkb_keymap_get_as_string(keymap_.get(), XKB_KEYMAP_FORMAT_TEXT_V1));
  UniqueFd fd(::memfd_create("punktfunk-keymap", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const std::size_t size = text ? ::strlen(text.get()) + 1 : 0;
  // A memory file takes it whole or not at all.
  if (!text || !fd.valid() || ::write(fd.get(), text.get(), size) != static_cast<ssize_t>(size))
    return fail(std::string("No keys can be typed: no memory for the keyboard layout (") + ::strerror(errno) +
                ").");
  (void)::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  bytes = static_cast<std::uint32_t>(size);
  return fd;
}

Modifiers Keymap::update(std::uint16_t evdev_code, bool down) {
  constexpr xkb_keycode_t kEvdevOffset = 8;
  (void)xkb_state_update_key(state_.get(), evdev_code + kEvdevOffset, down ? XKB_KEY_DOWN : XKB_KEY_UP);
  return {xkb_state_serialize_mods(state_.get(), XKB_STATE_MODS_DEPRESSED),
          xkb_state_serialize_mods(state_.get(), XKB_STATE_MODS_LATCHED),
          xkb_state_serialize_mods(state_.get(), XKB_STATE_MODS_LOCKED),
          xkb_state_serialize_layout(state_.get(), XKB_STATE_LAYOUT_EFFECTIVE)};
}

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/input_router.h"

#include <linux/input-event-codes.h>

#include "core/wire/key_codes.h"

namespace punktfunk::host {

using wire::InputKind;

bool route_input(const wire::InputEvent& event, Injector& injector) {
  switch (event.kind) {
    case InputKind::key_down:
    case InputKind::key_up: {
      const auto key = wire::vk_to_evdev(event.code);
      if (!key) return false;
      injector.key(*key, event.kind == InputKind::key_down);
      return true;
    }
    case InputKind::mouse_move:
      injector.pointer_move(event.x, event.y);
      return true;
    case InputKind::mouse_position:
      injector.pointer_position(event.x, event.y, event.area_width(), event.area_height());
      return true;
    case InputKind::button_down:
    case InputKind::button_up: {
      std::uint16_t button = 0;
      switch (event.code) {
        case wire::kButtonLeft:
          button = BTN_LEFT;
          break;
        case wire::kButtonMiddle:
          button = BTN_MIDDLE;
          break;
        case wire::kButtonRight:
          button = BTN_RIGHT;
          break;
        case wire::kButtonX1:
          button = BTN_SIDE;
          break;
        case wire::kButtonX2:
          button = BTN_EXTRA;
          break;
        default:
          return false;
      }
      injector.button(button, event.kind == InputKind::button_down);
      return true;
    }
    case InputKind::scroll_simple:
      if (event.code > wire::kAxisHorizontal) return false;
      injector.scroll(event.code == wire::kAxisVertical ? ScrollAxis::vertical : ScrollAxis::horizontal,
                      event.x, (event.flags & wire::kScrollSmooth) != 0);
      return true;
    // Features this host does not announce (section 6, bits 16, 18, 25, 27).
    case InputKind::text:
    case InputKind::scroll:
    case InputKind::touch_down:
    case InputKind::touch_move:
    case InputKind::touch_up:
    case InputKind::gamepad_button:
    case InputKind::gamepad_axis:
    case InputKind::gamepad_state:
    case InputKind::gamepad_removed:
    case InputKind::gamepad_arrived:
      return false;
  }
  return false;
}

}  // namespace punktfunk::host

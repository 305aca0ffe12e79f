// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <punktfunk_core.h>

#include "abi/structs.h"
#include "core/wire/input_event.h"

namespace punktfunk::abi {

// Refuses what every host would drop.
[[nodiscard]] inline punktfunk_result read_input(const punktfunk_input_event* given, wire::InputEvent& out) {
  punktfunk_input_event event;
  if (const auto rc = read_struct(given, event); rc != PUNKTFUNK_OK) return rc;
  if (event.kind > PUNKTFUNK_INPUT_SCROLL) return bad_argument("There is no input event of this kind.");
  out = {static_cast<wire::InputKind>(event.kind), event.code, event.x, event.y, event.flags};
  if (!wire::InputEvent::decode(out.encode())) {
    return bad_argument("The fields of the input event break the rules of its kind.");
  }
  return PUNKTFUNK_OK;
}

[[nodiscard]] inline punktfunk_input_event input_of(const wire::InputEvent& from) {
  punktfunk_input_event event;
  PUNKTFUNK_INIT(&event);
  event.kind = static_cast<std::uint32_t>(from.kind);
  event.code = from.code;
  event.x = from.x;
  event.y = from.y;
  event.flags = from.flags;
  return event;
}

}  // namespace punktfunk::abi

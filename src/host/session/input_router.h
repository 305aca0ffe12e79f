// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

#include "core/wire/input_event.h"
#include "host/input/injector.h"

namespace punktfunk::host {

// Default deny: what a device may do is a bit each, and every input kind belongs to exactly one of them
// (section 25).
inline constexpr std::uint32_t kGrantGamepad = 1;
inline constexpr std::uint32_t kGrantPointer = 2;
inline constexpr std::uint32_t kGrantKeyboard = 4;

// The grant an event of this kind needs. A kind added to the protocol fails to compile here until it is
// classed.
[[nodiscard]] std::uint32_t grant_for(wire::InputKind kind);

// Puts one event from the wire into the display, if `grants` allow it. False: dropped (not granted, not
// served by this host, or a code that names nothing).
bool route_input(const wire::InputEvent& event, std::uint32_t grants, Injector& injector);

}  // namespace punktfunk::host

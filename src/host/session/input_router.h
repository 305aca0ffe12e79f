// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "core/wire/input_event.h"
#include "host/input/injector.h"

namespace punktfunk::host {

// Puts one event from the wire into the display. Whether the device may is decided before (core/session/
// grants.h). False: dropped (not served by this host, or a code that names nothing).
bool route_input(const wire::InputEvent& event, Injector& injector);

}  // namespace punktfunk::host

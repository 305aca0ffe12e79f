// SPDX-License-Identifier: MIT OR Apache-2.0
// Which display backends exist.
#include "host/display/display.h"
#include "host/display/sway/sway_display.h"

namespace punktfunk::host {

Result<std::unique_ptr<DisplayBackend>> create_display_backend() { return create_sway_backend(); }

}  // namespace punktfunk::host

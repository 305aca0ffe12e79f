// SPDX-License-Identifier: MIT OR Apache-2.0
// Input by virtual-keyboard-v1 and wlr-virtual-pointer-v1 (wlroots compositors).
#pragma once

#include <memory>

#include "host/input/injector.h"

namespace punktfunk::host {

[[nodiscard]] Result<std::unique_ptr<Injector>> create_wlr_injector(const InjectorTarget& target);

}  // namespace punktfunk::host

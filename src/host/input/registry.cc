// SPDX-License-Identifier: MIT OR Apache-2.0
// Which injection backends exist.
#include "host/input/injector.h"
#include "host/input/wlr_virtual/wlr_injector.h"

namespace punktfunk::host {

Result<std::unique_ptr<Injector>> create_injector(const InjectorTarget& target) {
  return create_wlr_injector(target);
}

}  // namespace punktfunk::host

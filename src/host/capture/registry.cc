// SPDX-License-Identifier: MIT OR Apache-2.0
// Which capture backends exist.
#include "host/capture/capture.h"
#include "host/capture/wlr_screencopy/screencopy_capturer.h"

namespace punktfunk::host {

Result<std::unique_ptr<Capturer>> create_capturer(const CaptureSource& source) {
  return create_screencopy_capturer(source);
}

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "client/picture/picture.h"

namespace punktfunk::client {

// B, G, R, 255 per pixel, rows of exactly width * 4 bytes; converted by the picture's own matrix and range.
[[nodiscard]] Bytes to_bgrx(const Picture& picture);

// Writes an RGB PNG. `path` is replaced atomically: it holds the old file or the whole new one, never a part.
[[nodiscard]] Result<void> write_png(const Picture& picture, const std::string& path);

}  // namespace punktfunk::client

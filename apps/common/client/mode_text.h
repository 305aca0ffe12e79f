// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/wire/mode.h"

namespace punktfunk::apps {

// "1280x720@60"; whole numbers only, any size (the host decides what it can show).
[[nodiscard]] std::optional<wire::Mode> parse_mode(const std::string& text);
[[nodiscard]] std::string mode_text(const wire::Mode& mode);
[[nodiscard]] std::string no_mode_sentence(const std::string& text);

}  // namespace punktfunk::apps

// SPDX-License-Identifier: MIT OR Apache-2.0
// The one place where text from the network is made fit to store, log and show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace punktfunk {

[[nodiscard]] bool is_valid_utf8(std::string_view text);

// Removes control characters (C0, C1, DEL), bidirectional overrides and isolates, zero-width characters and
// invalid UTF-8; trims white space at both ends; cuts to `max_bytes` without splitting a character. The
// result may be empty.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t max_bytes);

}  // namespace punktfunk

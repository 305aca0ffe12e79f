// SPDX-License-Identifier: MIT OR Apache-2.0
// The published vectors, for tests that play them.
#pragma once

#include <nlohmann/json.hpp>

namespace punktfunk::test {

// The list of tests/golden/vectors.json. Throws std::runtime_error where that cannot be read.
[[nodiscard]] const nlohmann::json& all_vectors();

}  // namespace punktfunk::test

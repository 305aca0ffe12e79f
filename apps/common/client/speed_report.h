// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>

#include "client/session/speed_test.h"

namespace punktfunk::apps {

// For people: one line for each probe, and what to set.
[[nodiscard]] std::string table_of(const client::SpeedTestResult& result);
// For programs: the same in kbit/s, percent and ms.
[[nodiscard]] std::string json_of(const client::SpeedTestResult& result);

}  // namespace punktfunk::apps

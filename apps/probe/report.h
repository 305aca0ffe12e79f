// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>

#include "apps/probe/measurement.h"

namespace punktfunk::probe {

// A table for people.
[[nodiscard]] std::string table_of(const Figures& figures);
// The same figures for programs. Latencies in ms; a figure that could not be had is null.
[[nodiscard]] std::string json_of(const Figures& figures);

}  // namespace punktfunk::probe

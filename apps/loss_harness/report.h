// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "apps/loss_harness/media_run.h"
#include "apps/loss_harness/options.h"

namespace punktfunk::loss_harness {

struct Row {
  RunSpec spec;
  RunResult result;
};

// For people: one block a pattern and stream, one line a scheme.
[[nodiscard]] std::string table_of(const Options& options, const std::vector<Row>& rows);
// For machines; nothing in it depends on the machine or the time.
[[nodiscard]] std::string json_of(const Options& options, const std::vector<Row>& rows);

}  // namespace punktfunk::loss_harness

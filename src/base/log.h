// SPDX-License-Identifier: MIT OR Apache-2.0
// Logging goes to standard error, one line per event. Nothing a peer can repeat at will is logged per packet:
// bad packets are counted. Secrets are never passed here. Level from PUNKTFUNK_LOG (trace … error), default
// info.
#pragma once

#include <spdlog/spdlog.h>

namespace punktfunk {

// Once at program start. `program` prefixes each line. Not thread-safe.
void init_log(const char* program);

}  // namespace punktfunk

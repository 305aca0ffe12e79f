// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <filesystem>

#include "apps/common/stop_signal.h"
#include "apps/host/ctl/request.h"

namespace punktfunk::ctl {

// Carries out one command against the host that keeps its state in `state_dir`, and prints the answer: for
// people, or the API's JSON. The exit code. `stop` ends commands that go on until interrupted.
[[nodiscard]] int run(const std::filesystem::path& state_dir, const Request& request, const StopSignal& stop);

}  // namespace punktfunk::ctl

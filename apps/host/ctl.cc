// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/ctl.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "host/mgmt/control_socket.h"

namespace punktfunk {

Result<void> run_ctl(const std::filesystem::path& state_dir, const std::string& command) {
  const nlohmann::json request = {{"command", command}};
  const auto line = host::ask_running_host(state_dir / "control.sock", request.dump());
  if (!line) return tl::unexpected(line.error());
  const auto answer = nlohmann::json::parse(*line, nullptr, false);
  if (!answer.is_object() || !answer.value("ok", false)) {
    return fail(answer.is_object() ? answer.value("error", "The host refused.")
                                   : "The host's answer was not understood.");
  }
  if (command == "pair") {
    std::printf("%s\n", answer.value("pin", "").c_str());
    return {};
  }
  for (const auto& [name, value] : answer.items()) {
    if (name != "ok") std::printf("%s: %s\n", name.c_str(), value.dump().c_str());
  }
  return {};
}

}  // namespace punktfunk

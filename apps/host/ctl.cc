// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/ctl.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "host/mgmt/control_socket.h"

namespace punktfunk {

namespace {

void print_pending(const nlohmann::json& answer) {
  const auto devices = answer.value("pending", nlohmann::json::array());
  if (devices.empty()) std::printf("Nobody asks to be let in.\n");
  for (const auto& device : devices) {
    const auto seconds = std::to_string(device.value("seconds", 0));
    std::printf("%u  \"%s\"  %s  %s  %s\n", device.value("id", 0U), device.value("name", "").c_str(),
                device.value("address", "").c_str(), device.value("fingerprint", "").c_str(),
                (device.value("waiting", false) ? "waiting for " + seconds + " s"
                                                : "asked " + seconds + " s ago, no longer waiting")
                    .c_str());
  }
}

void print_decision(const nlohmann::json& answer, bool approved) {
  const std::string name = "\"" + answer.value("name", "") + "\"";
  if (!approved) {
    std::printf("%s was turned away.\n", name.c_str());
  } else if (answer.value("waiting", false)) {
    std::printf("%s is let in; its connection goes on.\n", name.c_str());
  } else {
    std::printf("%s may connect from now on; it had stopped waiting.\n", name.c_str());
  }
}

}  // namespace

Result<void> run_ctl(const std::filesystem::path& state_dir, const CtlRequest& request) {
  nlohmann::json message = {{"command", request.command}};
  if (request.id != 0) message["id"] = request.id;
  const auto line = host::ask_running_host(state_dir / "control.sock", message.dump());
  if (!line) return tl::unexpected(line.error());
  if (request.json) std::printf("%s\n", line->c_str());
  const auto answer = nlohmann::json::parse(*line, nullptr, false);
  if (!answer.is_object() || !answer.value("ok", false)) {
    return fail(answer.is_object() ? answer.value("error", "The host refused.")
                                   : "The host's answer was not understood.");
  }
  if (request.json) return {};
  if (request.command == "pair") {
    std::printf("%s\n", answer.value("pin", "").c_str());
  } else if (request.command == "pending") {
    print_pending(answer);
  } else if (request.command == "approve" || request.command == "deny") {
    print_decision(answer, request.command == "approve");
  } else {
    for (const auto& [name, value] : answer.items()) {
      if (name != "ok") std::printf("%s: %s\n", name.c_str(), value.dump().c_str());
    }
  }
  return {};
}

}  // namespace punktfunk

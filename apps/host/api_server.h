// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/identity/identity.h"
#include "host/mgmt/http/http_server.h"
#include "host/mgmt/http/router.h"

namespace punktfunk {

// How the management API is reached; the control socket is there in any case.
struct ApiOptions {
  static constexpr std::uint16_t kDefaultPort = 47990;  // what clients assume (tag 19 of ServerHello)

  bool https = true;
  std::uint16_t port = kDefaultPort;
  bool port_chosen = false;  // by the operator: then it is an error when the port is taken
  // Where HTTPS is opened: "loopback", "any" or an IP address. Only by loopback until the operator says
  // otherwise: whoever reaches the port can at least try, and most hosts need nobody on the network to read.
  std::string bind = "loopback";
  std::vector<std::string> names;  // besides this machine's own, by which browsers and programs reach it
  bool remote_admin = false;       // the token counts from other machines too
};

// Serves `router` over the control socket in `state_dir` and, unless the options say otherwise, over HTTPS.
// Where the default port is taken, only over the control socket, with a warning: streaming does not need the
// API. `router` and what it answers from outlive the server.
[[nodiscard]] Result<std::unique_ptr<host::http::HttpServer>> start_api(
    const ApiOptions& options, const std::filesystem::path& state_dir, const host::http::Router& router,
    const control::Identity& identity, host::http::Gate::IsPaired is_paired);

}  // namespace punktfunk

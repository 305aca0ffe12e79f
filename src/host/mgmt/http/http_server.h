// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/socket_address.h"
#include "control/identity/identity.h"
#include "host/mgmt/http/gate.h"
#include "host/mgmt/http/limits.h"
#include "host/mgmt/http/router.h"

namespace punktfunk::host::http {

struct HttpConfig {
  HttpLimits limits;
  Gate::Settings gate;
  // HTTPS here; none: only the control socket. With port 0 in the first, any free port, the same for all. An
  // address after the first that this machine lacks is left out.
  std::vector<SocketAddress> addresses;
  // The control socket; empty: none. One left behind by a killed host is replaced.
  std::filesystem::path socket_path;
};

// 127.0.0.1 and ::1 for "loopback", every address for "any", otherwise the numeric address.
[[nodiscard]] Result<std::vector<SocketAddress>> listen_addresses(const std::string& where,
                                                                  std::uint16_t port);

// Since the start.
struct HttpCounts {
  std::uint64_t connections = 0;          // taken
  std::uint64_t connections_refused = 0;  // for a limit
  std::uint64_t handshakes_failed = 0;
  std::uint64_t requests = 0;
  std::uint64_t requests_refused = 0;  // answered with 400 and above
  std::uint64_t timeouts = 0;          // connections that took too long at something
};

// Serves the routes over HTTPS, on the host's own certificate, and over the control socket (mode 0600), whose
// callers are the operator. One thread for all of it.
class HttpServer {
 public:
  // `router` (and the event logs its routes answer with) and `identity` outlive the server; `identity` is
  // read now only.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const HttpConfig& config,
                                                                 const Router& router,
                                                                 const control::Identity& identity,
                                                                 AdminToken token, Gate::IsPaired is_paired);
  // Ends every connection.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Of the HTTPS listeners; 0 without any.
  [[nodiscard]] std::uint16_t port() const;
  // Any thread.
  [[nodiscard]] HttpCounts counts() const;
  // How many answers had which status. Any thread.
  [[nodiscard]] std::map<int, std::uint64_t> answers_by_status() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace punktfunk::host::http

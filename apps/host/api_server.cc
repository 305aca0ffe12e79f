// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/api_server.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/log.h"

namespace punktfunk {

namespace {

using host::http::AdminToken;
using host::http::HttpServer;

// The machine's name, alone and as mDNS has it.
void add_own_names(std::vector<std::string>& names) {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return;
  const std::string own(name.data());
  names.push_back(own);
  if (own.find('.') == std::string::npos) names.push_back(own + ".local");
}

}  // namespace

Result<std::unique_ptr<HttpServer>> start_api(const ApiOptions& options,
                                              const std::filesystem::path& state_dir,
                                              const host::http::Router& router,
                                              const control::Identity& identity,
                                              host::http::Gate::IsPaired is_paired) {
  host::http::HttpConfig config;
  config.socket_path = state_dir / "control.sock";
  config.gate.names = options.names;
  add_own_names(config.gate.names);
  config.gate.remote_admin = options.remote_admin;
  if (options.https) {
    auto addresses = host::http::listen_addresses(options.bind, options.port);
    if (!addresses) return tl::unexpected(addresses.error());
    config.addresses = std::move(*addresses);
  }
  SystemRandom random;
  const auto token = AdminToken::load_or_create(state_dir, random);
  if (!token) return tl::unexpected(token.error());
  auto server = HttpServer::start(config, router, identity, *token, is_paired);
  if (!server && options.https && !options.port_chosen) {
    const std::string why = server.error().message;
    config.addresses.clear();
    server = HttpServer::start(config, router, identity, *token, std::move(is_paired));
    if (server) spdlog::warn("{} punktfunk-host ctl works all the same.", why);
  }
  if (server && (*server)->port() != 0) {
    SocketAddress address = config.addresses.front();
    address.set_port((*server)->port());
    spdlog::info("The management API is on https://{}; the operator's token is in {}.", address.to_string(),
                 (state_dir / "api-token").string());
  }
  return server;
}

}  // namespace punktfunk

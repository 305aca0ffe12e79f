// SPDX-License-Identifier: MIT OR Apache-2.0
// The management server with the sample routes, for other people's programs to talk to:
// http_peer FOLDER writes its token, the certificates of the host and of a paired device there, prints the
// port and serves until its input ends. Each line of input is published as an event.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/log.h"
#include "host/mgmt/http/http_server.h"
#include "sample_routes.h"

int main(int argc, char** argv) {
  using namespace punktfunk;
  using namespace punktfunk::host::http;
  if (argc != 2) return 2;
  init_log("http_peer");
  const std::filesystem::path folder = argv[1];
  const auto host = control::Identity::load_or_create(folder / "host", "host");
  const auto device = control::Identity::load_or_create(folder / "device", "device");
  const auto stranger = control::Identity::load_or_create(folder / "stranger", "stranger");
  SystemRandom random;
  const auto token = AdminToken::load_or_create(folder, random);
  if (!host || !device || !stranger || !token) return 1;

  test::SampleRoutes sample;
  HttpConfig config;
  config.addresses = *listen_addresses("loopback", 0);
  config.socket_path = folder / "control.sock";
  config.limits.heartbeat = std::chrono::milliseconds(200);
  const auto server = HttpServer::start(
      config, sample.router, *host, *token,
      [&device](const control::Fingerprint& shown) { return shown == device->fingerprint(); });
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  const nlohmann::json ready = {{"port", (*server)->port()},
                                {"fingerprint", control::fingerprint_hex(host->fingerprint())}};
  std::printf("%s\n", ready.dump().c_str());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) sample.events.publish("line", line);
  return 0;
}

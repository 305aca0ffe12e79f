// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "host/mgmt/http/http_server.h"
#include "host/mgmt/http/unix_http_client.h"
#include "raw_client.h"
#include "sample_routes.h"
#include "scratch_folder.h"

namespace punktfunk::host::http::test {

// A server with the sample routes, on loopback and on a control socket, and a device that it trusts.
class ServerTest : public testing::Test {
 protected:
  // OpenSSL writes to sockets that the server has closed meanwhile.
  ServerTest() { ::signal(SIGPIPE, SIG_IGN); }
  void start() {
    HttpConfig config;
    config.limits = limits_;
    config.gate = gate_;
    config.addresses = *listen_addresses("loopback", 0);
    config.socket_path = socket_path();
    SystemRandom random;
    auto token = AdminToken::load_or_create(folder_.path(), random);
    ASSERT_TRUE(token.has_value());
    auto server = HttpServer::start(config, sample_.router, *identity_, std::move(*token),
                                    [this](const control::Fingerprint& fingerprint) {
                                      return trusts_device_ && fingerprint == device_->fingerprint();
                                    });
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }
  void TearDown() override { server_.reset(); }

  [[nodiscard]] std::filesystem::path socket_path() const { return folder_.path() / "control.sock"; }
  [[nodiscard]] std::string token() const {
    return punktfunk::test::content_of(folder_.path() / "api-token").substr(0, 64);
  }
  [[nodiscard]] RawClient local() const { return RawClient::local(socket_path()); }
  [[nodiscard]] RawClient tls(const control::Identity* certificate = nullptr) const {
    return RawClient::tls(server_->port(), certificate);
  }
  // A whole request; `headers` are lines with their ends.
  [[nodiscard]] static std::string request(const std::string& method, const std::string& target,
                                           const std::string& headers = {}, const std::string& body = {}) {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
    if (!body.empty()) text += "Content-Type: application/json\r\n";
    if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + body;
  }
  [[nodiscard]] std::string bearer() const { return "Authorization: Bearer " + token() + "\r\n"; }

  // For what shows in a count only. The limit bounds a failure.
  template <class Condition>
  static void wait_until(Condition condition) {
    const TimePoint deadline = monotonic_now() + std::chrono::seconds(30);
    while (!condition()) {
      ASSERT_LT(monotonic_now(), deadline);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }
  static std::string ask(RawClient client, const std::string& text) {
    client.send(text);
    return client.answer();
  }

  HttpLimits limits_;
  Gate::Settings gate_;
  SampleRoutes sample_;
  punktfunk::test::ScratchFolder folder_;
  Result<control::Identity> identity_ = control::Identity::create_ephemeral("host");
  Result<control::Identity> device_ = control::Identity::create_ephemeral("device");
  std::atomic<bool> trusts_device_ = true;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace punktfunk::host::http::test

// SPDX-License-Identifier: MIT OR Apache-2.0
// Callers that mean no good, over real connections.
#include <sys/resource.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "server_fixture.h"

namespace punktfunk::host::http::test {
namespace {

using namespace std::chrono_literals;

class LimitsTest : public ServerTest {
 protected:
  void expect_serving() {
    EXPECT_EQ(status_of(ask(local(), request("GET", "/api/v1/health"))), 200);
    EXPECT_EQ(status_of(ask(tls(), request("GET", "/api/v1/health"))), 200);
  }
  // Sends a byte whenever the server has not ended the connection within a moment.
  static void expect_drip_ends(RawClient client, const std::string& start, std::string_view byte) {
    client.send(start);
    int bytes = 0;
    while (bytes < 1000 && !client.ends_within(10ms)) {
      client.send(byte);
      ++bytes;
    }
    EXPECT_LT(bytes, 1000);
  }
};

TEST_F(LimitsTest, SlowlorisGetsOneSpellOfTimeForEachPart) {
  limits_.handshake = limits_.head = limits_.body = limits_.idle = 500ms;
  start();
  const std::string head = "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n";
  const std::string half = request("POST", "/api/v1/things/1", "", std::string(500, ' ')).substr(0, 150);
  std::vector<std::thread> callers;
  callers.emplace_back([&] { expect_drip_ends(local(), head, "X"); });
  callers.emplace_back([&] { expect_drip_ends(tls(), head + "X: ", "a"); });
  callers.emplace_back([&] { expect_drip_ends(local(), half, " "); });
  callers.emplace_back(
      [&] { expect_drip_ends(RawClient::tcp(server_->port()), "\x16\x03\x01\x01", "\x01"); });
  callers.emplace_back([&] { EXPECT_TRUE(local().ends_within(20s)); });
  callers.emplace_back([&] { EXPECT_TRUE(RawClient::tcp(server_->port()).ends_within(20s)); });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(server_->counts().timeouts, 6U);
  // Between requests a connection may be silent, though not for ever, and that is nobody's fault.
  RawClient idle = local();
  idle.send(request("GET", "/api/v1/health"));
  EXPECT_EQ(status_of(idle.answer()), 200);
  EXPECT_TRUE(idle.ends_within(20s));
  EXPECT_EQ(server_->counts().timeouts, 6U);
}

TEST_F(LimitsTest, WhoDoesNotReadIsDropped) {
  limits_.write = 200ms;
  start();
  RawClient local_client = local();
  RawClient tls_client = tls();
  local_client.send(request("GET", "/api/v1/large"));
  tls_client.send(request("GET", "/api/v1/large", bearer()));
  wait_until([&] { return server_->counts().timeouts == 2; });
  expect_serving();
}

TEST_F(LimitsTest, OversizedRequestsAreAnsweredAndEnded) {
  start();
  const std::string start = "POST /api/v1/things/1 HTTP/1.1\r\nHost: localhost\r\n";
  RawClient body = local();
  // The answer is there although the client goes on sending.
  body.send(start + "Content-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  EXPECT_EQ(status_of(body.answer()), 413);
  EXPECT_TRUE(body.ends_within(10s));
  RawClient head = tls();
  head.send(start + "X: " + std::string(9000, 'x'));
  EXPECT_EQ(status_of(head.answer()), 431);
  EXPECT_TRUE(head.ends_within(10s));
  RawClient chunks = local();
  chunks.send(start + "Transfer-Encoding: chunked\r\n\r\n" + request("GET", "/api/v1/things"));
  EXPECT_EQ(status_of(chunks.answer()), 411);
  // What came as a body is not taken for a request.
  EXPECT_EQ(chunks.read_until("HTTP/1.1"), "");
  expect_serving();
}

TEST_F(LimitsTest, AConnectionEndsAfterItsRequests) {
  limits_.requests_per_connection = 3;
  start();
  RawClient client = local();
  for (int i = 0; i < 5; ++i) client.send(request("GET", "/api/v1/health"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(client.answer()), 200);
  EXPECT_EQ(client.read_until("HTTP/1.1"), "");
}

TEST_F(LimitsTest, GarbageInsteadOfTls) {
  start();
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(5000, '\xff'),
        std::string("\x16\x03\x01\xff\xff") + std::string(70'000, 'a'), std::string(1, '\0')}) {
    RawClient client = RawClient::tcp(server_->port());
    client.send(garbage);
    ::shutdown(client.fd(), SHUT_WR);
    EXPECT_TRUE(client.ends_within(10s));
  }
  wait_until([&] { return server_->counts().handshakes_failed == 4; });
  expect_serving();
}

TEST_F(LimitsTest, AThousandConnectionsKeepNobodyOut) {
  limits_.handshake = 10min;
  start();
  // Each needs a descriptor at both ends, in this one process.
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  std::vector<RawClient> crowd;
  for (int i = 0; i < 1000; ++i) {
    crowd.push_back(RawClient::tcp(server_->port(), "127.0.0." + std::to_string(2 + i % 250)));
  }
  wait_until([&] { return server_->counts().connections + server_->counts().connections_refused == 1000; });
  EXPECT_EQ(server_->counts().connections, limits_.connections_per_address);
  // The operator has a door of their own meanwhile.
  EXPECT_EQ(status_of(ask(local(), request("GET", "/api/v1/things"))), 200);
  crowd.clear();
  // Those that were in have gone once another gets in.
  const auto taken = server_->counts().connections;
  wait_until([&] {
    (void)RawClient::tcp(server_->port());
    return server_->counts().connections > taken;
  });
  expect_serving();
}

TEST_F(LimitsTest, TheControlSocketIsBoundedToo) {
  limits_.local_connections = 4;
  start();
  std::vector<RawClient> crowd;
  for (int i = 0; i < 50; ++i) crowd.push_back(local());
  wait_until([&] { return server_->counts().connections + server_->counts().connections_refused == 50; });
  EXPECT_EQ(server_->counts().connections, 4U);
  EXPECT_EQ(status_of(ask(tls(), request("GET", "/api/v1/health"))), 200);
}

TEST_F(LimitsTest, WhatIsNotDocumentedIsNotThere) {
  start();
  RawClient client = local();
  const nlohmann::json document = openapi_document(sample_.router, "1");
  for (const auto& path : document["paths"].items()) {
    std::string target = path.key();
    if (const auto at = target.find("{id}"); at != std::string::npos) target.replace(at, 4, "7");
    for (const char* method : {"get", "post", "put", "patch", "delete", "options", "trace"}) {
      if (target == "/api/v1/events" && method == std::string("get")) continue;
      std::string upper(method);
      for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
      client.send(request(upper, target));
      const int status = status_of(client.answer());
      EXPECT_EQ(status == 405, !path.value().contains(method)) << upper << ' ' << target << ' ' << status;
      EXPECT_NE(status, 404);
    }
    client.send(request("GET", target + "/more"));
    EXPECT_EQ(status_of(client.answer()), target == "/api/v1/things" ? 400 : 404) << target;
    client.send(request("GET", target + "x"));
    EXPECT_EQ(status_of(client.answer()), target.starts_with("/api/v1/things/") ? 400 : 404) << target;
  }
}

}  // namespace
}  // namespace punktfunk::host::http::test

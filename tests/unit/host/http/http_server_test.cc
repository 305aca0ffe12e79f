// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/http_server.h"

#include "server_fixture.h"

namespace punktfunk::host::http::test {
namespace {

using namespace std::chrono_literals;

TEST_F(ServerTest, EachRouteAsksForItsCredentialOverRealConnections) {
  start();
  auto stranger = control::Identity::create_ephemeral("stranger");
  for (const Route& route : sample_.router.routes()) {
    if (route.streams_events()) continue;
    std::string path = route.path();
    if (const auto at = path.find("{id}"); at != std::string::npos) path.replace(at, 4, "5");
    const std::string method(name_of(route.method()));
    const auto expect = [&](RawClient client, const std::string& headers, Access access, const char* who) {
      const int status = status_of(ask(std::move(client), request(method, path, headers)));
      const bool refused = status == 401 || status == 403;
      EXPECT_NE(status, 0) << who << ' ' << path;
      EXPECT_EQ(refused, access < route.access()) << who << ' ' << method << ' ' << path << ": " << status;
    };
    expect(tls(), "", Access::open, "nobody");
    expect(tls(&*stranger), "", Access::open, "a stranger's certificate");
    expect(tls(&*device_), "", Access::device, "a paired device");
    expect(tls(), bearer(), Access::admin, "the token");
    expect(tls(&*device_), bearer(), Access::admin, "a device with the token");
    expect(local(), "", Access::admin, "the control socket");
  }
  EXPECT_EQ(tls().server_fingerprint(), identity_->fingerprint());
}

TEST_F(ServerTest, WrongTokensAreRefusedThenMadeToWait) {
  start();
  std::string wrong = token();
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  const std::string headers = "Authorization: Bearer " + wrong + "\r\n";
  for (int i = 0; i < WrongTokens::kAllowed; ++i)
    EXPECT_EQ(status_of(ask(tls(), request("GET", "/api/v1/health", headers))), 401);
  const std::string late = ask(tls(), request("GET", "/api/v1/things", bearer()));
  EXPECT_EQ(status_of(late), 429);
  EXPECT_NE(late.find("Retry-After: "), std::string::npos);
  // Without a token, and over the control socket, nobody is kept waiting.
  EXPECT_EQ(status_of(ask(tls(), request("GET", "/api/v1/health"))), 200);
  EXPECT_EQ(status_of(ask(local(), request("GET", "/api/v1/things"))), 200);
}

TEST_F(ServerTest, UnpairingReachesAConnectionThatIsOpen) {
  start();
  RawClient client = tls(&*device_);
  client.send(request("GET", "/api/v1/things"));
  EXPECT_EQ(status_of(client.answer()), 200);
  trusts_device_ = false;
  client.send(request("GET", "/api/v1/things"));
  EXPECT_EQ(status_of(client.answer()), 401);
}

TEST_F(ServerTest, EveryAnswerHasTheHeadersThatKeepBrowsersHonest) {
  start();
  for (const char* path : {"/api/v1/health", "/nowhere", "/api/v1/things"}) {
    const std::string answer = ask(tls(), request("GET", path));
    for (const char* line : {"X-Content-Type-Options: nosniff\r\n", "frame-ancestors 'none'\r\n",
                             "Cache-Control: no-store\r\n", "Date: "})
      EXPECT_NE(answer.find(line), std::string::npos) << path << ": " << line;
    EXPECT_EQ(answer.find("Access-Control"), std::string::npos);
  }
}

TEST_F(ServerTest, HeadIsAnsweredWithoutABody) {
  start();
  RawClient client = local();
  client.send(request("HEAD", "/api/v1/health"));
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_EQ(status_of(head), 200);
  EXPECT_NE(head.find("Content-Length: 12\r\n"), std::string::npos) << head;
  client.send(request("GET", "/api/v1/health"));
  EXPECT_TRUE(client.answer().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client = local();
  std::string many;
  for (int i = 1; i <= 50; ++i) many += request("GET", "/api/v1/things/" + std::to_string(i));
  client.send(many);
  for (int i = 1; i <= 50; ++i) {
    EXPECT_TRUE(client.answer().ends_with("{\"id\":" + std::to_string(i) + ",\"name\":null}\n"));
  }
}

TEST_F(ServerTest, TheClientOfTheControlSocketAsksAndWatches) {
  start();
  const UnixHttpClient client(socket_path());
  EXPECT_EQ(client.ask("GET", "/api/v1/health")->body, "{\"ok\":true}\n");
  EXPECT_EQ(client.ask("POST", "/api/v1/things/1", "{\"id\":4}")->body, "{\"id\":4}\n");
  EXPECT_EQ(client.ask("POST", "/api/v1/things/all")->status, 204);
  EXPECT_EQ(client.ask("GET", "/api/v1/large")->body.size(), 8U * 1024 * 1024);
  EXPECT_EQ(client.ask("GET", "/nowhere")->status, 404);
  for (int i = 0; i < 3; ++i) sample_.events.publish("thing_changed", {{"i", i}});
  std::vector<std::string> seen;
  const auto watched = client.watch(
      "/api/v1/events", 1,
      [&seen](const StreamedEvent& event) {
        seen.push_back(event.id + event.type + event.data);
        return seen.size() < 2;
      },
      [](const HttpAnswer& answer) { ADD_FAILURE() << answer.status; });
  EXPECT_TRUE(watched.has_value());
  EXPECT_EQ(seen, (std::vector<std::string>{"2thing_changed{\"i\":1}", "3thing_changed{\"i\":2}"}));
  int refused = 0;
  EXPECT_TRUE(client
                  .watch(
                      "/nowhere", {}, [](const StreamedEvent&) { return true; },
                      [&refused](const HttpAnswer& answer) { refused = answer.status; })
                  .has_value());
  EXPECT_EQ(refused, 404);
  server_.reset();
  const auto absent = client.ask("GET", "/api/v1/health");
  ASSERT_FALSE(absent.has_value());
  EXPECT_NE(absent.error().message.find(socket_path().string()), std::string::npos);
}

TEST_F(ServerTest, OneHostForEachStateDirectoryAndALeftOverSocketIsReplaced) {
  start();
  EXPECT_EQ(punktfunk::test::mode_of(socket_path()), 0600U);
  HttpConfig config;
  config.socket_path = socket_path();
  const auto open_again = [&] {
    SystemRandom random;
    auto token = AdminToken::load_or_create(folder_.path(), random);
    return HttpServer::start(config, sample_.router, *identity_, std::move(*token),
                             [](const control::Fingerprint&) { return false; });
  };
  const auto second = open_again();
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("already runs"), std::string::npos);
  EXPECT_EQ(status_of(ask(local(), request("GET", "/api/v1/health"))), 200);

  config.socket_path.clear();
  config.addresses = *listen_addresses("127.0.0.1", server_->port());
  const auto taken = open_again();
  ASSERT_FALSE(taken.has_value());
  EXPECT_NE(taken.error().message.find("--api-port"), std::string::npos);

  config.addresses.clear();
  config.socket_path = socket_path();
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
  {
    // What a killed host leaves behind.
    const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path().native().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  const auto third = open_again();
  ASSERT_TRUE(third.has_value()) << third.error().message;
  EXPECT_EQ(status_of(ask(local(), request("GET", "/api/v1/health"))), 200);
}

TEST_F(ServerTest, StopsWhateverItsConnectionsAreDoing) {
  start();
  RawClient silent = local();
  RawClient half = tls();
  half.send("GET /api");
  RawClient watching = tls(&*device_);
  watching.send(request("GET", "/api/v1/events"));
  (void)watching.read_until("\n\n");
  RawClient slow = local();
  slow.send(request("GET", "/api/v1/large"));
  (void)slow.read_until("\r\n\r\n");
  server_.reset();
  EXPECT_TRUE(silent.ends_within(10s));
  EXPECT_TRUE(half.ends_within(10s));
  EXPECT_TRUE(watching.ends_within(10s));
  EXPECT_TRUE(slow.ends_within(10s));
}

}  // namespace
}  // namespace punktfunk::host::http::test

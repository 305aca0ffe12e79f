// SPDX-License-Identifier: MIT OR Apache-2.0
#include "api_fixture.h"

namespace punktfunk::host::api::test {
namespace {

using nlohmann::json;

using RoutesTest = ApiTest;

// Each class was chosen on purpose; a new route has to be added here.
TEST_F(RoutesTest, EachRouteHasItsClass) {
  const std::set<std::string> open{"GET /api/v1/health", "GET /metrics"};
  const std::set<std::string> device{"GET /api/v1/status", "GET /api/v1/me", "GET /api/v1/sessions",
                                     "GET /api/v1/sessions/{id}"};
  const std::set<std::string> admin{"GET /api/v1/statistics",
                                    "GET /api/v1/log",
                                    "GET /api/v1/events",
                                    "POST /api/v1/sessions/{id}/stop",
                                    "POST /api/v1/sessions/{id}/keyframe",
                                    "PUT /api/v1/sessions/{id}/mute",
                                    "GET /api/v1/displays",
                                    "DELETE /api/v1/displays/{id}",
                                    "GET /api/v1/pairing",
                                    "POST /api/v1/pairing",
                                    "DELETE /api/v1/pairing",
                                    "GET /api/v1/pending",
                                    "POST /api/v1/pending/{id}/approve",
                                    "POST /api/v1/pending/{id}/deny",
                                    "GET /api/v1/clients",
                                    "DELETE /api/v1/clients",
                                    "GET /api/v1/clients/{fingerprint}",
                                    "PATCH /api/v1/clients/{fingerprint}",
                                    "DELETE /api/v1/clients/{fingerprint}",
                                    "GET /api/v1/settings",
                                    "PATCH /api/v1/settings"};
  std::map<http::Access, std::set<std::string>> found;
  for (const http::Route& route : router.routes())
    found[route.access()].insert(std::string(http::name_of(route.method())) + " " + route.path());
  EXPECT_EQ(found[http::Access::open], open);
  EXPECT_EQ(found[http::Access::device], device);
  EXPECT_EQ(found[http::Access::admin], admin);
}

TEST_F(RoutesTest, DevicesSeeOnlyThemselves) {
  const auto phone = device_caller(kPhone);
  const json own = get("/api/v1/sessions", phone);
  ASSERT_EQ(own["sessions"].size(), 1U);
  EXPECT_EQ(own["sessions"][0]["fingerprint"], kPhone);
  EXPECT_EQ(get("/api/v1/sessions/3", phone)["name"], "Phone");
  EXPECT_EQ(get("/api/v1/me", phone)["name"], "Phone");
  // Another device's session answers exactly as one that is not there.
  const auto other = ask("GET", "/api/v1/sessions/5", nullptr, phone);
  EXPECT_EQ(other.status, 404);
  EXPECT_EQ(other.body, ask("GET", "/api/v1/sessions/77", nullptr, phone).body);
  for (const auto& route : router.routes()) {
    if (route.access() == http::Access::open) continue;
    http::RawRequest raw{std::string(http::name_of(route.method())), route.path(), {}, {}};
    std::size_t at;
    while ((at = raw.target.find("{id}")) != std::string::npos) raw.target.replace(at, 4, "5");
    while ((at = raw.target.find("{fingerprint}")) != std::string::npos) raw.target.replace(at, 13, kTablet);
    const auto answer = router.dispatch(raw, phone);
    if (route.access() == http::Access::admin) {
      EXPECT_EQ(answer.status, 403) << raw.target;
    }
    EXPECT_EQ(answer.body.find(kTablet), std::string::npos) << raw.target;
    EXPECT_EQ(answer.body.find("Tablet"), std::string::npos) << raw.target;
  }
}

TEST_F(RoutesTest, HealthSaysNothingMore) { EXPECT_EQ(get("/api/v1/health", {}), json({{"status", "ok"}})); }

TEST_F(RoutesTest, Sessions) {
  EXPECT_EQ(get("/api/v1/sessions")["sessions"].size(), 2U);
  const json session = get("/api/v1/sessions/5");
  EXPECT_EQ(session["rights"]["preset"], "full");
  EXPECT_EQ(session["figures"]["stages"][0]["stage"], "encode");
  EXPECT_EQ(ask("POST", "/api/v1/sessions/5/stop").status, 204);
  EXPECT_EQ(ask("POST", "/api/v1/sessions/3/keyframe").status, 204);
  EXPECT_EQ(service.acts, (std::vector<std::string>{"stop 5", "keyframe 3"}));
  EXPECT_EQ(code_of(ask("POST", "/api/v1/sessions/4/stop")), "session_not_found");
  EXPECT_EQ(code_of(ask("PUT", "/api/v1/sessions/3/mute", {{"muted", true}})), "no_sound");
  service.is_stopping = true;
  EXPECT_EQ(ask("GET", "/api/v1/sessions").status, 503);
}

TEST_F(RoutesTest, Displays) {
  EXPECT_EQ(get("/api/v1/displays")["displays"][1]["ends_in_s"], 7);
  EXPECT_EQ(code_of(ask("DELETE", "/api/v1/displays/103")), "display_in_use");
  EXPECT_EQ(ask("DELETE", "/api/v1/displays/104").status, 204);
  EXPECT_EQ(code_of(ask("DELETE", "/api/v1/displays/104")), "display_not_found");
}

TEST_F(RoutesTest, PairingShowsThePinOnce) {
  const auto armed = ask("POST", "/api/v1/pairing");
  EXPECT_EQ(json::parse(armed.body), (json{{"pin", "1234"}, {"seconds", 120}}));
  const auto status = ask("GET", "/api/v1/pairing");
  EXPECT_TRUE(json::parse(status.body)["armed"].get<bool>());
  EXPECT_EQ(status.body.find("1234"), std::string::npos);
  EXPECT_EQ(ask("DELETE", "/api/v1/pairing").status, 204);
  EXPECT_FALSE(service.armed.is_armed);

  EXPECT_EQ(ask("POST", "/api/v1/pairing", {{"only_for", kPhone}, {"any_network", true}}).status, 200);
  EXPECT_EQ(service.armed.only_for, kPhone);
  EXPECT_TRUE(service.armed.any_network);
  EXPECT_EQ(code_of(ask("POST", "/api/v1/pairing", {{"only_for", "Phone"}})), "invalid_value");
}

TEST_F(RoutesTest, Decisions) {
  const auto approved = ask("POST", "/api/v1/pending/9/approve", {{"preset", "view"}, {"for_s", 7200}});
  EXPECT_EQ(json::parse(approved.body)["fingerprint"], kStranger);
  const json client = get("/api/v1/clients/" + kStranger);
  EXPECT_EQ(client["rights"]["preset"], "view");
  EXPECT_EQ(client["rights"]["until_unix_s"], 1'700'007'200);
  EXPECT_EQ(code_of(ask("POST", "/api/v1/pending/9/deny")), "pending_not_found");
  service.waiting.push_back({10, kStranger, "Stranger", "192.168.1.30", 12, false});
  EXPECT_EQ(ask("POST", "/api/v1/pending/10/deny").status, 200);
  EXPECT_TRUE(service.waiting.empty());
}

TEST_F(RoutesTest, Clients) {
  const std::string phone = "/api/v1/clients/" + kPhone;
  EXPECT_EQ(json::parse(ask("PATCH", phone, {{"name", "Anna's phone"}}).body)["name"], "Anna's phone");
  EXPECT_EQ(service.paired[0].rights.grants, wire::kGrantAll) << "what is absent stays";
  EXPECT_EQ(ask("PATCH", phone, {{"grants", {"pointer", "keyboard"}}, {"for_s", 60}}).status, 200);
  EXPECT_EQ(service.paired[0].rights.grants, wire::kGrantPointer | wire::kGrantKeyboard);
  EXPECT_EQ(json::parse(ask("PATCH", phone, {{"lasts", "always"}}).body)["rights"]["until_unix_s"], nullptr);
  EXPECT_EQ(json::parse(ask("PATCH", phone, {{"lasts", "session"}}).body)["rights"]["lasts"], "session");

  for (const json& bad :
       {json{{"name", ""}}, json{{"name", " x"}}, json{{"name", "a\u202Eb"}}, json{{"name", "a\nb"}},
        json{{"preset", "full"}, {"grants", json::array()}}, json{{"for_s", 5}, {"lasts", "session"}}}) {
    EXPECT_EQ(code_of(ask("PATCH", phone, bad)), "invalid_value") << bad;
  }
  for (const json& bad :
       {json{{"grants", {"everything"}}}, json{{"preset", "custom"}}, json{{"for_s", 0}}, json{{"for_s", -5}},
        json{{"lasts", "until"}}, json{{"owner", true}}, json::array()}) {
    EXPECT_EQ(code_of(ask("PATCH", phone, bad)), "invalid_body") << bad;
  }
  EXPECT_EQ(ask("DELETE", phone).status, 204);
  EXPECT_EQ(code_of(ask("DELETE", phone)), "client_not_found");
  EXPECT_EQ(code_of(ask("GET", "/api/v1/clients/Phone")), "client_not_found");
  EXPECT_EQ(json::parse(ask("DELETE", "/api/v1/clients").body)["unpaired"], 1);
}

TEST_F(RoutesTest, Settings) {
  EXPECT_EQ(get("/api/v1/settings")["fixed"], json({"max_sessions"}));
  EXPECT_EQ(get("/api/v1/settings")["values"]["linger_s"], 10);
  const auto changed = ask("PATCH", "/api/v1/settings",
                           {{"linger_s", nullptr}, {"when_busy", "take-over"}, {"bitrate_kbps", 8000}});
  const json values = json::parse(changed.body)["values"];
  EXPECT_TRUE(values["linger_s"].is_null());
  EXPECT_EQ(values["when_busy"], "take-over");
  EXPECT_EQ(values["bitrate_kbps"], 8000);
  EXPECT_EQ(code_of(ask("PATCH", "/api/v1/settings", {{"max_sessions", 3}})), "setting_fixed");
  EXPECT_EQ(code_of(ask("PATCH", "/api/v1/settings", {{"bitrate_kbps", 499}})), "invalid_value");
  EXPECT_EQ(code_of(ask("PATCH", "/api/v1/settings", {{"linger_s", -1}})), "invalid_value");
  for (const json& bad : {json{{"bitrate_kbps", 200001}}, json{{"linger_s", "ever"}},
                          json{{"when_busy", "fight"}}, json{{"max_sessions", 0}}, json{{"port", 1}}}) {
    EXPECT_EQ(code_of(ask("PATCH", "/api/v1/settings", bad)), "invalid_body") << bad;
  }
}

TEST_F(RoutesTest, Log) {
  EXPECT_EQ(get("/api/v1/log"), (json{{"lines", json::array()}, {"next", 0}}));
  for (int i = 1; i <= 3; ++i) log.add(1'700'000'000'000, "info", "line " + std::to_string(i));
  const json newest = get("/api/v1/log?limit=2");
  EXPECT_EQ(newest["lines"][0]["text"], "line 2");
  EXPECT_EQ(newest["next"], 3);
  const json oldest = get("/api/v1/log?after=1&limit=1");
  EXPECT_EQ(oldest["lines"][0]["text"], "line 2");
  EXPECT_EQ(oldest["next"], 2);
  EXPECT_EQ(get("/api/v1/log?after=3")["next"], 3);
}

TEST_F(RoutesTest, EventsAreAStream) {
  const auto stream = ask("GET", "/api/v1/events");
  EXPECT_EQ(stream.events, &events);
}

TEST_F(RoutesTest, Statistics) {
  const json all = get("/api/v1/statistics");
  EXPECT_EQ(all["streams"]["frames"], 1200);
  EXPECT_EQ(all["streams"]["stages"][0]["count"], 2);
  EXPECT_EQ(all["pairing_refusals"]["wrong_pin"], 2);
}

TEST_F(RoutesTest, MetricsAreForThisMachineOrTheOperator) {
  http::Caller elsewhere;
  elsewhere.address = "192.168.1.20";
  EXPECT_EQ(ask("GET", "/metrics", nullptr, elsewhere).status, 403);
  EXPECT_EQ(ask("GET", "/metrics", nullptr, device_caller(kPhone)).status, 403);
  for (const char* own : {"127.0.0.1", "::1"}) {
    elsewhere.address = own;
    EXPECT_EQ(ask("GET", "/metrics", nullptr, elsewhere).status, 200);
  }
  elsewhere.address = "192.168.1.20";
  elsewhere.access = http::Access::admin;
  EXPECT_EQ(ask("GET", "/metrics", nullptr, elsewhere).status, 200);
}

}  // namespace
}  // namespace punktfunk::host::api::test

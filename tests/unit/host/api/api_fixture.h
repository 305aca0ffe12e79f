// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "control/identity/identity.h"
#include "fake_service.h"
#include "host/mgmt/api/routes.h"

namespace punktfunk::host::api::test {

// The whole table over a fake host. Every answer is held against what its route declares.
class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    ApiParts parts;
    parts.service = &service;
    parts.log = &log;
    parts.events = &events;
    parts.request_counts = [] { return std::map<int, std::uint64_t>{{200, 12}, {404, 1}}; };
    router = make_router(parts);
  }

  static http::Caller operator_caller() {
    http::Caller caller;
    caller.access = http::Access::admin;
    caller.local_socket = true;
    return caller;
  }
  static http::Caller device_caller(const std::string& fingerprint) {
    http::Caller caller;
    caller.access = http::Access::device;
    caller.address = "192.168.1.20";
    caller.device = control::parse_fingerprint(fingerprint);
    return caller;
  }

  http::Response ask(const std::string& method, const std::string& target,
                     const nlohmann::json& body = nullptr, const http::Caller& caller = operator_caller()) {
    http::RawRequest raw{method, target, {}, body.is_null() ? std::string() : body.dump()};
    if (!raw.body.empty()) raw.headers.push_back({"content-type", "application/json"});
    const http::Response response = router.dispatch(raw, caller);
    expect_declared(method, target, response);
    return response;
  }
  nlohmann::json get(const std::string& target, const http::Caller& caller = operator_caller()) {
    const http::Response response = ask("GET", target, nullptr, caller);
    EXPECT_EQ(response.status, 200) << response.body;
    return nlohmann::json::parse(response.body);
  }
  static std::string code_of(const http::Response& response) {
    return nlohmann::json::parse(response.body).at("error").at("code").get<std::string>();
  }

  FakeService service;
  LogRing log;
  http::EventLog events{0, 64};
  http::Router router;

 private:
  const http::Route* route_of(const std::string& method, const std::string& target) const {
    const auto segments = http::split_path(target.substr(0, target.find('?')));
    for (const http::Route& route : router.routes()) {
      if (http::name_of(route.method()) != method || route.segments().size() != segments.size()) continue;
      bool fits = true;
      for (std::size_t i = 0; i < segments.size(); ++i)
        fits &= http::is_placeholder(route.segments()[i]) || route.segments()[i] == segments[i];
      if (fits) return &route;
    }
    return nullptr;
  }

  void expect_declared(const std::string& method, const std::string& target,
                       const http::Response& response) const {
    const http::Route* route = route_of(method, target);
    if (route == nullptr) return;
    if (response.status >= 400) {
      // What the server gives by itself, before a handler runs.
      static const std::set<std::string> kGeneral{"unauthorized", "forbidden",         "invalid_parameter",
                                                  "invalid_body", "unknown_parameter", "unexpected_body"};
      const std::string code = code_of(response);
      bool declared = kGeneral.contains(code);
      for (const auto& failure : route->failures())
        declared |= failure.code == code && failure.status == response.status;
      EXPECT_TRUE(declared) << method << " " << target << " answers " << response.status << " " << code;
      return;
    }
    bool declared = false;
    for (const auto& answer : route->answers()) {
      if (answer.status != response.status) continue;
      declared = true;
      if (answer.content_type != "application/json") continue;
      const auto problem = answer.schema.problem(nlohmann::json::parse(response.body), "The answer");
      EXPECT_FALSE(problem) << method << " " << target << ": " << problem.value_or("") << "\n"
                            << response.body;
    }
    EXPECT_TRUE(declared) << method << " " << target << " answers " << response.status;
  }
};

}  // namespace punktfunk::host::api::test

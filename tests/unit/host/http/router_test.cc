// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/router.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <type_traits>

#include "sample_routes.h"

namespace punktfunk::host::http {
namespace {

using test::caller_with;
using test::code_of;
using test::raw;

// A route that nobody classed does not compile.
static_assert(!std::is_default_constructible_v<Route>);
static_assert(!std::is_constructible_v<Route, Method, std::string, std::string, std::string, Handler>);
static_assert(!std::is_constructible_v<Route, Method, std::string, int, std::string, std::string, Handler>);

class RouterTest : public testing::Test {
 protected:
  Response ask(const RawRequest& request, Access access = Access::admin) {
    return sample_.router.dispatch(request, caller_with(access));
  }
  test::SampleRoutes sample_;
};

TEST_F(RouterTest, FindsWhatIsThereAndNothingElse) {
  EXPECT_EQ(ask(raw("GET", "/api/v1/health")).status, 200);
  EXPECT_EQ(ask(raw("HEAD", "/api/v1/health")).status, 200);
  EXPECT_EQ(ask(raw("GET", "/api/v1/things/7")).body, "{\"id\":7,\"name\":null}\n");
  for (const char* nowhere : {"/", "/api", "/api/v1", "/api/v2/health", "/api/v1/health/more",
                              "/API/v1/health", "/api/v1/things/7/more", "/control.sock"}) {
    const auto answer = ask(raw("GET", nowhere));
    EXPECT_EQ(answer.status, 404) << nowhere;
    EXPECT_EQ(code_of(answer), "not_found");
  }
}

TEST_F(RouterTest, TheLiteralPathWins) {
  EXPECT_EQ(ask(raw("POST", "/api/v1/things/all")).status, 204);
  // The literal one knows no GET, and the one with a parameter is not taken instead.
  EXPECT_EQ(ask(raw("GET", "/api/v1/things/all")).status, 405);
}

TEST_F(RouterTest, OtherMethodsAreNamed) {
  const auto answer = ask(raw("DELETE", "/api/v1/things/7"));
  EXPECT_EQ(answer.status, 405);
  ASSERT_EQ(answer.headers.size(), 1U);
  EXPECT_EQ(answer.headers[0].first, "Allow");
  EXPECT_EQ(answer.headers[0].second, "GET, HEAD, POST");
  for (const char* method : {"OPTIONS", "TRACE", "CONNECT", "get", "PUT", "BREW"})
    EXPECT_EQ(ask(raw(method, "/api/v1/health")).status, 405) << method;
}

TEST_F(RouterTest, EachRouteNeedsItsCredential) {
  for (const Route& route : sample_.router.routes()) {
    std::string path = route.path();
    if (const auto at = path.find("{id}"); at != std::string::npos) path.replace(at, 4, "5");
    for (const Access access : {Access::open, Access::device, Access::admin}) {
      const auto answer = ask(raw(std::string(name_of(route.method())), path), access);
      const bool refused = answer.status == 401 || answer.status == 403;
      EXPECT_EQ(refused, access < route.access()) << path << " as " << name_of(access);
      if (refused) {
        EXPECT_EQ(answer.status, access == Access::open ? 401 : 403);
      }
    }
  }
}

TEST_F(RouterTest, ParametersFitTheirShape) {
  for (const char* bad :
       {"/api/v1/things/0", "/api/v1/things/x", "/api/v1/things/-1", "/api/v1/things/4294967296",
        "/api/v1/things/1e3", "/api/v1/things/99999999999999999999", "/api/v1/things/+1",
        "/api/v1/things?limit=0", "/api/v1/things?limit=", "/api/v1/things?limit=5x"}) {
    const auto answer = ask(raw("GET", bad));
    EXPECT_EQ(answer.status, 400) << bad;
    EXPECT_EQ(code_of(answer), "invalid_parameter") << bad;
  }
  EXPECT_EQ(code_of(ask(raw("GET", "/api/v1/things?other=1"))), "unknown_parameter");
  EXPECT_EQ(code_of(ask(raw("GET", "/api/v1/things?limit=1&limit=2"))), "invalid_path");
  EXPECT_EQ(ask(raw("GET", "/api/v1/things?limit=20")).body, "{\"limit\":20}\n");
  EXPECT_EQ(ask(raw("GET", "/api/v1/things")).body, "{\"limit\":-1}\n");
}

TEST_F(RouterTest, ABodyIsJsonOfItsShape) {
  EXPECT_EQ(ask(raw("POST", "/api/v1/things/1", R"({"id":1,"name":"x"})")).status, 200);
  EXPECT_EQ(sample_.posts, 1);
  for (const char* bad :
       {"{", "[]", "{}", R"({"id":"1"})", R"({"id":1,"more":2})", R"({"id":-1})", R"({"id":1} x)",
        R"({"id":1,"name":"123456789"})", R"({"id":18446744073709551615})", "\xff"}) {
    const auto answer = ask(raw("POST", "/api/v1/things/1", bad));
    EXPECT_EQ(answer.status, 400) << bad;
    EXPECT_EQ(code_of(answer), "invalid_body") << bad;
  }
  EXPECT_EQ(code_of(ask(raw("POST", "/api/v1/things/1", std::string(60'000, '[')))), "invalid_body");
  EXPECT_EQ(code_of(ask(raw("POST", "/api/v1/things/1"))), "invalid_body");
  EXPECT_EQ(code_of(ask(raw("POST", "/api/v1/things/all", "{}"))), "unexpected_body");
  EXPECT_EQ(code_of(ask(raw("GET", "/api/v1/health", "{}"))), "unexpected_body");
  EXPECT_EQ(sample_.posts, 1);
}

TEST_F(RouterTest, AFormOfAnotherSiteIsNoJson) {
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x", "application/json-patch+json", ""}) {
    RawRequest request = raw("POST", "/api/v1/things/1", R"({"id":1})");
    request.headers[0].value = type;
    EXPECT_EQ(code_of(ask(request)), "unsupported_media_type") << type;
    request.target = "/api/v1/things/all";
    request.body.clear();
    EXPECT_EQ(code_of(ask(request)), "unsupported_media_type") << type;
  }
  RawRequest request = raw("POST", "/api/v1/things/1", R"({"id":1})");
  request.headers[0].value = "Application/JSON; charset=UTF-8";
  EXPECT_EQ(ask(request).status, 200);
  EXPECT_EQ(sample_.posts, 1);
}

TEST_F(RouterTest, AHandlerThatThrowsIsAnswered) {
  const auto answer = ask(raw("GET", "/api/v1/broken"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(code_of(answer), "internal_error");
  EXPECT_EQ(answer.body.find("purpose"), std::string::npos);
}

TEST_F(RouterTest, DeclarationsThatContradictAreRefused) {
  const auto handler = [](const Request&) { return Response::nothing(); };
  const auto add = [this](Route route) { sample_.router.add(std::move(route)); };
  const auto route = [&](Method method, const char* path, Access access, const char* name) {
    return Route(method, path, access, name, "", handler).answer(204, "");
  };
  EXPECT_NO_THROW(add(route(Method::put, "/api/v1/health", Access::admin, "a")));
  EXPECT_THROW(add(route(Method::get, "/api/v1/health", Access::open, "b")), std::logic_error);
  EXPECT_THROW(add(route(Method::get, "/api/v1/other", Access::open, "getHealth")), std::logic_error);
  EXPECT_THROW(add(route(Method::get, "/api/v1/{id}", Access::open, "c")), std::logic_error);
  EXPECT_THROW(
      add(route(Method::put, "/api/v1/c", Access::admin, "c").path_parameter("x", Schema::any(), "")),
      std::logic_error);
  EXPECT_THROW(add(route(Method::post, "/api/v1/c", Access::device, "c")), std::logic_error);
  EXPECT_THROW(add(route(Method::post, "/api/v1/c", Access::open, "c")), std::logic_error);
  EXPECT_THROW(add(route(Method::put, "/api/v1/things/{name}", Access::admin, "c")
                       .path_parameter("name", Schema::text(), "")),
               std::logic_error);
  EXPECT_THROW(add(Route(Method::get, "/api/v1/c", Access::open, "c", "", handler)), std::logic_error);
  EXPECT_THROW(add(Route(Method::get, "/api/v1/c", Access::open, "c", "", nullptr).answer(204, "")),
               std::logic_error);
}

}  // namespace
}  // namespace punktfunk::host::http

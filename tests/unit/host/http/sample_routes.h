// SPDX-License-Identifier: MIT OR Apache-2.0
// A small table of routes with one of each kind.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "host/mgmt/http/event_log.h"
#include "host/mgmt/http/router.h"

namespace punktfunk::host::http::test {

struct SampleRoutes {
  EventLog events{0, 64};
  int posts = 0;
  Router router;

  SampleRoutes() {
    const Schema thing = Schema::named(
        "Thing", Schema::object({{"id", Schema::count()}, {"name", Schema::text(8).or_null(), false}}));
    router.add(Route(Method::get, "/api/v1/health", Access::open, "getHealth", "Whether it runs",
                     [](const Request&) {
                       return Response::json({{"ok", true}});
                     })
                   .answer(200, "It runs", Schema::object({{"ok", Schema::boolean()}})));
    router.add(
        Route(Method::get, "/api/v1/things", Access::device, "listThings", "All of them",
              [](const Request& request) {
                return Response::json({{"limit", request.has("limit") ? request.number("limit") : -1}});
              })
            .query("limit", Schema::integer(1, 100), "At most so many")
            .answer(200, "Them", Schema::object({{"limit", Schema::integer(-1, 100)}})));
    router.add(Route(Method::get, "/api/v1/things/{id}", Access::device, "getThing", "One of them",
                     [](const Request& request) {
                       return Response::json({{"id", request.number("id")}, {"name", nullptr}});
                     })
                   .path_parameter("id", Schema::integer(1, UINT32_MAX), "Its number")
                   .answer(200, "It", thing)
                   .error(404, "thing_not_found", "There is no such thing"));
    router.add(Route(Method::post, "/api/v1/things/{id}", Access::admin, "changeThing", "Change one",
                     [this](const Request& request) {
                       ++posts;
                       return Response::json(request.body);
                     })
                   .path_parameter("id", Schema::integer(1, UINT32_MAX), "Its number")
                   .body(thing)
                   .answer(200, "As it is now", thing));
    router.add(Route(Method::post, "/api/v1/things/all", Access::admin, "changeAll", "Change all",
                     [this](const Request&) {
                       ++posts;
                       return Response::nothing();
                     })
                   .answer(204, "Done"));
    router.add(Route(Method::get, "/api/v1/broken", Access::admin, "getBroken", "A handler that throws",
                     [](const Request&) -> Response { throw std::runtime_error("broken on purpose"); })
                   .answer(200, "Never", Schema::any()));
    router.add(Route(Method::get, "/api/v1/large", Access::admin, "getLarge", "More than a socket holds",
                     [](const Request&) { return Response::text(std::string(8 * 1024 * 1024, 'x')); })
                   .answer_text("Much", "text/plain"));
    router.add(Route(Method::get, "/api/v1/events", Access::device, "watch", "What happens",
                     [this](const Request& request) { return Response::event_stream(events, request); })
                   .answer_events("Events"));
  }
};

inline RawRequest raw(std::string method, std::string target, std::string body = {}) {
  RawRequest request{std::move(method), std::move(target), {}, std::move(body)};
  if (!request.body.empty()) request.headers.push_back({"content-type", "application/json"});
  return request;
}

inline Caller caller_with(Access access) {
  Caller caller;
  caller.access = access;
  return caller;
}

inline std::string code_of(const Response& response) {
  return nlohmann::json::parse(response.body).at("error").at("code").get<std::string>();
}

}  // namespace punktfunk::host::http::test

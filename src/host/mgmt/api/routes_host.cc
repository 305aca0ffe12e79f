// SPDX-License-Identifier: MIT OR Apache-2.0
// The host itself: is it there, what does it do, what did it say, what happens.
#include "host/mgmt/api/route_helpers.h"
#include "host/mgmt/api/routes.h"
#include "host/mgmt/api/service_schema.h"

namespace punktfunk::host::api {

using http::Access;
using http::Method;
using http::Request;
using http::Response;
using http::Route;
using http::Schema;
using nlohmann::json;

namespace {

// Where nothing was said; a screenful.
constexpr std::size_t kUsualLines = 100;

Response log_lines(const LogRing& log, const Request& request) {
  const auto number = [&](const char* name, std::uint64_t otherwise) {
    return request.has(name) ? static_cast<std::uint64_t>(request.number(name)) : otherwise;
  };
  json list = json::array();
  const std::uint64_t after = number("after", 0);
  std::uint64_t last = after;
  for (const LogRing::Line& line : log.lines(after, number("limit", kUsualLines))) {
    list.push_back({{"id", line.id}, {"unix_ms", line.unix_ms}, {"level", line.level}, {"text", line.text}});
    last = line.id;
  }
  return Response::json({{"lines", std::move(list)}, {"next", last}});
}

}  // namespace

void add_host_routes(http::Router& router, const ApiParts& parts) {
  HostService* const service = parts.service;
  // Open, for watchdogs: it says that somebody answers, and nothing else.
  router.add(Route(Method::get, "/api/v1/health", Access::open, "getHealth", "Whether the host answers",
                   [](const Request&) {
                     return Response::json({{"status", "ok"}});
                   })
                 .answer(200, "It does", Schema::object({{"status", Schema::one_of({"ok"})}})));

  // Counts and what discovery tells anyway, so a device may read it.
  router.add(Route(Method::get, "/api/v1/status", Access::device, "getStatus", "What the host is doing",
                   [service](const Request&) { return thing(service->status()); })
                 .answer(200, "The host at this moment", schemas::status())
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));

  router.add(Route(Method::get, "/api/v1/statistics", Access::admin, "getStatistics",
                   "What all sessions did since the host started",
                   [service](const Request&) { return thing(service->figures()); })
                 .answer(200, "Counters", schemas::host_figures())
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));

  // The operator's: its lines name devices and addresses.
  router.add(Route(Method::get, "/api/v1/log", Access::admin, "getLog", "The newest lines of the log",
                   [log = parts.log](const Request& request) { return log_lines(*log, request); })
                 .query("after", Schema::count(), "Only lines with a higher id, the oldest first")
                 .query("limit", Schema::integer(1, LogRing::kMaxLines), "At most this many; 100 by default")
                 .answer(200, "Lines in order, and what to give as `after` for what follows",
                         Schema::object({{"lines", Schema::array(schemas::log_line(), LogRing::kMaxLines)},
                                         {"next", Schema::count()}})));

  // The operator's, for the same reason.
  router.add(Route(Method::get, "/api/v1/events", Access::admin, "getEvents",
                   "What happens, as it happens (server-sent events)",
                   [events = parts.events](const Request& request) {
                     return Response::event_stream(*events, request);
                   })
                 .answer_events("Events; Last-Event-ID goes on where an earlier reader stopped"));
}

}  // namespace punktfunk::host::api

// SPDX-License-Identifier: MIT OR Apache-2.0
// What may be changed while the host runs, and the metrics.
#include "host/mgmt/api/metrics.h"
#include "host/mgmt/api/route_helpers.h"
#include "host/mgmt/api/routes.h"
#include "host/mgmt/api/service_schema.h"

namespace punktfunk::host::api {

using http::Access;
using http::Method;
using http::Request;
using http::Response;
using http::Route;

namespace {

Response change_settings(HostService& service, const Request& request) {
  const auto change = settings_change_from(request.body);
  return change ? thing(service.change_settings(*change)) : failure(change.error());
}

bool may_scrape(const http::Caller& caller) {
  if (caller.access == Access::admin || caller.local_socket) return true;
  return caller.address == "::1" || caller.address.starts_with("127.");
}

Response scrape(const ApiParts& parts, const Request& request) {
  if (!may_scrape(request.caller)) {
    return Response::error(403, "forbidden",
                           "Metrics are given to this machine, or to whoever brings the admin token.");
  }
  MetricsInput input;
  const auto status = parts.service->status();
  const auto figures = parts.service->figures();
  auto sessions = parts.service->sessions();
  auto displays = parts.service->displays();
  if (!status) return failure(status.error());
  if (!figures) return failure(figures.error());
  if (!sessions) return failure(sessions.error());
  if (!displays) return failure(displays.error());
  input.status = *status;
  input.figures = *figures;
  input.sessions = std::move(*sessions);
  input.displays = std::move(*displays);
  if (parts.request_counts) input.api_requests = parts.request_counts();
  return Response::text(metrics_text(input), kMetricsType);
}

}  // namespace

void add_settings_routes(http::Router& router, const ApiParts& parts) {
  HostService* const service = parts.service;
  router.add(Route(Method::get, "/api/v1/settings", Access::admin, "getSettings",
                   "What may be changed at run time",
                   [service](const Request&) { return thing(service->settings()); })
                 .answer(200, "The values in force", schemas::settings_view())
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));

  router.add(Route(Method::patch, "/api/v1/settings", Access::admin, "changeSettings",
                   "Change settings, all of them or none; they outlive the host",
                   [service](const Request& request) { return change_settings(*service, request); })
                 .body(schemas::settings_change())
                 .answer(200, "The values in force now", schemas::settings_view())
                 .error(400, "invalid_value", "A value is out of its range")
                 .error(409, "setting_fixed", "The command line says otherwise")
                 .error(500, "store_failed", "The settings could not be stored, so nothing changed")
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));
}

void add_metrics_route(http::Router& router, const ApiParts& parts) {
  // Open, since the usual collector on the same machine brings no token; from elsewhere it must. Counts only.
  router.add(Route(Method::get, "/metrics", Access::open, "getMetrics", "Figures in Prometheus' text format",
                   [parts](const Request& request) { return scrape(parts, request); })
                 .answer_text("Figures since the host started", kMetricsType)
                 .error(403, "forbidden", "Asked from another machine, without the token")
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));
}

}  // namespace punktfunk::host::api

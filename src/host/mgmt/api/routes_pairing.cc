// SPDX-License-Identifier: MIT OR Apache-2.0
// Letting devices in: by PIN, or by the operator's word. All of it the operator's.
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

namespace {

Response arm(HostService& service, const Request& request) {
  const auto wanted = arm_request_from(request.body);
  if (!wanted) return failure(wanted.error());
  const auto armed = service.arm_pairing(*wanted);
  if (!armed) return failure(armed.error());
  return Response::json({{"pin", armed->pin}, {"seconds", armed->seconds}});
}

std::uint32_t id_of(const Request& request) { return static_cast<std::uint32_t>(request.number("id")); }

Response approve(HostService& service, const Request& request) {
  const auto rights = offer_from(request.body);
  return rights ? thing(service.approve(id_of(request), *rights)) : failure(rights.error());
}

Route decision(const char* path, const char* operation, const char* summary, http::Handler handler) {
  return std::move(Route(Method::post, path, Access::admin, operation, summary, std::move(handler))
                       .path_parameter("id", Schema::integer(1, UINT32_MAX), "Its number in the list")
                       .answer(200, "The device as it was in the list", schemas::pending_device())
                       .error(404, "pending_not_found", "Nobody asks to be let in under this number")
                       .error(500, "store_failed", "The device could not be stored, so it was not let in")
                       .error(503, "host_busy", "The host is stopping, or too busy to answer"));
}

}  // namespace

void add_pairing_routes(http::Router& router, const ApiParts& parts) {
  HostService* const service = parts.service;
  router.add(Route(Method::get, "/api/v1/pairing", Access::admin, "getPairing", "Whether a PIN is armed",
                   [service](const Request&) { return thing(service->pairing()); })
                 .answer(200, "Without the PIN: whoever armed it was told", schemas::pairing())
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));

  router.add(Route(Method::post, "/api/v1/pairing", Access::admin, "armPairing",
                   "Let one device pair with a PIN; replaces a PIN that was armed before",
                   [service](const Request& request) { return arm(*service, request); })
                 .body(schemas::arm_request(), false)
                 .answer(200, "The PIN, good for one attempt, and for how long it holds",
                         Schema::object({{"pin", Schema::text(16)}, {"seconds", Schema::count()}}))
                 .error(400, "invalid_value", "The fingerprint is none")
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));

  router.add(Route(Method::del, "/api/v1/pairing", Access::admin, "disarmPairing", "Withdraw the PIN",
                   [service](const Request&) { return done(service->disarm_pairing()); })
                 .answer(204, "No PIN is armed now")
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));

  router.add(Route(Method::get, "/api/v1/pending", Access::admin, "listPending",
                   "Devices that ask to be let in",
                   [service](const Request&) { return list("pending", service->pending()); })
                 .answer(200, "The oldest first", schemas::list_of("pending", schemas::pending_device()))
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));

  router.add(decision("/api/v1/pending/{id}/approve", "approvePending",
                      "Let a device in: stored for good, and its waiting connection goes on",
                      [service](const Request& request) { return approve(*service, request); })
                 .body(schemas::rights_request(), false)
                 .error(400, "invalid_value", "The rights contradict each other"));
  router.add(decision("/api/v1/pending/{id}/deny", "denyPending", "Turn a device away",
                      [service](const Request& request) { return thing(service->deny(id_of(request))); }));
}

}  // namespace punktfunk::host::api

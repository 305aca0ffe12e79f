// SPDX-License-Identifier: MIT OR Apache-2.0
// Paired devices.
#include <algorithm>

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

ServiceError no_such_client() {
  return {ServiceError::Kind::not_found, "client_not_found",
          "No device with this fingerprint is paired; the list of clients shows those that are."};
}

// As the store writes it; empty, which no device has, for what is no fingerprint.
std::string fingerprint_of(const Request& request) {
  const auto fingerprint = control::parse_fingerprint(request.text("fingerprint"));
  return fingerprint ? control::fingerprint_hex(*fingerprint) : std::string();
}

Response one_client(HostService& service, const std::string& fingerprint) {
  const auto clients = service.clients();
  if (!clients) return failure(clients.error());
  const auto found = std::find_if(clients->begin(), clients->end(),
                                  [&](const auto& client) { return client.fingerprint == fingerprint; });
  return found != clients->end() ? Response::json(json_of(*found)) : failure(no_such_client());
}

Response edit_client(HostService& service, const Request& request) {
  const auto edit = client_edit_from(request.body);
  return edit ? thing(service.edit_client(fingerprint_of(request), *edit)) : failure(edit.error());
}

Response unpair_all(HostService& service) {
  const auto count = service.unpair_all();
  return count ? Response::json({{"unpaired", *count}}) : failure(count.error());
}

Route client_route(Method method, const char* operation, const char* summary, http::Handler handler) {
  return std::move(
      Route(method, "/api/v1/clients/{fingerprint}", Access::admin, operation, summary, std::move(handler))
          .path_parameter("fingerprint", schemas::fingerprint(), "The device's")
          .error(404, "client_not_found", "No such device is paired")
          .error(503, "host_busy", "The host is stopping, or too busy to answer"));
}

}  // namespace

void add_client_routes(http::Router& router, const ApiParts& parts) {
  HostService* const service = parts.service;
  router.add(Route(Method::get, "/api/v1/clients", Access::admin, "listClients", "Paired devices",
                   [service](const Request&) { return list("clients", service->clients()); })
                 .answer(200, "In the order they were paired", schemas::list_of("clients", schemas::client()))
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));

  // What a device may know about itself.
  router.add(Route(Method::get, "/api/v1/me", Access::device, "getMe",
                   "What the host stores about the asking device",
                   [service](const Request& request) {
                     const auto& device = request.caller.device;
                     return one_client(*service, device ? control::fingerprint_hex(*device) : std::string());
                   })
                 .answer(200, "The device", schemas::client())
                 .error(404, "client_not_found", "Whoever asks is no paired device")
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));

  router.add(client_route(Method::get, "getClient", "One device", [service](const Request& request) {
               return one_client(*service, fingerprint_of(request));
             }).answer(200, "The device", schemas::client()));

  router.add(client_route(Method::patch, "editClient",
                          "Rename a device, or change what it may and until when",
                          [service](const Request& request) { return edit_client(*service, request); })
                 .body(schemas::client_edit())
                 .answer(200, "The device as it is now; running sessions follow at once", schemas::client())
                 .error(400, "invalid_value", "The name is unfit, or the rights contradict each other")
                 .error(500, "store_failed", "The change could not be stored, so nothing changed"));

  router.add(client_route(
                 Method::del, "unpairClient", "Forget a device; its sessions end at once",
                 [service](const Request& request) { return done(service->unpair(fingerprint_of(request))); })
                 .answer(204, "It is forgotten")
                 .error(500, "store_failed", "The store could not be written, so nothing changed"));

  router.add(Route(Method::del, "/api/v1/clients", Access::admin, "unpairAllClients",
                   "Forget every device; all their sessions end at once",
                   [service](const Request&) { return unpair_all(*service); })
                 .answer(200, "How many there were", Schema::object({{"unpaired", Schema::count()}}))
                 .error(500, "store_failed", "The store could not be written, so nothing changed")
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));
}

}  // namespace punktfunk::host::api

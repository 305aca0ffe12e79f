// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/routes.h"

#include "host/mgmt/api/route_helpers.h"

namespace punktfunk::host::api {

http::Response failure(const ServiceError& error) {
  const auto status = [&] {
    switch (error.kind) {
      case ServiceError::Kind::invalid:
        return 400;
      case ServiceError::Kind::not_found:
        return 404;
      case ServiceError::Kind::conflict:
        return 409;
      case ServiceError::Kind::unavailable:
        return 503;
      case ServiceError::Kind::failed:
        break;
    }
    return 500;
  };
  return http::Response::error(status(), error.code, error.message);
}

bool may_see(const http::Caller& caller, const std::string& fingerprint) {
  if (caller.access == http::Access::admin) return true;
  return caller.device && control::fingerprint_hex(*caller.device) == fingerprint;
}

http::Router make_router(const ApiParts& parts) {
  http::Router router;
  add_host_routes(router, parts);
  add_session_routes(router, parts);
  add_display_routes(router, parts);
  add_pairing_routes(router, parts);
  add_client_routes(router, parts);
  add_settings_routes(router, parts);
  add_metrics_route(router, parts);
  return router;
}

}  // namespace punktfunk::host::api

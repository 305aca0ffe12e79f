// SPDX-License-Identifier: MIT OR Apache-2.0
// The management API's table of routes: one file for each subject. docs/api.md is for people who use it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "host/mgmt/api/host_service.h"
#include "host/mgmt/api/log_ring.h"
#include "host/mgmt/http/event_log.h"
#include "host/mgmt/http/router.h"

namespace punktfunk::host::api {

// What the routes answer from. Outlives the router; may be all null where only the document is wanted.
struct ApiParts {
  HostService* service = nullptr;
  LogRing* log = nullptr;
  http::EventLog* events = nullptr;
  std::function<std::map<int, std::uint64_t>()> request_counts;  // by HTTP status; empty: not counted
};

// A paired device may read about the host, and about itself: nothing that says who else there is. Everything
// else is the operator's.
[[nodiscard]] http::Router make_router(const ApiParts& parts);

// One subject each; make_router() calls them all.
void add_host_routes(http::Router& router, const ApiParts& parts);
void add_session_routes(http::Router& router, const ApiParts& parts);
void add_display_routes(http::Router& router, const ApiParts& parts);
void add_pairing_routes(http::Router& router, const ApiParts& parts);
void add_client_routes(http::Router& router, const ApiParts& parts);
void add_settings_routes(http::Router& router, const ApiParts& parts);
void add_metrics_route(http::Router& router, const ApiParts& parts);

}  // namespace punktfunk::host::api

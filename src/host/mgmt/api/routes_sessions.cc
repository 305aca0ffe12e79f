// SPDX-License-Identifier: MIT OR Apache-2.0
// Sessions, and the displays they show.
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

constexpr const char* kNoSuchSession = "There is no such session";

std::uint64_t id_of(const Request& request) { return static_cast<std::uint64_t>(request.number("id")); }

// Those that the caller may see.
Answer<std::vector<SessionInfo>> visible_sessions(HostService& service, const Request& request) {
  auto sessions = service.sessions();
  if (sessions)
    std::erase_if(*sessions,
                  [&](const auto& session) { return !may_see(request.caller, session.fingerprint); });
  return sessions;
}

Response one_session(HostService& service, const Request& request) {
  const auto sessions = visible_sessions(service, request);
  if (!sessions) return failure(sessions.error());
  const auto found = std::find_if(sessions->begin(), sessions->end(),
                                  [&](const auto& session) { return session.id == id_of(request); });
  if (found != sessions->end()) return Response::json(json_of(*found));
  // The same answer whether it is another device's or nobody's.
  return failure({ServiceError::Kind::not_found, "session_not_found",
                  "There is no such session; it may have ended. The list of sessions shows those that run."});
}

Route session_route(Method method, const char* path, Access access, const char* operation,
                    const char* summary, http::Handler handler) {
  return std::move(Route(method, path, access, operation, summary, std::move(handler))
                       .path_parameter("id", Schema::count(), "Number of the session")
                       .error(404, "session_not_found", kNoSuchSession)
                       .error(503, "host_busy", "The host is stopping, or too busy to answer"));
}

}  // namespace

void add_session_routes(http::Router& router, const ApiParts& parts) {
  HostService* const service = parts.service;
  // A device sees its own sessions.
  router.add(Route(Method::get, "/api/v1/sessions", Access::device, "listSessions", "Sessions that exist now",
                   [service](const Request& request) {
                     return list("sessions", visible_sessions(*service, request));
                   })
                 .answer(200, "In the order of their ids", schemas::list_of("sessions", schemas::session()))
                 .error(503, "host_busy", "The host is stopping, or too busy to answer"));

  router.add(session_route(Method::get, "/api/v1/sessions/{id}", Access::device, "getSession", "One session",
                           [service](const Request& request) { return one_session(*service, request); })
                 .answer(200, "The session", schemas::session()));

  router.add(
      session_route(Method::post, "/api/v1/sessions/{id}/stop", Access::admin, "stopSession",
                    "End a session; its client is told",
                    [service](const Request& request) { return done(service->stop_session(id_of(request))); })
          .answer(204, "It is being ended"));

  router.add(session_route(Method::post, "/api/v1/sessions/{id}/keyframe", Access::admin, "requestKeyframe",
                           "Make the next picture of a session one that needs no other",
                           [service](const Request& request) {
                             return done(service->request_keyframe(id_of(request)));
                           })
                 .answer(204, "It comes next")
                 .error(409, "no_stream", "The session does not stream yet, or streams no video"));

  router.add(session_route(Method::put, "/api/v1/sessions/{id}/mute", Access::admin, "muteSession",
                           "Send no sound to a session, or send it again",
                           [service](const Request& request) {
                             return done(
                                 service->mute_session(id_of(request), request.body["muted"].get<bool>()));
                           })
                 .body(Schema::object({{"muted", Schema::boolean()}}))
                 .answer(204, "It holds until it is changed again")
                 .error(409, "no_sound", "This host streams no sound, so there is nothing to mute"));
}

void add_display_routes(http::Router& router, const ApiParts& parts) {
  HostService* const service = parts.service;
  // The operator's: they outlive sessions, and say who was here.
  router.add(Route(Method::get, "/api/v1/displays", Access::admin, "listDisplays", "Displays that exist now",
                   [service](const Request&) { return list("displays", service->displays()); })
                 .answer(200, "In the order of their ids", schemas::list_of("displays", schemas::display())));

  router.add(Route(Method::del, "/api/v1/displays/{id}", Access::admin, "endDisplay",
                   "End a display that lingers",
                   [service](const Request& request) { return done(service->end_display(id_of(request))); })
                 .path_parameter("id", Schema::count(), "Number of the display")
                 .answer(204, "It is being ended, with what runs in it")
                 .error(404, "display_not_found", "There is no such display")
                 .error(409, "display_in_use", "A session shows it: stop that instead"));
}

}  // namespace punktfunk::host::api

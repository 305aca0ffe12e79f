// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/router.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <set>
#include <stdexcept>
#include <utility>

#include "base/log.h"
#include "host/mgmt/http/target.h"

namespace punktfunk::host::http {

namespace {

using nlohmann::json;

// Far more than any body of ours; JSON nested deeper is somebody's attempt at our stack.
constexpr int kMaxDepth = 16;

std::string name_in(std::string_view placeholder) {
  return std::string(placeholder.substr(1, placeholder.size() - 2));
}

void require(bool holds, const Route& route, const char* what) {
  if (!holds) throw std::logic_error(std::string(name_of(route.method())) + " " + route.path() + ": " + what);
}

// The same path to somebody who asks, whatever the parameters are called.
bool same_pattern(const Route& a, const Route& b) {
  return std::equal(a.segments().begin(), a.segments().end(), b.segments().begin(), b.segments().end(),
                    [](const std::string& x, const std::string& y) {
                      return x == y || (is_placeholder(x) && is_placeholder(y));
                    });
}

void check_parameters(const Route& route) {
  std::set<std::string> declared;
  for (const auto& parameter : route.parameters()) {
    require(declared.insert(parameter.name).second, route, "a parameter is declared twice");
    const bool in_path = std::find(route.segments().begin(), route.segments().end(),
                                   "{" + parameter.name + "}") != route.segments().end();
    require(in_path == parameter.in_path, route, "a parameter is not where it is said to be");
  }
  for (const auto& segment : route.segments()) {
    if (is_placeholder(segment))
      require(declared.contains(name_in(segment)), route, "a parameter of the path is not declared");
  }
}

bool matches(const Route& route, const std::vector<std::string>& segments) {
  return std::equal(
      route.segments().begin(), route.segments().end(), segments.begin(), segments.end(),
      [](const std::string& own, const std::string& given) { return own == given || is_placeholder(own); });
}

// At the first difference, the literal segment is the better match.
bool more_literal(const Route& a, const Route& b) {
  for (std::size_t i = 0; i < a.segments().size(); ++i) {
    const bool open_a = is_placeholder(a.segments()[i]);
    if (open_a != is_placeholder(b.segments()[i])) return !open_a;
  }
  return false;
}

int depth_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

// "application/json", perhaps with the only character set JSON has.
bool is_json_type(std::string type) {
  std::erase_if(type, [](char c) { return c == ' ' || c == '\t'; });
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type == "application/json" || type == "application/json;charset=utf-8" ||
         type == "application/json;charset=\"utf-8\"";
}

std::optional<Response> refuse_caller(const Route& route, const Caller& caller) {
  if (caller.access >= route.access()) return std::nullopt;
  if (caller.access == Access::open) {
    auto response =
        Response::error(401, "unauthorized",
                        "This needs the token of the host's api-token file, or the certificate of "
                        "a paired device where reading is all that is asked.");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"punktfunk\"");
    return response;
  }
  return Response::error(403, "forbidden",
                         "A paired device may only read; this needs the token of the host's api-token file.");
}

std::optional<Response> read_parameters(const Route& route, const Target& target, Request& request) {
  const auto invalid = [](const Route::Parameter& parameter) {
    return Response::error(400, "invalid_parameter",
                           "The parameter " + parameter.name + " has a value that it cannot have.");
  };
  std::size_t known_in_query = 0;
  for (const auto& parameter : route.parameters()) {
    const std::string* text = nullptr;
    if (parameter.in_path) {
      const auto at = std::find(route.segments().begin(), route.segments().end(), "{" + parameter.name + "}");
      text = &target.segments[static_cast<std::size_t>(at - route.segments().begin())];
    } else {
      const auto at = std::find_if(target.query.begin(), target.query.end(),
                                   [&](const auto& entry) { return entry.first == parameter.name; });
      if (at == target.query.end()) continue;
      ++known_in_query;
      text = &at->second;
    }
    auto value = parameter.schema.read(*text);
    if (!value) return invalid(parameter);
    request.parameters[parameter.name] = std::move(*value);
  }
  if (known_in_query == target.query.size()) return std::nullopt;
  return Response::error(400, "unknown_parameter",
                         "The query has a parameter that this route does not know.");
}

std::optional<Response> read_body(const Route& route, const RawRequest& raw, Request& request) {
  const std::string* const type = raw.header("content-type");
  if ((type != nullptr || !raw.body.empty()) && (type == nullptr || !is_json_type(*type)) &&
      route.method() != Method::get) {
    return Response::error(415, "unsupported_media_type",
                           "A body must be JSON and say so with Content-Type: application/json.");
  }
  if (raw.body.empty()) {
    if (!route.body_schema() || !route.body_required()) return std::nullopt;
    return Response::error(400, "invalid_body", "This needs a body of JSON.");
  }
  if (!route.body_schema()) return Response::error(400, "unexpected_body", "This takes no body.");
  if (depth_of(raw.body) > kMaxDepth)
    return Response::error(400, "invalid_body", "The body is nested too deeply.");
  request.body = json::parse(raw.body, nullptr, false);
  if (request.body.is_discarded()) return Response::error(400, "invalid_body", "The body is not valid JSON.");
  if (const auto wrong = route.body_schema()->problem(request.body, "The body"))
    return Response::error(400, "invalid_body", *wrong);
  return std::nullopt;
}

std::optional<std::uint64_t> last_event_id(const RawRequest& raw) {
  const std::string* const text = raw.header("last-event-id");
  if (text == nullptr) return std::nullopt;
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), id);
  // 0 is older than everything, so that whoever comes with somebody else's number is told it missed events.
  return error == std::errc() && end == text->data() + text->size() ? id : 0;
}

Response method_not_allowed(const std::vector<const Route*>& routes) {
  auto response = Response::error(405, "method_not_allowed", "This path does not know that method.");
  std::string allow;
  for (const Route* route : routes) {
    if (!allow.empty()) allow += ", ";
    allow += name_of(route->method());
    if (route->method() == Method::get) allow += ", HEAD";
  }
  response.headers.emplace_back("Allow", allow);
  return response;
}

}  // namespace

void Router::add(Route route) {
  require(route.path().starts_with('/'), route, "the path does not begin with /");
  require(route.handler() != nullptr, route, "it has no handler");
  require(!route.answers().empty(), route, "it declares no answer");
  // Only the operator changes anything, so that a forged request in a browser that holds a device's
  // certificate changes nothing.
  require(route.access() == Access::admin || route.method() == Method::get, route,
          "only the operator may change things");
  require(route.method() != Method::get || !route.body_schema(), route, "a GET takes no body");
  check_parameters(route);
  for (const Route& other : routes_) {
    require(other.operation() != route.operation(), route, "the name of the operation is taken");
    if (!same_pattern(route, other)) continue;
    require(other.path() == route.path(), route, "its parameters have other names elsewhere");
    require(other.method() != route.method(), route, "it is declared twice");
  }
  routes_.push_back(std::move(route));
}

Response Router::dispatch(const RawRequest& raw, const Caller& caller) const try {
  const auto target = Target::parse(raw.target);
  if (!target) return Response::error(400, "invalid_path", "The path of the request is not well formed.");
  std::vector<const Route*> found;
  for (const Route& route : routes_) {
    if (!matches(route, target->segments)) continue;
    if (!found.empty() && !same_pattern(*found.front(), route)) {
      if (!more_literal(route, *found.front())) continue;
      found.clear();
    }
    found.push_back(&route);
  }
  if (found.empty()) return Response::error(404, "not_found", "There is nothing at this path.");
  const std::string_view wanted = raw.method == "HEAD" ? "GET" : std::string_view(raw.method);
  const auto chosen = std::find_if(found.begin(), found.end(), [wanted](const Route* route) {
    return name_of(route->method()) == wanted;
  });
  if (chosen == found.end()) return method_not_allowed(found);
  const Route& route = **chosen;
  if (auto refused = refuse_caller(route, caller)) return *refused;
  Request request;
  request.caller = caller;
  request.last_event_id = last_event_id(raw);
  if (auto wrong = read_parameters(route, *target, request)) return *wrong;
  if (auto wrong = read_body(route, raw, request)) return *wrong;
  return route.handler()(request);
} catch (const std::exception& error) {
  // What it says may hold parts of the request, so it goes to the log only, without them.
  spdlog::error("A request to the management API failed inside the host: {}", error.what());
  return Response::error(500, "internal_error", "The host failed at this; its log says more.");
}

}  // namespace punktfunk::host::http

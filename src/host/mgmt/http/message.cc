// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/message.h"

#include <algorithm>

#include "host/mgmt/http/event_log.h"

namespace punktfunk::host::http {

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
  }
  return "";
}

std::string_view name_of(Access access) {
  switch (access) {
    case Access::open:
      return "open";
    case Access::device:
      return "device";
    case Access::admin:
      return "admin";
  }
  return "";
}

const std::string* RawRequest::header(std::string_view lower_case_name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const Header& field) { return field.name == lower_case_name; });
  return found == headers.end() ? nullptr : &found->value;
}

std::size_t RawRequest::count(std::string_view lower_case_name) const {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](const Header& field) { return field.name == lower_case_name; }));
}

std::string Request::text(const std::string& name) const { return parameters.at(name).get<std::string>(); }
std::int64_t Request::number(const std::string& name) const {
  return parameters.at(name).get<std::int64_t>();
}
bool Request::flag(const std::string& name) const { return parameters.at(name).get<bool>(); }

Response Response::json(const nlohmann::json& value, int status) {
  Response response;
  response.status = status;
  // Names of windows and programs may hold anything: what is not UTF-8 is replaced rather than thrown at.
  response.body = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  response.body.push_back('\n');
  return response;
}

Response Response::text(std::string body, std::string content_type) {
  Response response;
  response.body = std::move(body);
  response.content_type = std::move(content_type);
  return response;
}

Response Response::nothing() {
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

Response Response::error(int status, std::string_view code, std::string_view message) {
  return json({{"error", {{"code", code}, {"message", message}}}}, status);
}

Response Response::event_stream(EventLog& log, const Request& request) {
  Response response;
  response.content_type = "text/event-stream";
  response.events = &log;
  response.events_after = request.last_event_id.value_or(log.last_id());
  return response;
}

}  // namespace punktfunk::host::http

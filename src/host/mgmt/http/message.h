// SPDX-License-Identifier: MIT OR Apache-2.0
// A request as a handler gets it, and the answer it gives.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/identity/identity.h"

namespace punktfunk::host::http {

class EventLog;

enum class Method : std::uint8_t { get, post, put, patch, del };
[[nodiscard]] std::string_view name_of(Method method);

// What a caller may, and what a route asks for; each includes those before it.
//   open    anybody who reaches the port
//   device  a paired device, known by the certificate it proved to hold: may read
//   admin   the operator: the token, or the file system's permission for the control socket
enum class Access : std::uint8_t { open, device, admin };
[[nodiscard]] std::string_view name_of(Access access);

struct Caller {
  Access access = Access::open;
  bool local_socket = false;                   // came over the control socket
  std::string address;                         // numeric, without port; empty over the control socket
  std::optional<control::Fingerprint> device;  // of a certificate that was proved and is trusted
};

struct Header {
  std::string name;  // lower case
  std::string value;
};

// As it was read from the connection: bounded, but nothing in it checked.
struct RawRequest {
  std::string method;
  std::string target;
  std::vector<Header> headers;
  std::string body;

  // nullptr if there is none; the first of several.
  [[nodiscard]] const std::string* header(std::string_view lower_case_name) const;
  [[nodiscard]] std::size_t count(std::string_view lower_case_name) const;
};

// What a handler sees: parameters and body fit the shapes its route declares.
class Request {
 public:
  Caller caller;
  nlohmann::json body;  // null where the route takes none
  // From the Last-Event-ID header, for event streams.
  std::optional<std::uint64_t> last_event_id;

  // Parameters of path and query. Only those the route declares may be asked for, and `text`, `number` and
  // `flag` only those that are there: everything else throws std::exception, which is answered with 500.
  [[nodiscard]] bool has(const std::string& name) const { return parameters.contains(name); }
  [[nodiscard]] std::string text(const std::string& name) const;
  [[nodiscard]] std::int64_t number(const std::string& name) const;
  [[nodiscard]] bool flag(const std::string& name) const;

  nlohmann::json parameters = nlohmann::json::object();
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides those that every answer has
  // Set for an event stream: the answer goes on with what follows `events_after` there, until the caller
  // leaves. The log outlives the server.
  EventLog* events = nullptr;
  std::uint64_t events_after = 0;

  [[nodiscard]] static Response json(const nlohmann::json& value, int status = 200);
  [[nodiscard]] static Response text(std::string body,
                                     std::string content_type = "text/plain; charset=utf-8");
  // 204.
  [[nodiscard]] static Response nothing();
  // {"error": {"code": …, "message": …}}. `code` is snake_case and never changes its meaning; `message` is
  // one plain sentence, with nothing in it that came from the network uncleaned.
  [[nodiscard]] static Response error(int status, std::string_view code, std::string_view message);
  // From where the caller says it left off, otherwise from now on.
  [[nodiscard]] static Response event_stream(EventLog& log, const Request& request);
};

}  // namespace punktfunk::host::http

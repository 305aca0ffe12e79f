// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/mgmt/http/message.h"
#include "host/mgmt/http/schema.h"

namespace punktfunk::host::http {

// Called on the server's thread, one at a time; must be quick. A question to another thread is bounded in
// time.
using Handler = std::function<Response(const Request&)>;

// One operation of the API, declared once: what is answered, checked, documented and tested comes from here.
// It cannot be declared without saying who may.
//
//   Route(Method::post, "/api/v1/sessions/{id}/stop", Access::admin, "stopSession", "End a session", handler)
//       .path_parameter("id", Schema::integer(1, UINT32_MAX), "Number of the session")
//       .body(Schema::object({{"reason", Schema::text(), false}}))
//       .answer(204, "It is being ended")
//       .error(404, "session_not_found", "There is no such session")
class Route {
 public:
  struct Parameter {
    std::string name;
    Schema schema;
    std::string about;
    bool in_path = true;
  };
  struct Answer {
    int status;
    std::string about;
    std::string content_type;  // empty: no body
    Schema schema;             // of application/json
  };
  struct Failure {
    int status;
    std::string code;
    std::string about;
  };

  // `path` begins with '/'; "{name}" is a whole segment. `operation` is the camelCase name in the OpenAPI
  // document.
  Route(Method method, std::string path, Access access, std::string operation, std::string summary,
        Handler handler);

  // Every {name} of the path needs one; query parameters are optional to give.
  Route& path_parameter(std::string name, Schema schema, std::string about);
  Route& query(std::string name, Schema schema, std::string about);
  // The request must bring JSON of this shape, or may with `required` false (the handler then sees null).
  // Without this call a request with a body is refused.
  Route& body(Schema schema, bool required = true);
  // At least one.
  Route& answer(int status, std::string about);
  Route& answer(int status, std::string about, Schema schema);
  Route& answer_text(std::string about, std::string content_type);
  Route& answer_events(std::string about) { return answer_text(std::move(about), "text/event-stream"); }
  // Besides those that the server gives by itself (400, 401, 403, 405, 413, 415, 421, 429).
  Route& error(int status, std::string code, std::string about);

  [[nodiscard]] Method method() const { return method_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Access access() const { return access_; }
  [[nodiscard]] const std::string& operation() const { return operation_; }
  [[nodiscard]] const std::string& summary() const { return summary_; }
  [[nodiscard]] const Handler& handler() const { return handler_; }
  [[nodiscard]] const std::vector<std::string>& segments() const { return segments_; }
  [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }
  [[nodiscard]] const std::optional<Schema>& body_schema() const { return body_; }
  [[nodiscard]] bool body_required() const { return body_required_; }
  [[nodiscard]] const std::vector<Answer>& answers() const { return answers_; }
  [[nodiscard]] const std::vector<Failure>& failures() const { return failures_; }
  [[nodiscard]] bool streams_events() const;

 private:
  Method method_;
  std::string path_;
  Access access_;
  std::string operation_;
  std::string summary_;
  Handler handler_;
  std::vector<std::string> segments_;
  std::vector<Parameter> parameters_;
  std::optional<Schema> body_;
  bool body_required_ = true;
  std::vector<Answer> answers_;
  std::vector<Failure> failures_;
};

// "/a/{b}" → {"a", "{b}"}.
[[nodiscard]] std::vector<std::string> split_path(std::string_view path);
[[nodiscard]] bool is_placeholder(std::string_view segment);

}  // namespace punktfunk::host::http

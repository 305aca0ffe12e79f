// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/route.h"

#include <algorithm>
#include <utility>

namespace punktfunk::host::http {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  while (path.size() > 1) {
    path.remove_prefix(1);
    const auto slash = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, slash));
    path.remove_prefix(slash);
  }
  return segments;
}

bool is_placeholder(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

Route::Route(Method method, std::string path, Access access, std::string operation, std::string summary,
             Handler handler)
    : method_(method),
      path_(std::move(path)),
      access_(access),
      operation_(std::move(operation)),
      summary_(std::move(summary)),
      handler_(std::move(handler)),
      segments_(split_path(path_)) {}

Route& Route::path_parameter(std::string name, Schema schema, std::string about) {
  parameters_.push_back({std::move(name), std::move(schema), std::move(about), true});
  return *this;
}

Route& Route::query(std::string name, Schema schema, std::string about) {
  parameters_.push_back({std::move(name), std::move(schema), std::move(about), false});
  return *this;
}

Route& Route::body(Schema schema, bool required) {
  body_ = std::move(schema);
  body_required_ = required;
  return *this;
}

Route& Route::answer(int status, std::string about) {
  answers_.push_back({status, std::move(about), "", Schema::any()});
  return *this;
}

Route& Route::answer(int status, std::string about, Schema schema) {
  answers_.push_back({status, std::move(about), "application/json", std::move(schema)});
  return *this;
}

Route& Route::answer_text(std::string about, std::string content_type) {
  answers_.push_back({200, std::move(about), std::move(content_type), Schema::any()});
  return *this;
}

Route& Route::error(int status, std::string code, std::string about) {
  failures_.push_back({status, std::move(code), std::move(about)});
  return *this;
}

bool Route::streams_events() const {
  return std::any_of(answers_.begin(), answers_.end(),
                     [](const Answer& answer) { return answer.content_type == "text/event-stream"; });
}

}  // namespace punktfunk::host::http

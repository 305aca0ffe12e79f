// SPDX-License-Identifier: MIT OR Apache-2.0
// What the files of routes share.
#pragma once

#include <string>
#include <vector>

#include "host/mgmt/api/service_json.h"
#include "host/mgmt/http/message.h"

namespace punktfunk::host::api {

[[nodiscard]] http::Response failure(const ServiceError& error);

// 204, or what went wrong.
[[nodiscard]] inline http::Response done(const Answer<void>& answer) {
  return answer ? http::Response::nothing() : failure(answer.error());
}
// The thing itself, or what went wrong.
template <class T>
[[nodiscard]] http::Response thing(const Answer<T>& answer) {
  return answer ? http::Response::json(json_of(*answer)) : failure(answer.error());
}
template <class T>
[[nodiscard]] nlohmann::json list_json(const char* name, const std::vector<T>& items) {
  nlohmann::json list = nlohmann::json::array();
  for (const T& item : items) list.push_back(json_of(item));
  return {{name, std::move(list)}};
}
// {"name": [the things]}, or what went wrong.
template <class T>
[[nodiscard]] http::Response list(const char* name, const Answer<std::vector<T>>& answer) {
  return answer ? http::Response::json(list_json(name, *answer)) : failure(answer.error());
}

// The operator sees everybody, a device only itself.
[[nodiscard]] bool may_see(const http::Caller& caller, const std::string& fingerprint);

}  // namespace punktfunk::host::api

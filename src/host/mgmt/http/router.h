// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/mgmt/http/message.h"
#include "host/mgmt/http/route.h"

namespace punktfunk::host::http {

// The table of routes and what follows from it. Filled before the server starts, then only read, by any
// thread. What no route allows is refused.
class Router {
 public:
  // Throws std::logic_error where a declaration contradicts itself or another: the table is our own code, and
  // every test that makes it would show it.
  void add(Route route);
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  // Path, method, access, parameters, body, handler, in this order; an answer for all that goes wrong. HEAD
  // is answered as GET (whoever sends it leaves the body out). Never throws: a handler that does is answered
  // with 500.
  [[nodiscard]] Response dispatch(const RawRequest& raw, const Caller& caller) const;

 private:
  std::vector<Route> routes_;
};

// OpenAPI 3.1 of the whole table. `version`: of the program.
[[nodiscard]] nlohmann::json openapi_document(const Router& router, const std::string& version);

}  // namespace punktfunk::host::http

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "apps/host/ctl/connection.h"
#include "apps/host/ctl/request.h"

namespace punktfunk::ctl {

// A command that asks and is answered: `act` has the JSON to print, `print` (print.h) shows it to a person.
struct Command {
  const char* name;
  Done<nlohmann::json> (*act)(const Connection& host, const Request& request);
  void (*print)(const nlohmann::json& answer, const Request& request);
};

// nullptr: it is one of those that go on (log --follow and watch).
[[nodiscard]] const Command* find_command(const Request& request);

}  // namespace punktfunk::ctl

// SPDX-License-Identifier: MIT OR Apache-2.0
// Words that API and command line share, beside those of core/session/grants.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/mgmt/api/host_service.h"

namespace punktfunk::host::api {

// "view", "controller", "full"; preset_name() says "custom" for every other mask.
[[nodiscard]] std::vector<std::string> preset_names();
[[nodiscard]] std::string preset_name(std::uint32_t grants);
[[nodiscard]] std::vector<std::string> grant_names(std::uint32_t grants);

// "always", "until", "session".
[[nodiscard]] const char* lasts_name(access::Lasts lasts);

[[nodiscard]] std::vector<std::string> policy_names();
[[nodiscard]] std::string policy_name(WhenBusy policy);
[[nodiscard]] std::optional<WhenBusy> policy_of(std::string_view name);

// For people, in the two largest units: "2 h 5 min", "40 s".
[[nodiscard]] std::string span_text(std::uint64_t seconds);

}  // namespace punktfunk::host::api

// SPDX-License-Identifier: MIT OR Apache-2.0
// Words that API and command line share, for rights, policies and spans of time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/mgmt/api/host_service.h"

namespace punktfunk::host {

// "gamepad", "pointer", "keyboard" … of a mask of grants, in the order of their bits.
[[nodiscard]] std::vector<std::string> grant_names(std::uint32_t grants);
// The mask of one name; nullopt: there is no such grant.
[[nodiscard]] std::optional<std::uint32_t> grant_of(std::string_view name);

// "view", "controller", "full", or "custom" for every other mask.
[[nodiscard]] const char* preset_name(std::uint32_t grants);
// The mask of a preset; nullopt for "custom" and whatever is none.
[[nodiscard]] std::optional<std::uint32_t> preset_grants(std::string_view name);

[[nodiscard]] const char* policy_name(BusyPolicy policy);
[[nodiscard]] std::optional<BusyPolicy> policy_of(std::string_view name);

// Seconds of "90", "90s", "15m", "2h" or "7d"; nullopt: none of these, or more than a hundred years.
[[nodiscard]] std::optional<std::uint64_t> seconds_of(std::string_view text);
// The other way, for people, in the two largest units: "2 h 5 min", "40 s".
[[nodiscard]] std::string span_text(std::uint64_t seconds);

}  // namespace punktfunk::host

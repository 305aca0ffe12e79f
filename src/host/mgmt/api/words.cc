// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/words.h"

#include <algorithm>
#include <array>

namespace punktfunk::host::api {

namespace {

struct Unit {
  std::uint64_t seconds;
  const char* text;
};
constexpr std::array<Unit, 4> kUnits{{{86400, " d"}, {3600, " h"}, {60, " min"}, {1, " s"}}};

}  // namespace

std::vector<std::string> preset_names() { return {"view", "controller", "full"}; }

std::string preset_name(std::uint32_t grants) {
  const auto names = preset_names();
  const std::string text = access::grants_text(grants);
  return std::find(names.begin(), names.end(), text) != names.end() ? text : "custom";
}

std::vector<std::string> grant_names(std::uint32_t grants) {
  const auto names = access::grant_names(grants);
  return {names.begin(), names.end()};
}

const char* lasts_name(access::Lasts lasts) {
  constexpr std::array<const char*, 3> kNames{"always", "until", "session"};
  return kNames[static_cast<std::size_t>(lasts)];
}

std::vector<std::string> policy_names() { return {"separate", "join", "take-over", "refuse"}; }

std::string policy_name(WhenBusy policy) { return policy_names()[static_cast<std::size_t>(policy)]; }

std::optional<WhenBusy> policy_of(std::string_view name) {
  const auto names = policy_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<WhenBusy>(found - names.begin());
}

std::string span_text(std::uint64_t seconds) {
  std::string text;
  int written = 0;
  for (const Unit& unit : kUnits) {
    const std::uint64_t count = seconds / unit.seconds;
    seconds %= unit.seconds;
    if (written == 1 && count == 0) break;
    if (count == 0 && unit.seconds != 1) continue;
    if (written == 1) text += ' ';
    text += std::to_string(count) + unit.text;
    if (++written == 2) break;
  }
  return text;
}

}  // namespace punktfunk::host::api

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/words.h"

#include <array>
#include <charconv>

#include "core/wire/grants.h"

namespace punktfunk::host {

namespace {

struct NamedMask {
  const char* name;
  std::uint32_t mask;
};
constexpr std::array<NamedMask, 8> kGrants{{{"gamepad", wire::kGrantGamepad},
                                            {"pointer", wire::kGrantPointer},
                                            {"keyboard", wire::kGrantKeyboard},
                                            {"clipboard", wire::kGrantClipboard},
                                            {"microphone", wire::kGrantMicrophone},
                                            {"launch", wire::kGrantLaunch},
                                            {"power", wire::kGrantPower},
                                            {"manage_games", wire::kGrantManageGames}}};
constexpr std::array<NamedMask, 3> kPresets{
    {{"view", 0}, {"controller", wire::kGrantGamepad}, {"full", wire::kGrantAll}}};
constexpr std::array<const char*, 4> kPolicies{"separate", "join", "take_over", "refuse"};

struct Unit {
  char letter;
  std::uint64_t seconds;
  const char* text;
};
constexpr std::array<Unit, 4> kUnits{
    {{'d', 86400, " d"}, {'h', 3600, " h"}, {'m', 60, " min"}, {'s', 1, " s"}}};

template <std::size_t N>
std::optional<std::uint32_t> mask_of(const std::array<NamedMask, N>& list, std::string_view name) {
  for (const NamedMask& entry : list)
    if (name == entry.name) return entry.mask;
  return std::nullopt;
}

}  // namespace

std::vector<std::string> grant_names(std::uint32_t grants) {
  std::vector<std::string> names;
  for (const NamedMask& entry : kGrants)
    if ((grants & entry.mask) != 0) names.emplace_back(entry.name);
  return names;
}

std::optional<std::uint32_t> grant_of(std::string_view name) { return mask_of(kGrants, name); }

const char* preset_name(std::uint32_t grants) {
  switch (wire::access_level(grants)) {
    case wire::AccessLevel::view:
      return "view";
    case wire::AccessLevel::controller:
      return "controller";
    case wire::AccessLevel::full:
      return "full";
    case wire::AccessLevel::custom:
      break;
  }
  return "custom";
}

std::optional<std::uint32_t> preset_grants(std::string_view name) { return mask_of(kPresets, name); }

const char* policy_name(BusyPolicy policy) { return kPolicies[static_cast<std::size_t>(policy)]; }

std::optional<BusyPolicy> policy_of(std::string_view name) {
  for (std::size_t i = 0; i < kPolicies.size(); ++i)
    if (name == kPolicies[i]) return static_cast<BusyPolicy>(i);
  return std::nullopt;
}

std::optional<std::uint64_t> seconds_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  std::uint64_t factor = unit.empty() ? 1 : 0;
  for (const Unit& known : kUnits)
    if (unit.size() == 1 && unit[0] == known.letter) factor = known.seconds;
  if (factor == 0 || number > kMostRightsSeconds / factor) return std::nullopt;
  return number * factor;
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

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#include <limits>

#include "base/text.h"
#include "control/identity/identity.h"
#include "core/wire/grants.h"
#include "host/mgmt/api/service_json.h"
#include "host/mgmt/api/words.h"

namespace punktfunk::host {

using nlohmann::json;

namespace {

tl::unexpected<ServiceError> invalid(std::string message) {
  return refuse(ServiceError::Kind::invalid, "invalid_value", std::move(message));
}

bool has(const json& body, const char* name) { return body.is_object() && body.contains(name); }

// What a body says about rights; none of it need be there.
struct GivenRights {
  std::optional<std::uint32_t> grants;
  std::optional<std::optional<std::uint64_t>> expires;
};

Answer<GivenRights> given_rights(const json& body, std::uint64_t now) {
  if (has(body, "preset") && has(body, "grants")) return invalid("Give \"preset\" or \"grants\", not both.");
  if (has(body, "for_s") && has(body, "expires_unix_s"))
    return invalid("Give \"for_s\" or \"expires_unix_s\", not both.");
  GivenRights given;
  if (has(body, "preset")) given.grants = preset_grants(body["preset"].get<std::string>());
  if (has(body, "grants")) {
    given.grants = 0;
    for (const json& name : body["grants"]) *given.grants |= grant_of(name.get<std::string>()).value_or(0);
  }
  if (has(body, "for_s")) given.expires = now + body["for_s"].get<std::uint64_t>();
  if (has(body, "expires_unix_s")) {
    given.expires.emplace();
    if (!body["expires_unix_s"].is_null()) *given.expires = body["expires_unix_s"].get<std::uint64_t>();
    if (*given.expires && **given.expires <= now)
      return invalid("\"expires_unix_s\" lies in the past; to end a device's access now, unpair it.");
  }
  return given;
}

}  // namespace

Answer<Rights> rights_from(const json& body, std::uint64_t now_unix_s) {
  const auto given = given_rights(body, now_unix_s);
  if (!given) return tl::unexpected(given.error());
  return Rights{given->grants.value_or(wire::kGrantAll), given->expires.value_or(std::nullopt)};
}

Answer<ClientEdit> client_edit_from(const json& body, std::uint64_t now_unix_s) {
  const auto given = given_rights(body, now_unix_s);
  if (!given) return tl::unexpected(given.error());
  ClientEdit edit{std::nullopt, given->grants, given->expires};
  if (has(body, "name")) {
    const auto name = body["name"].get<std::string>();
    edit.name = clean_text(name, kMaxNameBytes);
    if (edit.name->empty() || *edit.name != name) {
      return invalid(
          "A name has 1 to 64 bytes, no control characters, and no spaces at its ends; choose another one.");
    }
  }
  return edit;
}

Answer<SettingsChange> settings_change_from(const json& body) {
  SettingsChange change;
  if (has(body, "bitrate_kbps")) {
    change.bitrate_kbps = body["bitrate_kbps"].get<std::uint32_t>();
    if (*change.bitrate_kbps != 0 && *change.bitrate_kbps < kLeastBitrateKbps)
      return invalid("\"bitrate_kbps\" has to be 0, for automatic, or 500 to 200000.");
  }
  if (has(body, "approval")) change.approval = body["approval"].get<bool>();
  if (has(body, "linger_s")) {
    change.linger_s.emplace();
    if (!body["linger_s"].is_null()) *change.linger_s = body["linger_s"].get<std::uint32_t>();
  }
  if (has(body, "when_busy")) change.when_busy = policy_of(body["when_busy"].get<std::string>());
  if (has(body, "max_sessions")) change.max_sessions = body["max_sessions"].get<std::uint32_t>();
  return change;
}

Answer<ArmRequest> arm_request_from(const json& body) {
  ArmRequest request;
  if (has(body, "only_for")) {
    const auto fingerprint = control::parse_fingerprint(body["only_for"].get<std::string>());
    if (!fingerprint) return invalid("\"only_for\" has to be a device's fingerprint: 64 hex digits.");
    request.only_for = control::fingerprint_hex(*fingerprint);
  }
  if (has(body, "any_network")) request.any_network = body["any_network"].get<bool>();
  return request;
}

}  // namespace punktfunk::host

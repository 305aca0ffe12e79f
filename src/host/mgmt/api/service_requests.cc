// SPDX-License-Identifier: MIT OR Apache-2.0
#include "base/text.h"
#include "control/identity/identity.h"
#include "host/mgmt/api/service_json.h"
#include "host/mgmt/api/words.h"

namespace punktfunk::host::api {

using nlohmann::json;

namespace {

tl::unexpected<ServiceError> invalid(std::string message) {
  return refuse(ServiceError::Kind::invalid, "invalid_value", std::move(message));
}

bool has(const json& body, const char* name) { return body.is_object() && body.contains(name); }

// Of a name that the schema let through.
std::uint32_t mask_of(const json& name) { return access::parse_grants(name.get<std::string>()).value_or(0); }

// What a body says about rights; none of it need be there.
Answer<ClientEdit> given_rights(const json& body) {
  if (has(body, "preset") && has(body, "grants")) return invalid("Give \"preset\" or \"grants\", not both.");
  if (has(body, "for_s") && has(body, "lasts")) return invalid("Give \"for_s\" or \"lasts\", not both.");
  ClientEdit given;
  if (has(body, "preset")) given.grants = mask_of(body["preset"]);
  if (has(body, "grants")) {
    given.grants = 0;
    for (const json& name : body["grants"]) *given.grants |= mask_of(name);
  }
  if (has(body, "for_s")) given.term = Term{access::Lasts::until, body["for_s"].get<std::uint64_t>()};
  if (has(body, "lasts"))
    given.term = Term{body["lasts"] == "session" ? access::Lasts::session : access::Lasts::always, 0};
  return given;
}

}  // namespace

Answer<Offer> offer_from(const json& body) {
  const auto given = given_rights(body);
  if (!given) return tl::unexpected(given.error());
  return Offer{given->grants.value_or(access::kFull), given->term.value_or(Term{})};
}

Answer<ClientEdit> client_edit_from(const json& body) {
  auto edit = given_rights(body);
  if (!edit) return edit;
  if (has(body, "name")) {
    const auto name = body["name"].get<std::string>();
    edit->name = clean_text(name, kMaxNameBytes);
    if (edit->name->empty() || *edit->name != name) {
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
    if (!body["linger_s"].is_null()) {
      *change.linger_s = body["linger_s"].get<double>();
      if (**change.linger_s < 0 || **change.linger_s > kMostLingerS)
        return invalid("\"linger_s\" has to be 0 to 315360000 seconds, or null for ever.");
    }
  }
  if (has(body, "when_busy")) change.when_busy = policy_of(body["when_busy"].get<std::string>());
  if (has(body, "max_sessions")) change.max_sessions = body["max_sessions"].get<std::uint32_t>();
  if (has(body, "max_encoders")) change.max_encoders = body["max_encoders"].get<std::uint32_t>();
  return change;
}

Answer<ArmRequest> arm_request_from(const json& body) {
  ArmRequest request;
  const auto given = given_rights(body);
  if (!given) return tl::unexpected(given.error());
  if (given->grants || given->term)
    request.rights = Offer{given->grants.value_or(access::kFull), given->term.value_or(Term{})};
  if (has(body, "only_for")) {
    const auto fingerprint = control::parse_fingerprint(body["only_for"].get<std::string>());
    if (!fingerprint) return invalid("\"only_for\" has to be a device's fingerprint: 64 hex digits.");
    request.only_for = control::fingerprint_hex(*fingerprint);
  }
  if (has(body, "any_network")) request.any_network = body["any_network"].get<bool>();
  return request;
}

}  // namespace punktfunk::host::api

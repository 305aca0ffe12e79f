// SPDX-License-Identifier: MIT OR Apache-2.0
// What the host's answers look like as JSON (docs/api.md), and how changes are read from it. Each shape
// stands beside what makes it, in service_schema.h.
#pragma once

#include <nlohmann/json.hpp>

#include "host/mgmt/api/host_service.h"

namespace punktfunk::host::api {

[[nodiscard]] nlohmann::json json_of(const HostStatus& status);
[[nodiscard]] nlohmann::json json_of(const Rights& rights);
[[nodiscard]] nlohmann::json json_of(const StreamFigures& figures);
[[nodiscard]] nlohmann::json json_of(const HostFigures& figures);
[[nodiscard]] nlohmann::json json_of(const SessionInfo& session);
[[nodiscard]] nlohmann::json json_of(const DisplayInfo& display);
[[nodiscard]] nlohmann::json json_of(const PairingStatus& pairing);
[[nodiscard]] nlohmann::json json_of(const PendingDevice& device);
[[nodiscard]] nlohmann::json json_of(const ClientInfo& client);
[[nodiscard]] nlohmann::json json_of(const Settings& settings);
// {"values": …, "fixed": […]}
[[nodiscard]] nlohmann::json json_of(const SettingsView& settings);
// Only what is present.
[[nodiscard]] nlohmann::json json_of(const SettingsChange& change);

// The following read bodies that fit their schema; null reads as an empty object. What a schema cannot say is
// refused as invalid.

// No rights named: full rights for good.
[[nodiscard]] Answer<Offer> offer_from(const nlohmann::json& body);
[[nodiscard]] Answer<ClientEdit> client_edit_from(const nlohmann::json& body);
[[nodiscard]] Answer<SettingsChange> settings_change_from(const nlohmann::json& body);
[[nodiscard]] Answer<ArmRequest> arm_request_from(const nlohmann::json& body);

}  // namespace punktfunk::host::api

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/service_json.h"

#include "host/mgmt/api/words.h"

namespace punktfunk::host::api {

using nlohmann::json;

namespace {

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json stages_json(const std::vector<StreamFigures::Stage>& stages) {
  json list = json::array();
  for (const auto& stage : stages) {
    list.push_back({{"stage", stage.name},
                    {"count", stage.times.count()},
                    {"p50_ms", to_ms(stage.times.percentile(0.50))},
                    {"p95_ms", to_ms(stage.times.percentile(0.95))},
                    {"p99_ms", to_ms(stage.times.percentile(0.99))},
                    {"max_ms", to_ms(stage.times.largest())}});
  }
  return list;
}

}  // namespace

json json_of(const HostStatus& status) {
  return {{"version", status.version},
          {"name", status.name},
          {"fingerprint", status.fingerprint},
          {"port", status.port},
          {"uptime_s", status.uptime_s},
          {"connections", status.connections},
          {"sessions", status.sessions},
          {"displays", status.displays},
          {"paired_devices", status.paired_devices},
          {"pending_devices", status.pending_devices},
          {"sessions_without_offload", status.sessions_without_offload},
          {"pairing_armed", status.is_pairing_armed}};
}

json json_of(const Rights& rights) {
  return {{"preset", preset_name(rights.grants)},
          {"grants", grant_names(rights.grants)},
          {"lasts", lasts_name(rights.lasts)},
          {"until_unix_s", rights.lasts == access::Lasts::until ? json(rights.until_unix_s) : json(nullptr)}};
}

json json_of(const StreamFigures& figures) {
  return {{"frames", figures.frames},
          {"keyframes", figures.keyframes},
          {"repeats", figures.repeats},
          {"video_bytes", figures.video_bytes},
          {"wire_bytes", figures.wire_bytes},
          {"datagrams", figures.datagrams},
          {"parity_datagrams", figures.parity_datagrams},
          {"datagrams_dropped", figures.datagrams_dropped},
          {"units_too_large", figures.units_too_large},
          {"packets_received", figures.packets_received},
          {"mode_changes", figures.mode_changes},
          {"rebuilds", figures.rebuilds},
          {"stages", stages_json(figures.stages)}};
}

json json_of(const SessionInfo& session) {
  return {{"id", session.id},
          {"fingerprint", session.fingerprint},
          {"name", session.name},
          {"address", session.address},
          {"state", session.state},
          {"seconds", session.seconds},
          {"width", session.width},
          {"height", session.height},
          {"refresh_hz", session.refresh_hz},
          {"codec", session.codec},
          {"encoder", session.encoder},
          {"bitrate_kbps", session.bitrate_kbps},
          {"loss_ppm", session.loss_ppm},
          {"rights", json_of(session.rights)},
          {"display", or_null(session.display)},
          {"last_fault", session.last_fault},
          {"figures", json_of(session.figures)}};
}

json json_of(const HostFigures& figures) {
  json refusals = json::object();
  for (const auto& entry : figures.pairing_refusals) refusals[entry.first] = entry.second;
  return {{"sessions_started", figures.sessions_started},
          {"streams", json_of(figures.streams)},
          {"pairings", figures.pairings},
          {"pairing_refusals", std::move(refusals)},
          {"knocks", figures.knocks},
          {"approvals", figures.approvals},
          {"denials", figures.denials},
          {"dropped_datagrams", figures.dropped_datagrams}};
}

json json_of(const DisplayInfo& display) {
  return {{"id", display.id},
          {"fingerprint", display.fingerprint},
          {"name", display.name},
          {"mode", display.mode},
          {"state", display.state},
          {"sessions", display.sessions},
          {"ends_in_s", or_null(display.ends_in_s)}};
}

json json_of(const PairingStatus& pairing) {
  return {{"armed", pairing.is_armed},
          {"seconds_left", pairing.seconds_left},
          {"only_for", or_null(pairing.only_for)},
          {"any_network", pairing.any_network}};
}

json json_of(const PendingDevice& device) {
  return {{"id", device.id},           {"fingerprint", device.fingerprint}, {"name", device.name},
          {"address", device.address}, {"seconds", device.seconds},         {"waiting", device.is_waiting}};
}

json json_of(const ClientInfo& client) {
  return {{"fingerprint", client.fingerprint},     {"name", client.name},
          {"paired_unix_s", client.paired_unix_s}, {"paired_by", client.paired_by},
          {"seen_unix_s", client.seen_unix_s},     {"rights", json_of(client.rights)},
          {"expired", client.has_expired},         {"sessions", client.sessions}};
}

json json_of(const Settings& settings) {
  return {{"bitrate_kbps", settings.bitrate_kbps},  {"approval", settings.approval},
          {"linger_s", or_null(settings.linger_s)}, {"when_busy", policy_name(settings.when_busy)},
          {"max_sessions", settings.max_sessions},  {"max_encoders", settings.max_encoders}};
}

json json_of(const SettingsView& settings) {
  return {{"values", json_of(settings.values)}, {"fixed", settings.fixed}};
}

json json_of(const SettingsChange& change) {
  json file = json::object();
  if (change.bitrate_kbps) file["bitrate_kbps"] = *change.bitrate_kbps;
  if (change.approval) file["approval"] = *change.approval;
  if (change.linger_s) file["linger_s"] = or_null(*change.linger_s);
  if (change.when_busy) file["when_busy"] = policy_name(*change.when_busy);
  if (change.max_sessions) file["max_sessions"] = *change.max_sessions;
  if (change.max_encoders) file["max_encoders"] = *change.max_encoders;
  return file;
}

}  // namespace punktfunk::host::api

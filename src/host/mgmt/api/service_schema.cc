// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/service_schema.h"

#include "host/mgmt/api/host_service.h"
#include "host/mgmt/api/words.h"

namespace punktfunk::host::api::schemas {

namespace {

Schema milliseconds() { return Schema::number().about("Milliseconds"); }
Schema grant_list() { return Schema::array(Schema::one_of(grant_names(~0u)), 32); }
Schema unix_seconds() { return Schema::count().about("Unix time in seconds"); }
Schema linger() {
  return Schema::number().or_null().about("Seconds that a display waits for a lost client; null: for ever");
}
Schema bitrate() {
  return Schema::integer(0, kMostBitrateKbps)
      .about("kbit/s for clients that leave it to the host: 500 to 200000, or 0 for one by picture size");
}

std::vector<Schema::Field> settings_fields(bool required) {
  return {{"bitrate_kbps", bitrate(), required},
          {"approval", Schema::boolean().about("Unknown devices of the local networks may wait"), required},
          {"linger_s", linger(), required},
          {"when_busy", Schema::one_of(policy_names()), required},
          {"max_sessions", Schema::integer(1, kMostSessions), required},
          {"max_encoders", Schema::integer(1, kMostSessions), required}};
}

std::vector<Schema::Field> rights_fields() {
  return {{"preset", Schema::one_of(preset_names()), false},
          {"grants", grant_list(), false},
          {"for_s", Schema::integer(1, static_cast<std::int64_t>(access::kMaxTermSeconds)), false},
          {"lasts", Schema::one_of({"always", "session"}), false}};
}

}  // namespace

Schema fingerprint() {
  return Schema::text(64).about("SHA-256 of the certificate: 64 lower-case hex digits");
}

Schema status() {
  return Schema::named("Status", Schema::object({{"version", Schema::text()},
                                                 {"name", Schema::text()},
                                                 {"fingerprint", fingerprint()},
                                                 {"port", Schema::integer(0, 65535)},
                                                 {"uptime_s", Schema::count()},
                                                 {"connections", Schema::count()},
                                                 {"sessions", Schema::count()},
                                                 {"displays", Schema::count()},
                                                 {"paired_devices", Schema::count()},
                                                 {"pending_devices", Schema::count()},
                                                 {"sessions_without_offload", Schema::count()},
                                                 {"pairing_armed", Schema::boolean()}}));
}

Schema rights() {
  std::vector<std::string> presets = preset_names();
  presets.emplace_back("custom");
  return Schema::named("Rights", Schema::object({{"preset", Schema::one_of(presets)},
                                                 {"grants", grant_list()},
                                                 {"lasts", Schema::one_of({"always", "until", "session"})},
                                                 {"until_unix_s", unix_seconds().or_null()}}));
}

Schema stream_figures() {
  const Schema stage = Schema::named("Stage", Schema::object({{"stage", Schema::text()},
                                                              {"count", Schema::count()},
                                                              {"p50_ms", milliseconds()},
                                                              {"p95_ms", milliseconds()},
                                                              {"p99_ms", milliseconds()},
                                                              {"max_ms", milliseconds()}}));
  std::vector<Schema::Field> fields{{"stages", Schema::array(stage, 16)}};
  for (const char* counter :
       {"frames", "keyframes", "repeats", "video_bytes", "wire_bytes", "datagrams", "parity_datagrams",
        "datagrams_dropped", "units_too_large", "packets_received", "mode_changes", "rebuilds"})
    fields.push_back({counter, Schema::count()});
  return Schema::named("StreamFigures", Schema::object(fields));
}

Schema host_figures() {
  return Schema::named("HostFigures", Schema::object({{"sessions_started", Schema::count()},
                                                      {"streams", stream_figures()},
                                                      {"pairings", Schema::count()},
                                                      {"pairing_refusals", Schema::map(Schema::count())},
                                                      {"knocks", Schema::count()},
                                                      {"approvals", Schema::count()},
                                                      {"denials", Schema::count()},
                                                      {"dropped_datagrams", Schema::count()}}));
}

Schema session() {
  return Schema::named(
      "Session", Schema::object({{"id", Schema::count()},
                                 {"fingerprint", fingerprint()},
                                 {"name", Schema::text()},
                                 {"address", Schema::text()},
                                 {"state", Schema::one_of({"waiting", "starting", "streaming", "ending"})},
                                 {"seconds", Schema::count()},
                                 {"width", Schema::count()},
                                 {"height", Schema::count()},
                                 {"refresh_hz", Schema::count()},
                                 {"codec", Schema::text()},
                                 {"encoder", Schema::text()},
                                 {"bitrate_kbps", Schema::count()},
                                 {"loss_ppm", Schema::count()},
                                 {"rights", rights()},
                                 {"display", Schema::count().or_null()},
                                 {"last_fault", Schema::text(1024)},
                                 {"figures", stream_figures()}}));
}

Schema display() {
  return Schema::named(
      "Display", Schema::object({{"id", Schema::count()},
                                 {"fingerprint", fingerprint()},
                                 {"name", Schema::text()},
                                 {"mode", Schema::text()},
                                 {"state", Schema::one_of({"starting", "in_use", "lingering", "ending"})},
                                 {"sessions", Schema::count()},
                                 {"ends_in_s", Schema::count().or_null()}}));
}

Schema pairing() {
  return Schema::named("Pairing", Schema::object({{"armed", Schema::boolean()},
                                                  {"seconds_left", Schema::count()},
                                                  {"only_for", fingerprint().or_null()},
                                                  {"any_network", Schema::boolean()}}));
}

Schema pending_device() {
  return Schema::named("PendingDevice",
                       Schema::object({{"id", Schema::count()},
                                       {"fingerprint", fingerprint()},
                                       {"name", Schema::text()},
                                       {"address", Schema::text()},
                                       {"seconds", Schema::count().about("Since it asked")},
                                       {"waiting", Schema::boolean().about("It goes on once approved")}}));
}

Schema client() {
  return Schema::named("Client", Schema::object({{"fingerprint", fingerprint()},
                                                 {"name", Schema::text()},
                                                 {"paired_unix_s", unix_seconds()},
                                                 {"paired_by", Schema::text()},
                                                 {"seen_unix_s", unix_seconds()},
                                                 {"rights", rights()},
                                                 {"expired", Schema::boolean()},
                                                 {"sessions", Schema::count()}}));
}

Schema settings() { return Schema::named("Settings", Schema::object(settings_fields(true))); }

Schema settings_view() {
  return Schema::named(
      "SettingsView",
      Schema::object(
          {{"values", settings()},
           {"fixed", Schema::array(Schema::text(), 16)
                         .about("Given on the command line, so that they cannot be changed here")}}));
}

Schema log_line() {
  return Schema::named("LogLine", Schema::object({{"id", Schema::count()},
                                                  {"unix_ms", Schema::count()},
                                                  {"level", Schema::text()},
                                                  {"text", Schema::text(1024)}}));
}

Schema settings_change() { return Schema::named("SettingsChange", Schema::object(settings_fields(false))); }

Schema rights_request() { return Schema::named("RightsRequest", Schema::object(rights_fields())); }

Schema client_edit() {
  auto fields = rights_fields();
  fields.push_back({"name", Schema::text(kMaxNameBytes), false});
  return Schema::named("ClientEdit", Schema::object(fields));
}

Schema arm_request() {
  auto fields = rights_fields();
  fields.push_back({"only_for", fingerprint(), false});
  fields.push_back({"any_network", Schema::boolean().about("Also from outside the local networks"), false});
  return Schema::named("ArmRequest", Schema::object(fields));
}

Schema list_of(const char* name, const Schema& item) { return Schema::object({{name, Schema::array(item)}}); }

}  // namespace punktfunk::host::api::schemas

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/ctl/print.h"

#include <algorithm>
#include <cstdio>

#include "apps/host/ctl/table.h"
#include "host/mgmt/api/words.h"

namespace punktfunk::ctl {

namespace {

// Enough to tell devices apart and to name one.
constexpr std::size_t kShortFingerprint = 12;

void put(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string text_of(const Json& item, const char* name) { return item.value(name, std::string()); }
std::uint64_t number_of(const Json& item, const char* name) { return item.value(name, std::uint64_t{0}); }
std::string count_of(const Json& item, const char* name) { return std::to_string(number_of(item, name)); }
std::string quoted(const Json& item) { return "\"" + text_of(item, "name") + "\""; }
std::string short_fingerprint(const Json& item) {
  return text_of(item, "fingerprint").substr(0, kShortFingerprint);
}
std::string span(std::uint64_t seconds) { return host::api::span_text(seconds); }

// "full", "view until 2026-11-21 22:00", "pointer,keyboard for this session".
std::string rights_text(const Json& rights) {
  std::string text = text_of(rights, "preset");
  if (text == "custom") {
    text.clear();
    for (const Json& grant : rights["grants"]) text += (text.empty() ? "" : ",") + grant.get<std::string>();
  }
  const std::string lasts = text_of(rights, "lasts");
  if (lasts == "until") text += " until " + date_text(number_of(rights, "until_unix_s"));
  if (lasts == "session") text += " for this session";
  return text;
}

std::string plural(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string value_text(const std::string& name, const Json& value) {
  if (value.is_null()) return "forever";
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  if (name == "bitrate_kbps" && value == 0) return "auto";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

void print_status(const Json& answer, const Request&) {
  const std::uint64_t pending = number_of(answer, "pending_devices");
  put("Host         " + text_of(answer, "name") + ", punktfunk " + text_of(answer, "version") +
      ", running for " + span(number_of(answer, "uptime_s")) + "\n");
  put("Fingerprint  " + text_of(answer, "fingerprint") + "\n");
  put("Port         " + count_of(answer, "port") + " (UDP)\n");
  put("Sessions     " + count_of(answer, "sessions") + " on " +
      plural(number_of(answer, "displays"), "display", "displays") + ", " +
      plural(number_of(answer, "connections"), "client", "clients") + " connected\n");
  put("Devices      " + count_of(answer, "paired_devices") + " paired" +
      (pending == 0 ? "" : ", " + std::to_string(pending) + " waiting: punktfunk-host ctl pending") + "\n");
  put(std::string("Pairing      ") +
      (answer.value("pairing_armed", false) ? "a PIN is armed" : "no PIN is armed") + "\n");
  if (const auto count = number_of(answer, "sessions_without_offload"); count != 0)
    put("Offload      given up for " + plural(count, "session", "sessions") + ", because it lost packets\n");
}

void print_sessions(const Json& answer, const Request&) {
  if (answer["sessions"].empty()) return put("No sessions.\n");
  Table table({"ID", "DEVICE", "ADDRESS", "STATE", "FOR", "MODE", "KBIT/S", "LOSS", "RIGHTS"});
  for (const Json& session : answer["sessions"]) {
    char loss[16];
    std::snprintf(loss, sizeof loss, "%.1f %%", static_cast<double>(number_of(session, "loss_ppm")) / 1e4);
    table.add({count_of(session, "id"), text_of(session, "name"), text_of(session, "address"),
               text_of(session, "state"), span(number_of(session, "seconds")),
               count_of(session, "width") + "x" + count_of(session, "height") + "@" +
                   count_of(session, "refresh_hz"),
               count_of(session, "bitrate_kbps"), loss, rights_text(session["rights"])});
  }
  put(table.text());
}

void print_stopped(const Json& answer, const Request&) {
  put("The session of " + quoted(answer) + " ends.\n");
}
void print_keyframe(const Json& answer, const Request&) {
  put("The next picture for " + quoted(answer) + " is a keyframe.\n");
}

void print_displays(const Json& answer, const Request&) {
  if (answer["displays"].empty()) return put("No displays.\n");
  Table table({"ID", "DEVICE", "MODE", "STATE", "SESSIONS", "ENDS"});
  for (const Json& display : answer["displays"]) {
    const bool lingers = text_of(display, "state") == "lingering";
    const std::string ends = display["ends_in_s"].is_null() ? "when somebody ends it"
                                                            : "in " + span(number_of(display, "ends_in_s"));
    table.add({count_of(display, "id"), text_of(display, "name"), text_of(display, "mode"),
               text_of(display, "state"), count_of(display, "sessions"), lingers ? ends : ""});
  }
  put(table.text());
}

void print_display_ended(const Json& answer, const Request&) {
  put("The display of " + quoted(answer) + " ends.\n");
}

// The PIN alone, so that scripts can read it.
void print_pin(const Json& answer, const Request& request) {
  put(request.disarm ? "No PIN is armed.\n" : text_of(answer, "pin") + "\n");
}

void print_pending(const Json& answer, const Request&) {
  if (answer["pending"].empty()) return put("Nobody asks to be let in.\n");
  Table table({"ID", "DEVICE", "ADDRESS", "ASKED", "STATE", "FINGERPRINT"});
  for (const Json& device : answer["pending"]) {
    table.add({count_of(device, "id"), text_of(device, "name"), text_of(device, "address"),
               span(number_of(device, "seconds")) + " ago",
               device.value("waiting", false) ? "waiting" : "gone", text_of(device, "fingerprint")});
  }
  put(table.text());
}

void print_decision(const Json& answer, const Request& request) {
  if (request.command == "deny") return put(quoted(answer) + " was turned away.\n");
  put(quoted(answer) + (answer.value("waiting", false)
                            ? " is let in; its connection goes on.\n"
                            : " may connect from now on; it had stopped waiting.\n"));
}

void print_clients(const Json& answer, const Request&) {
  if (answer["clients"].empty()) return put("No device is paired.\n");
  Table table({"FINGERPRINT", "DEVICE", "PAIRED", "SESSIONS", "RIGHTS"});
  for (const Json& client : answer["clients"]) {
    table.add({short_fingerprint(client), text_of(client, "name"),
               date_text(number_of(client, "paired_unix_s")), count_of(client, "sessions"),
               rights_text(client["rights"]) + (client.value("expired", false) ? " (expired)" : "")});
  }
  put(table.text());
}

void print_client(const Json& answer, const Request&) {
  put(quoted(answer) + " (" + short_fingerprint(answer) + "): " + rights_text(answer["rights"]) + "\n");
}

void print_unpaired(const Json& answer, const Request& request) {
  put(request.all ? plural(number_of(answer, "unpaired"), "device is", "devices are") + " forgotten.\n"
                  : quoted(answer) + " is forgotten.\n");
}

void print_settings(const Json& answer, const Request&) {
  Table table({"SETTING", "VALUE", ""});
  for (const auto& item : answer["values"].items()) {
    const bool is_fixed =
        std::find(answer["fixed"].begin(), answer["fixed"].end(), item.key()) != answer["fixed"].end();
    table.add(
        {item.key(), value_text(item.key(), item.value()), is_fixed ? "fixed by the command line" : ""});
  }
  put(table.text());
}

void print_setting(const Json& answer, const Request& request) {
  put(value_text(request.name, answer[request.name]) + "\n");
}

void print_log(const Json& answer, const Request&) {
  for (const Json& line : answer["lines"]) {
    put(clock_text(number_of(line, "unix_ms") / 1000) + "  " + text_of(line, "level") + "  " +
        text_of(line, "text") + "\n");
  }
  std::fflush(stdout);
}

void print_event(const std::string& type, const Json& data) {
  std::string line =
      data.is_object() && data.contains("unix_ms") ? clock_text(number_of(data, "unix_ms") / 1000) : "";
  line += "  " + type;
  if (data.is_object()) {
    for (const auto& item : data.items()) {
      if (item.key() == "unix_ms" || item.value().is_null() || item.value() == "") continue;
      line += "  " + item.key() + "=" +
              (item.key() == "fingerprint" ? short_fingerprint(data) : item.value().dump());
    }
  }
  put(line + "\n");
  std::fflush(stdout);
}

}  // namespace punktfunk::ctl

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/ctl/commands.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "apps/host/ctl/print.h"
#include "host/mgmt/api/words.h"

namespace punktfunk::ctl {

using nlohmann::json;

namespace {

namespace api = host::api;

Done<json> get_status(const Connection& host, const Request&) { return host.get("/api/v1/status"); }
Done<json> get_sessions(const Connection& host, const Request&) { return host.get("/api/v1/sessions"); }
Done<json> get_displays(const Connection& host, const Request&) { return host.get("/api/v1/displays"); }
Done<json> get_pending(const Connection& host, const Request&) { return host.get("/api/v1/pending"); }
Done<json> get_clients(const Connection& host, const Request&) { return host.get("/api/v1/clients"); }
Done<json> get_settings(const Connection& host, const Request&) { return host.get("/api/v1/settings"); }

// The entry of a list that the request means.
Done<json> target(const Connection& host, const Request& request, const char* list, const char* what) {
  const auto all = host.get(std::string("/api/v1/") + list);
  if (!all) return all;
  return pick((*all)[list], request.target, what);
}

// Does something to the entry, which is the answer where the host gives none.
Done<json> act_on(const Connection& host, const Done<json>& item, const char* method, const std::string& path,
                  const json& body = nullptr) {
  if (!item) return item;
  auto done = host.ask(method, path, body);
  return done && done->is_null() ? item : done;
}

std::string path_of(const Done<json>& item, const char* list, const char* then = "") {
  if (!item) return {};
  return std::string("/api/v1/") + list + "/" + std::to_string((*item)["id"].get<std::uint64_t>()) + then;
}
std::string client_path(const Done<json>& item) {
  return item ? "/api/v1/clients/" + (*item)["fingerprint"].get<std::string>() : std::string();
}

Done<json> stop(const Connection& host, const Request& request) {
  const auto item = target(host, request, "sessions", "session");
  return act_on(host, item, "POST", path_of(item, "sessions", "/stop"));
}
Done<json> keyframe(const Connection& host, const Request& request) {
  const auto item = target(host, request, "sessions", "session");
  return act_on(host, item, "POST", path_of(item, "sessions", "/keyframe"));
}
Done<json> end_display(const Connection& host, const Request& request) {
  const auto item = target(host, request, "displays", "display");
  return act_on(host, item, "DELETE", path_of(item, "displays"));
}

// What a device may and how long, as far as the request says.
Done<json> rights_body(const Request& request) {
  json body = json::object();
  if (!request.rights.empty()) {
    const auto grants = access::parse_grants(request.rights);
    if (!grants) return failed(kUsage, "usage", grants.error().message);
    body["grants"] = api::grant_names(*grants);
  }
  if (request.term.empty()) return body;
  const auto term = access::parse_term(request.term);
  if (!term) return failed(kUsage, "usage", term.error().message);
  if (term->lasts == access::Lasts::until) {
    body["for_s"] = term->seconds;
  } else {
    body["lasts"] = api::lasts_name(term->lasts);
  }
  return body;
}

Done<json> pair(const Connection& host, const Request& request) {
  if (request.disarm) {
    const auto done = host.ask("DELETE", "/api/v1/pairing");
    return done ? Done<json>(json::object()) : done;
  }
  auto body = rights_body(request);
  if (!body) return body;
  if (!request.only_for.empty()) (*body)["only_for"] = request.only_for;
  if (request.any_network) (*body)["any_network"] = true;
  return host.ask("POST", "/api/v1/pairing", *body);
}

Done<json> approve(const Connection& host, const Request& request) {
  const auto body = rights_body(request);
  if (!body) return body;
  const auto item = target(host, request, "pending", "device that asks to be let in");
  return act_on(host, item, "POST", path_of(item, "pending", "/approve"), *body);
}
Done<json> deny(const Connection& host, const Request& request) {
  const auto item = target(host, request, "pending", "device that asks to be let in");
  return act_on(host, item, "POST", path_of(item, "pending", "/deny"));
}

Done<json> rename(const Connection& host, const Request& request) {
  const auto item = target(host, request, "clients", "paired device");
  return act_on(host, item, "PATCH", client_path(item), {{"name", request.name}});
}
Done<json> rights(const Connection& host, const Request& request) {
  const auto body = rights_body(request);
  if (!body) return body;
  const auto item = target(host, request, "clients", "paired device");
  if (body->empty()) return item;
  return act_on(host, item, "PATCH", client_path(item), *body);
}
Done<json> unpair(const Connection& host, const Request& request) {
  if (request.all) return host.ask("DELETE", "/api/v1/clients");
  if (request.target.empty())
    return failed(kUsage, "usage",
                  "Say which device to unpair, or --all; punktfunk-host ctl clients lists them.");
  const auto item = target(host, request, "clients", "paired device");
  return act_on(host, item, "DELETE", client_path(item));
}

// What a person types for a setting, as the API wants it.
json setting_value(const std::string& text) {
  if (text == "on" || text == "true") return true;
  if (text == "off" || text == "false") return false;
  if (text == "forever") return nullptr;
  if (text == "auto") return 0;
  const json number = json::parse(text, nullptr, false);
  if (number.is_number()) return number;
  const auto term = access::parse_term(text);
  return term && term->lasts == access::Lasts::until ? json(term->seconds) : json(text);
}

Done<std::string> setting_name(const json& settings, const Request& request) {
  std::string names;
  for (const auto& item : settings["values"].items()) {
    if (item.key() == request.name) return request.name;
    names += (names.empty() ? "" : ", ") + item.key();
  }
  return failed(kNotFound, "not_found",
                "There is no setting \"" + request.name + "\"; there are " + names + ".");
}

Done<json> get_setting(const Connection& host, const Request& request) {
  const auto settings = host.get("/api/v1/settings");
  if (!settings) return settings;
  const auto name = setting_name(*settings, request);
  if (!name) return tl::unexpected(name.error());
  return json{{*name, (*settings)["values"][*name]}};
}
Done<json> set_setting(const Connection& host, const Request& request) {
  const auto settings = host.get("/api/v1/settings");
  if (!settings) return settings;
  const auto name = setting_name(*settings, request);
  if (!name) return tl::unexpected(name.error());
  return host.ask("PATCH", "/api/v1/settings", {{*name, setting_value(request.value)}});
}

Done<json> get_log(const Connection& host, const Request& request) {
  return host.get("/api/v1/log?limit=" + std::to_string(request.lines));
}

constexpr std::array<Command, 18> kCommands{{
    {"status", get_status, print_status},
    {"sessions", get_sessions, print_sessions},
    {"stop", stop, print_stopped},
    {"keyframe", keyframe, print_keyframe},
    {"displays", get_displays, print_displays},
    {"end-display", end_display, print_display_ended},
    {"pair", pair, print_pin},
    {"pending", get_pending, print_pending},
    {"approve", approve, print_decision},
    {"deny", deny, print_decision},
    {"clients", get_clients, print_clients},
    {"rename", rename, print_client},
    {"rights", rights, print_client},
    {"unpair", unpair, print_unpaired},
    {"settings", get_settings, print_settings},
    {"settings get", get_setting, print_setting},
    {"settings set", set_setting, print_settings},
    {"log", get_log, print_log},
}};

}  // namespace

const Command* find_command(const Request& request) {
  if (request.command == "log" && request.follow) return nullptr;
  const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                  [&](const Command& command) { return request.command == command.name; });
  return found == kCommands.end() ? nullptr : &*found;
}

}  // namespace punktfunk::ctl

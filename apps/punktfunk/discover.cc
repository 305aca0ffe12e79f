// SPDX-License-Identifier: MIT OR Apache-2.0
// discover: the hosts this device knows and those that announce themselves.
#include <fmt/format.h>

#include "apps/punktfunk/commands.h"
#include "client/discovery/host_browser.h"
#include "client/discovery/host_list.h"

namespace punktfunk::cli {

namespace {

const char* word_for(client::HostTrust trust) {
  switch (trust) {
    case client::HostTrust::unknown:
      return "not paired";
    case client::HostTrust::paired:
      return "paired";
    case client::HostTrust::changed:
      return "IDENTITY CHANGED";
  }
  return "";
}

std::string address_of(const client::ListedHost& host) {
  if (host.found) return client::join_host_port(host.found->addresses.front(), host.found->port);
  if (host.saved && !host.saved->addresses.empty())
    return client::join_host_port(host.saved->addresses.front(), host.saved->port);
  return "-";
}

Json json_of(const client::ListedHost& host) {
  Json json = {{"name", host.name},
               {"online", host.found.has_value()},
               {"paired", host.trust == client::HostTrust::paired},
               {"identity_changed", host.trust == client::HostTrust::changed},
               {"addresses", host.found ? host.found->addresses : host.saved->addresses},
               {"port", host.found ? host.found->port : host.saved->port}};
  if (host.found) {
    json["id"] = host.found->id;
    json["host_name"] = host.found->host_name;
    json["os"] = host.found->os;
    json["needs_pairing"] = host.found->needs_pairing;
    json["compatible"] = host.found->is_compatible;
    json["management_port"] = host.found->management_port;
    json["macs"] = host.found->macs;
    json["announced_fingerprint"] =
        host.found->fingerprint ? Json(control::fingerprint_hex(*host.found->fingerprint)) : Json(nullptr);
  }
  if (host.saved) json["fingerprint"] = control::fingerprint_hex(host.saved->fingerprint);
  return json;
}

// What an announcement under the saved identity tells and this device does not know yet, its hardware
// addresses above all: a host that sleeps announces nothing. It is unproven, so addresses are not taken.
void learn(client::SavedHosts& hosts, const client::ListedHost& host) {
  if (host.trust != client::HostTrust::paired || !host.found || !host.saved) return;
  client::SavedHost seen = *host.saved;
  seen.addresses.clear();
  seen.id = host.found->id;
  seen.macs = host.found->macs;
  // A list that cannot be written only means that this is not remembered.
  (void)hosts.remember(seen);
}

}  // namespace

Outcome run_discover(Program& program, const HostOptions& options) {
  const auto hosts = program.hosts();
  if (!hosts) return failure(hosts.error());
  program.say_on_terminal(fmt::format("Looking for hosts for {:.0f} s …", options.seconds));
  const auto found = client::browse_hosts(Duration(static_cast<std::int64_t>(options.seconds * 1e9)), {},
                                          program.stop_requested());
  const std::vector<client::FoundHost> none;
  const auto list = client::list_hosts((*hosts)->list(), found ? *found : none);
  Outcome outcome;
  outcome.json = {{"ok", found.has_value()}, {"hosts", Json::array()}};
  for (const client::ListedHost& host : list) {
    if (outcome.text.empty())
      outcome.text =
          fmt::format("{:<24} {:<28} {:<8} {:<17} {}", "NAME", "ADDRESS", "ONLINE", "TRUST", "SYSTEM");
    const bool is_foreign = host.found && !host.found->is_compatible;
    outcome.text +=
        fmt::format("\n{:<24} {:<28} {:<8} {:<17} {}", host.name, address_of(host),
                    !found ? "?" : (host.found ? "yes" : "no"),
                    is_foreign ? "other version" : word_for(host.trust), host.found ? host.found->os : "");
    outcome.json["hosts"].push_back(json_of(host));
  }
  if (!found) {
    if (!outcome.text.empty() && !program.options().json) std::printf("%s\n", outcome.text.c_str());
    outcome.code = ExitCode::failed;
    outcome.text = found.error().message;
    outcome.json["message"] = found.error().message;
    return outcome;
  }
  for (const client::ListedHost& host : list) learn(**hosts, host);
  if (list.empty())
    outcome.text =
        "No host announces itself on this network, and this device knows none. Hosts announce "
        "themselves while punktfunk-host and the Avahi daemon run there; by address they are "
        "reached without that.";
  return outcome;
}

}  // namespace punktfunk::cli

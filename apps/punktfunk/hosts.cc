// SPDX-License-Identifier: MIT OR Apache-2.0
// hosts, forget, rename and wake: the list of hosts this device knows.
#include <fmt/format.h>

#include <ctime>

#include "apps/common/client/mode_text.h"
#include "apps/punktfunk/commands.h"
#include "apps/punktfunk/target.h"
#include "client/hosts/wake_on_lan.h"

namespace punktfunk::cli {

namespace {

std::string date_of(std::uint64_t unix_s) {
  if (unix_s == 0) return "never";
  const auto at = static_cast<std::time_t>(unix_s);
  std::tm local{};
  char text[32] = {};
  if (localtime_r(&at, &local) == nullptr || std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local) == 0)
    return "?";
  return text;
}

Json json_of(const client::SavedHost& host) {
  Json json = {{"name", host.name},
               {"addresses", host.addresses},
               {"port", host.port},
               {"fingerprint", control::fingerprint_hex(host.fingerprint)},
               {"id", host.id},
               {"management_port", host.management_port},
               {"macs", host.macs},
               {"added_unix_s", host.added_unix_s},
               {"last_seen_unix_s", host.last_seen_unix_s}};
  json["last_mode"] = host.last_mode ? Json(apps::mode_text(*host.last_mode)) : Json(nullptr);
  return json;
}

}  // namespace

Outcome run_hosts(Program& program, const HostOptions& options) {
  if (options.start_over) {
    if (client::SavedHosts::open(program.hosts_file()))
      return failure(ExitCode::failed,
                     "The list of known hosts was not moved aside, because it is in order; "
                     "remove single hosts with \"punktfunk forget HOST\".");
    const auto aside = client::SavedHosts::set_aside(program.hosts_file(), now_unix_s());
    if (!aside) return failure(aside.error());
    return {ExitCode::ok,
            "The damaged list is now " + aside->string() + "; pair with each host again.",
            {{"ok", true}, {"moved_to", aside->string()}}};
  }
  const auto hosts = program.hosts();
  if (!hosts) return failure(hosts.error());
  Outcome outcome;
  outcome.json = {{"ok", true}, {"hosts", Json::array()}};
  if ((*hosts)->list().empty()) {
    outcome.text = "This device knows no host yet; \"punktfunk discover\" shows those on this network.";
    return outcome;
  }
  outcome.text = fmt::format("{:<24} {:<28} {:<16} {:<14} {}", "NAME", "ADDRESS", "LAST SEEN", "LAST MODE",
                             "FINGERPRINT");
  for (const client::SavedHost& host : (*hosts)->list()) {
    const std::string address =
        host.addresses.empty() ? "-" : client::join_host_port(host.addresses.front(), host.port);
    outcome.text +=
        fmt::format("\n{:<24} {:<28} {:<16} {:<14} {}…", host.name, address, date_of(host.last_seen_unix_s),
                    host.last_mode ? apps::mode_text(*host.last_mode) : "-",
                    control::fingerprint_hex(host.fingerprint).substr(0, 16));
    outcome.json["hosts"].push_back(json_of(host));
  }
  return outcome;
}

Outcome run_forget(Program& program, const HostOptions& options) {
  const auto saved = find_saved(program, options.host);
  if (!saved) return saved.error();
  const auto done = (*program.hosts())->forget(saved->fingerprint);
  if (!done) return failure(done.error());
  return {ExitCode::ok,
          "Forgot " + saved->name +
              ". The host still lists this device; remove it there too if it is to "
              "stay out.",
          {{"ok", true}, {"host", saved->name}}};
}

Outcome run_rename(Program& program, const HostOptions& options) {
  const auto saved = find_saved(program, options.host);
  if (!saved) return saved.error();
  const auto hosts = program.hosts();
  if (const auto done = (*hosts)->rename(saved->fingerprint, options.new_name); !done)
    return failure(done.error());
  const std::string name = (*hosts)->find(saved->fingerprint)->name;
  return {ExitCode::ok, saved->name + " is called " + name + " now.", {{"ok", true}, {"host", name}}};
}

Outcome run_wake(Program& program, const HostOptions& options) {
  const auto saved = find_saved(program, options.host);
  if (!saved) return saved.error();
  if (saved->macs.empty())
    return failure(ExitCode::failed, "The host " + saved->name +
                                         " cannot be woken, because its hardware address is not known here; "
                                         "it is learnt by \"punktfunk discover\" while the host runs.");
  for (const std::string& text : saved->macs) {
    const auto mac = client::parse_mac(text);
    if (!mac) continue;
    if (const auto sent = client::wake(*mac); !sent) return failure(sent.error());
  }
  return {ExitCode::ok,
          "Sent the wake-up packet to " + saved->name + "; a machine that listens for it takes some seconds.",
          {{"ok", true}, {"host", saved->name}, {"macs", saved->macs}}};
}

}  // namespace punktfunk::cli

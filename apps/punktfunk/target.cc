// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/punktfunk/target.h"

#include <netdb.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <utility>

#include "client/discovery/host_browser.h"

namespace punktfunk::cli {

namespace {

constexpr Duration kBrowse = std::chrono::seconds(2);

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

void add_address(std::vector<SocketAddress>& addresses, const std::string& ip, std::uint16_t port) {
  const auto address = SocketAddress::parse(ip, port);
  if (address && std::find(addresses.begin(), addresses.end(), *address) == addresses.end())
    addresses.push_back(*address);
}

std::vector<SocketAddress> addresses_of(const std::vector<std::string>& ips, std::uint16_t port) {
  std::vector<SocketAddress> addresses;
  for (const std::string& ip : ips) add_address(addresses, ip, port);
  return addresses;
}

// Announced under this name; "tower" and "tower.local" are the same.
bool is_called(const client::FoundHost& host, const std::string& asked) {
  std::string wanted = lower(asked);
  if (wanted.ends_with(".local")) wanted.resize(wanted.size() - 6);
  const std::string host_name = lower(host.host_name);
  return lower(host.name) == wanted || host_name == wanted || host_name == wanted + ".local";
}

std::optional<client::FoundHost> find_announced(Program& program, const std::string& asked) {
  const auto found = client::browse_hosts(
      kBrowse, [&](const client::FoundHost& host) { return is_called(host, asked); },
      program.stop_requested());
  if (!found) return std::nullopt;  // without discovery names of the network still work
  const auto at = std::find_if(found->begin(), found->end(),
                               [&](const client::FoundHost& host) { return is_called(host, asked); });
  return at == found->end() ? std::nullopt : std::optional(*at);
}

std::vector<SocketAddress> look_up(const std::string& name, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* at = list; at != nullptr && addresses.size() < client::SavedHost::kMaxAddresses;
       at = at->ai_next) {
    SocketAddress address(at->ai_addr, at->ai_addrlen);
    address.set_port(port);
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
      addresses.push_back(address);
  }
  return addresses;
}

Target target_of(const client::SavedHost& saved, const std::string& asked) {
  Target target;
  target.name = saved.name;
  target.saved = saved;
  // An address that was typed is meant.
  const auto typed = client::HostAddress::parse(asked);
  if (typed) add_address(target.addresses, typed->host, typed->port.value_or(saved.port));
  for (const std::string& ip : saved.addresses) add_address(target.addresses, ip, saved.port);
  return target;
}

Outcome unknown_host(const std::string& asked) {
  return failure(ExitCode::not_found,
                 "No host called \"" + asked +
                     "\" was found: it is not saved here, not announced on this network, "
                     "and no name that the network knows. Give its IP address, or look "
                     "at what \"punktfunk discover\" shows.");
}

}  // namespace

tl::expected<Target, Outcome> resolve_target(Program& program, const std::string& asked) {
  const auto hosts = program.hosts();
  if (!hosts) return tl::unexpected(failure(hosts.error()));
  if (const client::SavedHost* saved = (*hosts)->find(asked)) {
    Target target = target_of(*saved, asked);
    if (!target.addresses.empty() || add_announced_addresses(program, target)) return target;
    return tl::unexpected(failure(ExitCode::timed_out, "The host " + target.name +
                                                           " has no address here and is not announced on "
                                                           "this network; give its IP address."));
  }
  Target target;
  target.name = asked;
  const auto typed = client::HostAddress::parse(asked);
  if (!typed)
    return tl::unexpected(failure(ExitCode::usage, "\"" + asked +
                                                       "\" is no host; give a name or an address such as "
                                                       "192.168.1.10, 192.168.1.10:9777 or [::1]:9777."));
  add_address(target.addresses, typed->host, typed->port.value_or(client::kDefaultPort));
  if (!target.addresses.empty()) return target;

  target.found = find_announced(program, typed->host);
  if (program.is_stop_requested()) return tl::unexpected(failure(ExitCode::interrupted, "Stopped."));
  if (target.found) {
    const std::uint16_t port = typed->port.value_or(target.found->port);
    target.name = target.found->name;
    target.addresses = addresses_of(target.found->addresses, port);
    // The announced fingerprint is a hint; what counts is that the saved one must be shown.
    if (target.found->fingerprint) {
      if (const client::SavedHost* saved = (*hosts)->find(*target.found->fingerprint)) target.saved = *saved;
    }
  } else {
    target.addresses = look_up(typed->host, typed->port.value_or(client::kDefaultPort));
    for (const SocketAddress& address : target.addresses) {
      if (const client::SavedHost* saved = (*hosts)->find(address.to_string())) {
        target.saved = *saved;
        break;
      }
    }
  }
  if (target.addresses.empty()) return tl::unexpected(unknown_host(asked));
  return target;
}

tl::expected<Target, Outcome> resolve_known_target(Program& program, const std::string& asked) {
  auto target = resolve_target(program, asked);
  if (!target || target->saved) return target;
  return tl::unexpected(failure(ExitCode::trust, "This device does not know the host " + target->name +
                                                     " yet; run \"punktfunk pair " + asked +
                                                     "\" with the PIN it shows, or ask to be let in with "
                                                     "\"punktfunk request-access " +
                                                     asked + "\"."));
}

tl::expected<client::SavedHost, Outcome> find_saved(Program& program, const std::string& asked) {
  const auto hosts = program.hosts();
  if (!hosts) return tl::unexpected(failure(hosts.error()));
  if (const client::SavedHost* saved = (*hosts)->find(asked)) return *saved;
  return tl::unexpected(failure(
      ExitCode::not_found,
      "No saved host is called \"" + asked + "\"; \"punktfunk hosts\" lists those that this device knows."));
}

bool add_announced_addresses(Program& program, Target& target) {
  if (!target.saved) return false;
  const auto is_it = [&](const client::FoundHost& host) {
    return host.fingerprint == target.saved->fingerprint || (!host.id.empty() && host.id == target.saved->id);
  };
  const auto found = client::browse_hosts(kBrowse, is_it, program.stop_requested());
  if (!found) return false;
  const std::size_t before = target.addresses.size();
  for (const client::FoundHost& host : *found) {
    if (!is_it(host)) continue;
    target.found = host;
    for (const std::string& ip : host.addresses) add_address(target.addresses, ip, host.port);
  }
  return target.addresses.size() > before;
}

Result<void> remember_target(Program& program, const Target& target, const control::Fingerprint& fingerprint,
                             const SocketAddress& address) {
  const auto hosts = program.hosts();
  if (!hosts) return tl::unexpected(hosts.error());
  client::SavedHost host;
  host.fingerprint = fingerprint;
  host.name = target.name;
  host.port = address.port();
  host.addresses = {address.ip()};
  if (target.found) {
    host.id = target.found->id;
    host.management_port = target.found->management_port;
    host.macs = target.found->macs;
    if (target.found->port == address.port())
      host.addresses.insert(host.addresses.end(), target.found->addresses.begin(),
                            target.found->addresses.end());
  }
  host.added_unix_s = host.last_seen_unix_s = now_unix_s();
  return (*hosts)->remember(host);
}

}  // namespace punktfunk::cli

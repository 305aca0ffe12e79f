// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/discovery/found_host.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/socket_address.h"
#include "base/text.h"
#include "client/hosts/saved_hosts.h"
#include "client/hosts/wake_on_lan.h"

namespace punktfunk::client {

namespace {

constexpr std::string_view kFamily = "punktfunk/1";
constexpr std::string_view kWireGeneration = "2";
constexpr std::size_t kMaxHostNameBytes = 255;  // RFC 1035
constexpr std::size_t kMaxOsBytes = 64;
// A TXT record of a host holds nine strings; one that needs more of this client's time is not looked at.
constexpr std::size_t kMaxTxtStrings = 64;

// Of the first string with this key; keys are compared without case (RFC 6763, section 6.4).
std::string_view value_of(const std::vector<std::string>& txt, std::string_view key) {
  for (std::size_t i = 0; i < std::min(txt.size(), kMaxTxtStrings); ++i) {
    const std::string_view entry = txt[i];
    const auto equals = entry.find('=');
    if (equals != key.size()) continue;
    const bool same = std::equal(key.begin(), key.end(), entry.begin(),
                                 [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
    if (same) return entry.substr(equals + 1);
  }
  return {};
}

// Calls `take` with each part between commas or spaces, at most `most` of them.
template <class Take>
void for_each_part(std::string_view list, std::size_t most, Take take) {
  while (!list.empty() && most > 0) {
    const auto end = std::min(list.find_first_of(", ;"), list.size());
    if (end > 0) {
      take(list.substr(0, end));
      --most;
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() ? port : std::uint16_t{0};
}

void add_address(FoundHost& host, std::string_view text) {
  if (host.addresses.size() >= SavedHost::kMaxAddresses || text.size() > SavedHost::kMaxAddressBytes) return;
  const auto address = SocketAddress::parse(text, 0);
  if (!address) return;
  std::string ip = address->ip();
  // Loopback would lead back to this machine, and a daemon announces there as well.
  if (ip.starts_with("127.") || ip == "::1" || ip == "0.0.0.0" || ip == "::") return;
  if (std::find(host.addresses.begin(), host.addresses.end(), ip) == host.addresses.end())
    host.addresses.push_back(std::move(ip));
}

bool is_same_host(const FoundHost& a, const FoundHost& b) {
  if (a.fingerprint && b.fingerprint) return *a.fingerprint == *b.fingerprint;
  return a.name == b.name && a.host_name == b.host_name && a.port == b.port;
}

void merge_into(FoundHost& host, const FoundHost& other) {
  for (const std::string& address : other.addresses) add_address(host, address);
  for (const std::string& mac : other.macs) {
    if (host.macs.size() < SavedHost::kMaxMacs &&
        std::find(host.macs.begin(), host.macs.end(), mac) == host.macs.end())
      host.macs.push_back(mac);
  }
}

}  // namespace

std::optional<FoundHost> parse_announcement(const Announcement& announcement) {
  const auto& txt = announcement.txt;
  if (value_of(txt, "proto") != kFamily || announcement.port == 0) return std::nullopt;
  FoundHost host;
  host.name = clean_text(announcement.name, SavedHost::kMaxNameBytes);
  host.host_name = clean_text(announcement.host_name, kMaxHostNameBytes);
  host.id = clean_text(value_of(txt, "id"), SavedHost::kMaxIdBytes);
  host.os = clean_text(value_of(txt, "os"), kMaxOsBytes);
  const std::string_view fingerprint = value_of(txt, "fp");
  if (fingerprint.size() == 64) host.fingerprint = control::parse_fingerprint(fingerprint);
  host.port = announcement.port;
  host.management_port = port_of(value_of(txt, "mgmt"));
  host.needs_pairing = value_of(txt, "pair") != "optional";
  host.is_compatible = false;
  for_each_part(value_of(txt, "wire"), 16, [&](std::string_view generation) {
    if (generation == kWireGeneration) host.is_compatible = true;
  });
  for_each_part(value_of(txt, "mac"), SavedHost::kMaxMacs, [&](std::string_view text) {
    if (const auto mac = parse_mac(text)) host.macs.push_back(mac_text(*mac));
  });
  // The one that was resolved is known to lead here from this network; the host's own list comes after it.
  add_address(host, announcement.address);
  for_each_part(value_of(txt, "addr"), SavedHost::kMaxAddresses,
                [&](std::string_view address) { add_address(host, address); });
  if (host.addresses.empty()) return std::nullopt;
  if (host.name.empty()) host.name = host.addresses.front();
  return host;
}

void FoundHosts::add(const std::string& key, FoundHost host) {
  for (auto& sighting : sightings_) {
    if (sighting.first != key) continue;
    sighting.second = std::move(host);
    return;
  }
  if (sightings_.size() < kMaxSightings) sightings_.emplace_back(key, std::move(host));
}

void FoundHosts::remove(const std::string& key) {
  std::erase_if(sightings_, [&](const auto& sighting) { return sighting.first == key; });
}

std::vector<FoundHost> FoundHosts::merged() const {
  std::vector<FoundHost> hosts;
  for (const auto& sighting : sightings_) {
    const auto known = std::find_if(hosts.begin(), hosts.end(), [&](const FoundHost& host) {
      return is_same_host(host, sighting.second);
    });
    if (known == hosts.end()) {
      hosts.push_back(sighting.second);
    } else {
      merge_into(*known, sighting.second);
    }
  }
  std::stable_sort(hosts.begin(), hosts.end(),
                   [](const FoundHost& a, const FoundHost& b) { return a.name < b.name; });
  return hosts;
}

}  // namespace punktfunk::client

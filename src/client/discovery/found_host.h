// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/identity/identity.h"

namespace punktfunk::client {

// A host that announces itself on this network (protocol section 27). Everything here is somebody's claim,
// cleaned and bounded: only a stored pin says who answers.
struct FoundHost {
  std::string name;       // of the service, for people
  std::string host_name;  // "tower.local"
  std::string id;         // may be empty
  std::optional<control::Fingerprint> fingerprint;
  std::vector<std::string> addresses;  // numeric, best first
  std::uint16_t port = 0;
  std::uint16_t management_port = 0;  // 0 = not said
  bool needs_pairing = true;
  bool is_compatible = true;      // serves the wire generation this client speaks
  std::vector<std::string> macs;  // "aa:bb:cc:dd:ee:ff"
  std::string os;

  bool operator==(const FoundHost&) const = default;
};

// A service as the network describes it: hostile bytes.
struct Announcement {
  std::string name;
  std::string host_name;
  std::string address;  // numeric, as resolved; a scope may follow
  std::uint16_t port = 0;
  std::vector<std::string> txt;  // "key=value"
};

// nullopt: no host of this family, or no way to reach it.
[[nodiscard]] std::optional<FoundHost> parse_announcement(const Announcement& announcement);

// The hosts on this network, as sightings come and go. A host seen on several interfaces or over IPv4 and
// IPv6 is one entry with all its addresses. Bounded: more than kMaxSightings are not taken.
class FoundHosts {
 public:
  static constexpr std::size_t kMaxSightings = 256;

  // `key` names the sighting: interface, protocol and service name. A second one replaces the first.
  void add(const std::string& key, FoundHost host);
  void remove(const std::string& key);
  void clear() { sightings_.clear(); }
  // In order of name.
  [[nodiscard]] std::vector<FoundHost> merged() const;

 private:
  std::vector<std::pair<std::string, FoundHost>> sightings_;
};

}  // namespace punktfunk::client

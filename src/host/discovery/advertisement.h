// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/identity/identity.h"

namespace punktfunk::host {

// What a host says of itself by mDNS (protocol section 27).
struct Advertisement {
  std::string name;        // for people; the daemon adds a number where another host has it
  std::uint16_t port = 0;  // UDP
  control::Fingerprint fingerprint{};
  bool pairing_required = true;
  std::string id;                     // stays the same for the life of the installation
  std::uint16_t management_port = 0;  // 0 = none: left out
  std::vector<std::string> macs;      // for wake-on-LAN
  std::string os;
  std::vector<std::string> addresses;  // numeric, best first

  bool operator==(const Advertisement&) const = default;
};

// A service's name is one DNS label (RFC 6763, section 4.1.1).
inline constexpr std::size_t kMaxServiceNameBytes = 63;
// And each "key=value" one DNS string.
inline constexpr std::size_t kMaxTxtStringBytes = 255;

// The TXT record, "key=value" each, in the order of the specification. Lists are cut to whole entries where a
// string would become too long; empty ones are left out.
[[nodiscard]] std::vector<std::string> txt_of(const Advertisement& advertisement);

// PRETTY_NAME of os-release(5), else "Linux". `text` is the file.
[[nodiscard]] std::string os_name(std::string_view text);

}  // namespace punktfunk::host

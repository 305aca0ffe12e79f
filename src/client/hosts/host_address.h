// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace punktfunk::client {

inline constexpr std::uint16_t kDefaultPort = 9777;  // protocol section 1

// Where a host is said to be: "192.168.1.10", "192.168.1.10:9777", "::1", "[fe80::1%eth0]:9777", "tower.lan",
// "tower:9777". `host` is what stands before the port, without brackets; it may be a name.
struct HostAddress {
  std::string host;
  std::optional<std::uint16_t> port;

  // nullopt: nothing before the port, a port that is none, or unbalanced brackets.
  [[nodiscard]] static std::optional<HostAddress> parse(std::string_view text);
};

// "192.168.1.10:9777", "[::1]:9777".
[[nodiscard]] std::string join_host_port(std::string_view host, std::uint16_t port);

}  // namespace punktfunk::client

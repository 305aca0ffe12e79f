// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace punktfunk::client {

using MacAddress = std::array<std::uint8_t, 6>;

// "aa:bb:cc:dd:ee:ff", with ':' or '-', either case. nullopt also for the all-zero and multicast addresses,
// which no machine can be woken by.
[[nodiscard]] std::optional<MacAddress> parse_mac(std::string_view text);
[[nodiscard]] std::string mac_text(const MacAddress& mac);

// Six bytes of 0xFF, then the address sixteen times (AMD, "Magic Packet Technology", 1995).
[[nodiscard]] Bytes magic_packet(const MacAddress& mac);

// Sends the packet to the broadcast address of every IPv4 network this machine is on, and to 255.255.255.255;
// to UDP port 9 (discard), which nobody answers. `port` is for tests. An error when none could be sent.
[[nodiscard]] Result<void> wake(const MacAddress& mac, std::uint16_t port = 9);

}  // namespace punktfunk::client

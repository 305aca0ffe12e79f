// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/hosts/wake_on_lan.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "base/unique_fd.h"

namespace punktfunk::client {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::vector<in_addr> broadcast_addresses() {
  std::vector<in_addr> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) == 0) {
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
    for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
      const bool can_broadcast = (at->ifa_flags & IFF_UP) != 0 && (at->ifa_flags & IFF_BROADCAST) != 0;
      if (!can_broadcast || at->ifa_broadaddr == nullptr || at->ifa_broadaddr->sa_family != AF_INET) continue;
      sockaddr_in address{};
      memcpy(&address, at->ifa_broadaddr, sizeof address);
      found.push_back(address.sin_addr);
    }
  }
  found.push_back({htonl(INADDR_BROADCAST)});
  return found;
}

}  // namespace

std::optional<MacAddress> parse_mac(std::string_view text) {
  MacAddress mac{};
  if (text.size() != 17) return std::nullopt;
  for (std::size_t i = 0; i < mac.size(); ++i) {
    const int high = hex_digit(text[3 * i]);
    const int low = hex_digit(text[3 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    if (i + 1 < mac.size() && text[3 * i + 2] != ':' && text[3 * i + 2] != '-') return std::nullopt;
    mac[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  // The lowest bit of the first byte marks a group address (IEEE 802).
  if ((mac[0] & 1) != 0 || mac == MacAddress{}) return std::nullopt;
  return mac;
}

std::string mac_text(const MacAddress& mac) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : mac) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Bytes magic_packet(const MacAddress& mac) {
  Bytes packet(6, 0xFF);
  for (int i = 0; i < 16; ++i) packet.insert(packet.end(), mac.begin(), mac.end());
  return packet;
}

Result<void> wake(const MacAddress& mac, std::uint16_t port) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  int error = 0;
  bool sent = false;
  if (!socket.valid() || ::setsockopt(socket.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on) != 0) {
    error = errno;
  } else {
    const Bytes packet = magic_packet(mac);
    for (const in_addr& to : broadcast_addresses()) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr = to;
      if (::sendto(socket.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address) < 0) {
        error = errno;
      } else {
        sent = true;
      }
    }
  }
  if (sent) return {};
  return fail(std::string("The wake-up packet could not be sent (") + strerror(error) +
              "); check that this machine is on the host's network.");
}

}  // namespace punktfunk::client

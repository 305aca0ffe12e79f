// SPDX-License-Identifier: MIT OR Apache-2.0
#include "base/socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace punktfunk {
namespace {

const sockaddr_in& as_v4(const sockaddr_storage& s) { return reinterpret_cast<const sockaddr_in&>(s); }
const sockaddr_in6& as_v6(const sockaddr_storage& s) { return reinterpret_cast<const sockaddr_in6&>(s); }

// The 16 bytes of IPv6, IPv4 in its mapped form, so that both families compare alike.
std::array<std::uint8_t, 16> canonical(const sockaddr_storage& s) {
  std::array<std::uint8_t, 16> bytes{};
  if (s.ss_family == AF_INET) {
    bytes[10] = bytes[11] = 0xFF;
    std::memcpy(bytes.data() + 12, &as_v4(s).sin_addr, 4);
  } else if (s.ss_family == AF_INET6) {
    std::memcpy(bytes.data(), &as_v6(s).sin6_addr, 16);
  }
  return bytes;
}

bool is_mapped(const std::array<std::uint8_t, 16>& b) {
  return std::all_of(b.begin(), b.begin() + 10, [](std::uint8_t x) { return x == 0; }) && b[10] == 0xFF &&
         b[11] == 0xFF;
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* address, socklen_t length) {
  size_ = std::min<socklen_t>(length, sizeof storage_);
  std::memcpy(&storage_, address, size_);
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view ip, std::uint16_t port) {
  SocketAddress result;
  const std::string text(ip);
  auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage_);
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    result.size_ = sizeof v4;
    return result;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage_);
  const std::size_t percent = text.find('%');
  if (inet_pton(AF_INET6, text.substr(0, percent).c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  if (percent != std::string::npos) {
    v6.sin6_scope_id = if_nametoindex(text.c_str() + percent + 1);
    if (v6.sin6_scope_id == 0) return std::nullopt;
  }
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  result.size_ = sizeof v6;
  return result;
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(as_v4(storage_).sin_port);
  if (family() == AF_INET6) return ntohs(as_v6(storage_).sin6_port);
  return 0;
}

void SocketAddress::set_port(std::uint16_t port) {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in&>(storage_).sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(storage_).sin6_port = htons(port);
}

bool SocketAddress::is_local_network() const {
  if (!is_set()) return false;
  const auto b = canonical(storage_);
  if (is_mapped(b)) {
    return b[12] == 127 || b[12] == 10 || (b[12] == 172 && (b[13] & 0xF0) == 16) ||
           (b[12] == 192 && b[13] == 168) || (b[12] == 169 && b[13] == 254);
  }
  const bool loopback =
      std::all_of(b.begin(), b.begin() + 15, [](std::uint8_t x) { return x == 0; }) && b[15] == 1;
  return loopback || (b[0] == 0xFE && (b[1] & 0xC0) == 0x80) || (b[0] & 0xFE) == 0xFC;
}

bool SocketAddress::is_ipv6_on_the_wire() const {
  return family() == AF_INET6 && !is_mapped(canonical(storage_));
}

std::string SocketAddress::ip() const {
  if (!is_set()) return "(none)";
  const auto b = canonical(storage_);
  char text[INET6_ADDRSTRLEN] = {};
  if (is_mapped(b)) {
    inet_ntop(AF_INET, b.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, b.data(), text, sizeof text);
  }
  return text;
}

std::string SocketAddress::to_string() const {
  const std::string port_text = ":" + std::to_string(port());
  return is_ipv6_on_the_wire() ? "[" + ip() + "]" + port_text : ip() + port_text;
}

bool operator==(const SocketAddress& a, const SocketAddress& b) {
  if (!a.is_set() || !b.is_set()) return a.is_set() == b.is_set();
  if (a.port() != b.port() || canonical(a.storage_) != canonical(b.storage_)) return false;
  // Link-local addresses repeat on every interface: there the scope is part of the address.
  if (a.is_ipv6_on_the_wire() && b.is_ipv6_on_the_wire() && as_v6(a.storage_).sin6_scope_id != 0 &&
      as_v6(b.storage_).sin6_scope_id != 0) {
    return as_v6(a.storage_).sin6_scope_id == as_v6(b.storage_).sin6_scope_id;
  }
  return true;
}

}  // namespace punktfunk

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace punktfunk {

// An IPv4 or IPv6 address with port, as the kernel has it. IPv4-mapped IPv6 compares equal to its IPv4 form
// (section 2.1 of the protocol). Value type.
class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t length);

  // "127.0.0.1", "::1", "fe80::1%eth0"; numeric only, no name is looked up.
  [[nodiscard]] static std::optional<SocketAddress> parse(std::string_view ip, std::uint16_t port);

  [[nodiscard]] const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const { return size_; }
  void set_size(socklen_t size) { size_ = size; }

  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] bool is_set() const { return size_ != 0; }
  [[nodiscard]] std::uint16_t port() const;
  void set_port(std::uint16_t port);
  // True for loopback, RFC 1918, IPv4 link-local, fe80::/10 and fc00::/7: the "local networks" of
  // section 9.3.
  [[nodiscard]] bool is_local_network() const;
  // True for IPv6 proper; an IPv4-mapped address counts as IPv4 (its packets carry IPv4 headers).
  [[nodiscard]] bool is_ipv6_on_the_wire() const;
  // Without the port, numeric. IPv4-mapped addresses print as IPv4.
  [[nodiscard]] std::string ip() const;
  // "127.0.0.1:9777", "[::1]:9777".
  [[nodiscard]] std::string to_string() const;

  // Address (IPv4-mapped folded) and port.
  friend bool operator==(const SocketAddress& a, const SocketAddress& b);

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace punktfunk

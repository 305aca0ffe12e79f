// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/hosts/host_address.h"

#include <charconv>

namespace punktfunk::client {

namespace {
std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}
}  // namespace

std::optional<HostAddress> HostAddress::parse(std::string_view text) {
  HostAddress address;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    address.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
  } else {
    const auto colon = text.find(':');
    // More than one colon: an IPv6 address that stands alone.
    const bool has_port = colon != std::string_view::npos && text.rfind(':') == colon;
    address.host = has_port ? text.substr(0, colon) : text;
    if (has_port) rest = text.substr(colon);
  }
  if (address.host.empty()) return std::nullopt;
  if (rest.empty()) return address;
  address.port = parse_port(rest.substr(1));
  return address.port ? std::optional(address) : std::nullopt;
}

std::string join_host_port(std::string_view host, std::uint16_t port) {
  const bool brackets = host.find(':') != std::string_view::npos;
  return (brackets ? "[" : "") + std::string(host) + (brackets ? "]:" : ":") + std::to_string(port);
}

}  // namespace punktfunk::client

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/discovery/local_network.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>

namespace punktfunk::host {

namespace {

bool is_loopback(const SocketAddress& address) {
  const std::string ip = address.ip();
  return ip.starts_with("127.") || ip == "::1";
}

bool is_ipv6_link_local(const SocketAddress& address) {
  if (!address.is_ipv6_on_the_wire()) return false;
  const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(address.data());
  return IN6_IS_ADDR_LINKLOCAL(&ipv6->sin6_addr);
}

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (!text.empty() && std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

// What the kernel says of it; sysfs links an interface to its device where it has one.
std::string mac_of(const std::string& interface) {
  std::ifstream file("/sys/class/net/" + interface + "/address");
  std::string mac;
  if (!(file >> mac) || mac.size() != 17 || mac == "00:00:00:00:00:00") return {};
  return mac;
}

}  // namespace

LocalNetwork best_first(std::vector<InterfaceAddress> all) {
  const auto rank = [](const InterfaceAddress& at) {
    return (at.is_hardware ? 0 : 2) + (at.address.is_ipv6_on_the_wire() ? 1 : 0);
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const InterfaceAddress& a, const InterfaceAddress& b) { return rank(a) < rank(b); });
  LocalNetwork network;
  for (const InterfaceAddress& at : all) {
    if (is_loopback(at.address) || is_ipv6_link_local(at.address)) continue;
    add_once(network.addresses, at.address.ip());
    if (at.is_hardware) add_once(network.macs, at.mac);
  }
  return network;
}

std::vector<InterfaceAddress> interface_addresses() {
  std::vector<InterfaceAddress> all;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return all;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0) continue;
    const int family = at->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    InterfaceAddress found;
    found.interface = at->ifa_name;
    const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    found.address = SocketAddress(at->ifa_addr, size);
    found.mac = mac_of(found.interface);
    found.is_hardware = ::access(("/sys/class/net/" + found.interface + "/device").c_str(), F_OK) == 0;
    all.push_back(std::move(found));
  }
  return all;
}

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/announce.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "host/discovery/host_id.h"
#include "host/discovery/local_network.h"

namespace punktfunk {

namespace {

std::string machine_name() {
  char name[host::kMaxServiceNameBytes + 1] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "punktfunk-host";
}

std::string this_os() {
  std::ifstream file("/etc/os-release");
  return host::os_name(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace

std::unique_ptr<host::Advertiser> announce(const AnnounceOptions& options, const SocketAddress& bound,
                                           const control::Fingerprint& fingerprint,
                                           const std::filesystem::path& state_dir, RandomSource& random) {
  const std::string bound_ip = bound.ip();
  const bool is_loopback = bound_ip.starts_with("127.") || bound_ip == "::1";
  if (!options.enabled || is_loopback) return nullptr;
  const auto id = host::load_or_create_host_id(state_dir, random);
  if (!id) {
    spdlog::warn("This host is not announced on its network. {}", id.error().message);
    return nullptr;
  }
  host::Advertisement fixed;
  fixed.name = clean_text(options.name, host::kMaxServiceNameBytes);
  if (fixed.name.empty()) fixed.name = machine_name();
  fixed.port = bound.port();
  fixed.fingerprint = fingerprint;
  fixed.id = *id;
  fixed.management_port = options.management_port;
  fixed.pairing_required = options.pairing_required;
  fixed.os = this_os();
  const bool is_everywhere = bound_ip == "0.0.0.0" || bound_ip == "::";
  auto started = host::start_advertiser([fixed, bound_ip, is_everywhere] {
    host::Advertisement now = fixed;
    std::vector<host::InterfaceAddress> all = host::interface_addresses();
    if (!is_everywhere)
      std::erase_if(all, [&](const host::InterfaceAddress& at) { return at.address.ip() != bound_ip; });
    host::LocalNetwork network = host::best_first(std::move(all));
    now.addresses = std::move(network.addresses);
    now.macs = std::move(network.macs);
    return now;
  });
  if (started) return std::move(*started);
  spdlog::warn("{}", started.error().message);
  return nullptr;
}

}  // namespace punktfunk

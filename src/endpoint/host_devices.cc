// SPDX-License-Identifier: MIT OR Apache-2.0
// The part of a host node that is about who may connect, and as what.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "endpoint/host_events.h"
#include "endpoint/host_node.h"

namespace punktfunk::endpoint {

using control::Device;
using control::Fingerprint;
using wire::CloseCode;

namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

// Section 25: rights for "this session" outlive the device's last one by this.
constexpr std::uint64_t kSessionRightsSeconds = 60;

// Trust on first use: a neighbour with a thousand certificates fills neither the store nor the disk's time.
constexpr std::size_t kMaxFirstUses = 64;
constexpr Duration kFirstUseSpacing = std::chrono::seconds(2);

constexpr const char* kUnpaired = "The operator unpaired this device from the host.";

std::string short_hex(const Fingerprint& fingerprint) {
  return control::fingerprint_hex(fingerprint).substr(0, 16);
}

}  // namespace

std::uint64_t HostNode::unix_s() const { return config_.wall_clock() / kNsPerSecond; }

std::vector<HostConnection*> HostNode::sessions_of(const std::optional<Fingerprint>& fingerprint) const {
  std::vector<HostConnection*> found;
  for (const auto& [id, connection] : connections_) {
    if (connection->has_session() && (!fingerprint || connection->fingerprint() == fingerprint))
      found.push_back(connection.get());
  }
  return found;
}

bool HostNode::is_expired(const Device& device) const {
  switch (device.rights.lasts) {
    case access::Lasts::always:
      return false;
    case access::Lasts::until:
      return unix_s() >= device.rights.until_unix_s;
    case access::Lasts::session:
      return unix_s() >= device.seen_unix_s + kSessionRightsSeconds &&
             sessions_of(device.fingerprint).empty();
  }
  return true;
}

Result<void> HostNode::trust(const Fingerprint& fingerprint, std::string_view name,
                             const std::optional<access::Offer>& rights, control::PairedBy how) {
  const Device* known = clients_.find(fingerprint);
  Device device;
  device.fingerprint = fingerprint;
  device.name = control::device_name(name);
  device.paired_unix_s = unix_s();
  device.seen_unix_s = known != nullptr ? known->seen_unix_s : 0;
  device.how = how;
  device.rights = rights.value_or(access::Offer{}).given_at(unix_s());
  // Pairing again is not a way to more rights than the operator gave.
  if (!rights && known != nullptr && !is_expired(*known)) device.rights = known->rights;
  if (device.rights.lasts == access::Lasts::session) device.seen_unix_s = unix_s();
  if (auto stored = clients_.put(device); !stored) return tl::unexpected(stored.error());
  spdlog::info("\"{}\" ({}) may connect, by {}: {}{}.", device.name, short_hex(fingerprint),
               control::describe(how), access::grants_text(device.rights.grants),
               device.rights.lasts == access::Lasts::always ? "" : ", for a time");
  for (HostConnection* connection : sessions_of(fingerprint)) connection->rights_changed();
  if (config_.events != nullptr) config_.events->trusted(device);
  const auto waiting = approvals_.settle(fingerprint);
  if (HostConnection* connection = waiting ? find(*waiting) : nullptr) connection->admit(now_);
  return {};
}

bool HostNode::trust_first_use(const Fingerprint& fingerprint, std::string_view name,
                               const SocketAddress& address) {
  if (!config_.first_use || !address.is_local_network()) return false;
  if (first_use_at_ && now_ - *first_use_at_ < kFirstUseSpacing) return false;
  const auto& devices = clients_.list();
  const auto earlier = std::count_if(devices.begin(), devices.end(), [](const Device& device) {
    return device.how == control::PairedBy::first_use;
  });
  if (static_cast<std::size_t>(earlier) >= kMaxFirstUses) return false;
  first_use_at_ = now_;
  const auto stored = trust(fingerprint, name, config_.first_use, control::PairedBy::first_use);
  if (!stored) spdlog::error("{}", stored.error().message);
  return stored.has_value();
}

std::vector<HostNode::DeviceInfo> HostNode::devices() const {
  std::vector<DeviceInfo> infos;
  for (const Device& device : clients_.list()) {
    DeviceInfo info{device, is_expired(device), 0, 0};
    for (const HostConnection* connection : sessions_of(device.fingerprint)) {
      ++info.sessions;
      info.denied_inputs += connection->gate().denied();
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

Result<Device> HostNode::rename(const Fingerprint& fingerprint, std::string_view name) {
  auto device = clients_.get(fingerprint);
  if (!device) return device;
  device->name = name;
  auto changed = clients_.put(std::move(*device));
  if (changed && config_.events != nullptr) config_.events->device_changed(*changed);
  return changed;
}

Result<Device> HostNode::set_rights(const Fingerprint& fingerprint, const RightsEdit& edit, TimePoint now) {
  now_ = now;
  auto device = clients_.get(fingerprint);
  if (!device) return device;
  access::Rights& rights = device->rights;
  if (edit.term) rights = access::Offer{rights.grants, *edit.term}.given_at(unix_s());
  if (edit.grants) rights.grants = *edit.grants;
  // The minute that rights for one session have without one begins.
  if (rights.lasts == access::Lasts::session) device->seen_unix_s = unix_s();
  auto changed = clients_.put(std::move(*device));
  if (!changed) return changed;
  spdlog::info("The operator set the rights of \"{}\" ({}): {}.", changed->name, short_hex(fingerprint),
               access::grants_text(changed->rights.grants));
  if (config_.events != nullptr) config_.events->device_changed(*changed);
  for (HostConnection* connection : sessions_of(fingerprint)) connection->rights_changed();
  return changed;
}

Result<Device> HostNode::unpair(const Fingerprint& fingerprint, TimePoint now) {
  now_ = now;
  auto removed = clients_.remove(fingerprint);
  if (!removed) return removed;
  spdlog::info("The operator unpaired \"{}\" ({}).", removed->name, short_hex(fingerprint));
  if (config_.events != nullptr) config_.events->unpaired(*removed);
  for (HostConnection* connection : sessions_of(fingerprint)) connection->end(CloseCode::denied, kUnpaired);
  return removed;
}

Result<std::size_t> HostNode::unpair_all(TimePoint now) {
  now_ = now;
  const std::vector<Device> devices = clients_.list();
  const auto removed = clients_.remove_all();
  if (!removed) return removed;
  for (const Device& device : devices)
    if (config_.events != nullptr) config_.events->unpaired(device);
  spdlog::info("The operator unpaired all {} devices.", *removed);
  for (HostConnection* connection : sessions_of(std::nullopt)) connection->end(CloseCode::denied, kUnpaired);
  return removed;
}

}  // namespace punktfunk::endpoint

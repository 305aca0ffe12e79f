// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/approval_desk.h"

#include <algorithm>

#include "control/identity/trust_store.h"

namespace punktfunk::control {

std::variant<ApprovalDesk::Parked, wire::CloseCode> ApprovalDesk::knock(ConnectionId connection,
                                                                        const crypto::Digest& fingerprint,
                                                                        std::string_view name,
                                                                        const SocketAddress& address,
                                                                        TimePoint now) {
  expire(now);
  if (!address.is_local_network()) return wire::CloseCode::pairing_not_armed;
  Entry entry{0, fingerprint, device_name(name), address, now, connection};
  const auto known = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& one) { return one.fingerprint == fingerprint; });
  // The same number, so that an operator who reads the list while the device asks again decides about what
  // was read. Moving to another address must not pass that one's bound: then it is as good as new.
  if (known != entries_.end() && known->address.ip() == address.ip()) {
    const Parked parked{known->id, false, known->connection};
    entry.id = known->id;
    *known = std::move(entry);
    return parked;
  }
  // The older entry makes room in all, but not at the new address; it stays if there is no room there.
  std::optional<Entry> older;
  if (known != entries_.end()) {
    older = *known;
    entries_.erase(known);
  }
  if (!make_room(address)) {
    if (older) {
      const auto at = std::find_if(entries_.begin(), entries_.end(),
                                   [&](const Entry& one) { return one.id > older->id; });
      entries_.insert(at, *older);
    }
    return wire::CloseCode::busy;
  }
  entry.id = next_id_++;
  entries_.push_back(entry);
  return Parked{entry.id, true, older ? older->connection : std::nullopt};
}

bool ApprovalDesk::make_room(const SocketAddress& address) {
  const std::string ip = address.ip();
  const auto is_there = [&](const Entry& one) { return one.address.ip() == ip; };
  const auto drop_idle = [&](auto which) {
    const auto idle = std::find_if(entries_.begin(), entries_.end(),
                                   [&](const Entry& one) { return !one.connection && which(one); });
    if (idle == entries_.end()) return false;
    entries_.erase(idle);
    return true;
  };
  if (static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), is_there)) >= kMaxPerAddress &&
      !drop_idle(is_there)) {
    return false;
  }
  return entries_.size() < kMaxEntries || drop_idle([](const Entry&) { return true; });
}

void ApprovalDesk::leave(ConnectionId connection) {
  std::erase_if(entries_, [&](const Entry& one) { return one.connection == connection; });
}

void ApprovalDesk::stop_waiting(ConnectionId connection) {
  for (Entry& one : entries_) {
    if (one.connection == connection) one.connection.reset();
  }
}

const std::vector<ApprovalDesk::Entry>& ApprovalDesk::list(TimePoint now) {
  expire(now);
  return entries_;
}

std::optional<ApprovalDesk::Entry> ApprovalDesk::find(std::uint32_t id, TimePoint now) {
  expire(now);
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& one) { return one.id == id; });
  return found == entries_.end() ? std::nullopt : std::optional(*found);
}

std::optional<ConnectionId> ApprovalDesk::settle(const crypto::Digest& fingerprint) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& one) { return one.fingerprint == fingerprint; });
  if (found == entries_.end()) return std::nullopt;
  const auto connection = found->connection;
  entries_.erase(found);
  return connection;
}

void ApprovalDesk::expire(TimePoint now) {
  std::erase_if(entries_, [&](const Entry& one) { return now - one.since >= kEntryLife; });
}

}  // namespace punktfunk::control

// SPDX-License-Identifier: MIT OR Apache-2.0
// Which connection a QUIC connection id belongs to. Every id in here was chosen at random by this endpoint,
// so a peer cannot aim for hash collisions.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "control/quic/quic_types.h"

namespace punktfunk::control {

// Ours are always this long; a short header does not say.
inline constexpr std::size_t kCidBytes = 8;

class RoutingTable {
 public:
  void add(ByteView cid, ConnectionId id) { table_[key(cid)] = id; }
  void remove(ByteView cid) { table_.erase(key(cid)); }
  void remove_all(ConnectionId id) {
    std::erase_if(table_, [id](const auto& entry) { return entry.second == id; });
  }
  [[nodiscard]] std::optional<ConnectionId> find(ByteView cid) const {
    const auto at = table_.find(key(cid));
    return at == table_.end() ? std::nullopt : std::optional(at->second);
  }

 private:
  // Eight bytes fit a string without an allocation.
  static std::string key(ByteView cid) { return {cid.begin(), cid.end()}; }
  std::unordered_map<std::string, ConnectionId> table_;
};

}  // namespace punktfunk::control

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "apps/punktfunk/program.h"
#include "base/socket_address.h"
#include "client/discovery/found_host.h"

namespace punktfunk::cli {

// What HOST on the command line stands for.
struct Target {
  std::string name;                        // what to call it
  std::vector<SocketAddress> addresses;    // best first, at least one
  std::optional<client::SavedHost> saved;  // this device knows it
  std::optional<client::FoundHost> found;  // announced on this network
};

// In this order: a saved host by name or address; a numeric address; an announced host by name; a name of the
// network (DNS). Only where the first two fail this takes time: up to two seconds for announcements.
[[nodiscard]] tl::expected<Target, Outcome> resolve_target(Program& program, const std::string& asked);

// As above, and it must be a saved one: an Outcome that says how to get there otherwise.
[[nodiscard]] tl::expected<Target, Outcome> resolve_known_target(Program& program, const std::string& asked);

// The saved host that `asked` names, without looking at the network.
[[nodiscard]] tl::expected<client::SavedHost, Outcome> find_saved(Program& program, const std::string& asked);

// Adds addresses under which a saved host announces itself now to those of `target`, which did not answer.
// False: there are none.
[[nodiscard]] bool add_announced_addresses(Program& program, Target& target);

// Stores what is known of a host that proved its identity at `address`.
[[nodiscard]] Result<void> remember_target(Program& program, const Target& target,
                                           const control::Fingerprint& fingerprint,
                                           const SocketAddress& address);

}  // namespace punktfunk::cli

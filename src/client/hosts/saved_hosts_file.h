// SPDX-License-Identifier: MIT OR Apache-2.0
// The file of saved hosts as text. Only this folder and its fuzz target include it.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "base/bytes.h"
#include "client/hosts/saved_hosts.h"

namespace punktfunk::client {

// 512 entries of less than 4 KiB each: at most 8 addresses, 8 hardware addresses, and name and id with every
// byte escaped as six characters.
inline constexpr std::size_t kMaxSavedHostsBytes = SavedHosts::kMaxHosts * 4096;

// The error says in some words what is wrong with the text.
[[nodiscard]] tl::expected<std::vector<SavedHost>, std::string> parse_saved_hosts(ByteView text);
[[nodiscard]] std::string saved_hosts_text(const std::vector<SavedHost>& hosts);

// Cleans and cuts everything to SavedHost's bounds; a nameless host is called by its address.
[[nodiscard]] SavedHost cleaned(SavedHost host);

}  // namespace punktfunk::client

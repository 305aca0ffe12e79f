// SPDX-License-Identifier: MIT OR Apache-2.0
// The certificates this machine trusts: a host's paired clients, or a client's known hosts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/identity/identity.h"

namespace punktfunk::control {

struct PinnedPeer {
  Fingerprint fingerprint{};
  std::string name;  // for people; cleaned, at most 64 bytes
  std::uint64_t added_unix_s = 0;
  std::string
      label;  // the client's key for a host: "ip:port" or an id; cleaned, at most 256 bytes; may be empty
};

// A JSON file, mode 0600, replaced atomically at each change. Not thread-safe. A change reaches the disk
// before it takes effect here: on an error the store is as before.
class PinStore {
 public:
  // A missing file is an empty store. A file that is corrupt, too large or unreadable is an error: the caller
  // stops rather than forget whom it trusts.
  [[nodiscard]] static Result<PinStore> open(const std::filesystem::path& file);

  // Compares in constant time.
  [[nodiscard]] bool contains(const Fingerprint& fingerprint) const;
  [[nodiscard]] const PinnedPeer* find(const Fingerprint& fingerprint) const;
  [[nodiscard]] const PinnedPeer* find_label(std::string_view label) const;
  [[nodiscard]] const std::vector<PinnedPeer>& list() const { return peers_; }

  // Adds, or renames the entry with the same fingerprint (and label).
  [[nodiscard]] Result<void> add(const Fingerprint& fingerprint, std::string_view name,
                                 std::uint64_t added_unix_s);
  // One entry per label: replaces the fingerprint kept for it.
  [[nodiscard]] Result<void> set(std::string_view label, const Fingerprint& fingerprint,
                                 std::string_view name, std::uint64_t added_unix_s);
  // False: there was none.
  [[nodiscard]] Result<bool> remove(const Fingerprint& fingerprint);
  [[nodiscard]] Result<bool> remove_label(std::string_view label);

 private:
  explicit PinStore(std::filesystem::path file) : file_(std::move(file)) {}
  [[nodiscard]] Result<void> replace(std::vector<PinnedPeer> peers);

  std::filesystem::path file_;
  std::vector<PinnedPeer> peers_;
};

}  // namespace punktfunk::control

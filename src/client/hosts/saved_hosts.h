// SPDX-License-Identifier: MIT OR Apache-2.0
// The hosts this device knows, shared by every client program of one user.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/hosts/host_address.h"
#include "control/identity/identity.h"
#include "core/wire/mode.h"

namespace punktfunk::client {

struct SavedHost {
  // Bounds of what is kept; more is cut off.
  static constexpr std::size_t kMaxNameBytes = 64;
  static constexpr std::size_t kMaxIdBytes = 64;
  static constexpr std::size_t kMaxAddresses = 8;
  static constexpr std::size_t kMaxAddressBytes = 64;  // the longest IPv6 text with a scope is 62
  static constexpr std::size_t kMaxMacs = 8;

  control::Fingerprint fingerprint{};  // the identity it must show: what an entry is known by
  std::string id;                      // what the host calls itself on the network; a hint, may be empty
  std::string name;                    // for people, unique in the list, never empty
  std::vector<std::string> addresses;  // numeric, best first; may be empty
  std::uint16_t port = kDefaultPort;
  std::uint16_t management_port = 0;    // 0 = unknown
  std::vector<std::string> macs;        // "aa:bb:cc:dd:ee:ff"
  std::optional<wire::Mode> last_mode;  // last in use
  std::uint64_t added_unix_s = 0;
  std::uint64_t last_seen_unix_s = 0;  // when it last answered; 0 = never

  bool operator==(const SavedHost&) const = default;
};

// A JSON file, mode 0600, replaced atomically at each change. Every change is made to what the file holds at
// that moment, under a lock between processes, so that two programs do not lose each other's. Not
// thread-safe. On an error nothing has changed, here or on disk.
class SavedHosts {
 public:
  static constexpr std::size_t kMaxHosts = 512;

  // A missing file is an empty list. One that is damaged, too large or unreadable is an error: the caller
  // stops rather than forget whom it trusts. A list of pins as first versions kept it is read as well, and
  // becomes a list of hosts at the first change.
  [[nodiscard]] static Result<SavedHosts> open(const std::filesystem::path& file);
  // Moves a damaged file aside, so that open() finds none. Returns where it is now.
  [[nodiscard]] static Result<std::filesystem::path> set_aside(const std::filesystem::path& file,
                                                               std::uint64_t now_unix_s);

  [[nodiscard]] const std::vector<SavedHost>& list() const { return hosts_; }
  // Valid until the next change.
  [[nodiscard]] const SavedHost* find(const control::Fingerprint& fingerprint) const;
  // By name, or by address with or without port. Without a port one at kDefaultPort is preferred. When
  // several answer to it, the one seen last.
  [[nodiscard]] const SavedHost* find(std::string_view name_or_address) const;

  // What was learnt of a host whose identity was proven. Adds it; or, where the fingerprint is known, brings
  // its entry up to date: its addresses come first, empty fields change nothing, and the name stays as it is.
  // Refuses a new fingerprint at the address of a known host: that host must be forgotten first.
  [[nodiscard]] Result<void> remember(const SavedHost& host);
  [[nodiscard]] Result<void> rename(const control::Fingerprint& fingerprint, std::string_view name);
  // False: there was none.
  [[nodiscard]] Result<bool> forget(const control::Fingerprint& fingerprint);

 private:
  explicit SavedHosts(std::filesystem::path file) : file_(std::move(file)) {}
  using Change = std::function<Result<void>(std::vector<SavedHost>&)>;
  [[nodiscard]] Result<void> change(const Change& change);

  std::filesystem::path file_;
  std::vector<SavedHost> hosts_;
};

// What may be behind a changed identity, and the two steps that accept it. `name` is what the user calls the
// host.
[[nodiscard]] std::string changed_identity_sentence(std::string_view name);

}  // namespace punktfunk::client

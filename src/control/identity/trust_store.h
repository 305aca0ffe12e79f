// SPDX-License-Identifier: MIT OR Apache-2.0
// The devices a host lets in, and what each may do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "control/identity/identity.h"
#include "control/identity/sqlite.h"
#include "core/session/grants.h"

namespace punktfunk::control {

// How a device came to be trusted. The numbers are stored.
enum class PairedBy : std::uint8_t {
  pin = 0,
  approval = 1,
  first_use = 2,
  imported = 3,  // from the list of a host before there was this store
};
[[nodiscard]] std::string_view describe(PairedBy how);

struct Device {
  Fingerprint fingerprint{};
  std::string name;  // for people; as device_name() makes it
  access::Rights rights{};
  std::uint64_t paired_unix_s = 0;
  std::uint64_t seen_unix_s = 0;  // last began or ended a session; 0: never
  PairedBy how = PairedBy::pin;
  bool operator==(const Device&) const = default;
};

// A name from the network made fit to keep: cleaned, at most 64 bytes, never empty.
[[nodiscard]] std::string device_name(std::string_view text);

// The device meant by what a person typed: its fingerprint, the first 6 or more hex digits of it, or its
// name; it must fit one device only.
[[nodiscard]] Result<Fingerprint> find_device(const std::vector<Device>& devices, std::string_view typed);

// SQLite file trust.db, mode 0600, in the host's state folder. One thread.
//
// A change is one transaction that is on the disk before it takes effect here: on an error the store is as
// before. The list is held in memory as well, so that looking somebody up costs no disk access.
//
// Journal: WAL. It takes one wait for the disk a change, and none for the times devices were last seen, which
// matters because the store belongs to the control loop. Locked for as long as it is open, so that WAL needs
// no shared memory, and a second host with this state folder (hence this identity) is refused.
class TrustStore {
 public:
  static constexpr std::size_t kMaxDevices = 4096;
  static constexpr const char* kFileName = "trust.db";
  // The list before there was this store. Taken over in the transaction that makes a new store, all of its
  // devices with full rights as they had them, and renamed afterwards.
  static constexpr const char* kOldFileName = "clients.json";
  static constexpr const char* kOldFileTakenOver = "clients.json.imported";

  // Makes the folder and the file if they are missing. Anything else that is not a whole store of this or an
  // older version, writable now, is an error: the host stops rather than forget or mistake whom it trusts.
  [[nodiscard]] static Result<TrustStore> open(const std::filesystem::path& state_folder);
  TrustStore(TrustStore&&) = default;
  TrustStore& operator=(TrustStore&&) = default;
  // Writes what touch() noted.
  ~TrustStore();

  // Compares in constant time.
  [[nodiscard]] const Device* find(const Fingerprint& fingerprint) const;
  [[nodiscard]] bool contains(const Fingerprint& fingerprint) const { return find(fingerprint) != nullptr; }
  // Oldest pairing first. Valid until the next change.
  [[nodiscard]] const std::vector<Device>& list() const { return devices_; }

  // A copy to change and put() back. An error if there is no such device.
  [[nodiscard]] Result<Device> get(const Fingerprint& fingerprint) const;
  // Adds the device, or replaces what is stored of it. Its name is cleaned. As it is now.
  [[nodiscard]] Result<Device> put(Device device);
  // As it was. An error if there is no such device.
  [[nodiscard]] Result<Device> remove(const Fingerprint& fingerprint);
  // How many there were.
  [[nodiscard]] Result<std::size_t> remove_all();

  // The device was here at this time. In memory at once; on the disk with the next change, or once a minute,
  // or at the end: a crash forgets a minute of this at most, and of nothing else.
  void touch(const Fingerprint& fingerprint, std::uint64_t unix_s);

 private:
  TrustStore(std::filesystem::path file, UniqueFd lock) : file_(std::move(file)), lock_(std::move(lock)) {}
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Device* locate(const Fingerprint& fingerprint);
  [[nodiscard]] tl::unexpected<Error> cannot_store(const SqlOutcome& outcome) const;
  // In the transaction of a change.
  [[nodiscard]] SqlOutcome write(const Device& device);
  [[nodiscard]] SqlOutcome write_touched();
  [[nodiscard]] Result<void> replace(const Device& device);

  std::filesystem::path file_;
  UniqueFd lock_;  // on the folder, for as long as the store is open
  SqlDatabase database_;
  std::vector<Device> devices_;
  std::vector<Fingerprint> touched_;  // seen since the last transaction
  std::uint64_t touches_written_unix_s_ = 0;
  bool touch_failed_ = false;  // said once
};

}  // namespace punktfunk::control

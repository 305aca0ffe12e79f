// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"
#include "host/mgmt/api/host_service.h"

namespace punktfunk::host::api {

// The settings in force: what the command line says, else what the operator changed while a host ran, else
// the defaults. The changes are kept in settings.json in the state folder, mode 0600, replaced as a whole.
// One thread.
class SettingsStore {
 public:
  static constexpr const char* kFileName = "settings.json";

  // `fixed`: what the command line says. A file that is not what this program wrote, or a newer one did, is
  // an error that names what is wrong with it.
  [[nodiscard]] static Result<SettingsStore> open(const std::filesystem::path& state_folder,
                                                  const SettingsChange& fixed);

  [[nodiscard]] const Settings& values() const { return values_; }
  [[nodiscard]] SettingsView view() const;

  // On the disk before it is in force; on an error nothing changed. Names that the command line fixed are a
  // conflict.
  [[nodiscard]] Answer<void> change(const SettingsChange& change);

 private:
  SettingsStore(std::filesystem::path file, const SettingsChange& fixed)
      : file_(std::move(file)), fixed_(fixed) {}

  std::filesystem::path file_;
  SettingsChange fixed_;
  SettingsChange stored_;
  Settings values_;
};

}  // namespace punktfunk::host::api

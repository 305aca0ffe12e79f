// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/settings_store.h"

#include "control/identity/private_file.h"
#include "host/mgmt/api/service_json.h"
#include "host/mgmt/api/service_schema.h"

namespace punktfunk::host::api {

using nlohmann::json;

namespace {

// Six settings take 150 bytes.
constexpr std::size_t kMaxFile = 64 * 1024;

template <class T>
void overlay(std::optional<T>& value, const std::optional<T>& change) {
  if (change) value = change;
}

SettingsChange merged(SettingsChange into, const SettingsChange& change) {
  overlay(into.bitrate_kbps, change.bitrate_kbps);
  overlay(into.approval, change.approval);
  overlay(into.linger_s, change.linger_s);
  overlay(into.when_busy, change.when_busy);
  overlay(into.max_sessions, change.max_sessions);
  overlay(into.max_encoders, change.max_encoders);
  return into;
}

Settings with(Settings values, const SettingsChange& change) {
  values.bitrate_kbps = change.bitrate_kbps.value_or(values.bitrate_kbps);
  values.approval = change.approval.value_or(values.approval);
  values.linger_s = change.linger_s.value_or(values.linger_s);
  values.when_busy = change.when_busy.value_or(values.when_busy);
  values.max_sessions = change.max_sessions.value_or(values.max_sessions);
  values.max_encoders = change.max_encoders.value_or(values.max_encoders);
  return values;
}

tl::unexpected<Error> unreadable(const std::filesystem::path& file, const std::string& why) {
  return fail("The settings in " + file.string() + " were not read: " + why +
              " Mend the file, or remove it to begin with the defaults.");
}

}  // namespace

Result<SettingsStore> SettingsStore::open(const std::filesystem::path& state_folder,
                                          const SettingsChange& fixed) {
  SettingsStore store(state_folder / kFileName, fixed);
  const auto content = control::read_private_file(store.file_, kMaxFile);
  if (!content) return tl::unexpected(content.error());
  if (*content) {
    const json body = json::parse((*content)->begin(), (*content)->end(), nullptr, false);
    if (body.is_discarded()) return unreadable(store.file_, "they are not JSON.");
    if (const auto problem = schemas::settings_change().problem(body, "the file"))
      return unreadable(store.file_, *problem);
    const auto change = settings_change_from(body);
    if (!change) return unreadable(store.file_, change.error().message);
    store.stored_ = *change;
  }
  store.values_ = with(with(Settings{}, store.stored_), fixed);
  return store;
}

SettingsView SettingsStore::view() const {
  SettingsView view{values_, {}};
  const json fixed = json_of(fixed_);
  for (const auto& item : fixed.items()) view.fixed.push_back(item.key());
  return view;
}

Answer<void> SettingsStore::change(const SettingsChange& change) {
  const json fixed = json_of(fixed_);
  const json wanted = json_of(change);
  for (const auto& item : wanted.items()) {
    if (!fixed.contains(item.key())) continue;
    return refuse(ServiceError::Kind::conflict, "setting_fixed",
                  "\"" + item.key() +
                      "\" was not changed, because the host's command line fixes it; start the host without "
                      "that option.");
  }
  const SettingsChange stored = merged(stored_, change);
  const std::string text = json_of(stored).dump(2) + "\n";
  const auto written = control::write_private_file(file_, as_bytes(text), control::IfExists::replace);
  if (!written) return refuse(ServiceError::Kind::failed, "store_failed", written.error().message);
  stored_ = stored;
  values_ = with(values_, change);
  return {};
}

}  // namespace punktfunk::host::api

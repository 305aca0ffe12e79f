// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/running_host.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "core/wire/hello.h"

namespace punktfunk::host {

using api::Answer;
using api::ServiceError;
using Kind = ServiceError::Kind;

namespace {

constexpr const char* kStopWords = "The operator of the host ended this session.";

std::string machine_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return clean_text(name.data(), api::kMaxNameBytes);
}

tl::unexpected<ServiceError> not_found(std::string code, std::string message) {
  return api::refuse(Kind::not_found, std::move(code), std::move(message));
}

// An error of the endpoint when what was asked about is there: its loop does not answer.
tl::unexpected<ServiceError> busy(const Error& error) {
  return api::refuse(Kind::unavailable, "host_busy", error.message);
}

// The same where the store was written: that went wrong.
tl::unexpected<ServiceError> not_stored(const Error& error) {
  return api::refuse(Kind::failed, "store_failed", error.message);
}

template <class T>
Answer<T> answered(const Result<T>& result) {
  if (!result) return busy(result.error());
  return *result;
}

api::PendingDevice pending_of(const control::ApprovalDesk::Entry& entry) {
  return {entry.id,
          control::fingerprint_hex(entry.fingerprint),
          entry.name,
          entry.address.ip(),
          static_cast<std::uint64_t>(to_seconds(monotonic_now() - entry.since)),
          entry.connection.has_value()};
}

api::ClientInfo client_of(const endpoint::HostNode::DeviceInfo& info) {
  api::ClientInfo client;
  client.fingerprint = control::fingerprint_hex(info.device.fingerprint);
  client.name = info.device.name;
  client.paired_unix_s = info.device.paired_unix_s;
  client.paired_by = control::describe(info.device.how);
  client.seen_unix_s = info.device.seen_unix_s;
  client.rights = info.device.rights;
  client.has_expired = info.is_expired;
  client.sessions = info.sessions;
  return client;
}

// "libx264 ultrafast, 2 threads" → "libx264": what the metrics tell apart.
std::string first_word(const std::string& text) { return text.substr(0, text.find_first_of(" ,")); }

std::string codec_name(std::uint8_t codec) { return codec == wire::kCodecH264 ? "h264" : ""; }

}  // namespace

RunningHost::RunningHost(Parts parts) : parts_(std::move(parts)) {}

Answer<api::HostStatus> RunningHost::status() {
  const auto pending = parts_.endpoint.pending();
  if (!pending) return busy(pending.error());
  const auto armed = parts_.endpoint.armed_pairing();
  const auto endpoint = parts_.endpoint.status();
  api::HostStatus status;
  status.version = parts_.version;
  status.name = machine_name();
  status.fingerprint = parts_.fingerprint;
  status.port = parts_.port;
  status.uptime_s = static_cast<std::uint64_t>(to_seconds(monotonic_now() - started_));
  status.connections = endpoint.connections;
  status.sessions = endpoint.sessions;
  status.displays = parts_.sessions.displays().size();
  status.paired_devices = endpoint.paired_devices;
  status.pending_devices = pending->size();
  status.sessions_without_offload = parts_.sessions.sessions_without_offload();
  status.is_pairing_armed = armed && armed->has_value();
  return status;
}

Answer<api::HostFigures> RunningHost::figures() {
  // A session that ends meanwhile would be counted twice or not at all, and counters must never fall.
  for (int attempt = 0;; ++attempt) {
    const std::uint64_t over = parts_.recorder.sessions_over();
    const auto running = parts_.sessions.sessions();
    api::HostFigures figures = parts_.recorder.figures();
    if (over != parts_.recorder.sessions_over() && attempt < 10) continue;
    for (const SessionInfo& session : running)
      if (session.state != SessionInfo::State::ending) figures.streams.add(figures_of(session));
    figures.dropped_datagrams = parts_.endpoint.status().dropped_datagrams;
    return figures;
  }
}

Answer<std::vector<api::SessionInfo>> RunningHost::sessions() {
  const auto devices = parts_.endpoint.devices();
  if (!devices) return busy(devices.error());
  const std::uint64_t now_s = wall_clock_ns() / 1'000'000'000;
  std::vector<api::SessionInfo> list;
  for (const SessionInfo& from : parts_.sessions.sessions()) {
    api::SessionInfo to;
    to.id = from.id;
    to.fingerprint = control::fingerprint_hex(from.fingerprint);
    to.name = from.device_name;
    to.address = from.address.ip();
    to.state = to_string(from.state);
    to.seconds = now_s - std::min(now_s, from.since_unix_s);
    to.width = from.mode.width;
    to.height = from.mode.height;
    to.refresh_hz = from.mode.refresh_hz;
    to.codec = codec_name(from.codec);
    to.encoder = first_word(from.statistics.encoder);
    to.bitrate_kbps = from.bitrate_kbps;
    to.loss_ppm = from.loss_ppm;
    const auto device = std::find_if(devices->begin(), devices->end(), [&](const auto& info) {
      return info.device.fingerprint == from.fingerprint;
    });
    if (device != devices->end()) to.rights = device->device.rights;
    if (from.display != 0) to.display = from.display;
    to.last_fault = from.statistics.last_fault;
    to.figures = figures_of(from);
    list.push_back(std::move(to));
  }
  return list;
}

Answer<SessionInfo> RunningHost::find_session(std::uint64_t id) {
  const auto sessions = parts_.sessions.sessions();
  const auto found =
      std::find_if(sessions.begin(), sessions.end(), [id](const auto& session) { return session.id == id; });
  if (found != sessions.end()) return *found;
  return not_found("session_not_found", "There is no session " + std::to_string(id) +
                                            "; it may have ended: look at the list again.");
}

Answer<void> RunningHost::stop_session(std::uint64_t id) {
  const auto session = find_session(id);
  if (!session) return tl::unexpected(session.error());
  // An error now means that it ended by itself, which is what was wanted.
  (void)parts_.sessions.stop_session(id, kStopWords);
  return {};
}

Answer<void> RunningHost::request_keyframe(std::uint64_t id) {
  const auto session = find_session(id);
  if (!session) return tl::unexpected(session.error());
  if (session->state != SessionInfo::State::streaming || session->is_probe_only) {
    return api::refuse(Kind::conflict, "no_stream",
                       "The session shows no pictures at this moment, so none can be a keyframe.");
  }
  const auto asked = parts_.sessions.request_keyframe(id);
  if (!asked) return busy(asked.error());
  return {};
}

Answer<void> RunningHost::mute_session(std::uint64_t id, bool) {
  const auto session = find_session(id);
  if (!session) return tl::unexpected(session.error());
  return api::refuse(Kind::conflict, "no_sound", "This host streams no sound, so there is nothing to mute.");
}

Answer<std::vector<api::DisplayInfo>> RunningHost::displays() {
  const auto devices = parts_.endpoint.devices();
  if (!devices) return busy(devices.error());
  std::vector<api::DisplayInfo> list;
  for (const DisplayInfo& from : parts_.sessions.displays()) {
    api::DisplayInfo to;
    to.id = from.id;
    to.fingerprint = from.key;
    for (const auto& info : *devices)
      if (control::fingerprint_hex(info.device.fingerprint) == from.key) to.name = info.device.name;
    to.mode = host::to_string(from.mode);
    to.state = from.state == DisplayBook::State::leased ? "in_use" : host::to_string(from.state);
    to.sessions = from.sessions;
    // Rounded up: 0 would mean that it is gone.
    if (from.left) to.ends_in_s = static_cast<std::uint64_t>(to_seconds(*from.left)) + 1;
    list.push_back(std::move(to));
  }
  return list;
}

Answer<void> RunningHost::end_display(std::uint64_t id) {
  const auto displays = parts_.sessions.displays();
  if (std::none_of(displays.begin(), displays.end(),
                   [id](const auto& display) { return display.id == id; })) {
    return not_found("display_not_found", "There is no display " + std::to_string(id) +
                                              "; it may have ended: look at the list again.");
  }
  const auto ended = parts_.sessions.end_display(static_cast<DisplayBook::DisplayId>(id));
  if (!ended) return api::refuse(Kind::conflict, "display_in_use", ended.error().message);
  return {};
}

Answer<api::ArmedPairing> RunningHost::arm_pairing(const api::ArmRequest& request) {
  control::PairingDesk::Window window;
  if (request.only_for) window.only_for = control::parse_fingerprint(*request.only_for);
  window.from_anywhere = request.any_network;
  window.rights = request.rights;
  const auto pin = parts_.endpoint.arm_pairing(window);
  if (!pin) return busy(pin.error());
  return api::ArmedPairing{*pin, static_cast<std::uint64_t>(to_seconds(control::PairingDesk::kArmedFor))};
}

Answer<void> RunningHost::disarm_pairing() {
  const auto done = parts_.endpoint.disarm_pairing();
  if (!done) return busy(done.error());
  return {};
}

Answer<api::PairingStatus> RunningHost::pairing() {
  const auto armed = parts_.endpoint.armed_pairing();
  if (!armed) return busy(armed.error());
  api::PairingStatus status;
  if (!*armed) return status;
  status.is_armed = true;
  status.seconds_left = static_cast<std::uint64_t>(to_seconds((*armed)->left));
  if ((*armed)->window.only_for) status.only_for = control::fingerprint_hex(*(*armed)->window.only_for);
  status.any_network = (*armed)->window.from_anywhere;
  return status;
}

Answer<std::vector<api::PendingDevice>> RunningHost::pending() {
  const auto entries = parts_.endpoint.pending();
  if (!entries) return busy(entries.error());
  std::vector<api::PendingDevice> list;
  for (const auto& entry : *entries) list.push_back(pending_of(entry));
  return list;
}

Answer<api::PendingDevice> RunningHost::find_pending(std::uint32_t id) {
  const auto list = pending();
  if (!list) return tl::unexpected(list.error());
  const auto found =
      std::find_if(list->begin(), list->end(), [id](const auto& device) { return device.id == id; });
  if (found != list->end()) return *found;
  return not_found("pending_not_found", "Nobody asks to be let in under number " + std::to_string(id) +
                                            "; the device may have given up: look at the list again.");
}

Answer<api::PendingDevice> RunningHost::approve(std::uint32_t id, const api::Offer& offer) {
  if (const auto there = find_pending(id); !there) return there;
  const auto entry = parts_.endpoint.approve(id, offer);
  if (entry) return pending_of(*entry);
  // It gave up meanwhile, or could not be stored.
  if (const auto there = find_pending(id); !there) return there;
  return not_stored(entry.error());
}

Answer<api::PendingDevice> RunningHost::deny(std::uint32_t id) {
  if (const auto there = find_pending(id); !there) return there;
  const auto entry = parts_.endpoint.deny(id);
  if (entry) return pending_of(*entry);
  if (const auto there = find_pending(id); !there) return there;
  return busy(entry.error());
}

Answer<std::vector<api::ClientInfo>> RunningHost::clients() {
  const auto devices = parts_.endpoint.devices();
  if (!devices) return busy(devices.error());
  std::vector<api::ClientInfo> list;
  for (const auto& info : *devices) list.push_back(client_of(info));
  return list;
}

Answer<api::ClientInfo> RunningHost::find_client(const std::string& fingerprint) {
  const auto list = clients();
  if (!list) return tl::unexpected(list.error());
  const auto found = std::find_if(list->begin(), list->end(),
                                  [&](const auto& client) { return client.fingerprint == fingerprint; });
  if (found != list->end()) return *found;
  return not_found("client_not_found",
                   "No device with this fingerprint is paired; the list of clients shows those that are.");
}

Answer<api::ClientInfo> RunningHost::edit_client(const std::string& fingerprint,
                                                 const api::ClientEdit& edit) {
  if (const auto there = find_client(fingerprint); !there) return there;
  const control::Fingerprint device = *control::parse_fingerprint(fingerprint);
  if (edit.grants || edit.term) {
    const auto changed = parts_.endpoint.set_rights(device, {edit.grants, edit.term});
    if (!changed) return not_stored(changed.error());
  }
  if (edit.name) {
    const auto changed = parts_.endpoint.rename(device, *edit.name);
    if (!changed) return not_stored(changed.error());
  }
  return find_client(fingerprint);
}

Answer<void> RunningHost::unpair(const std::string& fingerprint) {
  if (const auto there = find_client(fingerprint); !there) return tl::unexpected(there.error());
  const auto removed = parts_.endpoint.unpair(*control::parse_fingerprint(fingerprint));
  if (!removed) return not_stored(removed.error());
  return {};
}

Answer<std::size_t> RunningHost::unpair_all() {
  const auto removed = parts_.endpoint.unpair_all();
  if (!removed) return not_stored(removed.error());
  return *removed;
}

Answer<api::SettingsView> RunningHost::settings() {
  const std::lock_guard lock(settings_mutex_);
  return parts_.settings.view();
}

Answer<api::SettingsView> RunningHost::change_settings(const api::SettingsChange& change) {
  const std::lock_guard lock(settings_mutex_);
  if (const auto changed = parts_.settings.change(change); !changed) return tl::unexpected(changed.error());
  const api::Settings& values = parts_.settings.values();
  parts_.endpoint.set_approval(values.approval);
  parts_.sessions.set_admission(policy_of(values));
  parts_.sessions.set_default_bitrate(BitRate::from_kbps(values.bitrate_kbps));
  parts_.sessions.set_linger(linger_of(values));
  parts_.recorder.settings_changed(values);
  return parts_.settings.view();
}

AdmissionPolicy policy_of(const api::Settings& settings) {
  AdmissionPolicy policy;
  policy.when_busy = settings.when_busy;
  policy.max_sessions = settings.max_sessions;
  policy.max_encoders = settings.max_encoders;
  return policy;
}

std::optional<Duration> linger_of(const api::Settings& settings) {
  if (!settings.linger_s) return std::nullopt;
  return Duration(static_cast<std::int64_t>(*settings.linger_s * 1e9));
}

}  // namespace punktfunk::host

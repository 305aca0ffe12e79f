// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/host_recorder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/time.h"
#include "host/mgmt/api/service_json.h"

namespace punktfunk::host {

using nlohmann::json;

namespace {

json device_json(const control::Device& device) {
  return {{"fingerprint", control::fingerprint_hex(device.fingerprint)}, {"name", device.name}};
}

json entry_json(const control::ApprovalDesk::Entry& entry) {
  return {{"id", entry.id},
          {"fingerprint", control::fingerprint_hex(entry.fingerprint)},
          {"name", entry.name},
          {"address", entry.address.ip()}};
}

std::string mode_text(const wire::Mode& mode) {
  return to_string(DisplayMode::from_hz(mode.width, mode.height, mode.refresh_hz));
}

// Also a label of a metric, so there is a fixed few of them.
const char* reason_of(std::optional<wire::CloseCode> code) {
  if (!code) return "wrong_pin";
  switch (*code) {
    case wire::CloseCode::pairing_not_armed:
      return "not_armed";
    case wire::CloseCode::armed_for_another_device:
      return "armed_for_another_device";
    case wire::CloseCode::pairing_rate_limit:
      return "too_soon";
    default:
      return "other";
  }
}

}  // namespace

void HostRecorder::publish(std::string_view type, json data) {
  data["unix_ms"] = wall_clock_ns() / 1'000'000;
  log_.publish(type, data);
}

bool HostRecorder::may_tell_of_stranger() {
  const TimePoint now = monotonic_now();
  const TimePoint told_until = std::max(strangers_told_until_, now) + kStrangerSpacing;
  if (told_until - now > kStrangersAtOnce * kStrangerSpacing) return false;
  strangers_told_until_ = told_until;
  return true;
}

void HostRecorder::knocked(const control::ApprovalDesk::Entry& entry) {
  {
    const std::lock_guard lock(mutex_);
    ++figures_.knocks;
  }
  if (may_tell_of_stranger()) publish("knock", entry_json(entry));
}

void HostRecorder::denied(const control::ApprovalDesk::Entry& entry) {
  {
    const std::lock_guard lock(mutex_);
    ++figures_.denials;
  }
  publish("denied", entry_json(entry));
}

void HostRecorder::trusted(const control::Device& device) {
  {
    const std::lock_guard lock(mutex_);
    if (device.how == control::PairedBy::pin) ++figures_.pairings;
    if (device.how == control::PairedBy::approval) ++figures_.approvals;
  }
  json data = device_json(device);
  data["by"] = control::describe(device.how);
  data["rights"] = api::json_of(device.rights);
  publish(device.how == control::PairedBy::approval ? "approved" : "paired", std::move(data));
}

void HostRecorder::device_changed(const control::Device& device) {
  json data = device_json(device);
  data["rights"] = api::json_of(device.rights);
  publish("client_changed", std::move(data));
}

void HostRecorder::unpaired(const control::Device& device) { publish("unpaired", device_json(device)); }

void HostRecorder::pairing_failed(std::optional<wire::CloseCode> code) {
  const std::string reason = reason_of(code);
  {
    const std::lock_guard lock(mutex_);
    ++pairing_failures_[reason];
  }
  // Without a code a PIN of the operator's was used up: that is told whoever did it.
  if (!code || may_tell_of_stranger()) publish("pairing_failed", {{"reason", reason}});
}

void HostRecorder::session_began(endpoint::SessionId id, const control::Device& device,
                                 const wire::Mode& mode) {
  json data = device_json(device);
  data["session"] = id;
  data["mode"] = mode_text(mode);
  {
    const std::lock_guard lock(mutex_);
    ++figures_.sessions_started;
    running_[id] = {control::fingerprint_hex(device.fingerprint), device.name, mode};
  }
  publish("session_started", std::move(data));
}

void HostRecorder::epoch_began(endpoint::SessionId id, const wire::Mode& mode) {
  json data = {{"session", id}, {"mode", mode_text(mode)}};
  bool is_other_mode = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    is_other_mode = found->second.mode != mode;
    found->second.mode = mode;
    data["fingerprint"] = found->second.fingerprint;
    data["name"] = found->second.name;
  }
  publish(is_other_mode ? "session_reconfigured" : "session_rebuilt", std::move(data));
}

void HostRecorder::session_over(endpoint::SessionId id, std::string_view why) {
  json data = {{"session", id}, {"reason", why}};
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    data["fingerprint"] = found->second.fingerprint;
    data["name"] = found->second.name;
    running_.erase(found);
  }
  publish("session_ended", std::move(data));
}

void HostRecorder::add_session(const SessionInfo& session) {
  const std::lock_guard lock(mutex_);
  figures_.streams.add(figures_of(session));
  ++sessions_over_;
}

void HostRecorder::display_changed(const DisplayInfo& display, bool exists) {
  json data = {{"display", display.id}, {"fingerprint", display.key}, {"mode", to_string(display.mode)}};
  const char* type = "display_ended";
  if (exists) type = display.state == DisplayBook::State::lingering ? "display_lingering" : "display_in_use";
  if (exists && display.left) data["ends_in_s"] = to_seconds(*display.left);
  publish(type, std::move(data));
}

void HostRecorder::settings_changed(const api::Settings& settings) {
  publish("settings_changed", {{"values", api::json_of(settings)}});
}

void HostRecorder::going_down() { publish("host_going_down", json::object()); }

api::HostFigures HostRecorder::figures() const {
  const std::lock_guard lock(mutex_);
  api::HostFigures figures = figures_;
  figures.pairing_refusals.assign(pairing_failures_.begin(), pairing_failures_.end());
  return figures;
}

api::StreamFigures figures_of(const SessionInfo& session) {
  const SessionStatistics& from = session.statistics;
  api::StreamFigures to;
  to.frames = from.frames;
  to.keyframes = from.keyframes;
  to.repeats = from.repeats;
  to.video_bytes = from.video_bytes;
  to.wire_bytes = from.wire_bytes;
  to.datagrams = from.video_datagrams;
  to.parity_datagrams = from.parity_datagrams;
  to.datagrams_dropped = from.datagrams_dropped;
  to.units_too_large = from.units_too_large;
  to.packets_received = session.packets_received;
  to.mode_changes = from.mode_changes;
  to.rebuilds = from.rebuilds;
  to.stages = {{"capture_to_encode", from.capture_to_encode},
               {"encode", from.encode},
               {"queue", from.queue},
               {"send", from.send}};
  return to;
}

}  // namespace punktfunk::host

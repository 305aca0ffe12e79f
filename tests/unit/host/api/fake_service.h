// SPDX-License-Identifier: MIT OR Apache-2.0
// A host in memory: two devices, one session of each, one device that asks to be let in.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/wire/grants.h"
#include "host/mgmt/api/host_service.h"

namespace punktfunk::host::api::test {

inline const std::string kPhone(64, 'a');
inline const std::string kTablet(64, 'b');
inline const std::string kStranger(64, 'c');

class FakeService final : public HostService {
 public:
  FakeService() {
    for (const std::string& fingerprint : {kPhone, kTablet}) {
      ClientInfo client;
      client.fingerprint = fingerprint;
      client.name = fingerprint == kPhone ? "Phone" : "Tablet";
      client.paired_unix_s = 1'700'000'000;
      client.rights.grants = wire::kGrantAll;
      client.sessions = 1;
      paired.push_back(client);
      SessionInfo session;
      session.id = fingerprint == kPhone ? 3 : 5;
      session.fingerprint = fingerprint;
      session.name = client.name;
      session.address = "192.168.1.20";
      session.state = "streaming";
      session.width = 1280;
      session.height = 720;
      session.refresh_hz = 60;
      session.codec = "h264";
      session.encoder = "libx264";
      session.bitrate_kbps = 10'000;
      session.loss_ppm = fingerprint == kPhone ? 100 : 20'000;
      session.rights = client.rights;
      session.display = session.id + 100;
      session.figures.frames = 600;
      session.figures.stages.push_back({"encode", {}});
      session.figures.stages.back().times.add(std::chrono::milliseconds(3));
      running.push_back(session);
    }
    shown.push_back({103, kPhone, "Phone", "1280x720@60", "in_use", 1, std::nullopt});
    shown.push_back({104, kTablet, "Tablet", "1280x720@60", "lingering", 0, 7});
    waiting.push_back({9, kStranger, "Stranger", "192.168.1.30", 12, true});
  }

  Answer<HostStatus> status() override {
    if (is_stopping) return busy();
    HostStatus status;
    status.version = "1.2.3";
    status.name = "desk";
    status.fingerprint = std::string(64, '0');
    status.port = 9777;
    status.sessions = running.size();
    status.paired_devices = paired.size();
    status.is_pairing_armed = armed.is_armed;
    return status;
  }
  Answer<HostFigures> figures() override {
    HostFigures figures;
    for (const SessionInfo& session : running) figures.streams.add(session.figures);
    figures.streams.datagrams = 900;
    figures.streams.parity_datagrams = 100;
    figures.pairing_refusals = {{"wrong_pin", 2}, {"not_armed", 1}};
    return figures;
  }

  Answer<std::vector<SessionInfo>> sessions() override {
    if (is_stopping) return busy();
    return running;
  }
  Answer<void> stop_session(std::uint64_t id) override { return act("stop", id); }
  Answer<void> request_keyframe(std::uint64_t id) override { return act("keyframe", id); }
  Answer<void> mute_session(std::uint64_t, bool) override {
    return refuse(ServiceError::Kind::conflict, "no_sound", "This host streams no sound.");
  }

  Answer<std::vector<DisplayInfo>> displays() override { return shown; }
  Answer<void> end_display(std::uint64_t id) override {
    for (const DisplayInfo& display : shown) {
      if (display.id != id) continue;
      if (display.state == "in_use")
        return refuse(ServiceError::Kind::conflict, "display_in_use", "A session shows this display.");
      std::erase_if(shown, [id](const auto& gone) { return gone.id == id; });
      return {};
    }
    return refuse(ServiceError::Kind::not_found, "display_not_found", "There is no such display.");
  }

  Answer<ArmedPairing> arm_pairing(const ArmRequest& request) override {
    armed = {true, 120, request.only_for, request.any_network};
    return ArmedPairing{"1234", 120};
  }
  Answer<void> disarm_pairing() override {
    armed = {};
    return {};
  }
  Answer<PairingStatus> pairing() override { return armed; }

  Answer<std::vector<PendingDevice>> pending() override { return waiting; }
  Answer<PendingDevice> approve(std::uint32_t id, const Offer& offer) override {
    const auto device = take(id);
    const Rights rights{offer.grants, offer.term.lasts, 1'700'000'000 + offer.term.seconds};
    if (device)
      paired.push_back({device->fingerprint, device->name, 1'700'000'001, "approval", 0, rights, false, 0});
    return device;
  }
  Answer<PendingDevice> deny(std::uint32_t id) override { return take(id); }

  Answer<std::vector<ClientInfo>> clients() override { return paired; }
  Answer<ClientInfo> edit_client(const std::string& fingerprint, const ClientEdit& edit) override {
    for (ClientInfo& client : paired) {
      if (client.fingerprint != fingerprint) continue;
      if (edit.name) client.name = *edit.name;
      if (edit.grants) client.rights.grants = *edit.grants;
      if (edit.term) client.rights.lasts = edit.term->lasts;
      if (edit.term) client.rights.until_unix_s = 1'700'000'000 + edit.term->seconds;
      return client;
    }
    return no_such_client();
  }
  Answer<void> unpair(const std::string& fingerprint) override {
    if (std::erase_if(paired, [&](const auto& client) { return client.fingerprint == fingerprint; }) == 0)
      return no_such_client();
    return {};
  }
  Answer<std::size_t> unpair_all() override {
    const std::size_t count = paired.size();
    paired.clear();
    return count;
  }

  Answer<SettingsView> settings() override { return SettingsView{values, {"max_sessions"}}; }
  Answer<SettingsView> change_settings(const SettingsChange& change) override {
    if (change.max_sessions)
      return refuse(ServiceError::Kind::conflict, "setting_fixed", "The command line fixes max_sessions.");
    if (change.linger_s) values.linger_s = *change.linger_s;
    if (change.bitrate_kbps) values.bitrate_kbps = *change.bitrate_kbps;
    if (change.when_busy) values.when_busy = *change.when_busy;
    if (change.approval) values.approval = *change.approval;
    return settings();
  }

  std::vector<SessionInfo> running;
  std::vector<DisplayInfo> shown;
  std::vector<PendingDevice> waiting;
  std::vector<ClientInfo> paired;
  PairingStatus armed;
  Settings values;
  std::vector<std::string> acts;  // "stop 3", "keyframe 5"
  bool is_stopping = false;

 private:
  static tl::unexpected<ServiceError> busy() {
    return refuse(ServiceError::Kind::unavailable, "host_busy", "The host is stopping; try again.");
  }
  static tl::unexpected<ServiceError> no_such_client() {
    return refuse(ServiceError::Kind::not_found, "client_not_found", "No such device is paired.");
  }
  Answer<void> act(const char* what, std::uint64_t id) {
    if (std::none_of(running.begin(), running.end(), [id](const auto& session) { return session.id == id; }))
      return refuse(ServiceError::Kind::not_found, "session_not_found", "There is no such session.");
    acts.push_back(std::string(what) + " " + std::to_string(id));
    return {};
  }
  Answer<PendingDevice> take(std::uint32_t id) {
    const auto found =
        std::find_if(waiting.begin(), waiting.end(), [id](const auto& device) { return device.id == id; });
    if (found == waiting.end())
      return refuse(ServiceError::Kind::not_found, "pending_not_found", "Nobody asks under this number.");
    const PendingDevice device = *found;
    waiting.erase(found);
    return device;
  }
};

}  // namespace punktfunk::host::api::test

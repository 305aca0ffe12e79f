// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "endpoint/host_endpoint.h"
#include "host/mgmt/api/host_service.h"
#include "host/mgmt/api/settings_store.h"
#include "host/mgmt/host_recorder.h"
#include "host/session/session_manager.h"

namespace punktfunk::host {

// The host that `serve` runs, as the management API sees it: asks endpoint and sessions, and puts together
// what each of them knows.
class RunningHost final : public api::HostService {
 public:
  // References outlive it. `endpoint` is started, and stopped before `sessions` goes.
  struct Parts {
    endpoint::HostEndpoint& endpoint;
    SessionManager& sessions;
    api::SettingsStore& settings;
    HostRecorder& recorder;
    std::string version;
    std::string fingerprint;
    std::uint16_t port = 0;  // UDP
  };
  explicit RunningHost(Parts parts);

  [[nodiscard]] api::Answer<api::HostStatus> status() override;
  [[nodiscard]] api::Answer<api::HostFigures> figures() override;
  [[nodiscard]] api::Answer<std::vector<api::SessionInfo>> sessions() override;
  [[nodiscard]] api::Answer<void> stop_session(std::uint64_t id) override;
  [[nodiscard]] api::Answer<void> request_keyframe(std::uint64_t id) override;
  [[nodiscard]] api::Answer<void> mute_session(std::uint64_t id, bool muted) override;
  [[nodiscard]] api::Answer<std::vector<api::DisplayInfo>> displays() override;
  [[nodiscard]] api::Answer<void> end_display(std::uint64_t id) override;
  [[nodiscard]] api::Answer<api::ArmedPairing> arm_pairing(const api::ArmRequest& request) override;
  [[nodiscard]] api::Answer<void> disarm_pairing() override;
  [[nodiscard]] api::Answer<api::PairingStatus> pairing() override;
  [[nodiscard]] api::Answer<std::vector<api::PendingDevice>> pending() override;
  [[nodiscard]] api::Answer<api::PendingDevice> approve(std::uint32_t id, const api::Offer& offer) override;
  [[nodiscard]] api::Answer<api::PendingDevice> deny(std::uint32_t id) override;
  [[nodiscard]] api::Answer<std::vector<api::ClientInfo>> clients() override;
  [[nodiscard]] api::Answer<api::ClientInfo> edit_client(const std::string& fingerprint,
                                                         const api::ClientEdit& edit) override;
  [[nodiscard]] api::Answer<void> unpair(const std::string& fingerprint) override;
  [[nodiscard]] api::Answer<std::size_t> unpair_all() override;
  [[nodiscard]] api::Answer<api::SettingsView> settings() override;
  [[nodiscard]] api::Answer<api::SettingsView> change_settings(const api::SettingsChange& change) override;

 private:
  // Refuses as not found when no such session runs.
  [[nodiscard]] api::Answer<SessionInfo> find_session(std::uint64_t id);
  [[nodiscard]] api::Answer<api::PendingDevice> find_pending(std::uint32_t id);
  [[nodiscard]] api::Answer<api::ClientInfo> find_client(const std::string& fingerprint);

  Parts parts_;
  const TimePoint started_ = monotonic_now();
  std::mutex settings_mutex_;
};

// What the settings mean to the parts of a host.
[[nodiscard]] AdmissionPolicy policy_of(const api::Settings& settings);
[[nodiscard]] std::optional<Duration> linger_of(const api::Settings& settings);

}  // namespace punktfunk::host

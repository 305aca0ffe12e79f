// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/time.h"
#include "endpoint/host_events.h"
#include "host/display/display.h"
#include "host/mgmt/api/host_service.h"
#include "host/mgmt/http/event_log.h"
#include "host/session/session_info.h"

namespace punktfunk::host {

// Listens to a host: publishes what happens as events of the management API, and counts it for the metrics,
// also for sessions that are over. Any thread may read; what it listens to comes on the threads that its
// sources say.
class HostRecorder final : public endpoint::HostEvents {
 public:
  // `log` outlives it.
  explicit HostRecorder(http::EventLog& log) : log_(log) {}

  void knocked(const control::ApprovalDesk::Entry& entry) override;
  void denied(const control::ApprovalDesk::Entry& entry) override;
  void trusted(const control::Device& device) override;
  void device_changed(const control::Device& device) override;
  void unpaired(const control::Device& device) override;
  void pairing_failed(std::optional<wire::CloseCode> code) override;
  void session_began(endpoint::SessionId id, const control::Device& device, const wire::Mode& mode) override;
  void epoch_began(endpoint::SessionId id, const wire::Mode& mode) override;
  void session_over(endpoint::SessionId id, std::string_view why) override;

  // Of SessionManager::on_session_over().
  void add_session(const SessionInfo& session);
  // Of DisplayRegistry::listen().
  void display_changed(const DisplayInfo& display, bool exists);
  void settings_changed(const api::Settings& settings);
  void going_down();

  // Of sessions that are over, and of everything else. `sessions_over` tells whether another one ended
  // between two calls.
  [[nodiscard]] api::HostFigures figures() const;
  [[nodiscard]] std::uint64_t sessions_over() const { return sessions_over_; }

 private:
  // Events that any stranger can cause, in any number: 32 at once, then one a second, so that nobody can push
  // everything else out of the log of events. The counters count them all.
  static constexpr int kStrangersAtOnce = 32;
  static constexpr Duration kStrangerSpacing = std::chrono::seconds(1);
  [[nodiscard]] bool may_tell_of_stranger();
  // Adds the time.
  void publish(std::string_view type, nlohmann::json data);

  http::EventLog& log_;
  TimePoint strangers_told_until_{};  // control loop
  mutable std::mutex mutex_;          // guards the next three
  api::HostFigures figures_;
  std::map<std::string, std::uint64_t> pairing_failures_;  // by reason, of which there are a handful
  struct Running {
    std::string fingerprint;
    std::string name;
    wire::Mode mode;
  };
  std::map<endpoint::SessionId, Running> running_;
  std::atomic<std::uint64_t> sessions_over_ = 0;
};

// What the API shows of a session's statistics.
[[nodiscard]] api::StreamFigures figures_of(const SessionInfo& session);

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "endpoint/host_endpoint.h"
#include "endpoint/host_sessions.h"
#include "host/display/display.h"
#include "host/session/host_session.h"

namespace punktfunk::host {

// All sessions of a host. HostSessions calls come on the control loop; a session that ends is kept until its
// tear-down is complete, so that the loop never waits for a display to go.
class SessionManager final : public endpoint::HostSessions {
 public:
  // `displays` may be null with a synthetic source. `settings` is copied.
  SessionManager(SessionSettings settings, std::unique_ptr<DisplayRegistry> displays)
      : settings_(std::move(settings)), displays_(std::move(displays)) {}
  ~SessionManager() override { stop(); }

  // Before the endpoint starts. The endpoint is stopped before the manager goes.
  void attach(endpoint::HostEndpoint& endpoint) { endpoint_ = &endpoint; }
  // Ends every session and waits until its display is gone. After the endpoint has stopped.
  void stop();

  // Sessions whose packets are sent one by one, because segmentation offload lost them. Any thread.
  [[nodiscard]] std::size_t sessions_without_offload() const { return without_offload_; }

  void session_requested(const endpoint::SessionRequest& request) override;
  void session_started(endpoint::SessionId id, endpoint::MediaGrant grant) override;
  void input(endpoint::SessionId id, const wire::InputEvent& event) override;
  void feedback(endpoint::SessionId id, const wire::Feedback& feedback) override;
  std::optional<wire::BitrateChanged> bitrate_asked(endpoint::SessionId id, std::uint32_t kbps) override;
  bool probe_asked(endpoint::SessionId id, const wire::ProbeRequest& request) override;
  void session_ended(endpoint::SessionId id, bool user_quit, std::string_view why) override;

 private:
  void reap();

  const SessionSettings settings_;
  const std::unique_ptr<DisplayRegistry> displays_;
  endpoint::HostEndpoint* endpoint_ = nullptr;
  std::map<endpoint::SessionId, std::unique_ptr<HostSession>> sessions_;
  std::vector<std::unique_ptr<HostSession>> ending_;
  std::atomic<std::size_t> without_offload_ = 0;  // of sessions_
};

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "endpoint/host_endpoint.h"
#include "endpoint/host_sessions.h"
#include "host/display/display.h"
#include "host/session/admission.h"
#include "host/session/host_session.h"
#include "host/session/session_info.h"

namespace punktfunk::host {

// All sessions of a host: who is let in beside whom (admission.h), and what is shown of them. HostSessions
// calls come on the control loop; a session that ends is kept until its tear-down is complete, so that the
// loop never waits for a display to go.
class SessionManager final : public endpoint::HostSessions {
 public:
  // `displays` may be null with a synthetic source. `settings` is copied.
  SessionManager(SessionSettings settings, std::unique_ptr<DisplayRegistry> displays,
                 const AdmissionPolicy& policy = {})
      : settings_(std::move(settings)), policy_(policy), displays_(std::move(displays)) {}
  ~SessionManager() override { stop(); }

  // Called on the control loop with what a session was when its connection ended. Before the endpoint starts.
  void on_session_over(std::function<void(const SessionInfo&)> over) { over_ = std::move(over); }

  // Before the endpoint starts. The endpoint is stopped before the manager goes.
  void attach(endpoint::HostEndpoint& endpoint) { endpoint_ = &endpoint; }
  // Told on the control loop whenever the first session begins (true) or the last one ended (false). Before
  // the endpoint starts.
  void on_activity(std::function<void(bool)> told) { on_activity_ = std::move(told); }
  // Ends every session and waits until its display is gone. After the endpoint has stopped.
  void stop();

  // --- For the management API. Any thread but the control loop's, which answers.

  // Oldest first, those included that wait or end.
  [[nodiscard]] std::vector<SessionInfo> sessions();
  // Ends a session with `words` for the person at the client, as one that was denied (0x64): its display is
  // torn down at once unless another session looks at it.
  [[nodiscard]] Result<void> stop_session(endpoint::SessionId id, const std::string& words);
  // The next picture is a keyframe.
  [[nodiscard]] Result<void> request_keyframe(endpoint::SessionId id);
  // Oldest first; empty with a synthetic source.
  [[nodiscard]] std::vector<DisplayInfo> displays() const;
  // For those who come from now on.
  void set_admission(const AdmissionPolicy& policy);
  // For displays that are left from now on; nullopt: for ever.
  void set_linger(std::optional<Duration> linger);
  // Ends a display that waits for its client.
  [[nodiscard]] Result<void> end_display(DisplayBook::DisplayId id);

  // For sessions that are asked for from now on, and leave it to the host; zero: by picture size.
  void set_default_bitrate(BitRate bitrate);

  // Sessions whose packets are sent one by one, because segmentation offload lost them. Any thread.
  [[nodiscard]] std::size_t sessions_without_offload() const { return without_offload_; }

  // --- Control loop

  void session_requested(const endpoint::SessionRequest& request) override;
  void session_started(endpoint::SessionId id, endpoint::MediaGrant grant) override;
  void input(endpoint::SessionId id, const wire::InputEvent& event) override;
  void rights_changed(endpoint::SessionId id, std::uint32_t grants, std::uint32_t lost) override;
  void feedback(endpoint::SessionId id, const wire::Feedback& feedback) override;
  std::optional<wire::BitrateChanged> bitrate_asked(endpoint::SessionId id, std::uint32_t kbps) override;
  bool reconfigure_asked(endpoint::SessionId id, const wire::Mode& mode) override;
  bool probe_asked(endpoint::SessionId id, const wire::ProbeRequest& request) override;
  bool is_starting(endpoint::SessionId id, TimePoint now) override;
  void session_ended(endpoint::SessionId id, bool user_quit, std::string_view why) override;
  [[nodiscard]] std::optional<TimePoint> next_decision() const override;
  void handle_decisions(TimePoint now) override;

 private:
  // What is known of a session besides what it does itself.
  struct Card {
    endpoint::SessionRequest request;
    TimePoint asked{};
    std::uint64_t since_unix_s = 0;
    std::optional<wire::SessionId> wire_id;  // once the client has it
    SocketAddress remote;                    // where its client was seen last
    TimePoint last_heard{};
    std::uint32_t loss_ppm = 0;
    std::uint64_t packets_received = 0;
    // It was told to end, and its display goes to this key.
    std::optional<std::string> heir;
  };
  struct Held {
    Card card;
    std::unique_ptr<HostSession> session;
  };
  // Asked for, and not yet decided.
  struct Deferred {
    Card card;
    TimePoint again{};
  };

  [[nodiscard]] HostSession* find(endpoint::SessionId id);
  [[nodiscard]] std::vector<RunningSession> running();
  void look_at_peer(endpoint::SessionId id, Card& card) const;
  void decide(Card card, TimePoint now);
  void start(Card card, const Admission& admission);
  // Ends `id` for the sake of a newcomer, which waits for it.
  void clear_away(endpoint::SessionId id, wire::CloseCode code, const std::string& words,
                  const Card& newcomer, SessionPlan& plan);
  [[nodiscard]] SessionInfo info_of(const Card& card, const HostSession* session,
                                    SessionInfo::State state) const;
  void reap();

  const SessionSettings settings_;
  BitRate default_bitrate_ = settings_.bitrate;  // control loop
  AdmissionPolicy policy_;                       // control loop
  const std::unique_ptr<DisplayRegistry> displays_;
  endpoint::HostEndpoint* endpoint_ = nullptr;
  std::map<endpoint::SessionId, Held> sessions_;  // connections are numbered: oldest first
  std::map<endpoint::SessionId, Deferred> deferred_;
  std::vector<Held> ending_;
  std::function<void(bool)> on_activity_;
  std::function<void(const SessionInfo&)> over_;
  std::atomic<std::size_t> without_offload_ = 0;  // of sessions_
};

}  // namespace punktfunk::host

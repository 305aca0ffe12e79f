// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/session_manager.h"

#include <utility>

#include "base/log.h"

namespace punktfunk::host {

namespace {
// Sessions still tearing down. A client that reconnects faster than displays can go is told to wait.
constexpr std::size_t kMaxEnding = 16;
}  // namespace

void SessionManager::stop() {
  for (auto& [id, session] : sessions_) session->ended();
  // Destruction joins; all of them have begun to end, so their displays go in parallel.
  sessions_.clear();
  ending_.clear();
}

void SessionManager::session_requested(const endpoint::SessionRequest& request) {
  reap();
  if (ending_.size() >= kMaxEnding) {
    return endpoint_->refuse(request.id, wire::CloseCode::busy,
                             "The host is still clearing away earlier sessions; try again in a moment.");
  }
  sessions_.emplace(request.id,
                    std::make_unique<HostSession>(request, settings_, displays_.get(), *endpoint_));
}

void SessionManager::session_started(endpoint::SessionId id, endpoint::MediaGrant grant) {
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) found->second->started(std::move(grant));
}

void SessionManager::input(endpoint::SessionId id, const wire::InputEvent& event) {
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) found->second->input(event);
}

void SessionManager::feedback(endpoint::SessionId id, const wire::Feedback& feedback) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  HostSession& session = *found->second;
  const bool was_off = session.is_offload_off();
  session.feedback(feedback);
  if (session.is_offload_off() && !was_off) ++without_offload_;
}

std::optional<wire::BitrateChanged> SessionManager::bitrate_asked(endpoint::SessionId id,
                                                                  std::uint32_t kbps) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? std::nullopt : found->second->bitrate_asked(kbps);
}

bool SessionManager::probe_asked(endpoint::SessionId id, const wire::ProbeRequest& request) {
  const auto found = sessions_.find(id);
  return found != sessions_.end() && found->second->probe_asked(request);
}

void SessionManager::session_ended(endpoint::SessionId id, bool user_quit, std::string_view why) {
  reap();
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  spdlog::debug("Session {} ended ({}): {}", id, user_quit ? "by its user" : "connection closed", why);
  if (found->second->is_offload_off()) --without_offload_;
  found->second->ended();
  ending_.push_back(std::move(found->second));
  sessions_.erase(found);
}

void SessionManager::reap() {
  std::erase_if(ending_, [](const auto& session) { return session->is_gone(); });
}

}  // namespace punktfunk::host

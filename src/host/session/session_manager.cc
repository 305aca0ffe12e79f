// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/session_manager.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"

namespace punktfunk::host {

using endpoint::SessionId;
using wire::CloseCode;

namespace {

// Sessions still tearing down. A client that reconnects faster than displays can go is told to wait.
constexpr std::size_t kMaxEnding = 16;
// Newcomers that wait for a decision. It takes kSilentFor at most, or as long as a display takes to start.
constexpr std::size_t kMaxDeferred = 32;

// "20:14" of today, "19 November, 20:14" of another day; in the time of this machine's clock and zone.
std::string time_text(std::uint64_t unix_s) {
  const auto then = static_cast<time_t>(unix_s);
  const auto now = static_cast<time_t>(wall_clock_ns() / 1'000'000'000);
  tm at{};
  tm today{};
  ::localtime_r(&then, &at);
  ::localtime_r(&now, &today);
  const bool is_today = at.tm_year == today.tm_year && at.tm_yday == today.tm_yday;
  std::array<char, 64> text{};
  (void)::strftime(text.data(), text.size(), is_today ? "%H:%M" : "%-d %B, %H:%M", &at);
  return text.data();
}

std::string no_such_session(SessionId id) {
  return "There is no session " + std::to_string(id) + "; it may have ended: look at the list again.";
}

constexpr const char* kNoAnswer = "The host is stopping or too busy to answer; try again.";

}  // namespace

const char* to_string(SessionInfo::State state) {
  switch (state) {
    case SessionInfo::State::waiting:
      return "waiting";
    case SessionInfo::State::starting:
      return "starting";
    case SessionInfo::State::streaming:
      return "streaming";
    case SessionInfo::State::ending:
      return "ending";
  }
  return "";
}

void SessionManager::stop() {
  // First, so that displays end with their sessions, side by side, instead of being kept.
  if (displays_) displays_->stop();
  for (auto& [id, held] : sessions_) held.session->ended();
  sessions_.clear();  // joins
  ending_.clear();
  deferred_.clear();
}

HostSession* SessionManager::find(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.session.get();
}

void SessionManager::look_at_peer(SessionId id, Card& card) const {
  const auto peer = endpoint_->peer(id);
  if (!peer) return;
  card.remote = peer->remote;
  card.last_heard = peer->last_heard;
}

std::vector<RunningSession> SessionManager::running() {
  std::vector<RunningSession> out;
  for (auto& [id, held] : sessions_) {
    look_at_peer(id, held.card);
    RunningSession session;
    session.id = id;
    session.fingerprint = held.card.request.fingerprint;
    session.device_name = held.card.request.device_name;
    session.since = time_text(held.card.since_unix_s);
    session.mode = held.session->mode();
    session.is_probe_only = held.card.request.hello.probe_only;
    session.display = held.session->display();
    session.wire_id = held.card.wire_id;
    session.last_heard = held.card.last_heard;
    session.is_leaving = held.card.heir.has_value();
    out.push_back(std::move(session));
  }
  return out;
}

void SessionManager::session_requested(const endpoint::SessionRequest& request) {
  reap();
  if (ending_.size() >= kMaxEnding || deferred_.size() >= kMaxDeferred) {
    return endpoint_->refuse(request.id, CloseCode::busy,
                             "The host is still clearing away earlier sessions; try again in a moment.");
  }
  Card card;
  card.request = request;
  card.asked = monotonic_now();
  card.since_unix_s = wall_clock_ns() / 1'000'000'000;
  card.remote = request.remote;
  decide(std::move(card), card.asked);
}

void SessionManager::decide(Card card, TimePoint now) {
  const endpoint::SessionRequest& request = card.request;
  Newcomer newcomer;
  newcomer.fingerprint = request.fingerprint;
  newcomer.resume = request.hello.resume;
  newcomer.mode = request.hello.mode;
  newcomer.is_probe_only = request.hello.probe_only;
  newcomer.asked = card.asked;
  const Admission admission = admit(policy_, displays_ != nullptr, running(), newcomer, now);
  switch (admission.verdict) {
    case Admission::Verdict::wait: {
      const SessionId id = request.id;
      deferred_.insert_or_assign(id, Deferred{std::move(card), admission.again});
      return;
    }
    case Admission::Verdict::refuse:
      spdlog::info("\"{}\" at {} was turned away: {}", request.device_name, request.remote.to_string(),
                   admission.reason);
      return endpoint_->refuse(request.id, CloseCode::busy, admission.reason);
    case Admission::Verdict::admit:
      return start(std::move(card), admission);
  }
}

void SessionManager::clear_away(SessionId id, CloseCode code, const std::string& words, const Card& newcomer,
                                SessionPlan& plan) {
  Held& old = sessions_.at(id);
  old.card.heir = control::fingerprint_hex(newcomer.request.fingerprint);
  plan.after.push_back(old.session->given_back());
  endpoint_->end(id, code, words);
}

void SessionManager::start(Card card, const Admission& admission) {
  const std::string& name = card.request.device_name;
  SessionPlan plan;
  plan.default_bitrate = default_bitrate_;
  for (const SessionId id : admission.retire) {
    spdlog::info("\"{}\" is back after a lost connection; its earlier session ends.", name);
    clear_away(id, CloseCode::superseded, "A newer connection of this device took over.", card, plan);
  }
  for (const SessionId id : admission.take_over) {
    spdlog::info("\"{}\" takes over from \"{}\" (--when-busy take-over).", name,
                 sessions_.at(id).card.request.device_name);
    clear_away(id, CloseCode::busy, "\"" + name + "\" took this session over.", card, plan);
  }
  // One of this device that is just ending may leave a display for it.
  for (const Held& old : ending_) {
    if (old.card.request.fingerprint == card.request.fingerprint)
      plan.after.push_back(old.session->given_back());
  }
  if (admission.join) {
    const Held& host = sessions_.at(*admission.join);
    plan.share = host.session->display();
    card.request.hello.mode = host.session->mode();
    spdlog::info("\"{}\" joins the display of \"{}\".", name, host.card.request.device_name);
  }
  const SessionId id = card.request.id;
  auto session =
      std::make_unique<HostSession>(card.request, settings_, displays_.get(), *endpoint_, std::move(plan));
  sessions_.emplace(id, Held{std::move(card), std::move(session)});
  if (sessions_.size() == 1 && on_activity_) on_activity_(true);
}

std::optional<TimePoint> SessionManager::next_decision() const {
  std::optional<TimePoint> next;
  for (const auto& [id, deferred] : deferred_) {
    if (!next || deferred.again < *next) next = deferred.again;
  }
  return next;
}

void SessionManager::handle_decisions(TimePoint now) {
  std::vector<Card> due;
  std::erase_if(deferred_, [&](auto& one) {
    if (one.second.again > now) return false;
    due.push_back(std::move(one.second.card));
    return true;
  });
  for (Card& card : due) decide(std::move(card), now);
}

void SessionManager::session_started(SessionId id, endpoint::MediaGrant grant) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  found->second.card.wire_id = grant.session_id;
  found->second.session->started(std::move(grant));
}

void SessionManager::input(SessionId id, const wire::InputEvent& event) {
  if (HostSession* session = find(id)) session->input(event);
}

void SessionManager::rights_changed(SessionId id, std::uint32_t, std::uint32_t lost) {
  HostSession* session = lost != 0 ? find(id) : nullptr;
  if (session != nullptr) session->let_go();
}

void SessionManager::feedback(SessionId id, const wire::Feedback& feedback) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  Card& card = found->second.card;
  card.loss_ppm = feedback.loss_ppm.value_or(card.loss_ppm);
  card.packets_received = feedback.packets.value_or(card.packets_received);
  HostSession& session = *found->second.session;
  const bool was_off = session.is_offload_off();
  session.feedback(feedback);
  if (session.is_offload_off() && !was_off) ++without_offload_;
}

std::optional<wire::BitrateChanged> SessionManager::bitrate_asked(SessionId id, std::uint32_t kbps) {
  HostSession* const session = find(id);
  return session == nullptr ? std::nullopt : session->bitrate_asked(kbps);
}

bool SessionManager::reconfigure_asked(SessionId id, const wire::Mode& mode) {
  HostSession* const session = find(id);
  return session != nullptr && session->reconfigure_asked(mode);
}

bool SessionManager::probe_asked(SessionId id, const wire::ProbeRequest& request) {
  HostSession* const session = find(id);
  return session != nullptr && session->probe_asked(request);
}

bool SessionManager::is_starting(SessionId id, TimePoint now) {
  const HostSession* const session = find(id);
  return session != nullptr && session->is_starting(now);
}

void SessionManager::session_ended(SessionId id, bool user_quit, std::string_view why) {
  reap();
  deferred_.erase(id);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  spdlog::debug("Session {} ended ({}): {}", id, user_quit ? "for good" : "connection closed", why);
  Held held = std::move(found->second);
  sessions_.erase(found);
  if (held.session->is_offload_off()) --without_offload_;
  if (over_) over_(info_of(held.card, held.session.get(), SessionInfo::State::ending));
  if (held.card.heir) {
    held.session->ended(DisplayBook::Leave::handed_over, *held.card.heir);
  } else {
    held.session->ended(user_quit ? DisplayBook::Leave::quit : DisplayBook::Leave::lost);
  }
  ending_.push_back(std::move(held));
  if (sessions_.empty() && on_activity_) on_activity_(false);
}

void SessionManager::reap() {
  std::erase_if(ending_, [](const Held& held) { return held.session->is_gone(); });
}

SessionInfo SessionManager::info_of(const Card& card, const HostSession* session,
                                    SessionInfo::State state) const {
  SessionInfo info;
  info.id = card.request.id;
  info.device_name = card.request.device_name;
  info.fingerprint = card.request.fingerprint;
  info.address = card.remote;
  info.since_unix_s = card.since_unix_s;
  info.state = state;
  info.is_probe_only = card.request.hello.probe_only;
  info.mode = card.request.hello.mode;
  info.loss_ppm = card.loss_ppm;
  info.packets_received = card.packets_received;
  if (session == nullptr) return info;
  info.mode = session->mode();
  info.display = session->display();
  info.statistics = session->statistics();
  info.bitrate_kbps = static_cast<std::uint32_t>(info.statistics.wire_budget.kbps());
  if (!info.is_probe_only && info.bitrate_kbps != 0) info.codec = wire::kCodecH264;
  return info;
}

std::vector<SessionInfo> SessionManager::sessions() {
  using State = SessionInfo::State;
  return endpoint_->ask<std::vector<SessionInfo>>(
      [this] {
        reap();
        std::vector<SessionInfo> out;
        for (const Held& held : ending_) out.push_back(info_of(held.card, held.session.get(), State::ending));
        for (auto& [id, held] : sessions_) {
          look_at_peer(id, held.card);
          const State state = held.card.wire_id            ? State::streaming
                              : held.session->is_waiting() ? State::waiting
                                                           : State::starting;
          out.push_back(info_of(held.card, held.session.get(), state));
        }
        for (const auto& [id, deferred] : deferred_)
          out.push_back(info_of(deferred.card, nullptr, State::waiting));
        std::sort(out.begin(), out.end(),
                  [](const SessionInfo& a, const SessionInfo& b) { return a.id < b.id; });
        return out;
      },
      {});
}

Result<void> SessionManager::stop_session(SessionId id, const std::string& words) {
  return endpoint_->ask<Result<void>>(
      [this, id, words]() -> Result<void> {
        const auto held = sessions_.find(id);
        const auto deferred = deferred_.find(id);
        if (held == sessions_.end() && deferred == deferred_.end()) return fail(no_such_session(id));
        const Card& card = held != sessions_.end() ? held->second.card : deferred->second.card;
        spdlog::info("The operator ended the session of \"{}\".", card.request.device_name);
        endpoint_->end(id, CloseCode::denied, words);
        return {};
      },
      fail(kNoAnswer));
}

Result<void> SessionManager::request_keyframe(SessionId id) {
  return endpoint_->ask<Result<void>>(
      [this, id]() -> Result<void> {
        HostSession* const session = find(id);
        if (session == nullptr) return fail(no_such_session(id));
        session->request_keyframe();
        return {};
      },
      fail(kNoAnswer));
}

void SessionManager::set_admission(const AdmissionPolicy& policy) {
  endpoint_->post([this, policy] { policy_ = policy; });
}

void SessionManager::set_linger(std::optional<Duration> linger) {
  if (displays_) displays_->set_linger(linger);
}

std::vector<DisplayInfo> SessionManager::displays() const {
  return displays_ ? displays_->list() : std::vector<DisplayInfo>{};
}

void SessionManager::set_default_bitrate(BitRate bitrate) {
  endpoint_->post([this, bitrate] { default_bitrate_ = bitrate; });
}

Result<void> SessionManager::end_display(DisplayBook::DisplayId id) {
  if (!displays_) return fail("This host streams test data and has no displays.");
  return displays_->end(id);
}

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/admission.h"

#include <algorithm>

namespace punktfunk::host {

namespace {

Admission wait_until(TimePoint again) {
  Admission answer;
  answer.verdict = Admission::Verdict::wait;
  answer.again = again;
  return answer;
}

Admission refuse(std::string reason) {
  Admission answer;
  answer.verdict = Admission::Verdict::refuse;
  answer.reason = std::move(reason);
  return answer;
}

std::string who_streams(const RunningSession& session) {
  return "\"" + session.device_name + "\" has been " + (session.is_probe_only ? "testing" : "streaming") +
         " since " + session.since;
}

}  // namespace

Admission admit(const AdmissionPolicy& policy, bool has_displays, const std::vector<RunningSession>& running,
                const Newcomer& newcomer, TimePoint now) {
  Admission answer;
  std::vector<const RunningSession*> others;
  for (const RunningSession& session : running) {
    if (session.is_leaving) continue;
    const bool is_own = session.fingerprint == newcomer.fingerprint;
    if (is_own && newcomer.resume && session.wire_id == newcomer.resume) {
      answer.retire.push_back(session.id);
      continue;
    }
    if (is_own && !newcomer.is_probe_only && session.last_heard <= newcomer.asked) {
      if (now - session.last_heard < kSilentFor)
        return wait_until(std::min(session.last_heard + kSilentFor, now + kLookAgain));
      answer.retire.push_back(session.id);
      continue;
    }
    others.push_back(&session);
  }

  std::vector<const RunningSession*> shown;
  std::copy_if(others.begin(), others.end(), std::back_inserter(shown),
               [](const RunningSession* session) { return !session->is_probe_only; });
  if (!newcomer.is_probe_only && !shown.empty()) {
    const auto own = std::find_if(shown.begin(), shown.end(), [&](const RunningSession* session) {
      return session->fingerprint == newcomer.fingerprint && session->mode == newcomer.mode;
    });
    const RunningSession* join = nullptr;
    if (has_displays && own != shown.end()) {
      join = *own;
    } else if (policy.when_busy == WhenBusy::refuse) {
      return refuse("The host is busy: " + who_streams(*shown.front()) +
                    ". Try again once that session is over.");
    } else if (policy.when_busy == WhenBusy::take_over) {
      for (const RunningSession* session : shown) answer.take_over.push_back(session->id);
      std::erase_if(others, [](const RunningSession* session) { return !session->is_probe_only; });
      shown.clear();
    } else if (policy.when_busy == WhenBusy::join && has_displays) {
      join = shown.front();
    }
    if (join != nullptr) {
      if (join->display == 0) return wait_until(now + kLookAgain);  // it starts, or fails to
      answer.join = join->id;
    }
  }

  const auto of_this_device = static_cast<std::size_t>(std::count_if(
      others.begin(), others.end(),
      [&](const RunningSession* session) { return session->fingerprint == newcomer.fingerprint; }));
  if (of_this_device >= policy.max_per_device)
    return refuse("This device already has " + std::to_string(of_this_device) +
                  " sessions with this host; end one of them first.");
  if (others.size() >= policy.max_sessions ||
      (!newcomer.is_probe_only && shown.size() >= policy.max_encoders)) {
    if (others.empty()) return refuse("This host is set to serve no session at all (--max-sessions).");
    const RunningSession& longest = shown.empty() ? *others.front() : *shown.front();
    return refuse("The host already serves as many sessions as it may (" + std::to_string(others.size()) +
                  "); " + who_streams(longest) + ". Try again once one of them is over.");
  }
  return answer;
}

}  // namespace punktfunk::host

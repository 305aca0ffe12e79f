// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/punktfunk/program.h"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

namespace punktfunk::cli {

Outcome failure(ExitCode code, std::string sentence) { return {code, std::move(sentence), nullptr}; }

Outcome failure(const Error& error) { return failure(ExitCode::failed, error.message); }

Outcome outcome_of(const endpoint::ClientEnd& end, const std::string& host) {
  if (end.kind == endpoint::EndKind::trust_failed)
    return failure(ExitCode::trust, client::changed_identity_sentence(host));
  Outcome outcome = failure(apps::exit_code_for(end), end.message);
  if (end.kind == endpoint::EndKind::refused) outcome.close_code = static_cast<std::uint64_t>(end.code);
  if (end.kind == endpoint::EndKind::finished && end.code == wire::CloseCode::user_quit)
    outcome.code = ExitCode::interrupted;
  return outcome;
}

Result<const control::Identity*> Program::identity() {
  if (!identity_) {
    auto loaded = control::Identity::load_or_create(options_.state_dir, "punktfunk-client");
    if (!loaded) return tl::unexpected(loaded.error());
    identity_ = std::move(*loaded);
  }
  return &*identity_;
}

Result<client::SavedHosts*> Program::hosts() {
  if (!hosts_) {
    auto opened = client::SavedHosts::open(hosts_file());
    if (!opened) return tl::unexpected(opened.error());
    hosts_ = std::move(*opened);
  }
  return &*hosts_;
}

bool Program::is_stop_requested() const {
  pollfd signal{stop_.fd(), POLLIN, 0};
  return ::poll(&signal, 1, 0) == 1;
}

std::function<bool()> Program::stop_requested() const {
  return [this] { return is_stop_requested(); };
}

Duration Program::connect_budget() const {
  return Duration(static_cast<std::int64_t>(options_.timeout_s * 1e9));
}

endpoint::ClientEndpointOptions Program::endpoint_options() const {
  endpoint::ClientEndpointOptions endpoint;
  endpoint.quic.idle_timeout = std::chrono::milliseconds(options_.idle_timeout_ms);
  return endpoint;
}

void Program::say(const std::string& line) const {
  if (!options_.quiet) std::fprintf(stderr, "%s\n", line.c_str());
}

void Program::say_on_terminal(const std::string& line) const {
  if (isatty(STDERR_FILENO) != 0) say(line);
}

std::uint64_t now_unix_s() { return wall_clock_ns() / 1'000'000'000; }

}  // namespace punktfunk::cli

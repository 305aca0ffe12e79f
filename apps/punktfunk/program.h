// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "apps/common/client/exit_code.h"
#include "apps/common/stop_signal.h"
#include "base/random.h"
#include "client/hosts/saved_hosts.h"
#include "client/session/stream_session.h"
#include "control/identity/identity.h"

namespace punktfunk::cli {

using apps::ExitCode;
using Json = nlohmann::ordered_json;

// Options of every command.
struct CommonOptions {
  std::filesystem::path state_dir;
  bool json = false;   // the result as one JSON object on standard output
  bool quiet = false;  // no progress on standard error
  double timeout_s = 10;
  std::uint32_t idle_timeout_ms = 8000;  // protocol section 3
};

// How a command ended: what main() prints and returns.
struct Outcome {
  ExitCode code = ExitCode::ok;
  std::string text;  // for people: the result, or the sentence that says what went wrong
  Json json;         // the result; null: nothing but "ok"
  std::optional<std::uint64_t> close_code = {};  // of section 26, where the host sent one
};

[[nodiscard]] Outcome failure(ExitCode code, std::string sentence);
[[nodiscard]] Outcome failure(const Error& error);
// `host` is what the user calls it. A changed identity is explained with its remedies.
[[nodiscard]] Outcome outcome_of(const endpoint::ClientEnd& end, const std::string& host);

// What a command works with: this device, the hosts it knows, and the user's wish to stop.
class Program {
 public:
  Program(const CommonOptions& options, const StopSignal& stop) : options_(options), stop_(stop) {}

  [[nodiscard]] const CommonOptions& options() const { return options_; }
  // Loaded at the first use; the error is ready to be returned from a command.
  [[nodiscard]] Result<const control::Identity*> identity();
  [[nodiscard]] Result<client::SavedHosts*> hosts();
  [[nodiscard]] std::filesystem::path hosts_file() const { return options_.state_dir / "hosts.json"; }
  [[nodiscard]] SystemRandom& random() { return random_; }

  [[nodiscard]] bool is_stop_requested() const;
  [[nodiscard]] std::function<bool()> stop_requested() const;
  [[nodiscard]] int stop_fd() const { return stop_.fd(); }
  [[nodiscard]] Duration connect_budget() const;
  [[nodiscard]] endpoint::ClientEndpointOptions endpoint_options() const;

  // One line on standard error, unless quiet.
  void say(const std::string& line) const;
  // "Connecting to …" is said only to people.
  void say_on_terminal(const std::string& line) const;

 private:
  const CommonOptions& options_;
  const StopSignal& stop_;
  SystemRandom random_;
  std::optional<control::Identity> identity_;
  std::optional<client::SavedHosts> hosts_;
};

[[nodiscard]] std::uint64_t now_unix_s();

}  // namespace punktfunk::cli

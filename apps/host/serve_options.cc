// SPDX-License-Identifier: MIT OR Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <string>

#include "apps/host/serve.h"
#include "host/mgmt/api/words.h"

namespace punktfunk {

namespace {

using host::api::kMostLingerS;

// nullopt: no such length of time. The inner one: for ever.
std::optional<std::optional<double>> linger_of(const std::string& text) {
  if (text == "forever") return std::optional<double>();
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  const bool is_number = !text.empty() && end == text.c_str() + text.size();
  if (!is_number || !(seconds >= 0 && seconds <= kMostLingerS)) return std::nullopt;
  return std::optional<double>(seconds);
}

void add_settings(CLI::App& command, host::api::SettingsChange& fixed) {
  command
      .add_option("--bitrate", fixed.bitrate_kbps,
                  "kbit/s for clients that leave it to the host; by picture size by default")
      ->check(CLI::Range(host::api::kLeastBitrateKbps, host::api::kMostBitrateKbps));
  command.add_option_function<std::string>(
      "--linger",
      [&fixed](const std::string& text) {
        fixed.linger_s = linger_of(text);
        if (!fixed.linger_s) {
          throw CLI::ValidationError(
              "--linger",
              "\"" + text + "\" is no length of time; give seconds, 0 for not at all, or \"forever\".");
        }
      },
      "How long a desktop with its programs waits for a client whose connection was lost, in seconds, or "
      "\"forever\" [10]. A client that quits ends its desktop at once");
  command
      .add_option_function<std::string>(
          "--when-busy", [&fixed](const std::string& text) { fixed.when_busy = host::api::policy_of(text); },
          "What a client gets while another one streams. separate: a desktop of its own; join: it looks at "
          "the "
          "same one; take-over: the other's session ends and this one gets its desktop; refuse: it is told "
          "who "
          "streams and since when [separate]")
      ->check(CLI::IsMember(host::api::policy_names()));
  command.add_option("--max-sessions", fixed.max_sessions, "Sessions at once, at most [8]")
      ->check(CLI::Range(1U, host::api::kMostSessions));
  command
      .add_option("--max-encoders", fixed.max_encoders,
                  "Video encoders at once, at most; each session but a speed test needs one [8]")
      ->check(CLI::Range(1U, host::api::kMostSessions));
  command
      .add_option_function<std::string>(
          "--approval", [&fixed](const std::string& text) { fixed.approval = text == "on"; },
          "on: unknown devices of the local networks wait until ctl approve or deny; off: they are refused, "
          "and "
          "only a PIN lets them in [on]")
      ->check(CLI::IsMember({"on", "off"}));
}

void add_first_use(CLI::App& command, std::optional<access::Offer>& first_use) {
  command
      .add_option_function<std::string>(
          "--trust-first-use",
          [&first_use](const std::string& text) {
            const auto grants = access::parse_grants(text.empty() ? "view" : text);
            if (!grants) throw CLI::ValidationError("--trust-first-use", grants.error().message);
            first_use = access::Offer{*grants, {}};
          },
          "Let in unknown devices of the local networks at first contact, without asking anybody, and "
          "remember "
          "them: view (the default), controller, full, or names of rights with commas between")
      ->expected(0, 1);
}

void add_api(CLI::App& command, ApiOptions& api) {
  command.add_option_function<std::uint16_t>(
      "--api-port",
      [&api](std::uint16_t port) {
        api.port = port;
        api.port_chosen = true;
      },
      "TCP port of the management API; 0 takes any free one [47990]");
  command.add_option_function<std::string>(
      "--api-bind",
      [&api](const std::string& where) {
        api.https = where != "off";
        api.bind = where;
      },
      "Where the management API is opened: loopback, any, an IP address, or off for the control "
      "socket alone [loopback]");
  command.add_option("--api-name", api.names,
                     "Another name by which browsers reach the management API (repeatable)");
  command.add_flag("--api-remote-admin", api.remote_admin,
                   "Let the operator's token count from other machines too");
}

}  // namespace

void add_serve_options(CLI::App& command, ServeOptions& options) {
  command.add_option("--port", options.port, "UDP port; 0 takes any free one")->capture_default_str();
  command.add_option("--bind", options.bind_address, "Address to listen on; all of them by default");
  command.add_option("--start", options.start_commands,
                     "Program to run in each client's desktop (repeatable); a terminal by default");
  command.add_option("--source", options.source, "What to stream")
      ->check(CLI::IsMember({"desktop", "synthetic"}))
      ->capture_default_str();
  command.add_option("--synthetic-seed", options.synthetic_seed, "Seed of --source synthetic")
      ->capture_default_str();
  command.add_option("--frames", options.frame_limit, "End each session after this many frames; 0 = never");
  command.add_option("--idle-timeout-ms", options.idle_timeout_ms, "How long a silent client is kept")
      ->envname("PUNKTFUNK_IDLE_TIMEOUT_MS")
      ->check(CLI::Range(1000, 3600000))
      ->capture_default_str();
  command
      .add_option(
          "--dscp", options.dscp,
          "Mark packets for networks that give video priority: 34 is the usual value; 0 does not mark")
      ->check(CLI::Range(0, 63))
      ->capture_default_str();
  command.add_flag("!--no-mdns", options.announce.enabled,
                   "Do not announce this host on its network; clients then need its address");
  command.add_option("--name", options.announce.name,
                     "Under which it is announced; by default this machine's host name");
  command.add_option("--ready-file", options.ready_file,
                     "Write the port here once clients can connect (a file or a FIFO)");
  add_settings(command, options.fixed);
  add_first_use(command, options.first_use);
  add_api(command, options.api);
  command.footer(
      "What approval, bitrate, linger, when-busy, max-sessions and max-encoders say here cannot be changed "
      "while the "
      "host runs (punktfunk-host ctl settings).");
}

}  // namespace punktfunk

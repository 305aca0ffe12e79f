// SPDX-License-Identifier: MIT OR Apache-2.0
// punktfunk-host: parses the command line and hands over to one of its verbs.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "apps/common/paths.h"
#include "apps/host/ctl.h"
#include "apps/host/serve.h"
#include "base/log.h"
#include "host/mgmt/api/routes.h"

namespace {

// Ten years: more is "forever".
constexpr double kLongestLinger = 315'360'000;

std::string check_linger(const std::string& text) {
  if (text == "forever") return {};
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  const bool is_number = !text.empty() && end == text.c_str() + text.size();
  return is_number && seconds >= 0 && seconds <= kLongestLinger
             ? std::string()
             : "\"" + text + "\" is no length of time; give seconds, 0 for not at all, or \"forever\".";
}

// What check_linger() lets through.
std::optional<punktfunk::Duration> parse_linger(const std::string& text) {
  if (text == "forever") return std::nullopt;
  return punktfunk::Duration(static_cast<std::int64_t>(std::strtod(text.c_str(), nullptr) * 1e9));
}

}  // namespace

int main(int argc, char** argv) {
  using namespace punktfunk;
  // glibc raises its thresholds each time a large block is freed; from then on pictures and encoder state
  // come from the threads' arenas, whose tops are never given back: up to 12 MB stayed after some sessions.
  // Setting the default by hand keeps it where it is.
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  const StopSignal stop;
  init_log("punktfunk-host");

  CLI::App app("Streams this machine's desktop to punktfunk clients.", "punktfunk-host");
  app.require_subcommand(1);
  std::string state_dir = default_state_dir("host");

  ServeOptions serve_options;
  CLI::App* serve_command = app.add_subcommand("serve", "Wait for clients and stream to them");
  serve_command->add_option("--port", serve_options.port, "UDP port; 0 takes any free one")
      ->capture_default_str();
  serve_command->add_option("--bind", serve_options.bind_address,
                            "Address to listen on; all of them by default");
  serve_command->add_option("--state-dir", state_dir, "Where identity and paired devices are kept")
      ->capture_default_str();
  serve_command->add_option("--start", serve_options.start_commands,
                            "Program to run in each client's desktop (repeatable); a terminal by default");
  serve_command
      ->add_option("--bitrate", serve_options.bitrate_kbps,
                   "kbit/s for clients that leave it to the host; by picture size by default")
      ->check(CLI::Range(500, 200000));
  serve_command->add_option("--source", serve_options.source, "What to stream")
      ->check(CLI::IsMember({"desktop", "synthetic"}))
      ->capture_default_str();
  serve_command->add_option("--synthetic-seed", serve_options.synthetic_seed, "Seed of --source synthetic")
      ->capture_default_str();
  serve_command->add_option("--frames", serve_options.frame_limit,
                            "End each session after this many frames; 0 = never");
  serve_command
      ->add_option("--idle-timeout-ms", serve_options.idle_timeout_ms, "How long a silent client is kept")
      ->envname("PUNKTFUNK_IDLE_TIMEOUT_MS")
      ->check(CLI::Range(1000, 3600000))
      ->capture_default_str();
  std::string linger = "10";
  serve_command
      ->add_option("--linger", linger,
                   "How long a desktop with its programs waits for a client whose connection was lost, in "
                   "seconds, or \"forever\". A client that quits ends its desktop at once")
      ->check(check_linger)
      ->capture_default_str();
  std::string when_busy = "separate";
  serve_command
      ->add_option(
          "--when-busy", when_busy,
          "What a client gets while another one streams. separate: a desktop of its own; join: it "
          "looks at the same one; take-over: the other's session ends and this one gets its desktop; "
          "refuse: it is told who streams and since when")
      ->check(CLI::IsMember({"separate", "join", "take-over", "refuse"}))
      ->capture_default_str();
  serve_command
      ->add_option("--max-sessions", serve_options.admission.max_sessions, "Sessions at once, at most")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  serve_command
      ->add_option("--max-encoders", serve_options.admission.max_encoders,
                   "Video encoders at once, at most; each session but a speed test needs one")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  serve_command
      ->add_option(
          "--dscp", serve_options.dscp,
          "Mark packets for networks that give video priority: 34 is the usual value; 0 does not mark")
      ->check(CLI::Range(0, 63))
      ->capture_default_str();
  std::string approval = "on";
  serve_command
      ->add_option("--approval", approval,
                   "on: unknown devices of the local networks wait until ctl approve or deny; off: they are "
                   "refused, and only a PIN lets them in")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  serve_command->add_flag("!--no-mdns", serve_options.announce.enabled,
                          "Do not announce this host on its network; clients then need its address");
  serve_command->add_option("--name", serve_options.announce.name,
                            "Under which it is announced; by default this machine's host name");
  std::string first_use;
  const CLI::Option* first_use_option =
      serve_command
          ->add_option(
              "--trust-first-use", first_use,
              "Let in unknown devices of the local networks at first contact, without asking anybody, "
              "and remember them: view (the default), controller, full, or names of rights with commas "
              "between")
          ->expected(0, 1);
  serve_command->add_option("--ready-file", serve_options.ready_file,
                            "Write the port here once clients can connect (a file or a FIFO)");

  CLI::App* openapi_command =
      app.add_subcommand("openapi", "Print the OpenAPI 3.1 document of the management API");

  CtlRequest request;
  CLI::App* ctl_command = app.add_subcommand("ctl", "Talk to the running host");
  ctl_command->add_option("--state-dir", state_dir, "State directory of that host")->capture_default_str();
  ctl_command->add_flag("--json", request.json, "Print the answer as JSON");
  ctl_command->require_subcommand(1);
  const auto add_request = [&](const char* name, const char* what) {
    return ctl_command->add_subcommand(name, what)->fallthrough()->callback([&request, name] {
      request.command = name;
    });
  };
  add_request("pair", "Allow one device to pair within two minutes; prints the PIN");
  add_request("status", "Print what the host is doing");
  add_request("pending", "List the devices that ask to be let in");
  for (CLI::App* decision : {add_request("approve", "Let a device in; it goes on without connecting again"),
                             add_request("deny", "Turn a device away")}) {
    decision->add_option("ID", request.id, "Its number in ctl pending")
        ->required()
        ->check(CLI::Range(std::uint32_t{1}, ~std::uint32_t{0}));
  }

  CLI11_PARSE(app, argc, argv);
  if (*openapi_command) {
    const auto document = host::http::openapi_document(host::make_router({}), PUNKTFUNK_PRODUCT_VERSION);
    std::printf("%s\n", document.dump(2).c_str());
    return 0;
  }
  serve_options.state_dir = state_dir;
  serve_options.approval = approval == "on";
  if (first_use_option->count() != 0) {
    const auto grants = access::parse_grants(first_use.empty() ? "view" : first_use);
    if (!grants) {
      std::fprintf(stderr, "punktfunk-host: %s\n", grants.error().message.c_str());
      return 1;
    }
    serve_options.first_use = access::Offer{*grants, {}};
  }
  serve_options.linger = parse_linger(linger);
  serve_options.admission.when_busy = when_busy == "join"        ? host::WhenBusy::join
                                      : when_busy == "take-over" ? host::WhenBusy::take_over
                                      : when_busy == "refuse"    ? host::WhenBusy::refuse
                                                                 : host::WhenBusy::separate;
  const Result<void> done = *ctl_command ? run_ctl(state_dir, request) : run_serve(serve_options, stop);
  if (done) return 0;
  std::fprintf(stderr, "punktfunk-host: %s\n", done.error().message.c_str());
  return 1;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// punktfunk: finds hosts, pairs with them, streams from them, on a command line.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "apps/common/paths.h"
#include "apps/punktfunk/commands.h"
#include "base/log.h"

namespace punktfunk::cli {
namespace {

constexpr const char* kExitStatuses =
    "HOST is the name of a saved host (punktfunk hosts), an IP address, with or without port, or the name\n"
    "under which a host announces itself (punktfunk discover).\n\n"
    "Exit status: 0 done; 1 failed; 2 wrong usage; 3 host not trusted or pairing failed; 4 no answer or\n"
    "connection lost; 5 refused by the host; 7 no such host; 130 stopped before it was done.";

struct AllOptions {
  CommonOptions common;
  HostOptions host;
  PairOptions pair;
  AccessOptions access;
  ConnectOptions connect;
};

using Command = Outcome (*)(Program&, const AllOptions&);

struct CommandLine {
  CLI::App app{"Streams the desktop of a punktfunk host to this machine.", "punktfunk"};
  AllOptions options;
  Command command = nullptr;

  CommandLine() {
    CommonOptions& common = options.common;
    common.state_dir = default_state_dir("client");
    app.require_subcommand(1);
    app.fallthrough();
    app.footer(kExitStatuses);
    app.add_option("--state-dir", common.state_dir, "Where this device's identity and its hosts are kept")
        ->capture_default_str();
    app.add_flag("--json", common.json, "The result as one JSON object on standard output");
    app.add_flag("--quiet", common.quiet, "No progress on standard error");
    app.add_option("--timeout", common.timeout_s, "Seconds to wait for the host's first answer")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    app.add_option("--idle-timeout-ms", common.idle_timeout_ms,
                   "A connection that is silent for so long is lost")
        ->check(CLI::Range(1000, 3600000))
        ->capture_default_str();
    add_finding();
    add_trust();
    add_streaming();
  }

  CLI::App* add(const char* name, const char* what, Command run) {
    return app.add_subcommand(name, what)->callback([this, run] { command = run; });
  }

  void add_finding() {
    HostOptions& host = options.host;
    CLI::App* discover =
        add("discover", "List the hosts on this network and those this device knows",
            [](Program& program, const AllOptions& all) { return run_discover(program, all.host); });
    discover->add_option("--seconds", host.seconds, "How long to look")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    CLI::App* hosts =
        add("hosts", "List the hosts this device knows",
            [](Program& program, const AllOptions& all) { return run_hosts(program, all.host); });
    hosts->add_flag("--start-over", host.start_over,
                    "Move a damaged list aside; every host must then be paired again");
    add_host(add("forget", "Remove a host from the list; it must be paired again to connect",
                 [](Program& program, const AllOptions& all) { return run_forget(program, all.host); }),
             host.host);
    CLI::App* rename =
        add("rename", "Call a saved host by another name",
            [](Program& program, const AllOptions& all) { return run_rename(program, all.host); });
    add_host(rename, host.host);
    rename->add_option("NAME", host.new_name, "Its new name")->required();
    add_host(add("wake", "Wake a saved host that sleeps (Wake-on-LAN)",
                 [](Program& program, const AllOptions& all) { return run_wake(program, all.host); }),
             host.host);
  }

  void add_trust() {
    CLI::App* pair = add("pair", "Make this device and a host known to each other by the PIN the host shows",
                         [](Program& program, const AllOptions& all) { return run_pair(program, all.pair); });
    add_host(pair, options.pair.host);
    pair->add_option("--pin", options.pair.pin, "The PIN; otherwise it is read from standard input");
    pair->add_option("--name", options.pair.device_name, "How the host lists this device");
    CLI::App* access =
        add("request-access", "Ask the operator of a host to let this device in, and wait for the answer",
            [](Program& program, const AllOptions& all) { return run_request_access(program, all.access); });
    add_host(access, options.access.host);
    access->add_option("--name", options.access.device_name, "How the host lists this device");
    access->add_option("--fingerprint", options.access.fingerprint,
                       "Accept only a host with this fingerprint, which it shows at its start");
  }

  void add_streaming() {
    ConnectOptions& connect = options.connect;
    CLI::App* command_connect =
        add("connect", "Stream from a host, and connect again by itself when the connection breaks",
            [](Program& program, const AllOptions& all) { return run_connect(program, all.connect); });
    add_host(command_connect, connect.host);
    command_connect->add_option(
        "--mode", connect.mode_text,
        "Display wanted, WIDTHxHEIGHT@HZ; by default the last one used with this host");
    command_connect->add_option("--bitrate", connect.bitrate_kbps,
                                "kbit/s wanted, and kept; by default it follows the link");
    command_connect->add_option("--codec", connect.codec, "Video codec wanted")
        ->check(CLI::IsMember({"auto", "h264", "hevc", "av1"}))
        ->capture_default_str();
    command_connect->add_option("--seconds", connect.seconds, "End after so long; 0 = when it is ended")
        ->check(CLI::Range(0.0, 1e9));
    command_connect->add_flag("--stats", connect.statistics,
                              "Figures each second also when standard error is no terminal");
    command_connect->add_flag("--stats-json", connect.statistics_json,
                              "Events and figures as JSON, one object a line");
    auto* output = command_connect->add_option("--output", connect.output,
                                               "Write the elementary stream here; - for standard output");
    command_connect
        ->add_option("--player", connect.player,
                     "Give the elementary stream to this command; mpv and ffplay need no options")
        ->excludes(output);
    command_connect->add_flag("!--no-reconnect", connect.reconnect,
                              "End when the connection breaks instead of connecting again");
    command_connect
        ->add_option("--give-up-after", connect.give_up_after_s,
                     "Seconds for which a broken connection is tried again; 0 = for ever")
        ->check(CLI::Range(0.0, 1e9))
        ->capture_default_str();
    add_host(add("speed-test", "Measure what the link from a host carries, and what bitrate to set",
                 [](Program& program, const AllOptions& all) { return run_speed_test(program, all.host); }),
             options.host.host);
  }

  static void add_host(CLI::App* command, std::string& into) {
    command->add_option("HOST", into, "Name or address")->required();
  }
};

int finish(const Outcome& outcome, const CommonOptions& common, const std::string& output) {
  const bool done = outcome.code == ExitCode::ok;
  // The elementary stream has standard output for itself.
  std::FILE* const out = output == "-" ? stderr : stdout;
  if (common.json) {
    Json json = outcome.json;
    if (!done) {
      if (json.is_null()) json = Json::object();
      json["ok"] = false;
      json["error"] = apps::word_for(outcome.code);
      json["message"] = outcome.text;
      if (outcome.close_code) json["close_code"] = *outcome.close_code;
    }
    std::fprintf(out, "%s\n", json.dump(2).c_str());
  } else if (done && !outcome.text.empty()) {
    std::fprintf(out, "%s\n", outcome.text.c_str());
  }
  if (!done) std::fprintf(stderr, "punktfunk: %s\n", outcome.text.c_str());
  return static_cast<int>(outcome.code);
}

}  // namespace
}  // namespace punktfunk::cli

int main(int argc, char** argv) {
  using namespace punktfunk;
  const StopSignal stop;
  init_log("punktfunk");
  cli::CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return line.app.exit(error) == 0 ? 0 : static_cast<int>(apps::ExitCode::usage);
  }
  cli::Program program(line.options.common, stop);
  return cli::finish(line.command(program, line.options), line.options.common, line.options.connect.output);
}

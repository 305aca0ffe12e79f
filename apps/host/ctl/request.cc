// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/ctl/request.h"

namespace punktfunk::ctl {

namespace {

constexpr const char* kTerm = "For how long: 30m, 2h, 7d, session, or never for no end";
constexpr const char* kRights =
    "view, controller, full, or grants with commas between: gamepad, pointer, keyboard, clipboard, "
    "microphone, launch, power, manage-games";

}  // namespace

void add_commands(CLI::App& app, Request& request) {
  app.require_subcommand(1);
  app.add_flag("--json", request.json, "Print what the API answers, as JSON");
  app.footer(
      "ID: the number that a list shows, a name, or the first 6 or more digits of a fingerprint.\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no host runs, 4 not found, 5 not possible now.");
  const auto add = [&](const char* name, const char* what) {
    return app.add_subcommand(name, what)->fallthrough()->callback([&request, name] {
      request.command = name;
    });
  };
  const auto add_with_id = [&](const char* name, const char* what) {
    CLI::App* command = add(name, what);
    command->add_option("ID", request.target, "Which one")->required();
    return command;
  };
  add("status", "What the host is doing");

  add("sessions", "Sessions that exist now");
  add_with_id("stop", "End a session; its client is told");
  add_with_id("keyframe", "Make the next picture of a session one that needs no other");
  add("displays", "Displays that exist now");
  add_with_id("end-display", "End a display that waits for its client");

  CLI::App* pair = add("pair", "Allow one device to pair within two minutes; prints the PIN");
  pair->add_option("--for", request.only_for, "Only the device with this fingerprint");
  pair->add_flag("--any-network", request.any_network, "Also from outside the local networks");
  pair->add_option("--rights", request.rights, kRights);
  pair->add_option("--lasting", request.term, kTerm);
  pair->add_flag("--disarm", request.disarm, "Withdraw the PIN instead");
  add("pending", "Devices that ask to be let in");
  CLI::App* approve = add_with_id("approve", "Let a device in; it goes on without connecting again");
  approve->add_option("--rights", request.rights, kRights);
  approve->add_option("--for", request.term, kTerm);
  add_with_id("deny", "Turn a device away");

  add("clients", "Paired devices");
  add_with_id("rename", "Give a device another name")
      ->add_option("NAME", request.name, "The new name")
      ->required();
  CLI::App* rights =
      add_with_id("rights", "Show or change what a device may; running sessions follow at once");
  rights->add_option("RIGHTS", request.rights, kRights);
  rights->add_option("--for", request.term, kTerm);
  CLI::App* unpair = add("unpair", "Forget a device; its sessions end at once");
  CLI::Option* one = unpair->add_option("ID", request.target, "Which one");
  unpair->add_flag("--all", request.all, "Every device")->excludes(one);

  CLI::App* settings =
      app.add_subcommand("settings", "What may be changed while the host runs")->fallthrough();
  settings->callback([&request, settings] {
    if (settings->get_subcommands().empty()) request.command = "settings";
  });
  const auto add_setting = [&](const char* name, const char* what) {
    CLI::App* command = settings->add_subcommand(name, what)->fallthrough();
    command->add_option("NAME", request.name, "Which one")->required();
    return command;
  };
  add_setting("get", "Print one value")->final_callback([&request] { request.command = "settings get"; });
  CLI::App* set = add_setting("set", "Change one; it outlives the host");
  set->add_option("VALUE", request.value, "Its new value")->required();
  set->final_callback([&request] { request.command = "settings set"; });

  CLI::App* log = add("log", "The newest lines of the host's log");
  log->add_option("--lines", request.lines, "How many")->check(CLI::Range(1, 500))->capture_default_str();
  log->add_flag("--follow", request.follow, "Go on as lines are added, until interrupted");
  add("watch", "Print what happens, as it happens, until interrupted");
}

}  // namespace punktfunk::ctl

// SPDX-License-Identifier: MIT OR Apache-2.0
// pair and request-access: how this device and a host come to know each other.
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "apps/common/client/hello.h"
#include "apps/punktfunk/commands.h"
#include "apps/punktfunk/target.h"
#include "client/session/access_request.h"
#include "client/session/pairing.h"

namespace punktfunk::cli {

namespace {

constexpr std::size_t kMaxPinDigits = 16;

bool is_pin(const std::string& pin) {
  return !pin.empty() && pin.size() <= kMaxPinDigits &&
         pin.find_first_not_of("0123456789") == std::string::npos;
}

// One line of standard input. Ends early, without one, when the user stops the program.
std::string read_line(const Program& program) {
  std::string line;
  while (line.size() <= 64) {
    pollfd waits[2] = {{STDIN_FILENO, POLLIN, 0}, {program.stop_fd(), POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0) {
      if (errno == EINTR) continue;
      break;
    }
    if (waits[1].revents != 0) return {};
    char c = 0;
    if (::read(STDIN_FILENO, &c, 1) != 1 || c == '\n') break;
    if (c != '\r' && c != ' ') line += c;
  }
  return line;
}

tl::expected<std::string, Outcome> pin_for(Program& program, const PairOptions& options,
                                           const Target& target) {
  std::string pin = options.pin;
  if (pin.empty()) {
    if (isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0) {
      std::fprintf(stderr, "PIN that %s shows (start it there with \"punktfunk-host ctl pair\"): ",
                   target.name.c_str());
    }
    pin = read_line(program);
    if (program.is_stop_requested())
      return tl::unexpected(failure(ExitCode::interrupted, "Stopped before pairing."));
  }
  if (is_pin(pin)) return pin;
  return tl::unexpected(failure(ExitCode::usage,
                                "No pairing was tried, because a PIN is up to 16 digits; give the one that "
                                "\"punktfunk-host ctl pair\" prints on the host, with --pin or here."));
}

std::string name_of_this_device(const std::string& wanted) {
  return wanted.empty() ? apps::device_name("punktfunk") : wanted;
}

Json json_of(const Target& target, const control::Fingerprint& host, const SocketAddress& address) {
  return {{"ok", true},
          {"host", target.saved ? target.saved->name : target.name},
          {"address", address.to_string()},
          {"fingerprint", control::fingerprint_hex(host)}};
}

}  // namespace

Outcome run_pair(Program& program, const PairOptions& options) {
  auto target = resolve_target(program, options.host);
  if (!target) return target.error();
  const auto identity = program.identity();
  if (!identity) return failure(identity.error());
  const auto pin = pin_for(program, options, *target);
  if (!pin) return pin.error();

  client::PairingOptions pairing;
  pairing.device_name = name_of_this_device(options.device_name);
  pairing.pin = *pin;
  pairing.connect_budget = program.connect_budget();
  pairing.endpoint = program.endpoint_options();
  if (target->saved) pairing.known_host = target->saved->fingerprint;
  // One attempt: a PIN is spent by it, so other addresses are tried only where nothing answered.
  for (std::size_t i = 0; i < target->addresses.size(); ++i) {
    pairing.host = target->addresses[i];
    program.say_on_terminal("Pairing with " + target->name + " at " + pairing.host.to_string() + " …");
    const auto host = client::pair_with_host(pairing, **identity, program.random());
    if (!host) {
      const bool silent = host.error().kind == endpoint::EndKind::timed_out;
      if (silent && i + 1 < target->addresses.size() && !program.is_stop_requested()) continue;
      return outcome_of(host.error(), target->name);
    }
    if (const auto stored = remember_target(program, *target, *host, pairing.host); !stored) {
      return failure(ExitCode::failed,
                     "The host accepted this device, but this device could not save the "
                     "host: " +
                         stored.error().message);
    }
    return {ExitCode::ok,
            "Paired with " + target->name + ". Its fingerprint is " + control::fingerprint_hex(*host) +
                "; \"punktfunk-host\" shows the same at its start.",
            json_of(*target, *host, pairing.host)};
  }
  return failure(ExitCode::timed_out, "Nothing answered.");
}

Outcome run_request_access(Program& program, const AccessOptions& options) {
  auto target = resolve_target(program, options.host);
  if (!target) return target.error();
  const auto identity = program.identity();
  if (!identity) return failure(identity.error());

  client::AccessRequestOptions request;
  request.hello = apps::client_hello("punktfunk");
  request.hello.name = name_of_this_device(options.device_name);
  request.connect_budget = program.connect_budget();
  request.endpoint = program.endpoint_options();
  request.stop_requested = program.stop_requested();
  if (target->saved) request.pin = target->saved->fingerprint;
  if (!options.fingerprint.empty()) {
    const auto wanted = control::parse_fingerprint(options.fingerprint);
    if (!wanted)
      return failure(ExitCode::usage,
                     "\"" + options.fingerprint +
                         "\" is no fingerprint; give the 64 hexadecimal digits that the host "
                         "shows.");
    if (request.pin && *request.pin != *wanted)
      return failure(ExitCode::trust, client::changed_identity_sentence(target->name));
    request.pin = wanted;
  }
  std::atomic<bool> said = false;
  request.on_waiting = [&] {
    if (!said.exchange(true))
      program.say("Waiting for approval: the operator of " + target->name +
                  " decides (\"punktfunk-host ctl pending\"). This device's fingerprint is " +
                  control::fingerprint_hex((*identity)->fingerprint()) + ". Ctrl-C withdraws the request.");
  };
  for (std::size_t i = 0; i < target->addresses.size(); ++i) {
    request.host = target->addresses[i];
    program.say_on_terminal("Asking " + target->name + " at " + request.host.to_string() + " …");
    const auto host = client::request_access(request, **identity, program.random());
    if (!host) {
      const bool silent = host.error().kind == endpoint::EndKind::timed_out && !said;
      if (silent && i + 1 < target->addresses.size() && !program.is_stop_requested()) continue;
      if (program.is_stop_requested()) return failure(ExitCode::interrupted, "The request was withdrawn.");
      if (host.error().kind == endpoint::EndKind::trust_failed && !target->saved)
        return failure(ExitCode::trust, "What answers at " + request.host.to_string() +
                                            " does not have the fingerprint given; it is another machine, or "
                                            "somebody is in between. Nothing was saved.");
      return outcome_of(host.error(), target->name);
    }
    if (const auto stored = remember_target(program, *target, *host, request.host); !stored)
      return failure(ExitCode::failed,
                     "The host lets this device in, but this device could not save the "
                     "host: " +
                         stored.error().message);
    return {ExitCode::ok,
            "This device may connect to " + target->name +
                " now. Compare the host's fingerprint with what it "
                "shows: " +
                control::fingerprint_hex(*host),
            json_of(*target, *host, request.host)};
  }
  return failure(ExitCode::timed_out, "Nothing answered.");
}

}  // namespace punktfunk::cli

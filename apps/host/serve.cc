// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/serve.h"

#include <poll.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "control/identity/identity.h"
#include "control/identity/trust_store.h"
#include "endpoint/host_endpoint.h"
#include "host/display/display.h"
#include "host/mgmt/control_socket.h"
#include "host/power/sleep_watch.h"
#include "host/session/session_manager.h"
#include "transport/udp/udp_socket.h"

namespace punktfunk {

namespace {

Result<SocketAddress> bind_address(const ServeOptions& options) {
  if (options.bind_address.empty()) {
    SocketAddress any = *SocketAddress::parse("::", options.port);
    return any;
  }
  const auto address = SocketAddress::parse(options.bind_address, options.port);
  if (!address)
    return fail("\"" + options.bind_address + "\" is no IP address; give one such as 192.168.1.10 or ::1.");
  return *address;
}

// Of a request, which may be any JSON: empty and 0 for what is missing or of another type.
std::string text_of(const nlohmann::json& request, const char* name) {
  const bool there = request.is_object() && request.contains(name) && request[name].is_string();
  return there ? request[name].get<std::string>() : std::string();
}

std::uint32_t number_of(const nlohmann::json& request, const char* name) {
  if (!request.is_object() || !request.contains(name) || !request[name].is_number_unsigned()) return 0;
  const auto number = request[name].get<std::uint64_t>();
  return number <= ~std::uint32_t{0} ? static_cast<std::uint32_t>(number) : 0;
}

nlohmann::json pending_json(const Result<std::vector<control::ApprovalDesk::Entry>>& entries) {
  if (!entries) return {{"ok", false}, {"error", entries.error().message}};
  nlohmann::json list = nlohmann::json::array();
  for (const auto& entry : *entries) {
    list.push_back({{"id", entry.id},
                    {"name", entry.name},
                    {"address", entry.address.ip()},
                    {"fingerprint", control::fingerprint_hex(entry.fingerprint)},
                    {"seconds", static_cast<std::uint64_t>(to_seconds(monotonic_now() - entry.since))},
                    {"waiting", entry.connection.has_value()}});
  }
  return {{"ok", true}, {"pending", std::move(list)}};
}

nlohmann::json decision_json(const Result<control::ApprovalDesk::Entry>& entry) {
  if (!entry) return {{"ok", false}, {"error", entry.error().message}};
  return {{"ok", true},
          {"id", entry->id},
          {"name", entry->name},
          {"fingerprint", control::fingerprint_hex(entry->fingerprint)},
          {"waiting", entry->connection.has_value()}};
}

std::string answer_ctl(endpoint::HostEndpoint& endpoint, const host::SessionManager& sessions,
                       const std::string& line) {
  const auto request = nlohmann::json::parse(line, nullptr, false);
  const std::string command = text_of(request, "command");
  const std::uint32_t id = number_of(request, "id");
  nlohmann::json answer;
  if (command == "pair") {
    const auto pin = endpoint.arm_pairing();
    answer = pin ? nlohmann::json{{"ok", true}, {"pin", *pin}, {"seconds", 120}}
                 : nlohmann::json{{"ok", false}, {"error", pin.error().message}};
  } else if (command == "status") {
    const auto status = endpoint.status();
    answer = {{"ok", true},
              {"connections", status.connections},
              {"sessions", status.sessions},
              {"sessions_without_offload", sessions.sessions_without_offload()},
              {"paired_devices", status.paired_devices}};
  } else if (command == "pending") {
    answer = pending_json(endpoint.pending());
  } else if (command == "approve") {
    answer = decision_json(endpoint.approve(id));
  } else if (command == "deny") {
    answer = decision_json(endpoint.deny(id));
  } else {
    answer = {{"ok", false}, {"error", "This host does not know that command."}};
  }
  return answer.dump();
}

}  // namespace

Result<void> run_serve(const ServeOptions& options, const StopSignal& stop) {
  auto identity = control::Identity::load_or_create(options.state_dir, "punktfunk-host");
  if (!identity) return tl::unexpected(identity.error());
  auto clients = control::TrustStore::open(options.state_dir);
  if (!clients) return tl::unexpected(clients.error());

  host::SessionSettings settings;
  settings.source = options.source == "synthetic" ? host::VideoSource::synthetic : host::VideoSource::desktop;
  settings.start_commands = options.start_commands;
  // An empty desktop would look like a black screen.
  if (settings.start_commands.empty()) settings.start_commands = {"foot"};
  settings.bitrate = BitRate::from_kbps(options.bitrate_kbps);
  settings.synthetic_seed = options.synthetic_seed;
  settings.frame_limit = options.frame_limit;

  std::unique_ptr<host::DisplayRegistry> displays;
  if (settings.source == host::VideoSource::desktop) {
    auto backend = host::create_display_backend();
    if (!backend) return tl::unexpected(backend.error());
    displays = std::make_unique<host::DisplayRegistry>(std::move(*backend),
                                                       host::DisplayBook::Policy{.linger = options.linger});
    if (host::encodable_codecs() == 0) {
      host::EncoderConfig smallest;
      smallest.width = smallest.height = 64;
      auto encoder = host::create_encoder(smallest);
      if (!encoder) return tl::unexpected(encoder.error());
    }
  }

  const auto address = bind_address(options);
  if (!address) return tl::unexpected(address.error());
  UdpOptions udp;
  udp.dscp = static_cast<std::uint8_t>(options.dscp);
  auto socket = UdpSocket::bind(*address, udp);
  if (!socket) return tl::unexpected(socket.error());

  SystemRandom random;
  host::SleepWatch sleep;
  host::SessionManager sessions(std::move(settings), std::move(displays), options.admission);
  sessions.on_activity([&sleep](bool streaming) { sleep.set_streaming(streaming); });
  endpoint::HostConfig config;
  config.approval = options.approval;
  config.first_use = options.first_use;
  if (options.first_use) {
    spdlog::warn("Unknown devices of the local networks are let in at first contact (--trust-first-use): {}.",
                 access::grants_text(options.first_use->grants));
  }
  config.quic.idle_timeout = std::chrono::milliseconds(options.idle_timeout_ms);
  auto endpoint = endpoint::HostEndpoint::create(config, **socket, *identity, *clients, random, sessions);
  if (!endpoint) return tl::unexpected(endpoint.error());
  sessions.attach(**endpoint);
  auto control = host::ControlSocket::listen(
      options.state_dir / "control.sock",
      [&endpoint, &sessions](const std::string& line) { return answer_ctl(**endpoint, sessions, line); });
  if (!control) return tl::unexpected(control.error());

  (*endpoint)->start();
  const std::uint16_t port = (*socket)->local_address().port();
  spdlog::info("Ready on UDP port {}; this host's fingerprint is {}.", port,
               control::fingerprint_hex(identity->fingerprint()));
  AnnounceOptions announced = options.announce;
  announced.pairing_required = !options.first_use;
  const auto advertiser =
      announce(announced, (*socket)->local_address(), identity->fingerprint(), options.state_dir, random);
  if (!options.ready_file.empty()) {
    std::ofstream ready(options.ready_file);
    ready << port << std::endl;
    if (!ready) {
      return fail("The ready file " + options.ready_file + " could not be written (" + std::strerror(errno) +
                  "); name a file that can.");
    }
  }

  sleep.start({[&endpoint] {
                 spdlog::info("This machine goes to sleep; every client is told.");
                 (*endpoint)->end_all(wire::CloseCode::host_going_down,
                                      "The host goes to sleep; connect again once it is awake.");
               },
               [] { spdlog::info("This machine is awake again."); }});

  pollfd wait{stop.fd(), POLLIN, 0};
  while (::poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  spdlog::info("Stopping.");
  sleep.stop();
  control->reset();
  (*endpoint)->stop(wire::CloseCode::host_going_down, "The host was stopped.");
  sessions.stop();
  return {};
}

}  // namespace punktfunk

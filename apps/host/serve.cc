// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/serve.h"

#include <poll.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <utility>

#include "base/log.h"
#include "control/identity/identity.h"
#include "control/identity/trust_store.h"
#include "endpoint/host_endpoint.h"
#include "host/display/display.h"
#include "host/mgmt/api/log_ring.h"
#include "host/mgmt/api/routes.h"
#include "host/mgmt/api/settings_store.h"
#include "host/mgmt/host_recorder.h"
#include "host/mgmt/running_host.h"
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

}  // namespace

Result<void> run_serve(const ServeOptions& options, const StopSignal& stop) {
  const auto log = host::api::LogRing::attach();
  auto identity = control::Identity::load_or_create(options.state_dir, "punktfunk-host");
  if (!identity) return tl::unexpected(identity.error());
  auto clients = control::TrustStore::open(options.state_dir);
  if (!clients) return tl::unexpected(clients.error());

  auto store = host::api::SettingsStore::open(options.state_dir, options.fixed);
  if (!store) return tl::unexpected(store.error());
  const host::api::Settings& values = store->values();

  host::SessionSettings settings;
  settings.source = options.source == "synthetic" ? host::VideoSource::synthetic : host::VideoSource::desktop;
  settings.start_commands = options.start_commands;
  // An empty desktop would look like a black screen.
  if (settings.start_commands.empty()) settings.start_commands = {"foot"};
  settings.bitrate = BitRate::from_kbps(values.bitrate_kbps);
  settings.synthetic_seed = options.synthetic_seed;
  settings.frame_limit = options.frame_limit;

  host::http::EventLog events;
  host::HostRecorder recorder(events);
  std::unique_ptr<host::DisplayRegistry> displays;
  if (settings.source == host::VideoSource::desktop) {
    auto backend = host::create_display_backend();
    if (!backend) return tl::unexpected(backend.error());
    displays = std::make_unique<host::DisplayRegistry>(
        std::move(*backend), host::DisplayBook::Policy{.linger = host::linger_of(values)});
    displays->listen(
        [&recorder](const auto& display, bool exists) { recorder.display_changed(display, exists); });
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
  host::SessionManager sessions(std::move(settings), std::move(displays), host::policy_of(values));
  sessions.on_session_over([&recorder](const host::SessionInfo& session) { recorder.add_session(session); });
  sessions.on_activity([&sleep](bool streaming) { sleep.set_streaming(streaming); });
  std::atomic<std::uint16_t> api_port = 0;  // for clients; known once the API is open
  endpoint::HostConfig config;
  config.approval = values.approval;
  config.events = &recorder;
  config.management_port = [&api_port]() -> std::uint16_t { return api_port; };
  config.first_use = options.first_use;
  if (options.first_use) {
    spdlog::warn("Unknown devices of the local networks are let in at first contact (--trust-first-use): {}.",
                 access::grants_text(options.first_use->grants));
  }
  config.quic.idle_timeout = std::chrono::milliseconds(options.idle_timeout_ms);
  auto endpoint = endpoint::HostEndpoint::create(config, **socket, *identity, *clients, random, sessions);
  if (!endpoint) return tl::unexpected(endpoint.error());
  sessions.attach(**endpoint);
  const std::uint16_t port = (*socket)->local_address().port();
  const std::string fingerprint = control::fingerprint_hex(identity->fingerprint());
  host::RunningHost host(
      {**endpoint, sessions, *store, recorder, PUNKTFUNK_PRODUCT_VERSION, fingerprint, port});
  // Set once the server is there, which may answer requests before that.
  std::atomic<const host::http::HttpServer*> server = nullptr;
  const auto request_counts = [&server] {
    const host::http::HttpServer* const running = server;
    return running != nullptr ? running->answers_by_status() : std::map<int, std::uint64_t>{};
  };
  const host::http::Router router = host::api::make_router({&host, log.get(), &events, request_counts});
  (*endpoint)->start();
  auto api =
      start_api(options.api, options.state_dir, router, *identity,
                [&endpoint](const control::Fingerprint& device) { return (*endpoint)->may_connect(device); });
  if (!api) return tl::unexpected(api.error());
  server = api->get();
  // On loopback it is of no use to them.
  if (options.api.bind != "loopback") api_port = (*api)->port();
  AnnounceOptions announced = options.announce;
  announced.management_port = api_port;
  announced.pairing_required = !options.first_use;
  spdlog::info("Ready on UDP port {}; this host's fingerprint is {}.", port, fingerprint);
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

  sleep.start({[&endpoint, &recorder] {
                 spdlog::info("This machine goes to sleep; every client is told.");
                 recorder.going_down();
                 (*endpoint)->end_all(wire::CloseCode::host_going_down,
                                      "The host goes to sleep; connect again once it is awake.");
               },
               [] { spdlog::info("This machine is awake again."); }});

  pollfd wait{stop.fd(), POLLIN, 0};
  while (::poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  spdlog::info("Stopping.");
  sleep.stop();
  recorder.going_down();
  api->reset();
  (*endpoint)->stop(wire::CloseCode::host_going_down, "The host was stopped.");
  sessions.stop();
  return {};
}

}  // namespace punktfunk

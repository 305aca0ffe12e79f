// SPDX-License-Identifier: MIT OR Apache-2.0
// punktfunk-probe: pairs if asked to, connects, measures, reports.
#include <poll.h>

#include <cstdio>
#include <string>

#include "apps/common/client/exit_code.h"
#include "apps/common/client/hello.h"
#include "apps/common/client/speed_report.h"
#include "apps/common/stop_signal.h"
#include "apps/common/write_text.h"
#include "apps/probe/measurement.h"
#include "apps/probe/options.h"
#include "apps/probe/report.h"
#include "base/log.h"
#include "client/hosts/saved_hosts.h"
#include "client/picture/png.h"
#include "client/session/pairing.h"
#include "client/session/speed_test.h"
#include "client/session/stream_session.h"
#include "control/identity/identity.h"

namespace punktfunk::probe {
namespace {

int complain(ExitCode code, const std::string& message) {
  std::fprintf(stderr, "punktfunk-probe: %s\n", message.c_str());
  return static_cast<int>(code);
}

wire::ClientHello hello_for(const Options& options) {
  wire::ClientHello hello = apps::client_hello("punktfunk-probe");
  hello.mode = options.mode;
  hello.bitrate_kbps = options.bitrate_kbps;
  if (options.verify) hello.video_codecs = wire::kCodecH264;
  return hello;
}

// Who proved at `address` to have this fingerprint.
Result<void> remember(client::SavedHosts& known, const SocketAddress& address,
                      const control::Fingerprint& fingerprint) {
  client::SavedHost host;
  host.fingerprint = fingerprint;
  host.addresses = {address.ip()};
  host.port = address.port();
  host.name = address.to_string();
  host.added_unix_s = host.last_seen_unix_s = wall_clock_ns() / 1'000'000'000;
  return known.remember(host);
}

int run_speed_test(const Options& options, const SocketAddress& host, const control::Fingerprint& pin,
                   const control::Identity& identity, RandomSource& random, const StopSignal& stop) {
  client::SpeedTestOptions test;
  test.host = host;
  test.pin = pin;
  test.hello = hello_for(options);
  test.connect_budget = Duration(static_cast<std::int64_t>(options.connect_timeout_s * 1e9));
  test.endpoint.drop_share = options.loss_percent / 100.0;
  test.endpoint.drop_seed = options.loss_seed;
  test.stop_requested = [&stop] {
    pollfd signal{stop.fd(), POLLIN, 0};
    return ::poll(&signal, 1, 0) == 1;
  };
  const auto result = client::run_speed_test(test, identity, random);
  if (!result) return complain(apps::exit_code_for(result.error()), result.error().message);
  if (!options.quiet) std::fputs(apps::table_of(*result).c_str(), stdout);
  if (!options.json_file.empty()) {
    if (const auto written = write_text(options.json_file, apps::json_of(*result)); !written)
      return complain(ExitCode::failed, written.error().message);
  }
  return static_cast<int>(ExitCode::ok);
}

int run(const Options& options, const StopSignal& stop) {
  const auto address = SocketAddress::parse(options.host, options.port);
  if (!address) {
    return complain(ExitCode::usage,
                    "\"" + options.host + "\" is no IP address; give one such as 192.168.1.10 or ::1.");
  }
  auto identity = control::Identity::load_or_create(options.state_dir, "punktfunk-client");
  if (!identity) return complain(ExitCode::failed, identity.error().message);
  auto known = client::SavedHosts::open(options.pin_store);
  if (!known) return complain(ExitCode::failed, known.error().message);
  SystemRandom random;

  const std::string label = address->to_string();
  if (!options.pair_pin.empty()) {
    client::PairingOptions pairing;
    pairing.host = *address;
    pairing.device_name = apps::device_name("punktfunk-probe");
    if (const client::SavedHost* host = known->find(label)) pairing.known_host = host->fingerprint;
    pairing.pin = options.pair_pin;
    pairing.connect_budget = Duration(static_cast<std::int64_t>(options.connect_timeout_s * 1e9));
    const auto host = client::pair_with_host(pairing, *identity, random);
    if (!host) return complain(apps::exit_code_for(host.error()), host.error().message);
    if (const auto stored = remember(*known, *address, *host); !stored) {
      return complain(ExitCode::failed, stored.error().message);
    }
    if (!options.quiet)
      std::fprintf(stderr, "Paired with %s (%s).\n", label.c_str(), control::fingerprint_hex(*host).c_str());
  }
  if (options.pair_only) return static_cast<int>(ExitCode::ok);

  const client::SavedHost* pinned = known->find(label);
  const bool first_contact = options.first_contact && pinned == nullptr && !options.speed_test;
  if (pinned == nullptr && !first_contact) {
    return complain(ExitCode::trust, "This device does not know the host at " + label +
                                         "; pair first: run punktfunk-host ctl pair there and give its PIN "
                                         "with --pair, or ask to be let in with "
                                         "--first-contact.");
  }

  if (options.speed_test)
    return run_speed_test(options, *address, pinned->fingerprint, *identity, random, stop);

  Measurement measurement(options);
  if (const auto opened = measurement.open_files(); !opened)
    return complain(ExitCode::failed, opened.error().message);
  client::StreamOptions stream;
  stream.host = *address;
  if (pinned != nullptr) stream.pin = pinned->fingerprint;
  stream.hello = hello_for(options);
  stream.connect_budget = Duration(static_cast<std::int64_t>(options.connect_timeout_s * 1e9));
  stream.endpoint.drop_share = options.loss_percent / 100.0;
  stream.endpoint.drop_seed = options.loss_seed;
  stream.decode = !options.verify;
  auto session = client::StreamSession::start(stream, *identity, random, measurement);
  if (!session) return complain(ExitCode::failed, session.error().message);
  measurement.attach(**session);
  // At once: a first session that ends with the power cut is no reason to ask for approval again.
  Result<void> met;
  const auto on_host = [&](const control::Fingerprint& host) {
    if (!first_contact) return;
    met = remember(*known, *address, host);
    if (met && !options.quiet)
      std::fprintf(stderr, "First contact with %s; compare its fingerprint with what the host shows: %s\n",
                   label.c_str(), control::fingerprint_hex(host).c_str());
  };
  bool interrupted = false;
  measurement.wait(
      [&] {
        pollfd signal{stop.fd(), POLLIN, 0};
        interrupted = ::poll(&signal, 1, 0) == 1;
        return interrupted || !met;
      },
      on_host);
  (*session)->quit();
  (*session)->stop();
  const Figures figures = measurement.finish(**session);

  if (!met) return complain(ExitCode::failed, met.error().message);
  if (!options.quiet && figures.connected) std::fputs(("\n" + table_of(figures)).c_str(), stdout);
  if (!options.json_file.empty()) {
    if (const auto written = write_text(options.json_file, json_of(figures)); !written) {
      return complain(ExitCode::failed, written.error().message);
    }
  }
  const client::Picture picture = measurement.last_picture();
  if (!options.png_file.empty() && !picture.empty()) {
    if (const auto written = client::write_png(picture, options.png_file); !written) {
      return complain(ExitCode::failed, written.error().message);
    }
  }
  if (figures.end && apps::exit_code_for(*figures.end) != ExitCode::ok) {
    return complain(apps::exit_code_for(*figures.end), figures.end->message);
  }
  if (interrupted) return complain(ExitCode::failed, "Stopped before the measurement was complete.");
  if (figures.pictures == 0)
    return complain(ExitCode::timed_out, "The host sent no picture; look at its log.");
  if (figures.verify_errors != 0)
    return complain(ExitCode::check, "Some access units are not what the host sent.");
  if (figures.input_ok == false)
    return complain(ExitCode::check, "Some input did not arrive; the table says which.");
  return static_cast<int>(ExitCode::ok);
}

}  // namespace
}  // namespace punktfunk::probe

int main(int argc, char** argv) {
  const punktfunk::StopSignal stop;
  punktfunk::init_log("punktfunk-probe");
  int exit_code = 0;
  const auto options = punktfunk::probe::parse_options(argc, argv, exit_code);
  return options ? punktfunk::probe::run(*options, stop) : exit_code;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// connect: one stream, made anew when it breaks, its figures, and its pictures to a file or a player.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "apps/common/client/hello.h"
#include "apps/common/client/mode_text.h"
#include "apps/punktfunk/commands.h"
#include "apps/punktfunk/connect_listener.h"
#include "apps/punktfunk/target.h"

namespace punktfunk::cli {

namespace {

using endpoint::ClientEnd;
using endpoint::EndKind;

constexpr wire::Mode kDefaultMode{1280, 720, 60};
// Of one attempt, where a host has several addresses or is dialled again: dialling ends 2 s before it.
constexpr Duration kAttemptBudget = std::chrono::seconds(5);

tl::expected<client::LastingStreamOptions, Outcome> stream_options(Program& program,
                                                                   const ConnectOptions& options,
                                                                   const Target& target) {
  client::LastingStreamOptions lasting;
  client::StreamOptions& stream = lasting.stream;
  stream.hello = apps::client_hello("punktfunk");
  stream.hello.bitrate_kbps = options.bitrate_kbps;
  stream.hello.mode = target.saved->last_mode.value_or(kDefaultMode);
  if (!options.mode_text.empty()) {
    const auto mode = apps::parse_mode(options.mode_text);
    if (!mode) return tl::unexpected(failure(ExitCode::usage, apps::no_mode_sentence(options.mode_text)));
    stream.hello.mode = *mode;
  }
  if (const auto codec = apps::codec_bit(options.codec)) {
    stream.hello.video_codecs = stream.hello.preferred_codec = *codec;
  }
  stream.pin = target.saved->fingerprint;
  stream.connect_budget = target.addresses.size() > 1 ? std::min(kAttemptBudget, program.connect_budget())
                                                      : program.connect_budget();
  stream.endpoint = program.endpoint_options();
  // A player decodes by itself.
  stream.decode = options.output.empty() && options.player.empty();
  lasting.addresses = target.addresses;
  lasting.reconnect.enabled = options.reconnect;
  lasting.reconnect.give_up_after = Duration(static_cast<std::int64_t>(options.give_up_after_s * 1e9));
  return lasting;
}

Result<std::unique_ptr<StreamSink>> make_sink(const ConnectOptions& options) {
  if (!options.player.empty()) return StreamSink::to_player(options.player);
  if (!options.output.empty()) return StreamSink::to_file(options.output);
  return std::unique_ptr<StreamSink>();
}

Outcome streamed(const std::string& host, const StreamTotals& totals, const ClientEnd& end) {
  const double fps = totals.seconds > 0 ? static_cast<double>(totals.frames) / totals.seconds : 0;
  const double mbps =
      totals.seconds > 0 ? static_cast<double>(totals.video_bytes) * 8 / totals.seconds / 1e6 : 0;
  const auto round2 = [](double value) { return std::round(value * 100) / 100; };
  Outcome outcome;
  outcome.text = fmt::format("{} frames in {:.1f} s from {}: {:.1f} a second, {:.2f} Mbit/s, {} lost.",
                             totals.frames, totals.seconds, host, fps, mbps, totals.frames_lost);
  if (totals.sessions > 1) outcome.text += fmt::format(" Reconnected {} times.", totals.sessions - 1);
  outcome.json = {{"ok", true},
                  {"host", host},
                  {"frames", totals.frames},
                  {"frames_lost", totals.frames_lost},
                  {"seconds", round2(totals.seconds)},
                  {"fps", round2(fps)},
                  {"mbps", round2(mbps)},
                  {"freezes", totals.freezes},
                  {"reconnects", totals.sessions - std::min<std::uint64_t>(1, totals.sessions)},
                  {"capture_to_decoded_ms", round2(totals.capture_to_decoded_ms)},
                  {"end", end.message}};
  return outcome;
}

}  // namespace

Outcome run_connect(Program& program, const ConnectOptions& options) {
  auto target = resolve_known_target(program, options.host);
  if (!target) return target.error();
  const auto identity = program.identity();
  if (!identity) return failure(identity.error());
  auto stream = stream_options(program, options, *target);
  if (!stream) return stream.error();
  auto sink = make_sink(options);
  if (!sink) return failure(sink.error());

  ConnectListener listener(program, options, target->name, sink->get());
  bool interrupted = false;
  const auto stop_requested = [&] {
    if (program.is_stop_requested()) interrupted = true;
    const bool stop = interrupted || listener.is_time_up() || (*sink && (*sink)->is_closed());
    // A write that waits for a reader must not keep the session from its end.
    if (stop && *sink) (*sink)->stop();
    return stop;
  };
  ClientEnd end = client::run_lasting_stream(*stream, **identity, program.random(), listener, stop_requested);
  if (end.kind == EndKind::timed_out && !listener.was_connected() && !interrupted) {
    // Not where it was: perhaps it has another address by now.
    stream->addresses.clear();
    const std::size_t before = target->addresses.size();
    if (add_announced_addresses(program, *target)) {
      stream->addresses.assign(target->addresses.begin() + static_cast<std::ptrdiff_t>(before),
                               target->addresses.end());
      end = client::run_lasting_stream(*stream, **identity, program.random(), listener, stop_requested);
    }
  }
  if (const auto connected = listener.connected()) {
    client::SavedHost seen = *target->saved;
    seen.addresses = {connected->address.ip()};
    seen.port = connected->address.port();
    seen.last_mode = connected->hello.mode;
    if (connected->hello.management_port != 0) seen.management_port = connected->hello.management_port;
    seen.last_seen_unix_s = now_unix_s();
    const auto hosts = program.hosts();
    if (const auto stored = (*hosts)->remember(seen); !stored) program.say(stored.error().message);
  }
  if (*sink && !(*sink)->complaint().empty()) return failure(ExitCode::failed, (*sink)->complaint());
  if (interrupted && !listener.was_connected())
    return failure(ExitCode::interrupted, "Stopped before the host answered.");
  if (end.kind != EndKind::finished) return outcome_of(end, target->name);
  return streamed(target->name, listener.totals(), end);
}

}  // namespace punktfunk::cli

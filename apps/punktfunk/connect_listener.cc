// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/punktfunk/connect_listener.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <utility>

#include "apps/common/client/hello.h"
#include "apps/common/client/mode_text.h"

namespace punktfunk::cli {

namespace {
double round2(double value) { return std::round(value * 100) / 100; }
}  // namespace

ConnectListener::ConnectListener(const Program& program, const ConnectOptions& options, std::string host_name,
                                 StreamSink* sink)
    : program_(program),
      options_(options),
      host_name_(std::move(host_name)),
      sink_(sink),
      on_terminal_(isatty(STDERR_FILENO) != 0) {}

void ConnectListener::on_dialling(const SocketAddress& host) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    address_ = host;
    first = !connected_;
  }
  if (first) program_.say_on_terminal("Connecting to " + host_name_ + " at " + host.to_string() + " …");
}

void ConnectListener::on_attempt(client::StreamSession& session) {
  const std::lock_guard lock(mutex_);
  session_ = &session;
}

void ConnectListener::on_waiting_for_approval() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(waiting_said_, true)) return;
  }
  program_.say("Waiting for approval: the operator of " + host_name_ + " decides. Ctrl-C gives up.");
}

void ConnectListener::on_connected(const wire::ServerHello& hello, const control::Fingerprint& host) {
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    again = connected_.has_value();
    connected_ = Connected{address_, host, hello};
    is_open_ = true;
    ++totals_.sessions;
    before_ = {};
    before_at_ = monotonic_now();
  }
  if (sink_ != nullptr) sink_->restart();
  end_status_line();
  program_.say(fmt::format("{} {}: {} {}, {:.1f} Mbit/s.", again ? "Connected again to" : "Connected to",
                           host_name_, apps::mode_text(hello.mode), apps::codec_name(hello.codec),
                           hello.bitrate_kbps / 1e3));
  print_event({{"event", "connected"},
               {"host", host_name_},
               {"again", again},
               {"mode", apps::mode_text(hello.mode)},
               {"codec", apps::codec_name(hello.codec)},
               {"bitrate_kbps", hello.bitrate_kbps}});
}

void ConnectListener::on_interrupted(const endpoint::ClientEnd& end, Duration wait) {
  add_session_to_totals();
  end_status_line();
  program_.say(fmt::format("{} Trying again in {:.1f} s; Ctrl-C gives up.", end.message, to_seconds(wait)));
  print_event({{"event", "interrupted"}, {"reason", end.message}, {"retry_in_s", round2(to_seconds(wait))}});
}

void ConnectListener::on_ended(const endpoint::ClientEnd&) {
  add_session_to_totals();
  end_status_line();
}

void ConnectListener::add_session_to_totals() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(is_open_, false) || session_ == nullptr) return;
  const client::StreamStatistics statistics = session_->statistics();
  totals_.frames += statistics.frames;
  totals_.frames_lost += statistics.network.node.media.frames_lost;
  totals_.video_bytes += statistics.video_bytes;
  totals_.freezes += statistics.freezes;
  if (first_ && last_) totals_.seconds += to_seconds(*last_ - *first_);
  if (statistics.latency.capture_to_decoded.count() != 0)
    totals_.capture_to_decoded_ms = to_ms(statistics.latency.capture_to_decoded.percentile(0.5));
  first_.reset();
  last_.reset();
}

void ConnectListener::on_access_unit(ByteView au, const client::FrameReport& report) {
  client::StreamSession* session = nullptr;
  {
    const std::lock_guard lock(mutex_);
    last_ = monotonic_now();
    if (!first_) first_ = last_;
    if (!first_of_all_) first_of_all_ = last_;
    session = session_;
  }
  if (sink_ != nullptr && sink_->write(au, report) && session != nullptr) session->ask_keyframe();
}

void ConnectListener::on_statistics(const client::StreamStatistics& statistics) {
  const bool for_people = options_.statistics || (on_terminal_ && !program_.options().quiet);
  if (!for_people && !options_.statistics_json) return;
  const std::lock_guard lock(mutex_);
  if (!is_open_) return;
  const TimePoint now = monotonic_now();
  const double seconds = to_seconds(now - std::exchange(before_at_, now));
  const client::StreamStatistics before = std::exchange(before_, statistics);
  if (seconds <= 0) return;
  const double fps = static_cast<double>(statistics.frames - before.frames) / seconds;
  const double mbps = static_cast<double>(statistics.video_bytes - before.video_bytes) * 8 / seconds / 1e6;
  const std::uint64_t lost =
      statistics.network.node.media.frames_lost - before.network.node.media.frames_lost;
  const bool has_latency = statistics.latency.capture_to_decoded.count() != 0;
  const double latency = has_latency ? to_ms(statistics.latency.capture_to_decoded.percentile(0.5)) : 0;
  const double rtt = to_ms(statistics.network.node.quic_rtt);
  if (for_people) {
    const std::string line =
        fmt::format("{:5.1f} frames/s  {:6.2f} Mbit/s  {} lost  {:5.1f} ms old  {:5.1f} ms round trip", fps,
                    mbps, lost, latency, rtt);
    if (on_terminal_) {
      std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
      status_line_open_ = true;
    } else {
      std::fprintf(stderr, "%s\n", line.c_str());
    }
  }
  print_event({{"event", "statistics"},
               {"fps", round2(fps)},
               {"mbps", round2(mbps)},
               {"frames", statistics.frames},
               {"frames_lost", statistics.network.node.media.frames_lost},
               {"freezes", statistics.freezes},
               {"rate_kbps", statistics.network.node.rate.kbps()},
               {"capture_to_decoded_ms", has_latency ? Json(round2(latency)) : Json(nullptr)},
               {"round_trip_ms", round2(rtt)}});
}

void ConnectListener::print_event(const Json& event) const {
  if (!options_.statistics_json) return;
  // The elementary stream has standard output for itself.
  std::FILE* const out = options_.output == "-" ? stderr : stdout;
  std::fprintf(out, "%s\n", event.dump().c_str());
  std::fflush(out);
}

void ConnectListener::end_status_line() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(status_line_open_, false)) std::fputc('\n', stderr);
}

bool ConnectListener::is_time_up() const {
  if (options_.seconds <= 0) return false;
  const std::lock_guard lock(mutex_);
  return first_of_all_ && to_seconds(monotonic_now() - *first_of_all_) >= options_.seconds;
}

bool ConnectListener::was_connected() const {
  const std::lock_guard lock(mutex_);
  return connected_.has_value();
}

std::optional<ConnectListener::Connected> ConnectListener::connected() const {
  const std::lock_guard lock(mutex_);
  return connected_;
}

StreamTotals ConnectListener::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace punktfunk::cli

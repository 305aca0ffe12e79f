// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/probe/measurement.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "apps/common/clock_blocks.h"
#include "base/synthetic_frame.h"

namespace punktfunk::probe {

namespace {

constexpr Duration kPollEvery = std::chrono::milliseconds(100);

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// User and system time of another process of this machine (proc(5), fields 14 and 15 of stat), its children
// not counted.
std::optional<double> cpu_seconds_of(long pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (pid <= 0 || !std::getline(in, text)) return std::nullopt;
  // The program's name, in brackets, may hold anything; fields are counted from behind it.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

Result<void> Measurement::open_files() {
  if (options_.dump_file.empty()) return {};
  dump_.reset(std::fopen(options_.dump_file.c_str(), "wb"));
  if (!dump_) {
    return fail("The elementary stream cannot be written to " + options_.dump_file + " (" +
                std::strerror(errno) + "); name another file.");
  }
  return {};
}

void Measurement::attach(client::StreamSession& session) {
  const std::lock_guard lock(mutex_);
  session_ = &session;
}

void Measurement::wait(const std::function<bool()>& stop_requested,
                       std::function<void(const control::Fingerprint&)> on_host) {
  std::unique_lock lock(mutex_);
  const auto tell_host = [&] {
    if (!figures_.host || !on_host) return;
    const control::Fingerprint host = *figures_.host;
    lock.unlock();
    std::exchange(on_host, nullptr)(host);
    lock.lock();
  };
  while (!ended_ && !stop_requested()) {
    tell_host();
    if (options_.count != 0 && units_ >= options_.count) return;
    // Measured from the first picture; connecting has a budget of its own and ends in on_ended() at the
    // latest.
    if (first_ && to_seconds(monotonic_now() - *first_) >= options_.seconds) {
      const bool input_pending = options_.drive_input && drive_ && !drive_->is_done();
      // Every step of the drive has a bounded patience, so this ends too.
      if (!input_pending) return;
    }
    const TimePoint now = monotonic_now();
    const auto next_mode = ask_modes(now);
    changed_.wait_for(lock, next_mode ? std::min(kPollEvery, *next_mode - now) : kPollEvery);
  }
  tell_host();
}

std::optional<TimePoint> Measurement::ask_modes(TimePoint now) {
  while (first_ && session_ != nullptr && asked_at_.size() < options_.mode_steps.size()) {
    const Options::ModeStep& step = options_.mode_steps[asked_at_.size()];
    const TimePoint at = *first_ + Duration(static_cast<std::int64_t>(step.at_seconds * 1e9));
    if (now < at) return at;
    figures_.mode_asks.push_back({step.mode, std::nullopt, std::nullopt, std::nullopt});
    asked_at_.push_back(now);
    session_->reconfigure(step.mode);
  }
  return std::nullopt;
}

Figures Measurement::finish(const client::StreamSession& session) {
  const std::lock_guard lock(mutex_);
  Figures figures = std::move(figures_);
  if (first_ && last_) figures.seconds = to_seconds(*last_ - *first_);
  const double measured = first_ ? to_seconds(monotonic_now() - *first_) : 0;
  if (measured > 0) {
    figures.client_cpu_percent = 100 * (own_cpu_seconds() - client_cpu_at_first_) / measured;
    const auto host = cpu_seconds_of(options_.host_pid);
    if (host && host_cpu_at_first_) figures.host_cpu_percent = 100 * (*host - *host_cpu_at_first_) / measured;
  }
  if (options_.drive_input) {
    figures.input_ok = drive_ && drive_->is_ok();
    if (drive_) figures.input_failures = drive_->failures();
    if (drive_) figures.input_to_picture = drive_->input_to_picture();
  }
  figures.stream = session.statistics();
  return figures;
}

client::Picture Measurement::last_picture() const {
  const std::lock_guard lock(mutex_);
  return last_picture_;
}

void Measurement::on_waiting_for_approval() {
  if (!std::exchange(waiting_said_, true)) std::fprintf(stderr, "Waiting for approval on the host …\n");
}

void Measurement::on_connected(const wire::ServerHello& hello, const control::Fingerprint& host) {
  const std::lock_guard lock(mutex_);
  figures_.connected = true;
  figures_.mode = hello.mode;
  figures_.host = host;
}

void Measurement::on_ended(const endpoint::ClientEnd& end) {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    figures_.end = end;
  }
  changed_.notify_all();
}

void Measurement::count_unit(TimePoint now) {
  if (!first_) {
    first_ = now;
    figures_.to_first_picture = now - dialled_;
    client_cpu_at_first_ = own_cpu_seconds();
    host_cpu_at_first_ = cpu_seconds_of(options_.host_pid);
  } else {
    figures_.picture_interval.add(now - *last_);
  }
  last_ = now;
  ++figures_.pictures;
}

void Measurement::on_access_unit(ByteView au, const client::FrameReport& report) {
  if (dump_) (void)std::fwrite(au.data(), 1, au.size(), dump_.get());
  const std::lock_guard lock(mutex_);
  ++units_;
  if (options_.verify) {
    ++figures_.verified;
    if (check_synthetic(au, options_.synthetic_seed, report.index) != SyntheticCheck::good)
      ++figures_.verify_errors;
    count_unit(report.times.decoded);
  }
  if (options_.count != 0 && units_ >= options_.count) changed_.notify_all();
}

void Measurement::on_reconfigured(const wire::Reconfigured& answer) {
  const std::lock_guard lock(mutex_);
  // Requests are answered in order; what comes beyond that corrects an earlier answer.
  if (answers_ < figures_.mode_asks.size()) figures_.mode_asks[answers_++].accepted = answer.accepted;
}

void Measurement::on_mode_changed(const client::ModeChange& change) {
  const TimePoint now = monotonic_now();
  const std::lock_guard lock(mutex_);
  figures_.mode = change.mode;
  for (std::size_t i = 0; i < figures_.mode_asks.size(); ++i) {
    Figures::ModeAsk& ask = figures_.mode_asks[i];
    if (ask.change || !(ask.mode == change.mode)) continue;
    ask.change = change;
    ask.ask_to_picture = now - asked_at_[i];
    return;
  }
}

void Measurement::on_picture(const client::Picture& picture, const client::FrameReport& report) {
  const auto content =
      clock_blocks::read(picture.planes[0], static_cast<std::ptrdiff_t>(picture.strides[0]), picture.width,
                         // The pattern fills the upper half of the picture, or all of it.
                         picture.height / 2);
  const std::lock_guard lock(mutex_);
  count_unit(report.times.decoded);
  figures_.decoded_width = picture.width;
  figures_.decoded_height = picture.height;
  last_picture_ = picture;
  // The drawn clock is this machine's own, so it means something only when the host is this machine: then it
  // lies in the recent past. A picture that shows the same drawing again is not a new sample.
  if (content && last_drawn_ns_ != content->drawn_ns) {
    last_drawn_ns_ = content->drawn_ns;
    const Duration age =
        report.times.decoded.time_since_epoch() - Duration(static_cast<std::int64_t>(content->drawn_ns));
    if (age > Duration::zero() && age < std::chrono::seconds(10)) figures_.draw_to_decoded.add(age);
  }
  if (options_.drive_input && session_ != nullptr) {
    if (options_.drive_again && drive_ && drive_->has_failed()) drive_.reset();
    if (!drive_ && content) {
      drive_ = std::make_unique<InputDrive>(
          figures_.mode, options_.typed_file,
          [this](const wire::InputEvent& event) { session_->send_input(event); });
    }
    if (drive_) drive_->on_picture(content, report.times.decoded);
  }
}

void Measurement::on_statistics(const client::StreamStatistics& statistics) {
  if (options_.quiet || isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%6llu frames, %llu lost, %.1f ms capture to decoded ",  // rewritten each second
               static_cast<unsigned long long>(statistics.frames),
               static_cast<unsigned long long>(statistics.network.node.media.frames_lost),
               to_ms(statistics.latency.capture_to_decoded.percentile(0.5)));
}

}  // namespace punktfunk::probe

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "apps/probe/input_drive.h"
#include "apps/probe/options.h"
#include "base/histogram.h"
#include "client/session/stream_session.h"

namespace punktfunk::probe {

// Everything the report is made of.
struct Figures {
  bool connected = false;
  wire::Mode mode;     // in force
  double seconds = 0;  // first to last picture
  std::uint64_t pictures = 0;
  std::uint32_t decoded_width = 0, decoded_height = 0;
  // What was asked for with --reconfigure-at, in order.
  struct ModeAsk {
    wire::Mode mode;
    std::optional<bool> accepted;              // the host's answer
    std::optional<client::ModeChange> change;  // it came
    std::optional<Duration> ask_to_picture;    // from the request to the first picture of it
  };
  std::vector<ModeAsk> mode_asks;
  Duration to_first_picture{};
  Histogram draw_to_decoded;
  Histogram picture_interval;
  Histogram input_to_picture;
  std::uint64_t verified = 0, verify_errors = 0;
  std::optional<bool> input_ok;
  std::vector<std::string> input_failures;
  double client_cpu_percent = 0;
  std::optional<double> host_cpu_percent;
  client::StreamStatistics stream;
  std::optional<control::Fingerprint> host;  // what it showed, once it answered
  std::optional<endpoint::ClientEnd> end;    // once the connection is over, whoever ended it
};

// Listens to one stream and gathers the figures. finish() may be called from any thread once the session has
// stopped.
class Measurement final : public client::StreamListener {
 public:
  explicit Measurement(const Options& options) : options_(options), dialled_(monotonic_now()) {}

  // Before the stream starts.
  [[nodiscard]] Result<void> open_files();
  void attach(client::StreamSession& session);

  // Waits until the run is complete: time is up, --count is reached, the host ended it, or `stop_requested`
  // says so. `poll_every` bounds how late the latter is noticed.
  // `on_host` is told once who the host is, when it has let this device in.
  void wait(const std::function<bool()>& stop_requested,
            std::function<void(const control::Fingerprint&)> on_host);
  [[nodiscard]] Figures finish(const client::StreamSession& session);
  [[nodiscard]] client::Picture last_picture() const;

  void on_waiting_for_approval() override;
  void on_connected(const wire::ServerHello& hello, const control::Fingerprint& host) override;
  void on_ended(const endpoint::ClientEnd& end) override;
  void on_access_unit(ByteView au, const client::FrameReport& report) override;
  void on_reconfigured(const wire::Reconfigured& answer) override;
  void on_mode_changed(const client::ModeChange& change) override;
  void on_picture(const client::Picture& picture, const client::FrameReport& report) override;
  void on_statistics(const client::StreamStatistics& statistics) override;

 private:
  void count_unit(TimePoint now);
  // With mutex_ held: asks for the modes that are due. The next one's time.
  std::optional<TimePoint> ask_modes(TimePoint now);

  const Options& options_;
  const TimePoint dialled_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Figures figures_;
  client::Picture last_picture_;
  std::optional<TimePoint> first_, last_;
  std::uint64_t units_ = 0;
  std::optional<std::uint64_t> last_drawn_ns_;
  bool ended_ = false;
  bool waiting_said_ = false;
  double client_cpu_at_first_ = 0;
  std::optional<double> host_cpu_at_first_;
  std::vector<TimePoint> asked_at_;  // of figures_.mode_asks
  std::size_t answers_ = 0;          // to them, so far
  std::unique_ptr<InputDrive> drive_;
  client::StreamSession* session_ = nullptr;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> dump_{nullptr, &std::fclose};
};

}  // namespace punktfunk::probe

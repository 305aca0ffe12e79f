// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "apps/punktfunk/commands.h"
#include "apps/punktfunk/stream_sink.h"
#include "client/session/lasting_stream.h"

namespace punktfunk::cli {

// Sums over all sessions of one run.
struct StreamTotals {
  std::uint64_t sessions = 0;
  std::uint64_t frames = 0;
  std::uint64_t frames_lost = 0;
  std::uint64_t video_bytes = 0;
  std::uint64_t freezes = 0;
  double seconds = 0;                // first to last access unit, without what lay between sessions
  double capture_to_decoded_ms = 0;  // median of the last session
};

// Tells the user what becomes of a stream, feeds the sink, and keeps the figures. Everything that is for
// people goes to standard error; with statistics_json one JSON object a line goes to standard output.
class ConnectListener final : public client::LastingStreamListener {
 public:
  // `sink` may be nullptr. Both outlive this.
  ConnectListener(const Program& program, const ConnectOptions& options, std::string host_name,
                  StreamSink* sink);

  void on_dialling(const SocketAddress& host) override;
  void on_attempt(client::StreamSession& session) override;
  void on_interrupted(const endpoint::ClientEnd& end, Duration wait) override;
  void on_waiting_for_approval() override;
  void on_connected(const wire::ServerHello& hello, const control::Fingerprint& host) override;
  void on_ended(const endpoint::ClientEnd& end) override;
  void on_access_unit(ByteView au, const client::FrameReport& report) override;
  void on_picture(const client::Picture&, const client::FrameReport&) override {}
  void on_statistics(const client::StreamStatistics& statistics) override;

  // --seconds have passed since the first access unit.
  [[nodiscard]] bool is_time_up() const;
  [[nodiscard]] bool was_connected() const;
  struct Connected {
    SocketAddress address;
    control::Fingerprint host{};
    wire::ServerHello hello;
  };
  // The last session's.
  [[nodiscard]] std::optional<Connected> connected() const;
  [[nodiscard]] StreamTotals totals() const;

 private:
  void add_session_to_totals();
  void print_event(const Json& event) const;
  void end_status_line();

  const Program& program_;
  const ConnectOptions& options_;
  const std::string host_name_;
  StreamSink* const sink_;
  const bool on_terminal_;
  mutable std::mutex mutex_;
  client::StreamSession* session_ = nullptr;
  SocketAddress address_;
  std::optional<Connected> connected_;
  bool is_open_ = false;  // a session is
  bool waiting_said_ = false;
  bool status_line_open_ = false;
  std::optional<TimePoint> first_of_all_, first_, last_;
  client::StreamStatistics before_;  // of the last line, for rates
  TimePoint before_at_{};
  StreamTotals totals_;
};

}  // namespace punktfunk::cli

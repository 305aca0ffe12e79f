// SPDX-License-Identifier: MIT OR Apache-2.0
// One connection of the management server: requests in, answers out, event streams. Internal to the server.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "host/mgmt/http/byte_stream.h"
#include "host/mgmt/http/event_log.h"
#include "host/mgmt/http/gate.h"
#include "host/mgmt/http/limits.h"
#include "host/mgmt/http/quota.h"
#include "host/mgmt/http/request_reader.h"
#include "host/mgmt/http/router.h"

namespace punktfunk::host::http {

// What all connections share. Atomics are read by other threads; the rest belongs to the loop.
struct Shared {
  const HttpLimits& limits;
  const Router& router;
  Gate& gate;
  Quota event_streams;
  std::atomic<std::uint64_t> handshakes_failed = 0;
  std::atomic<std::uint64_t> requests = 0;
  std::atomic<std::uint64_t> requests_refused = 0;
  std::atomic<std::uint64_t> timeouts = 0;
  std::array<std::atomic<std::uint64_t>, 600> answers{};  // by status
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `place` is held until the connection is gone.
  Connection(boost::asio::io_context& context, std::unique_ptr<ByteStream> stream, Shared& shared,
             Quota::Place place);
  ~Connection();

  void start();
  // At once; the connection goes when its last operation has come back.
  void close();

 private:
  // What is waited for; each has its time.
  enum class Phase { opening, idle, head, body, writing, listening, farewell };

  void go_on();
  void read_more();
  void serve();
  void answer(Response response, bool head_only, bool keep);
  void write(std::string bytes, void (Connection::*then)());
  void farewell();

  void start_events(const Response& response, const Caller& caller);
  void watch_for_end();
  void pump_events();
  void end_events(std::string_view reason);

  void enter(Phase phase, Duration limit);
  void on_time_up(Phase phase);

  boost::asio::io_context& context_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<ByteStream> stream_;
  Shared& shared_;
  Quota::Place place_;
  RequestReader reader_;
  Phase phase_ = Phase::opening;
  std::uint64_t timer_round_ = 0;
  std::size_t requests_ = 0;
  bool keep_ = true;
  bool closed_ = false;
  std::array<char, 4096> in_;
  std::string out_;

  // Of an event stream.
  EventLog* log_ = nullptr;
  std::uint64_t cursor_ = 0;
  bool caught_up_ = false;
  bool ending_ = false;
  bool reading_ = false;
  Caller caller_;
  Quota::Place stream_place_;
  std::uint64_t listener_ = 0;
};

}  // namespace punktfunk::host::http

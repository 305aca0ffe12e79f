// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/connection.h"

#include <boost/asio/post.hpp>
#include <ctime>
#include <utility>
#include <variant>

namespace punktfunk::host::http {

namespace {

// One portion of an event stream.
constexpr std::size_t kMaxEvents = 64;
constexpr std::size_t kMaxEventBytes = 64 * 1024;
// How soon an EventSource comes back after a stream has ended.
constexpr int kRetryMs = 2000;

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Other";
  }
}

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  // The names of days and months are those of the C locale, which a program has unless it asks for another.
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

// Everything up to the body. Without a length where the end of the connection is the end of the answer.
std::string head_of(const Response& response, bool keep, bool has_length) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out += reason_of(response.status);
  out += "\r\nDate: " + date();
  const auto add = [&out](std::string_view name, std::string_view value) {
    out.append("\r\n").append(name).append(": ").append(value);
  };
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  if (has_length && response.status != 204) add("Content-Length", std::to_string(response.body.size()));
  // Answers are for whoever asked, are never pages of another site's frame, and are what they say they are.
  add("Cache-Control", "no-store");
  add("X-Content-Type-Options", "nosniff");
  add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  add("X-Frame-Options", "DENY");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Resource-Policy", "same-origin");
  for (const auto& header : response.headers) add(header.first, header.second);
  if (!keep) add("Connection", "close");
  return out + "\r\n\r\n";
}

std::string event_text(const Event& event) {
  return "id: " + std::to_string(event.id) + "\nevent: " + event.type + "\ndata: " + event.data + "\n\n";
}

}  // namespace

Connection::Connection(boost::asio::io_context& context, std::unique_ptr<ByteStream> stream, Shared& shared,
                       Quota::Place place)
    : context_(context),
      timer_(context),
      stream_(std::move(stream)),
      shared_(shared),
      place_(std::move(place)),
      reader_(shared.limits) {}

Connection::~Connection() { close(); }

void Connection::start() {
  enter(Phase::opening, shared_.limits.handshake);
  stream_->open([self = shared_from_this()](bool ok, std::size_t) {
    if (!ok) {
      if (!self->closed_) ++self->shared_.handshakes_failed;
      return self->close();
    }
    // Whoever connects has something to ask: only later is there time to wait.
    self->enter(Phase::head, self->shared_.limits.head);
    self->read_more();
  });
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  timer_.cancel();
  stream_->close();
  if (log_ != nullptr) log_->remove_listener(listener_);
}

// With what the reader has: the next request, or more bytes for it.
void Connection::go_on() {
  if (closed_) return;
  switch (reader_.state()) {
    case RequestReader::State::whole:
      return serve();
    case RequestReader::State::refused:
      ++shared_.requests;
      return answer(reader_.refusal(), false, false);
    case RequestReader::State::idle:
      if (phase_ != Phase::head) enter(Phase::idle, shared_.limits.idle);
      break;
    case RequestReader::State::head:
      if (phase_ != Phase::head) enter(Phase::head, shared_.limits.head);
      break;
    case RequestReader::State::body:
      if (phase_ != Phase::body) enter(Phase::body, shared_.limits.body);
      break;
  }
  read_more();
}

void Connection::read_more() {
  stream_->read_some(in_, [self = shared_from_this()](bool ok, std::size_t bytes) {
    if (!ok || self->closed_) return self->close();
    self->reader_.feed({self->in_.data(), bytes});
    explicit_bzero(self->in_.data(), bytes);  // may hold a credential
    self->go_on();
  });
}

void Connection::serve() {
  RawRequest raw = reader_.take();
  ++shared_.requests;
  const bool head_only = raw.method == "HEAD";
  bool keep = reader_.keep_alive() && ++requests_ < shared_.limits.requests_per_connection;
  auto admitted = shared_.gate.admit(raw, stream_->peer(), monotonic_now());
  if (auto* refused = std::get_if<Response>(&admitted)) return answer(std::move(*refused), head_only, false);
  const Caller& caller = std::get<Caller>(admitted);
  Response response = shared_.router.dispatch(raw, caller);
  if (response.events != nullptr && !head_only) return start_events(response, caller);
  answer(std::move(response), head_only, keep);
}

void Connection::answer(Response response, bool head_only, bool keep) {
  if (response.status >= 400) ++shared_.requests_refused;
  ++shared_.answers.at(static_cast<std::size_t>(response.status));
  keep_ = keep;
  std::string text = head_of(response, keep, response.events == nullptr);
  if (!head_only) text += response.body;
  write(std::move(text), &Connection::go_on);
}

void Connection::write(std::string bytes, void (Connection::*then)()) {
  enter(Phase::writing, shared_.limits.write);
  out_ = std::move(bytes);
  stream_->write(out_, [self = shared_from_this(), then](bool ok, std::size_t) {
    if (!ok || self->closed_) return self->close();
    if (self->ending_ || !self->keep_) return self->farewell();
    (self.get()->*then)();
  });
}

void Connection::farewell() {
  enter(Phase::farewell, shared_.limits.farewell);
  if (reading_) return stream_->cancel_read();  // comes back here
  stream_->say_goodbye([self = shared_from_this()](bool, std::size_t) { self->close(); });
}

void Connection::start_events(const Response& response, const Caller& caller) {
  const Peer& peer = stream_->peer();
  stream_place_ = shared_.event_streams.take(peer.local_socket ? "control socket" : limit_key(peer.remote),
                                             !peer.local_socket && limit_key(peer.remote) != "localhost");
  if (stream_place_ == nullptr) {
    return answer(
        Response::error(503, "too_many_streams", "Too many event streams are open; close one first."), false,
        true);
  }
  caller_ = caller;
  cursor_ = response.events_after;
  log_ = response.events;
  // One wake-up at a time is on its way, however many events come.
  const auto woken = std::make_shared<std::atomic<bool>>(false);
  listener_ = log_->add_listener([weak = weak_from_this(), woken, &context = context_] {
    if (woken->exchange(true)) return;
    boost::asio::post(context, [weak, woken] {
      woken->store(false);
      const auto self = weak.lock();
      if (self != nullptr && self->phase_ == Phase::listening) self->pump_events();
    });
  });
  ++shared_.answers[200];
  watch_for_end();
  // The number first, so that a reader who hears nothing at all can still come back to where it was.
  write(head_of(response, false, false) + "retry: " + std::to_string(kRetryMs) +
            "\nid: " + std::to_string(cursor_) + "\n\n",
        &Connection::pump_events);
}

// A reader of events has nothing more to say; that it goes away shows here first.
void Connection::watch_for_end() {
  reading_ = true;
  stream_->read_some(in_, [self = shared_from_this()](bool, std::size_t) {
    self->reading_ = false;
    if (self->ending_ && self->phase_ == Phase::farewell && !self->closed_) return self->farewell();
    self->close();
  });
}

void Connection::pump_events() {
  if (closed_) return;
  if (!shared_.gate.still_admitted(caller_)) return end_events("access_withdrawn");
  const EventLog::Batch batch = log_->after(cursor_, kMaxEvents, kMaxEventBytes);
  if (batch.missed && caught_up_) return end_events("too_slow");
  caught_up_ = true;
  std::string text;
  if (batch.missed) text = "event: missed\ndata: {\"after\":" + std::to_string(cursor_) + "}\n\n";
  for (const Event& event : batch.events) text += event_text(event);
  if (batch.missed && batch.events.empty()) cursor_ = log_->last_id();
  if (!batch.events.empty()) cursor_ = batch.events.back().id;
  if (text.empty()) return enter(Phase::listening, shared_.limits.heartbeat);
  write(std::move(text), &Connection::pump_events);
}

void Connection::end_events(std::string_view reason) {
  ending_ = true;
  write("event: closed\ndata: {\"reason\":\"" + std::string(reason) + "\"}\n\n", &Connection::farewell);
}

void Connection::enter(Phase phase, Duration limit) {
  phase_ = phase;
  const std::uint64_t round = ++timer_round_;
  timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit));
  timer_.async_wait([weak = weak_from_this(), round, phase](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (!ec && self != nullptr && !self->closed_ && self->timer_round_ == round) self->on_time_up(phase);
  });
}

void Connection::on_time_up(Phase phase) {
  if (phase == Phase::listening) {
    if (!shared_.gate.still_admitted(caller_)) return end_events("access_withdrawn");
    return write(":\n\n", &Connection::pump_events);
  }
  if (phase != Phase::idle && phase != Phase::farewell) ++shared_.timeouts;
  close();
}

}  // namespace punktfunk::host::http

// SPDX-License-Identifier: MIT OR Apache-2.0
// The data plane alone: sockets and sessions.
#include <poll.h>
#include <punktfunk_core.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "abi/failure.h"
#include "abi/handles.h"
#include "abi/input.h"
#include "abi/structs.h"
#include "core/wire/limits.h"
#include "endpoint/session.h"
#include "transport/loopback/loopback.h"
#include "transport/udp/udp_socket.h"

struct punktfunk_session {
  std::unique_ptr<punktfunk::endpoint::Session> session;
  // A session has one sending and one receiving thread; here any thread may be either.
  mutable std::mutex sending, receiving;
  std::shared_ptr<punktfunk::abi::ReturnedBuffers> returned =
      std::make_shared<punktfunk::abi::ReturnedBuffers>();
};

namespace {

using namespace punktfunk;
using namespace punktfunk::abi;
using endpoint::Session;
using endpoint::SessionError;

constexpr const char* kNoSession = "No session was given.";
constexpr const char* kNoPlace = "The place for the result is missing.";
constexpr std::uint64_t kMostLoopbackBytes = std::uint64_t{1} << 30;
constexpr std::uint32_t kMostMicroseconds = 1'000'000;
constexpr std::uint32_t kMostParity = 90;  // section 13.2
constexpr std::uint32_t kDefaultParity = 10;

punktfunk_result failed_with(SessionError error) {
  switch (error) {
    case SessionError::wrong_role:
      return failed(PUNKTFUNK_ERROR_ROLE, endpoint::describe(error));
    case SessionError::frame_too_large:
      return failed(PUNKTFUNK_ERROR_TOO_LARGE, endpoint::describe(error));
    case SessionError::invalid_argument:
      break;
  }
  return failed(PUNKTFUNK_ERROR_ARGUMENT, endpoint::describe(error));
}

std::optional<SocketAddress> read_address(const char* text, std::uint16_t port) {
  std::string ip;
  if (!read_text(text, PUNKTFUNK_ADDRESS_TEXT_BYTES - 1, "", ip)) return std::nullopt;
  return SocketAddress::parse(ip, port);
}

// 0 is the default and PUNKTFUNK_NO_PARITY none at all.
std::optional<std::uint8_t> read_parity(std::uint32_t percent, std::uint32_t if_zero) {
  if (percent == PUNKTFUNK_NO_PARITY) return 0;
  if (percent > kMostParity) return std::nullopt;
  return static_cast<std::uint8_t>(or_default(percent, if_zero));
}

punktfunk_result read_media(const punktfunk_session_options& options, media::MediaParams& params) {
  if (options.suite > PUNKTFUNK_SUITE_CHACHA20_POLY1305) return bad_argument("The cipher suite is unknown.");
  if (options.fec > PUNKTFUNK_FEC_GF8) return bad_argument("The erasure code is unknown.");
  const bool is_gf8 = options.fec == PUNKTFUNK_FEC_GF8;
  const auto parity = read_parity(options.max_parity_percent, kMostParity);
  if (!parity) return bad_argument("The largest parity is above 90 %.");
  const std::uint64_t frame = or_default(options.max_frame_bytes, wire::kMinFrameLimit);
  if (frame > wire::kMaxFrameLimit) return bad_argument("The largest frame is above 64 MiB.");
  const std::uint32_t shard = or_default(options.shard_bytes, 1408U);
  if (shard > std::numeric_limits<std::uint16_t>::max()) return bad_argument("The shards are too large.");
  params.suite = static_cast<crypto::CipherSuite>(options.suite);
  params.scheme = is_gf8 ? fec::Scheme::gf8 : fec::Scheme::gf16;
  params.fec_percent = *parity;
  params.max_data_per_block = or_default(options.max_data_per_block, is_gf8 ? 128U : 4096U);
  params.shard_payload = static_cast<std::uint16_t>(shard);
  params.max_frame_bytes = frame;
  return PUNKTFUNK_OK;
}

punktfunk_result read_options(const punktfunk_session_options* given, endpoint::SessionConfig& config) {
  punktfunk_session_options options;
  if (const auto rc = read_struct(given, options); rc != PUNKTFUNK_OK) return rc;
  if (options.role != PUNKTFUNK_ROLE_HOST && options.role != PUNKTFUNK_ROLE_CLIENT) {
    return bad_argument("The role is missing: host or client.");
  }
  if (options.secret == nullptr) return bad_argument("The secret of the session is missing.");
  const auto remote = read_address(options.remote_address, options.remote_port);
  if (!remote || options.remote_port == 0) {
    return bad_argument("The other end's address is no numeric IPv4 or IPv6 address with a port.");
  }
  if (const auto rc = read_media(options, config.params); rc != PUNKTFUNK_OK) return rc;
  if (options.frame_interval_us > kMostMicroseconds || options.send_patience_us > kMostMicroseconds) {
    return bad_argument("A frame interval and the patience of a send are at most a second.");
  }
  config.role = options.role == PUNKTFUNK_ROLE_HOST ? endpoint::Role::host : endpoint::Role::client;
  std::copy_n(options.secret, PUNKTFUNK_SECRET_BYTES, config.exporter.writable().begin());
  config.clock_origin_ns = options.clock_origin_ns;
  config.remote = *remote;
  config.pacing.stream_rate = BitRate::from_kbps(options.rate_kbps);
  config.pacing.frame_interval = std::chrono::microseconds(or_default(options.frame_interval_us, 16'667U));
  config.send_patience = std::chrono::microseconds(or_default(options.send_patience_us, 2'000U));
  return PUNKTFUNK_OK;
}

punktfunk_result read_frame(const punktfunk_outgoing_frame* given, ByteView& au, Session::FrameInfo& info) {
  punktfunk_outgoing_frame frame;
  if (const auto rc = read_struct(given, frame); rc != PUNKTFUNK_OK) return rc;
  if (frame.data == nullptr || frame.bytes == 0) return bad_argument("The frame has no bytes.");
  if (frame.bytes > wire::kMaxFrameLimit) return failed(PUNKTFUNK_ERROR_TOO_LARGE);
  const auto parity = read_parity(frame.parity_percent, kDefaultParity);
  if (!parity) return bad_argument("The parity is above 90 %.");
  if (frame.epoch > std::numeric_limits<std::uint8_t>::max() ||
      frame.flags > std::numeric_limits<std::uint16_t>::max()) {
    return bad_argument("The epoch of a frame has 8 bits and its flags 16.");
  }
  au = {frame.data, static_cast<std::size_t>(frame.bytes)};
  info.capture_ns = frame.capture_ns != 0 ? frame.capture_ns : wall_clock_ns();
  info.epoch = static_cast<std::uint8_t>(frame.epoch);
  info.flags = static_cast<std::uint16_t>(frame.flags);
  info.parity_percent = *parity;
  return PUNKTFUNK_OK;
}

void write_sent(const SendOutcome& outcome, punktfunk_sent* out) {
  if (out == nullptr) return;
  punktfunk_sent sent;
  PUNKTFUNK_INIT(&sent);
  sent.datagrams = outcome.sent;
  sent.dropped = outcome.dropped;
  write_struct(sent, out);
}

// Runs `send` as the sending thread, and reports what became of it.
template <class Send>
punktfunk_result send_as_host(punktfunk_session* handle, punktfunk_sent* sent, Send&& send) {
  if (sent != nullptr) {
    if (const auto rc = check_struct(sent); rc != PUNKTFUNK_OK) return rc;
  }
  const std::lock_guard lock(handle->sending);
  const endpoint::SessionResult<SendOutcome> outcome = send(*handle->session);
  if (!outcome) return failed_with(outcome.error());
  write_sent(*outcome, sent);
  return PUNKTFUNK_OK;
}

// Milliseconds until `at`, rounded up so that it has come afterwards; at most `most`.
int ms_until(TimePoint at, TimePoint now, int most) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at - now).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, most));
}

// Asks `poll_once` (under the receiving lock) until it has something, or `timeout_ms` is over. Waits for
// datagrams and for the deadline of a hole.
template <class PollOnce>
punktfunk_result poll_until(punktfunk_session* handle, std::int32_t timeout_ms, PollOnce&& poll_once) {
  constexpr int kLongest = 60'000;  // then it looks again; nothing hangs on it
  const TimePoint start = monotonic_now();
  while (true) {
    std::optional<TimePoint> deadline;
    {
      const std::lock_guard lock(handle->receiving);
      const punktfunk_result rc = poll_once();
      if (rc != PUNKTFUNK_EMPTY) return rc;
      deadline = handle->session->next_deadline();
    }
    const TimePoint now = monotonic_now();
    int wait_ms = kLongest;
    if (timeout_ms >= 0) {
      const TimePoint end = start + std::chrono::milliseconds(timeout_ms);
      if (now >= end) return PUNKTFUNK_EMPTY;
      wait_ms = ms_until(end, now, kLongest);
    }
    if (deadline) wait_ms = std::min(wait_ms, ms_until(*deadline, now, kLongest));
    pollfd readable{handle->session->fd(), POLLIN, 0};
    (void)::poll(&readable, 1, wait_ms);  // EINTR: look again
  }
}

}  // namespace

extern "C" {

punktfunk_result punktfunk_socket_loopback(uint64_t bytes, punktfunk_socket** first,
                                           punktfunk_socket** second) {
  return guarded([&]() -> punktfunk_result {
    if (first == nullptr || second == nullptr) return bad_argument(kNoPlace);
    if (bytes > kMostLoopbackBytes) return bad_argument("A pair in memory holds at most 1 GiB.");
    LoopbackOptions options;
    if (bytes != 0) options.queue_bytes = static_cast<std::size_t>(bytes);
    auto pair = make_loopback_pair(options);
    if (!pair) return failed(PUNKTFUNK_ERROR_SETUP, pair.error().message);
    auto one = std::make_unique<punktfunk_socket>();
    auto other = std::make_unique<punktfunk_socket>();
    one->socket = std::move(pair->first);
    other->socket = std::move(pair->second);
    *first = one.release();
    *second = other.release();
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_socket_udp(const char* address, uint16_t port, punktfunk_socket** socket) {
  return guarded([&]() -> punktfunk_result {
    if (socket == nullptr) return bad_argument(kNoPlace);
    const auto local = read_address(address, port);
    if (!local) return bad_argument("This is no numeric IPv4 or IPv6 address.");
    auto bound = UdpSocket::bind(*local);
    if (!bound) return failed(PUNKTFUNK_ERROR_SETUP, bound.error().message);
    auto handle = std::make_unique<punktfunk_socket>();
    handle->socket = std::move(*bound);
    *socket = handle.release();
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_socket_address(const punktfunk_socket* socket, char* text, uint16_t* port) {
  return guarded([&]() -> punktfunk_result {
    if (socket == nullptr) return bad_argument("No socket was given.");
    if (text == nullptr || port == nullptr) return bad_argument(kNoPlace);
    const SocketAddress& local = socket->socket->local_address();
    copy_text(local.ip(), text, PUNKTFUNK_ADDRESS_TEXT_BYTES);
    *port = local.port();
    return PUNKTFUNK_OK;
  });
}

void punktfunk_socket_destroy(punktfunk_socket* socket) { delete socket; }

punktfunk_result punktfunk_session_create(const punktfunk_session_options* options, punktfunk_socket* socket,
                                          punktfunk_session** session) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoPlace);
    if (socket == nullptr) return bad_argument("No socket was given.");
    endpoint::SessionConfig config;
    if (const auto rc = read_options(options, config); rc != PUNKTFUNK_OK) return rc;
    auto made = Session::create(config, socket->socket);
    if (!made) return bad_argument(made.error().message);
    auto handle = std::make_unique<punktfunk_session>();
    handle->session = std::move(*made);
    if (socket->in_use.exchange(true)) {
      return failed(PUNKTFUNK_ERROR_STATE, "This socket serves a session already; make another one.");
    }
    *session = handle.release();
    return PUNKTFUNK_OK;
  });
}

void punktfunk_session_destroy(punktfunk_session* session) { delete session; }

punktfunk_result punktfunk_session_seal_frame(punktfunk_session* session,
                                              const punktfunk_outgoing_frame* frame,
                                              const uint8_t** datagrams, size_t* bytes,
                                              size_t* datagram_bytes) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoSession);
    if (datagrams == nullptr || bytes == nullptr || datagram_bytes == nullptr) return bad_argument(kNoPlace);
    ByteView au;
    Session::FrameInfo info;
    if (const auto rc = read_frame(frame, au, info); rc != PUNKTFUNK_OK) return rc;
    const std::lock_guard lock(session->sending);
    const auto sealed = session->session->seal_frame(au, info);
    if (!sealed) return failed_with(sealed.error());
    *datagrams = sealed->data();
    *bytes = sealed->size();
    *datagram_bytes = session->session->datagram_bytes();
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_session_send_sealed(punktfunk_session* session, const uint8_t* datagrams,
                                               size_t bytes, punktfunk_sent* sent) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoSession);
    if (datagrams == nullptr) return bad_argument("The datagrams are missing.");
    return send_as_host(session, sent, [&](Session& inner) { return inner.send_sealed({datagrams, bytes}); });
  });
}

punktfunk_result punktfunk_session_submit_frame(punktfunk_session* session,
                                                const punktfunk_outgoing_frame* frame, punktfunk_sent* sent) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoSession);
    ByteView au;
    Session::FrameInfo info;
    if (const auto rc = read_frame(frame, au, info); rc != PUNKTFUNK_OK) return rc;
    return send_as_host(session, sent, [&](Session& inner) { return inner.submit_frame(au, info); });
  });
}

punktfunk_result punktfunk_session_set_rate(punktfunk_session* session, uint32_t rate_kbps) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoSession);
    const std::lock_guard lock(session->sending);
    const auto set = session->session->set_stream_rate(BitRate::from_kbps(rate_kbps));
    if (!set) return failed_with(set.error());
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_session_poll_input(punktfunk_session* session, int32_t timeout_ms,
                                              punktfunk_input_event* event) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoSession);
    if (const auto rc = check_struct(event); rc != PUNKTFUNK_OK) return rc;
    return poll_until(session, timeout_ms, [&]() -> punktfunk_result {
      const auto polled = session->session->poll_input();
      if (!polled) return failed_with(polled.error());
      if (!*polled) return PUNKTFUNK_EMPTY;
      write_struct(input_of(**polled), event);
      return PUNKTFUNK_OK;
    });
  });
}

punktfunk_result punktfunk_session_poll_frame(punktfunk_session* session, int32_t timeout_ms,
                                              punktfunk_frame** frame) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoSession);
    if (frame == nullptr) return bad_argument(kNoPlace);
    return poll_until(session, timeout_ms, [&]() -> punktfunk_result {
      session->returned->take_all(
          [&](Bytes&& buffer) { (void)session->session->recycle(std::move(buffer)); });
      auto polled = session->session->poll_frame();
      if (!polled) return failed_with(polled.error());
      if (!*polled) return PUNKTFUNK_EMPTY;
      *frame = std::make_unique<punktfunk_frame>(std::move(**polled), session->returned).release();
      return PUNKTFUNK_OK;
    });
  });
}

punktfunk_result punktfunk_session_flush_backlog(punktfunk_session* session, uint64_t* dropped) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoSession);
    const std::lock_guard lock(session->receiving);
    const auto flushed = session->session->flush_backlog();
    if (!flushed) return failed_with(flushed.error());
    if (dropped != nullptr) *dropped = *flushed;
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_session_send_input(punktfunk_session* session,
                                              const punktfunk_input_event* event) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoSession);
    wire::InputEvent input;
    if (const auto rc = read_input(event, input); rc != PUNKTFUNK_OK) return rc;
    const std::lock_guard lock(session->sending);
    const auto sent = session->session->send_input(input);
    if (!sent) return failed_with(sent.error());
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_session_fd(const punktfunk_session* session, int* fd) {
  if (session == nullptr) return bad_argument(kNoSession);
  if (fd == nullptr) return bad_argument(kNoPlace);
  *fd = session->session->fd();
  return PUNKTFUNK_OK;
}

punktfunk_result punktfunk_session_next_deadline(const punktfunk_session* session, int32_t* timeout_ms) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoSession);
    if (timeout_ms == nullptr) return bad_argument(kNoPlace);
    const std::lock_guard lock(session->receiving);
    const auto deadline = session->session->next_deadline();
    *timeout_ms =
        deadline ? ms_until(*deadline, monotonic_now(), std::numeric_limits<std::int32_t>::max()) : -1;
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_session_stats(const punktfunk_session* session,
                                         punktfunk_session_statistics* statistics) {
  return guarded([&]() -> punktfunk_result {
    if (session == nullptr) return bad_argument(kNoSession);
    if (const auto rc = check_struct(statistics); rc != PUNKTFUNK_OK) return rc;
    const Session::Stats stats = session->session->stats();
    punktfunk_session_statistics filled;
    PUNKTFUNK_INIT(&filled);
    filled.waits_for_keyframe = stats.waits_for_keyframe ? 1 : 0;
    filled.frames_sealed = stats.frames_sealed;
    filled.datagrams_sealed = stats.datagrams_sealed;
    filled.inputs_received = stats.inputs_received;
    filled.inputs_refused = stats.inputs_refused;
    filled.frames_delivered = stats.frames_delivered;
    filled.frames_lost = stats.media.frames_lost;
    filled.frames_flushed = stats.frames_flushed;
    filled.packets_received = stats.media.packets_received;
    filled.bytes_received = stats.media.bytes_received;
    filled.packets_refused = stats.media.packets_dropped();
    filled.shards_lost = stats.media.lost_head + stats.media.lost_mid + stats.media.lost_tail;
    filled.shards_recovered = stats.media.recovered_shards;
    filled.inputs_sent = stats.inputs_sent;
    filled.datagrams_sent = stats.sent_datagrams;
    filled.datagrams_dropped = stats.dropped_datagrams;
    filled.datagrams_foreign = stats.foreign;
    write_struct(filled, statistics);
    return PUNKTFUNK_OK;
  });
}

}  // extern "C"

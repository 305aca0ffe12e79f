// SPDX-License-Identifier: MIT OR Apache-2.0
// The data plane of one session without QUIC: access units one way, input events the other, over any datagram
// socket. For embedders who bring their own control plane, for a host and a client in one process, and for
// tools. Keys and parameters come from outside; nothing is negotiated here.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <tl/expected.hpp>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "core/media/frame.h"
#include "core/pacing/pacer.h"
#include "core/session/media_params.h"
#include "core/session/media_receiver.h"
#include "core/wire/input_event.h"
#include "transport/datagram.h"

namespace punktfunk::endpoint {

enum class Role : std::uint8_t { host, client };

// What is wrong with a call; the session is unchanged by it.
enum class SessionError : std::uint8_t {
  wrong_role,        // the method belongs to the other role
  invalid_argument,  // a value outside the range the method states
  frame_too_large,   // larger than max_frame_bytes: the other end would refuse it
};
template <class T>
using SessionResult = tl::expected<T, SessionError>;

struct SessionConfig {
  Role role = Role::host;
  media::MediaParams params;  // the same at both ends
  // 32 secret bytes that only the two ends know, for this session alone: packet numbers start at 0 with it,
  // so using it again breaks the encryption. A TLS exporter value, or random bytes sent over a safe channel.
  Secret<32> exporter;
  std::uint64_t clock_origin_ns = 0;  // Unix ns, the same at both ends; capture times count from here
  SocketAddress remote;               // where the other end is; datagrams from elsewhere are dropped
  SocketAddress local;                // source of our datagrams; unset lets the kernel choose
  // Host: how submit_frame() spreads a frame in time. stream_rate zero sends at once; any other rate needs a
  // frame_interval of 1 ns … 1 s.
  media::PacerConfig pacing;
  // Host: a second, parked thread helps seal_frame() with frames of several megabytes. The bytes are the
  // same. Not used on a machine with one processor.
  bool two_lanes = true;
  // How long a full send buffer may hold up a send before the rest of it is dropped.
  Duration send_patience = std::chrono::milliseconds(2);
  // The clock, and how to wait on it. Tests put virtual time here.
  std::function<TimePoint()> now = monotonic_now;
  std::function<void(TimePoint)> wait_until;  // empty: the calling thread sleeps
};

// Threads: one that sends (seal_frame, send_sealed, submit_frame, send_input, set_stream_rate) and one that
// receives (poll_frame, poll_input, flush_backlog, recycle, next_deadline); they may be the same. stats()
// from any. The socket is read by this session only; others may send on it.
class Session {
 public:
  // `socket` is kept as long as the session. Fails, with a sentence naming the value, on parameters that no
  // session can have.
  [[nodiscard]] static Result<std::unique_ptr<Session>> create(const SessionConfig& config,
                                                               std::shared_ptr<DatagramSocket> socket);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] Role role() const { return config_.role; }
  // Readable when poll_frame() or poll_input() may have something to give.
  [[nodiscard]] int fd() const { return socket_->fd(); }

  // ---- host -------------------------------------------------------------------------------------------

  struct FrameInfo {
    std::uint64_t capture_ns = 0;      // Unix ns; not before clock_origin_ns nor before the last frame's
    std::uint8_t epoch = 0;            // section 16
    std::uint16_t flags = 0;           // wire::kFlag…; kFlagKeyframe above all
    std::uint8_t parity_percent = 10;  // 0 … 90
  };

  // Seals the next frame and sends nothing: its datagrams one after the other, each datagram_bytes() long.
  // Valid until the next frame is sealed. A frame that is then not sent is lost to the client.
  [[nodiscard]] SessionResult<ByteView> seal_frame(ByteView au, const FrameInfo& info);
  // Sends datagrams that seal_frame() returned, all or a run of whole ones, at once.
  SessionResult<SendOutcome> send_sealed(ByteView datagrams);
  // Both, paced; what may leave is sealed just before it does, so the first datagrams leave while the rest is
  // untouched. Blocks until the frame is out: less than one frame interval, unless the last frame is late.
  SessionResult<SendOutcome> submit_frame(ByteView au, const FrameInfo& info);
  // From the next frame on. Zero: no pacing.
  SessionResult<void> set_stream_rate(BitRate rate);
  // The next input event, in order of arrival; nullopt when none waits. Never blocks.
  [[nodiscard]] SessionResult<std::optional<wire::InputEvent>> poll_input();

  // ---- client -----------------------------------------------------------------------------------------

  // The next access unit, in index order; a gap in the index is a frame lost for good. nullopt when none is
  // ready. Never blocks. Call until nullopt when fd() is readable and at next_deadline().
  [[nodiscard]] SessionResult<std::optional<media::Frame>> poll_frame();
  // Gives a frame's buffer back for reuse.
  SessionResult<void> recycle(Bytes&& buffer);
  // When poll_frame() has to be called even if nothing arrives, because a hole is given up then.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  // After a stall, when the newest picture is wanted and not the queue: takes in all datagrams that wait,
  // drops every frame that is complete then, and from then on poll_frame() gives nothing before a keyframe.
  // Ask the host for one AFTER this call. One exception: when the newest of the complete frames is a
  // keyframe, it is the newest picture; it is kept, and the stream goes on behind it. What is taken in counts
  // as received, so that a flush does not look like loss. Returns how many frames it dropped.
  SessionResult<std::uint64_t> flush_backlog();
  // Seals and sends one event. Unreliable: a datagram that is lost is not repeated.
  SessionResult<SendOutcome> send_input(const wire::InputEvent& event);

  // ---- both -------------------------------------------------------------------------------------------

  struct Stats {
    // Host
    std::uint64_t frames_sealed = 0;
    std::uint64_t datagrams_sealed = 0;
    std::uint64_t inputs_received = 0;
    std::uint64_t inputs_refused = 0;  // from the other end's address, but not authentic, new and well-formed
    // Client
    media::MediaReceiver::Stats media;
    std::uint64_t frames_delivered = 0;  // by poll_frame()
    std::uint64_t frames_flushed = 0;    // complete, dropped by flush_backlog() or after it
    bool waits_for_keyframe = false;
    std::uint64_t inputs_sent = 0;
    // Both
    std::uint64_t sent_datagrams = 0;
    std::uint64_t dropped_datagrams = 0;  // the transport did not take them
    std::uint64_t foreign = 0;            // from another address than the other end's
    TransportStats transport;             // of the whole socket
  };
  // Figures of the receiving side are as of the last poll.
  [[nodiscard]] Stats stats() const;

  // Length of every media datagram of this session.
  [[nodiscard]] std::size_t datagram_bytes() const { return datagram_bytes_; }

 private:
  struct Host;
  struct Client;
  Session(const SessionConfig& config, std::shared_ptr<DatagramSocket> socket);

  // Checks the arguments and begins the frame.
  [[nodiscard]] SessionResult<void> begin(ByteView au, const FrameInfo& info);
  [[nodiscard]] ByteView seal(std::size_t max_datagrams);
  SendOutcome send(ByteView datagrams, std::size_t segment);
  [[nodiscard]] bool is_from_remote(const ReceivedDatagram& datagram);
  // Client: opens some of what waits; false when nothing does.
  bool take_in(TimePoint now);
  void publish();

  SessionConfig config_;  // constant, without the exporter
  const std::shared_ptr<DatagramSocket> socket_;
  const std::size_t datagram_bytes_;
  // Exactly one of them is there.
  std::unique_ptr<Host> host_;
  std::unique_ptr<Client> client_;
  std::atomic<std::uint64_t> frames_sealed_ = 0, datagrams_sealed_ = 0, inputs_sent_ = 0;
  std::atomic<std::uint64_t> sent_datagrams_ = 0, dropped_datagrams_ = 0;
  std::uint64_t foreign_ = 0;  // receiving thread
  mutable std::mutex published_mutex_;
  Stats published_;  // the receiving side's figures
};

// One plain sentence.
[[nodiscard]] const char* describe(SessionError error);

}  // namespace punktfunk::endpoint

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/session.h"

#include <algorithm>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/worker_lane.h"
#include "core/crypto/media_keys.h"
#include "core/session/media_sender.h"
#include "core/wire/media_header.h"
#include "endpoint/session_input.h"

namespace punktfunk::endpoint {

namespace {

// Datagrams given to the receiver at once: fewer than the frames it holds ready (64), so that frames of one
// datagram each do not push each other out.
constexpr std::size_t kPiece = 32;
// Pieces taken in by one call, so that a flood cannot hold the caller: up to 8,192 datagrams.
constexpr int kPiecesPerPoll = 256;
// A flush empties the socket. 4 MiB at 8 datagrams a read and 558 bytes a datagram are 940 reads.
constexpr int kPiecesPerFlush = 4096;
// Sealed and sent at once without pacing: 256 datagrams of 1,454 bytes stay in a second-level cache until
// they are sent.
constexpr std::size_t kUnpacedRun = 256;
constexpr Duration kMaxFrameInterval = std::chrono::seconds(1);

std::optional<std::string> what_is_wrong(const SessionConfig& config) {
  const media::MediaParams& params = config.params;
  const std::uint16_t shard = params.shard_payload;
  if (shard % 2 != 0 || shard < wire::kMinShard || shard > wire::kMaxShard)
    return "a shard of " + std::to_string(shard) + " bytes is not even or not within 512 … 9170";
  const std::uint32_t largest_k = params.scheme == fec::Scheme::gf8 ? 255 : 65535;
  if (params.max_data_per_block == 0 || params.max_data_per_block > largest_k)
    return "a block has 1 … " + std::to_string(largest_k) + " data shards with this erasure code, not " +
           std::to_string(params.max_data_per_block);
  if (params.fec_percent > 90) return "parity of " + std::to_string(params.fec_percent) + " % is above 90 %";
  if (params.max_frame_bytes == 0 || params.max_frame_bytes > std::numeric_limits<std::uint32_t>::max())
    return "the largest frame has to be 1 … 4294967295 bytes";
  if (!config.remote.is_set()) return "the address of the other end is missing";
  if (config.pacing.stream_rate.bits_per_second != 0 &&
      (config.pacing.frame_interval <= Duration::zero() || config.pacing.frame_interval > kMaxFrameInterval))
    return "pacing needs a frame interval above zero and up to one second";
  return std::nullopt;
}

void sleep_until(TimePoint at) { std::this_thread::sleep_for(at - monotonic_now()); }

}  // namespace

struct Session::Host {
  Host(const crypto::DirectionSecrets& secrets, const SessionConfig& config)
      : lane(config.two_lanes && std::thread::hardware_concurrency() > 1
                 ? std::make_unique<WorkerLane>("pf-seal")
                 : nullptr),
        sender(secrets.host_to_client, config.params, lane.get()),
        pacer(config.pacing),
        rate(config.pacing.stream_rate),
        inputs(secrets.client_to_host, config.params.suite) {}

  const std::unique_ptr<Lanes> lane;
  media::MediaSender sender;
  media::Pacer pacer;
  BitRate rate;
  std::uint64_t last_capture_ns = 0;

  InputOpener inputs;
  std::span<const ReceivedDatagram> batch;  // of the last read; what is left of it
  std::uint64_t inputs_received = 0, inputs_refused = 0;
};

struct Session::Client {
  Client(const crypto::DirectionSecrets& secrets, const SessionConfig& config)
      : receiver(secrets.host_to_client, config.params, config.clock_origin_ns),
        inputs(secrets.client_to_host, config.params.suite) {}

  media::MediaReceiver receiver;
  std::span<const ReceivedDatagram> waiting;  // of the last read; what is left of it
  std::vector<MutableBytes> piece;
  std::optional<media::Frame> kept;  // the keyframe that a flush found newest
  bool waits_for_keyframe = false;
  std::uint64_t delivered = 0, flushed = 0;

  InputSealer inputs;
};

Result<std::unique_ptr<Session>> Session::create(const SessionConfig& config,
                                                 std::shared_ptr<DatagramSocket> socket) {
  std::optional<std::string> wrong = what_is_wrong(config);
  if (!wrong && !socket) wrong = "there is no socket";
  if (wrong) return fail("The session was not made, because " + *wrong + "; correct the parameters.");
  return std::unique_ptr<Session>(new Session(config, std::move(socket)));
}

Session::Session(const SessionConfig& config, std::shared_ptr<DatagramSocket> socket)
    : config_(config),
      socket_(std::move(socket)),
      datagram_bytes_(config.params.shard_payload + wire::kWireOverhead) {
  const crypto::DirectionSecrets secrets = crypto::derive_direction_secrets(config_.exporter.view());
  config_.exporter = Secret<32>();
  if (!config_.now) config_.now = monotonic_now;
  if (!config_.wait_until) config_.wait_until = sleep_until;
  if (config_.role == Role::host) {
    host_ = std::make_unique<Host>(secrets, config_);
  } else {
    client_ = std::make_unique<Client>(secrets, config_);
  }
}

Session::~Session() = default;

SendOutcome Session::send(ByteView datagrams, std::size_t segment) {
  SendOptions options;
  options.patience = config_.send_patience;
  const SendOutcome outcome = socket_->send(config_.local, config_.remote, datagrams, segment, options);
  sent_datagrams_ += outcome.sent;
  dropped_datagrams_ += outcome.dropped;
  return outcome;
}

SessionResult<void> Session::begin(ByteView au, const FrameInfo& info) {
  if (!host_) return tl::unexpected(SessionError::wrong_role);
  if (info.capture_ns < std::max(config_.clock_origin_ns, host_->last_capture_ns) ||
      info.parity_percent > 90) {
    return tl::unexpected(SessionError::invalid_argument);
  }
  media::MediaSender::FrameInfo fields;
  // Section 12.5: whole microseconds since the origin, modulo 2^32.
  fields.pts_us = static_cast<std::uint32_t>((info.capture_ns - config_.clock_origin_ns) / 1000);
  fields.epoch = info.epoch;
  fields.flags = info.flags;
  fields.parity_percent = info.parity_percent;
  if (!host_->sender.begin_frame(au, fields)) return tl::unexpected(SessionError::frame_too_large);
  host_->last_capture_ns = info.capture_ns;
  ++frames_sealed_;
  return {};
}

ByteView Session::seal(std::size_t max_datagrams) {
  const ByteView datagrams = host_->sender.seal_next(max_datagrams);
  datagrams_sealed_ += datagrams.size() / datagram_bytes_;
  return datagrams;
}

SessionResult<ByteView> Session::seal_frame(ByteView au, const FrameInfo& info) {
  const SessionResult<void> begun = begin(au, info);
  if (!begun) return tl::unexpected(begun.error());
  return seal(host_->sender.datagrams_ready());
}

SessionResult<SendOutcome> Session::send_sealed(ByteView datagrams) {
  if (!host_) return tl::unexpected(SessionError::wrong_role);
  if (datagrams.empty() || datagrams.size() % datagram_bytes_ != 0)
    return tl::unexpected(SessionError::invalid_argument);
  return send(datagrams, datagram_bytes_);
}

SessionResult<SendOutcome> Session::submit_frame(ByteView au, const FrameInfo& info) {
  const SessionResult<void> begun = begin(au, info);
  if (!begun) return tl::unexpected(begun.error());
  SendOutcome total;
  const auto send_run = [&](ByteView run) {
    const SendOutcome outcome = send(run, datagram_bytes_);
    total.sent += outcome.sent;
    total.dropped += outcome.dropped;
    total.would_block |= outcome.would_block;
  };
  media::MediaSender& sender = host_->sender;
  if (host_->rate.bits_per_second == 0) {
    while (sender.datagrams_ready() != 0) send_run(seal(kUnpacedRun));
    return total;
  }
  host_->pacer.begin_frame(sender.datagrams_ready(), datagram_bytes_, config_.now());
  while (const auto step = host_->pacer.next(config_.now())) {
    const ByteView run = seal(step->count);
    if (step->not_before > config_.now()) config_.wait_until(step->not_before);
    send_run(run);
  }
  return total;
}

SessionResult<void> Session::set_stream_rate(BitRate rate) {
  if (!host_) return tl::unexpected(SessionError::wrong_role);
  if (rate.bits_per_second != 0 && config_.pacing.frame_interval <= Duration::zero())
    return tl::unexpected(SessionError::invalid_argument);
  host_->rate = rate;
  host_->pacer.set_stream_rate(rate);
  return {};
}

bool Session::is_from_remote(const ReceivedDatagram& datagram) {
  if (*datagram.remote == config_.remote) return true;
  ++foreign_;
  return false;
}

SessionResult<std::optional<wire::InputEvent>> Session::poll_input() {
  if (!host_) return tl::unexpected(SessionError::wrong_role);
  std::optional<wire::InputEvent> event;
  for (int reads = 0; !event;) {
    if (host_->batch.empty()) {
      if (++reads > kPiecesPerPoll) break;
      host_->batch = socket_->receive_batch();
      if (host_->batch.empty()) break;
    }
    const ReceivedDatagram& datagram = host_->batch.front();
    host_->batch = host_->batch.subspan(1);
    if (!is_from_remote(datagram)) continue;
    event = host_->inputs.open(datagram.bytes);
    ++(event ? host_->inputs_received : host_->inputs_refused);
  }
  publish();
  return event;
}

bool Session::take_in(TimePoint now) {
  Client& client = *client_;
  if (client.waiting.empty()) client.waiting = socket_->receive_batch();
  const auto piece = client.waiting.first(std::min(client.waiting.size(), kPiece));
  client.waiting = client.waiting.subspan(piece.size());
  client.piece.clear();
  for (const ReceivedDatagram& datagram : piece) {
    if (is_from_remote(datagram)) client.piece.push_back(datagram.bytes);
  }
  (void)client.receiver.receive_batch(client.piece, now);
  return !piece.empty();
}

SessionResult<std::optional<media::Frame>> Session::poll_frame() {
  if (!client_) return tl::unexpected(SessionError::wrong_role);
  Client& client = *client_;
  std::optional<media::Frame> frame = std::exchange(client.kept, std::nullopt);
  const TimePoint now = config_.now();
  for (int pieces = 0; !frame;) {
    frame = client.receiver.poll_frame(now);
    if (!frame) {
      if (++pieces > kPiecesPerPoll || !take_in(now)) break;
    } else if (client.waits_for_keyframe && (frame->flags & wire::kFlagKeyframe) == 0) {
      ++client.flushed;
      client.receiver.recycle(std::move(frame->au));
      frame.reset();
    }
  }
  if (frame) {
    client.waits_for_keyframe = false;
    ++client.delivered;
  }
  publish();
  return frame;
}

SessionResult<void> Session::recycle(Bytes&& buffer) {
  if (!client_) return tl::unexpected(SessionError::wrong_role);
  client_->receiver.recycle(std::move(buffer));
  return {};
}

std::optional<TimePoint> Session::next_deadline() const {
  return client_ ? client_->receiver.next_deadline() : std::nullopt;
}

SessionResult<std::uint64_t> Session::flush_backlog() {
  if (!client_) return tl::unexpected(SessionError::wrong_role);
  Client& client = *client_;
  const TimePoint now = config_.now();
  std::optional<media::Frame> newest = std::exchange(client.kept, std::nullopt);
  std::uint64_t complete = newest ? 1 : 0;
  int pieces = 0;
  do {
    while (auto frame = client.receiver.poll_frame(now)) {
      if (newest) client.receiver.recycle(std::move(newest->au));
      newest = std::move(frame);
      ++complete;
    }
  } while (++pieces <= kPiecesPerFlush && take_in(now));

  client.waits_for_keyframe = true;
  if (newest && (newest->flags & wire::kFlagKeyframe) != 0) {
    client.kept = std::move(newest);
    --complete;
  } else if (newest) {
    client.receiver.recycle(std::move(newest->au));
  }
  client.flushed += complete;
  publish();
  return complete;
}

SessionResult<SendOutcome> Session::send_input(const wire::InputEvent& event) {
  if (!client_) return tl::unexpected(SessionError::wrong_role);
  // What the other end would drop is a mistake of the caller.
  if (!wire::InputEvent::decode(event.encode())) return tl::unexpected(SessionError::invalid_argument);
  const InputPacket packet = client_->inputs.seal(event);
  const SendOutcome outcome = send(packet, packet.size());
  inputs_sent_ += outcome.sent;
  return outcome;
}

void Session::publish() {
  const std::lock_guard lock(published_mutex_);
  published_.foreign = foreign_;
  if (host_) {
    published_.inputs_received = host_->inputs_received;
    published_.inputs_refused = host_->inputs_refused;
  } else {
    published_.media = client_->receiver.stats();
    published_.frames_delivered = client_->delivered;
    published_.frames_flushed = client_->flushed;
    published_.waits_for_keyframe = client_->waits_for_keyframe;
  }
}

Session::Stats Session::stats() const {
  Stats stats;
  {
    const std::lock_guard lock(published_mutex_);
    stats = published_;
  }
  stats.frames_sealed = frames_sealed_;
  stats.datagrams_sealed = datagrams_sealed_;
  stats.inputs_sent = inputs_sent_;
  stats.sent_datagrams = sent_datagrams_;
  stats.dropped_datagrams = dropped_datagrams_;
  stats.transport = socket_->stats();
  return stats;
}

const char* describe(SessionError error) {
  switch (error) {
    case SessionError::wrong_role:
      return "This session has the other role; only a session of that role has this method.";
    case SessionError::invalid_argument:
      return "An argument is outside the range that the method states.";
    case SessionError::frame_too_large:
      return "The frame is larger than the session's largest frame; let the encoder make smaller ones.";
  }
  return "Unknown error.";
}

}  // namespace punktfunk::endpoint

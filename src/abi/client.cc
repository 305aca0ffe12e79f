// SPDX-License-Identifier: MIT OR Apache-2.0
#include "abi/client.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "abi/failure.h"

namespace punktfunk::abi {

namespace {

// The client whose callback runs on this thread.
thread_local const Client* in_callback = nullptr;

class CallbackMark {
 public:
  explicit CallbackMark(const Client* client) { in_callback = client; }
  ~CallbackMark() { in_callback = nullptr; }
  CallbackMark(const CallbackMark&) = delete;
  CallbackMark& operator=(const CallbackMark&) = delete;
};

punktfunk_event event_of(std::uint32_t type) {
  punktfunk_event event;
  PUNKTFUNK_INIT(&event);
  event.type = type;
  return event;
}

punktfunk_event event_of(std::uint32_t type, const control::Fingerprint& host) {
  punktfunk_event event = event_of(type);
  std::copy(host.begin(), host.end(), event.host_fingerprint);
  return event;
}

void set_mode(punktfunk_stream& stream, const wire::Mode& mode) {
  stream.width = mode.width;
  stream.height = mode.height;
  stream.refresh_hz = mode.refresh_hz;
}

void set_picture(punktfunk_stream& stream, std::uint8_t codec, std::uint8_t bit_depth,
                 const wire::Colour& colour, std::uint8_t chroma_format) {
  stream.codec = codec;
  stream.bit_depth = bit_depth;
  std::copy(colour.begin(), colour.end(), stream.colour);
  stream.chroma_format = chroma_format;
}

punktfunk_stream stream_of(const wire::ServerHello& hello) {
  punktfunk_stream stream;
  PUNKTFUNK_INIT(&stream);
  set_mode(stream, hello.mode);
  set_picture(stream, hello.codec, hello.bit_depth, hello.colour, hello.chroma_format);
  stream.bitrate_kbps = hello.bitrate_kbps;
  stream.parity_percent = hello.fec_percent;
  stream.shard_bytes = hello.shard_payload;
  stream.audio_codec = hello.audio_codec;
  stream.audio_channels = hello.audio_channels;
  stream.audio_layout = hello.audio_layout;
  stream.audio_rate_hz = hello.audio_rate_hz;
  stream.audio_frame_us = hello.audio_frame_us;
  stream.grants = hello.grants;
  stream.expires_in_seconds = hello.expires_in_seconds;
  for (std::size_t bit = 0; bit < 64; ++bit) {
    stream.host_features |= std::uint64_t{hello.features.has(bit)} << bit;
  }
  std::copy(hello.session_id.begin(), hello.session_id.end(), stream.session_id);
  return stream;
}

}  // namespace

Client::Client(ClientSettings settings)
    : settings_(std::move(settings)), frames_(settings_.frame_line), audio_(settings_.audio_line) {}

Result<std::unique_ptr<Client>> Client::create(ClientSettings settings) {
  std::unique_ptr<Client> client(new Client(std::move(settings)));
  if (!client->events_.valid() || !client->frames_.valid() || !client->audio_.valid()) {
    return fail("The client cannot be made, because the process is out of file descriptors; close some.");
  }
  auto endpoint = endpoint::ClientEndpoint::create(
      {}, client->settings_.host, client->settings_.identity.get(), client->random_, *client);
  if (!endpoint) return tl::unexpected(endpoint.error());
  client->endpoint_ = std::move(*endpoint);
  return client;
}

Client::~Client() {
  if (endpoint_ == nullptr) return;
  // Without a word the host would wait for its idle timeout.
  safely([&] {
    const State state = this->state();
    if (state == State::started || state == State::streaming) close(wire::CloseCode::done);
  });
  endpoint_->stop();
}

template <class Start>
Client::Started Client::begin(Start&& start) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::idle) return Started::before;
    state_ = State::started;
  }
  endpoint::ConnectOptions options;
  options.pin = settings_.pin;
  options.budget = settings_.budget;
  try {
    start(options);
    return Started::now;
  } catch (const std::exception&) {
    // Out of descriptors, threads or memory. Nothing runs that could tell anybody of the end.
    const std::lock_guard lock(mutex_);
    state_ = State::ended;
    end_sentence_ = "The client could not start, because the system has no thread or descriptor left for it.";
  }
  close_lines();
  return Started::impossible;
}

Client::Started Client::connect() {
  return begin(
      [&](const endpoint::ConnectOptions& options) { endpoint_->connect(options, settings_.hello); });
}

Client::Started Client::pair(std::string pin) {
  return begin([&](const endpoint::ConnectOptions& options) {
    endpoint_->pair(options, settings_.hello.name, std::move(pin));
  });
}

void Client::close_lines() {
  events_.close();
  frames_.close();
  audio_.close();
}

bool Client::is_in_callback() const { return in_callback == this; }

Client::State Client::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::string Client::end_sentence() const {
  const std::lock_guard lock(mutex_);
  return end_sentence_;
}

std::optional<punktfunk_stream> Client::stream() const {
  const std::lock_guard lock(mutex_);
  return stream_;
}

punktfunk_statistics Client::statistics() const {
  const endpoint::ClientEndpoint::Snapshot snapshot = endpoint_->snapshot();
  const media::MediaReceiver::Stats& media = snapshot.node.media;
  punktfunk_statistics result;
  PUNKTFUNK_INIT(&result);
  result.clock_known = snapshot.clock_offset_ns ? 1 : 0;
  result.clock_offset_ns = snapshot.clock_offset_ns.value_or(0);
  result.rtt_ns = static_cast<std::uint64_t>(std::max<Duration::rep>(snapshot.node.quic_rtt.count(), 0));
  result.frames_complete = media.frames_complete;
  result.frames_lost = media.frames_lost;
  result.frames_dropped = frames_dropped_;
  result.keyframe_requests = snapshot.node.keyframe_asks;
  result.packets_received = media.packets_received;
  result.bytes_received = media.bytes_received;
  result.packets_refused = media.packets_dropped() + snapshot.node.foreign_media;
  result.shards_lost = media.lost_head + media.lost_mid + media.lost_tail;
  result.shards_recovered = media.recovered_shards;
  result.socket_overflows = snapshot.socket.receive_overflows;
  result.audio_packets = audio_packets_;
  result.audio_dropped = audio_dropped_;
  const std::lock_guard lock(mutex_);
  const RateMeter::Rates rates = rates_.at(monotonic_now());
  result.frames_per_1000_s = rates.frames_per_1000_s;
  result.video_kbps = rates.video_kbps;
  result.receive_kbps = rates.receive_kbps;
  return result;
}

template <class Work>
void Client::safely(Work&& work) noexcept {
  try {
    work();
  } catch (...) {
    try {
      endpoint_->close(wire::CloseCode::error, "The application could not take what came.");
    } catch (...) {
      // Not even memory for that: the connection runs on without what was lost here.
    }
  }
}

void Client::tell(punktfunk_event event) {
  if (settings_.callbacks.on_event != nullptr) {
    const CallbackMark mark(this);
    settings_.callbacks.on_event(settings_.callbacks.user, &event);
    return;
  }
  (void)events_.push_unless([&](const punktfunk_event& waiting) { return waiting.type == event.type; },
                            event);
}

void Client::on_pending() {
  safely([&] { tell(event_of(PUNKTFUNK_EVENT_PENDING)); });
}

void Client::on_session(const wire::ServerHello& hello, const control::Fingerprint& host) {
  {
    const std::lock_guard lock(mutex_);
    stream_ = stream_of(hello);
    if (state_ == State::started) state_ = State::streaming;
  }
  safely([&] { tell(event_of(PUNKTFUNK_EVENT_CONNECTED, host)); });
}

void Client::on_stream_config(const wire::StreamConfig& config) {
  {
    const std::lock_guard lock(mutex_);
    if (!stream_) return;
    stream_->epoch = config.epoch;
    set_mode(*stream_, config.mode);
    set_picture(*stream_, config.codec, config.bit_depth, config.colour, config.chroma_format);
  }
  safely([&] { tell(event_of(PUNKTFUNK_EVENT_STREAM_CONFIG)); });
}

void Client::on_frame(media::Frame frame) {
  safely([&] {
    returned_->take_all([&](Bytes&& buffer) { endpoint_->recycle(std::move(buffer)); });
    {
      const std::uint64_t wire_bytes = endpoint_->snapshot().node.media.bytes_received;
      const std::lock_guard lock(mutex_);
      rates_.add_frame(frame.au.size(), wire_bytes, frame.last_packet);
    }
    auto handle = std::make_unique<punktfunk_frame>(std::move(frame), returned_);
    if (settings_.callbacks.on_frame != nullptr) {
      const CallbackMark mark(this);
      settings_.callbacks.on_frame(settings_.callbacks.user, handle.release());
    } else if (frames_.push(std::move(handle))) {
      ++frames_dropped_;
      // What follows refers to it.
      endpoint_->report_undecodable();
    }
  });
}

void Client::on_audio(wire::AudioPacket packet) {
  safely([&] {
    ++audio_packets_;
    auto handle = std::make_unique<punktfunk_audio>(std::move(packet));
    if (settings_.callbacks.on_audio != nullptr) {
      const CallbackMark mark(this);
      settings_.callbacks.on_audio(settings_.callbacks.user, handle.release());
    } else if (audio_.push(std::move(handle))) {
      ++audio_dropped_;
    }
  });
}

void Client::on_paired(const control::Fingerprint& host) {
  safely([&] { tell(event_of(PUNKTFUNK_EVENT_PAIRED, host)); });
}

void Client::on_ended(const endpoint::ClientEnd& end) {
  punktfunk_event event = event_of(PUNKTFUNK_EVENT_ENDED);
  event.end_kind = static_cast<std::uint32_t>(end.kind);
  event.close_code = static_cast<std::uint32_t>(end.code);
  safely([&] {
    const std::string message = end.message.empty() ? wire::describe(end.code) : end.message;
    copy_text(message, event.message, sizeof event.message);
    {
      const std::lock_guard lock(mutex_);
      state_ = State::ended;
      end_sentence_ = message;
    }
    tell(event);
  });
  close_lines();
}

}  // namespace punktfunk::abi

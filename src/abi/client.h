// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <punktfunk_core.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "abi/handles.h"
#include "abi/rate_meter.h"
#include "abi/waitable_line.h"
#include "base/random.h"
#include "base/result.h"
#include "base/socket_address.h"
#include "endpoint/client_endpoint.h"

namespace punktfunk::abi {

using FrameHandle = std::unique_ptr<punktfunk_frame>;
using AudioHandle = std::unique_ptr<punktfunk_audio>;

// The options of a client, checked and copied.
struct ClientSettings {
  SocketAddress host;
  std::shared_ptr<const control::Identity> identity;
  std::optional<control::Fingerprint> pin;
  wire::ClientHello hello;
  Duration budget{};
  std::size_t frame_line = 0;
  std::size_t audio_line = 0;
  punktfunk_client_callbacks callbacks{};
};

// On success `out` is filled; otherwise the failure is kept for the calling thread.
[[nodiscard]] punktfunk_result read_settings(const punktfunk_client_options* options, ClientSettings& out);

// Behind punktfunk_client: joins a ClientEndpoint with the lines and callbacks of the header. Methods from
// any thread; events come on the endpoint's.
class Client final : private endpoint::ClientEvents {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Client>> create(ClientSettings settings);
  ~Client() override;

  enum class Started : std::uint8_t {
    now,
    before,      // there was one of these already
    impossible,  // the client has ended; end_sentence() says why
  };
  [[nodiscard]] Started connect();
  [[nodiscard]] Started pair(std::string pin);

  // Whether the calling thread is inside a callback of this client.
  [[nodiscard]] bool is_in_callback() const;

  enum class State : std::uint8_t { idle, started, streaming, ended };
  [[nodiscard]] State state() const;
  // After the end: why.
  [[nodiscard]] std::string end_sentence() const;

  void send_input(const wire::InputEvent& event) { endpoint_->send_input(event); }
  void request_keyframe() { endpoint_->report_undecodable(); }
  void close(wire::CloseCode code) { endpoint_->close(code, ""); }

  WaitableLine<punktfunk_event>& events() { return events_; }
  WaitableLine<FrameHandle>& frames() { return frames_; }
  WaitableLine<AudioHandle>& audio() { return audio_; }
  [[nodiscard]] const punktfunk_client_callbacks& callbacks() const { return settings_.callbacks; }

  [[nodiscard]] std::optional<punktfunk_stream> stream() const;
  [[nodiscard]] punktfunk_statistics statistics() const;

 private:
  explicit Client(ClientSettings settings);
  template <class Start>
  [[nodiscard]] Started begin(Start&& start);
  void close_lines();
  void tell(punktfunk_event event);
  // Runs what an event leads to: nothing that goes wrong in it, the embedder's callback included, may reach
  // the event loop.
  template <class Work>
  void safely(Work&& work) noexcept;

  void on_pending() override;
  void on_session(const wire::ServerHello& hello, const control::Fingerprint& host) override;
  void on_stream_config(const wire::StreamConfig& config) override;
  void on_frame(media::Frame frame) override;
  void on_host_timing(const wire::HostTiming&) override {}
  void on_audio(wire::AudioPacket packet) override;
  void on_paired(const control::Fingerprint& host) override;
  void on_ended(const endpoint::ClientEnd& end) override;

  const ClientSettings settings_;
  SystemRandom random_;
  const std::shared_ptr<ReturnedBuffers> returned_ = std::make_shared<ReturnedBuffers>();
  // Of each type one waits at most, so the five types bound it.
  WaitableLine<punktfunk_event> events_{5};
  WaitableLine<FrameHandle> frames_;
  WaitableLine<AudioHandle> audio_;

  mutable std::mutex mutex_;
  State state_ = State::idle;
  std::string end_sentence_;
  std::optional<punktfunk_stream> stream_;
  RateMeter rates_;
  std::atomic<std::uint64_t> frames_dropped_ = 0, audio_packets_ = 0, audio_dropped_ = 0;

  std::unique_ptr<endpoint::ClientEndpoint> endpoint_;  // last: its thread uses the rest
};

}  // namespace punktfunk::abi

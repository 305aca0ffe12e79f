// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/time.h"
#include "core/crypto/spake2.h"
#include "core/session/clock_sync.h"
#include "core/wire/close_code.h"
#include "core/wire/control_frame.h"
#include "core/wire/hello.h"
#include "core/wire/host_messages.h"
#include "core/wire/session_messages.h"

namespace punktfunk::control {

// The client's side of the control stream: the handshake of section 9 with its clock rounds, or PIN pairing
// (section 10). A pure state machine: bytes and time in, calls on its surroundings out. One thread.
class ClientControl {
 public:
  class Surroundings {
   public:
    virtual ~Surroundings() = default;
    virtual void write(ByteView control_bytes) = 0;
    // Ends the connection; `reason` is shown to the user here as well. The machine does nothing after it.
    virtual void close(wire::CloseCode code, std::string_view reason) = 0;
    // The host waits for its operator (section 9.3); comes again every 10 s.
    virtual void pending() = 0;
    // The host's answer passed every check of section 8.3. The receiver must be able to take media when this
    // returns. False: keys could not be made; the machine closes.
    [[nodiscard]] virtual bool session_opened(const wire::ServerHello& hello) = 0;
    virtual void stream_config(const wire::StreamConfig& config) = 0;
    // The host's word on another mode, asked for or not (section 16.2): what is in force or coming.
    virtual void reconfigured(const wire::Reconfigured&) {}
    // Section 18: the rate in force, asked for or not; and a silence of the host for reasons of its own.
    virtual void bitrate_changed(const wire::BitrateChanged& changed, TimePoint now) = 0;
    virtual void pipeline_gap(TimePoint now) = 0;
    // What this device may do changed, or how long it may (section 25).
    virtual void access_changed(const wire::AccessUpdate&) {}
    // The probe asked for is over, or was declined: all zero (section 19).
    virtual void probe_result(const wire::ProbeResult&, TimePoint /*now*/) {}
    // The host answered the proof; on success it has stored this client, and the caller stores the host.
    virtual void pairing_finished(bool accepted) = 0;
    // REFUSED, for carriers whose close codes cannot be seen; a close with the same code follows on QUIC. The
    // machine does nothing after it.
    virtual void refused(std::uint32_t code, std::string_view reason) = 0;
  };

  struct PairingAs {
    std::string name;  // shown by the host, at most 64 bytes
    crypto::Digest own_fingerprint{};
    crypto::Digest host_fingerprint{};
  };

  static constexpr Duration kPairingWait = std::chrono::seconds(60);  // section 10.1

  explicit ClientControl(Surroundings& surroundings) : surroundings_(surroundings) {}

  // One of these, once, after the QUIC handshake.
  void start_session(const wire::ClientHello& hello, TimePoint now);
  void start_pairing(const PairingAs& as, ByteView pin, RandomSource& random, TimePoint now);

  void on_stream_data(ByteView bytes, bool fin, TimePoint now);

  // Asks for this total rate (section 18); only while a session runs.
  void ask_bitrate(std::uint32_t kbps);
  // Asks for another mode (section 16.2); only while a session runs.
  void ask_mode(const wire::Mode& mode);
  // Asks for filler (section 19); only while a session runs.
  void ask_probe(const wire::ProbeRequest& request);

  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  void handle_deadline(TimePoint now);

  // The estimate of the host's session clock; absent before the session is open.
  [[nodiscard]] const std::optional<media::ClockSync>& clock() const { return clock_; }
  [[nodiscard]] bool is_running() const { return state_ == State::running; }

 private:
  enum class State { idle, await_server_hello, running, await_challenge, await_result, closed };

  void on_frame(const wire::Frame& frame, TimePoint now);
  void on_server_hello(const wire::Frame& frame, TimePoint now);
  void on_challenge(const wire::Frame& frame, TimePoint now);
  void send_clock_probes(TimePoint now);
  void send(wire::FrameType type, ByteView body);
  void open_with(wire::FrameType type, ByteView body);
  void close(wire::CloseCode code, std::string_view reason);

  Surroundings& surroundings_;
  State state_ = State::idle;
  std::optional<TimePoint> deadline_;
  wire::FrameParser parser_;
  wire::ClientHello asked_;
  std::optional<media::ClockSync> clock_;  // from the session's opening on
  std::optional<crypto::Spake2> pairing_;
  PairingAs pairing_as_;
};

// Checks of section 8.3 on what the host answered, given what was asked. nullopt = acceptable, else a
// sentence.
[[nodiscard]] std::optional<std::string> objection_to(const wire::ServerHello& hello,
                                                      const wire::ClientHello& asked);

}  // namespace punktfunk::control

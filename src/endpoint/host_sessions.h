// SPDX-License-Identifier: MIT OR Apache-2.0
// What passes between the control plane of a host and the part that owns displays, encoders and senders.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/socket_address.h"
#include "control/quic/quic_types.h"
#include "core/session/media_sender.h"
#include "core/session/session_clock.h"
#include "core/wire/close_code.h"
#include "core/wire/feedback.h"
#include "core/wire/hello.h"
#include "core/wire/host_messages.h"
#include "core/wire/input_event.h"
#include "core/wire/mode.h"
#include "core/wire/session_messages.h"

namespace punktfunk::endpoint {

// One session is one QUIC connection; the id is never used twice by one host.
using SessionId = control::ConnectionId;

// Where a session's media goes: the addresses of its QUIC connection at this moment (section 2.1). Written by
// the control loop, read by the sending thread.
class MediaPath {
 public:
  struct Addresses {
    SocketAddress local;
    SocketAddress remote;
  };
  explicit MediaPath(Addresses addresses) : addresses_(std::move(addresses)) {}
  [[nodiscard]] Addresses get() const {
    const std::lock_guard lock(mutex_);
    return addresses_;
  }
  void set(Addresses addresses) {
    const std::lock_guard lock(mutex_);
    addresses_ = std::move(addresses);
  }

 private:
  mutable std::mutex mutex_;
  Addresses addresses_;
};

struct SessionRequest {
  SessionId id = 0;
  wire::ClientHello hello;
  control::Fingerprint fingerprint{};
  std::string device_name;  // cleaned; never empty
  SocketAddress remote;
  std::uint32_t grants = 0;  // of the device when it asked; rights_changed() follows a change
};

// What a session is given: values in force, not values asked for.
struct SessionAnswer {
  wire::Mode mode;
  std::uint32_t bitrate_kbps = 0;
  std::uint8_t video_codec = 1;   // one bit of section 8.1
  std::uint8_t compositor = 0;    // section 8.1
  std::uint32_t frame_limit = 0;  // AUs that will follow; 0 = until closed
};

// Everything the sending side of a running session needs.
struct MediaGrant {
  Secret<32> host_to_client;
  media::MediaParams params;
  media::SessionClock clock;
  std::shared_ptr<MediaPath> path;
  bool wants_host_timing = false;
  // What the client knows this session by, and may name when it has lost it (section 9.1).
  wire::SessionId session_id{};
  // Feature bit 5: MediaSender::begin_stream() may be used toward this client.
  bool takes_streamed_units = false;
};

// Implemented by the host. All calls come on the control loop and must not block: work that takes time is
// started here and answered through the endpoint's accept() or refuse().
class HostSessions {
 public:
  virtual ~HostSessions() = default;
  virtual void session_requested(const SessionRequest& request) = 0;
  // The client is ready: media may leave.
  virtual void session_started(SessionId id, MediaGrant grant) = 0;
  // The device's grants allow it: the endpoint drops what they do not.
  virtual void input(SessionId id, const wire::InputEvent& event) = 0;
  // The device's grants are others now: what it holds down by one it lost is to be let go.
  virtual void rights_changed(SessionId, std::uint32_t /*grants*/, std::uint32_t /*lost*/) {}
  // Loss figures of a newly closed window, and asks; already parsed and bounded.
  virtual void feedback(SessionId id, const wire::Feedback& feedback) = 0;
  // The client asks for another wire budget (section 18), and did not pin one. Returns what is in force now;
  // nullopt: this host's rate is fixed.
  [[nodiscard]] virtual std::optional<wire::BitrateChanged> bitrate_asked(SessionId, std::uint32_t /*kbps*/) {
    return std::nullopt;
  }
  // The client asks for another mode (section 16.2); not bounded yet. True: it comes, or is in force already,
  // and HostEndpoint::begin_epoch() says when. False: it cannot be shown here.
  [[nodiscard]] virtual bool reconfigure_asked(SessionId, const wire::Mode&) { return false; }
  // A bandwidth probe (section 19), bounded and one at a time: filler is to leave beside the video, then the
  // result through send_probe_result(). False: declined.
  [[nodiscard]] virtual bool probe_asked(SessionId, const wire::ProbeRequest&) { return false; }
  // No frame has left yet, or the first one less than ProbeGate::kRampGrace ago: the start-up ramp is served.
  [[nodiscard]] virtual bool is_starting(SessionId, TimePoint /*now*/) { return false; }
  // The session is over, started or not. `user_quit`: nothing need be kept for the client; it said so (0x51),
  // or this host ended the session on purpose.
  virtual void session_ended(SessionId id, bool user_quit, std::string_view why) = 0;
  // A decision that waits on time: handle_decisions() comes once next_decision() is over.
  [[nodiscard]] virtual std::optional<TimePoint> next_decision() const { return std::nullopt; }
  virtual void handle_decisions(TimePoint /*now*/) {}
};

}  // namespace punktfunk::endpoint

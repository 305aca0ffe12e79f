// SPDX-License-Identifier: MIT OR Apache-2.0
// Everything that people and programs may ask of a running host, apart from how they ask: the routes of the
// management API, `punktfunk-host ctl` behind them, and the metrics know the host only through this.
// RunningHost answers for a real one; tests have a fake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/histogram.h"
#include "base/result.h"
#include "core/session/grants.h"
#include "host/session/admission.h"

namespace punktfunk::host::api {

// Why something was not done. `code` is stable, for programs: lower case and underscores; `message` is a
// whole sentence with the remedy, for people.
struct ServiceError {
  enum class Kind : std::uint8_t {
    invalid,      // the request makes no sense
    not_found,    // no such session, display, device
    conflict,     // it makes sense, but not now
    unavailable,  // the host is stopping or does not answer
    failed,       // tried, and it did not work
  };
  Kind kind = Kind::failed;
  std::string code;
  std::string message;
};
template <class T>
using Answer = tl::expected<T, ServiceError>;

[[nodiscard]] inline tl::unexpected<ServiceError> refuse(ServiceError::Kind kind, std::string code,
                                                         std::string message) {
  return tl::unexpected<ServiceError>(ServiceError{kind, std::move(code), std::move(message)});
}

// Fingerprints are 64 lower-case hex digits; names were cleaned when they came in; `_unix_s` is Unix time,
// `_s` a span, both in seconds.

inline constexpr std::size_t kMaxNameBytes = 64;  // of a device, as the trust store keeps it

// What a device may do and how long, and the same before it is given.
using access::Offer;
using access::Rights;
using access::Term;

struct HostStatus {
  std::string version;
  std::string name;  // this machine's
  std::string fingerprint;
  std::uint16_t port = 0;  // UDP
  std::uint64_t uptime_s = 0;
  std::size_t connections = 0;  // of clients, with or without a session
  std::size_t sessions = 0;
  std::size_t displays = 0;
  std::size_t paired_devices = 0;
  std::size_t pending_devices = 0;  // ask to be let in
  // Whose packets are sent one by one, because segmentation offload lost them.
  std::size_t sessions_without_offload = 0;
  bool is_pairing_armed = false;
};

// What one session, or all of them, did. Counters since the session's start.
struct StreamFigures {
  std::uint64_t frames = 0;  // access units sent
  std::uint64_t keyframes = 0;
  std::uint64_t repeats = 0;            // of those, nothing new in the picture
  std::uint64_t video_bytes = 0;        // of access units
  std::uint64_t wire_bytes = 0;         // of datagrams, as UDP payload
  std::uint64_t datagrams = 0;          // parity included
  std::uint64_t parity_datagrams = 0;   // of those
  std::uint64_t datagrams_dropped = 0;  // not taken by the kernel
  std::uint64_t units_too_large = 0;    // access units above the client's limit, not sent
  std::uint64_t packets_received = 0;   // as the client reports them
  std::uint64_t mode_changes = 0;       // asked for by the client and carried out
  std::uint64_t rebuilds = 0;           // of capture, encoder or display after a fault
  struct Stage {
    std::string name;  // "encode", "send" …
    Histogram times;
  };
  std::vector<Stage> stages;  // each name once

  // Adds counters and stages of another session.
  void add(const StreamFigures& other);
};

struct SessionInfo {
  std::uint64_t id = 0;
  std::string fingerprint;  // the device's
  std::string name;
  std::string address;  // IP address, without the port
  std::string state;    // "waiting" for an older session, "starting", "streaming", "ending"
  std::uint64_t seconds = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t refresh_hz = 0;
  std::string codec;    // "h264"
  std::string encoder;  // what makes it, such as "libx264"; empty while it starts
  std::uint32_t bitrate_kbps = 0;
  std::uint32_t loss_ppm = 0;  // of packets, in the last window the client reported
  Rights rights;
  std::optional<std::uint64_t> display;  // its id
  std::string last_fault;                // a sentence; empty: there was none
  StreamFigures figures;
};

struct DisplayInfo {
  std::uint64_t id = 0;
  std::string fingerprint;  // whose display it is
  std::string name;
  std::string mode;   // "1280x720@60"
  std::string state;  // "starting", "in_use", "lingering", "ending"
  std::size_t sessions = 0;
  std::optional<std::uint64_t> ends_in_s;  // lingering only; none: it is kept until somebody ends it
};

struct ArmRequest {
  std::optional<std::string> only_for;  // a device's fingerprint; none: whoever knows the PIN
  bool any_network = false;             // also devices outside the local networks
  std::optional<Offer> rights;          // none: full ones, and a device that is paired already keeps its own
};
struct ArmedPairing {
  std::string pin;
  std::uint64_t seconds = 0;  // how long it holds
};
// The PIN itself is shown once, to whoever armed it.
struct PairingStatus {
  bool is_armed = false;
  std::uint64_t seconds_left = 0;
  std::optional<std::string> only_for;
  bool any_network = false;
};

struct PendingDevice {
  std::uint32_t id = 0;
  std::string fingerprint;
  std::string name;
  std::string address;
  std::uint64_t seconds = 0;  // since it knocked
  bool is_waiting = false;    // its connection is still there and goes on once approved
};

struct ClientInfo {
  std::string fingerprint;
  std::string name;
  std::uint64_t paired_unix_s = 0;
  std::string paired_by;          // "PIN", "approval" …: what let it in
  std::uint64_t seen_unix_s = 0;  // last began or ended a session; 0: never
  Rights rights;
  bool has_expired = false;
  std::size_t sessions = 0;  // running now
};
// What is absent stays as it is.
struct ClientEdit {
  std::optional<std::string> name;
  std::optional<std::uint32_t> grants;
  std::optional<Term> term;
};

// What may be changed while the host runs.
struct Settings {
  std::uint32_t bitrate_kbps = 0;       // for clients that leave it to the host; 0: by picture size
  bool approval = true;                 // unknown devices of the local networks may wait for the operator
  std::optional<double> linger_s = 10;  // how long a display waits for a lost client; none: for ever
  WhenBusy when_busy = WhenBusy::separate;
  std::uint32_t max_sessions = 8;
  std::uint32_t max_encoders = 8;
  bool operator==(const Settings&) const = default;
};
inline constexpr std::uint32_t kLeastBitrateKbps = 500;
inline constexpr std::uint32_t kMostBitrateKbps = 200'000;
inline constexpr double kMostLingerS = 315'360'000;  // ten years: more is for ever
inline constexpr std::uint32_t kMostSessions = 64;   // and encoders

// What is absent stays as it is.
struct SettingsChange {
  std::optional<std::uint32_t> bitrate_kbps;
  std::optional<bool> approval;
  std::optional<std::optional<double>> linger_s;  // engaged and empty: for ever
  std::optional<WhenBusy> when_busy;
  std::optional<std::uint32_t> max_sessions;
  std::optional<std::uint32_t> max_encoders;
};

// A setting and where its value comes from.
struct SettingsView {
  Settings values;
  std::vector<std::string> fixed;  // names given on the command line: they cannot be changed here
};

// For metrics: of every session since the host started, and of what the host refused.
struct HostFigures {
  std::uint64_t sessions_started = 0;
  StreamFigures streams;  // of running sessions and of those that ended
  std::uint64_t pairings = 0;
  std::vector<std::pair<std::string, std::uint64_t>>
      pairing_refusals;  // by reason; the reasons are a fixed few
  std::uint64_t knocks = 0;
  std::uint64_t approvals = 0;
  std::uint64_t denials = 0;
  std::uint64_t dropped_datagrams = 0;  // of no connection, or malformed
};

// Every method may be called from any thread but the host's control loop, and may wait for that loop; none
// waits for a display or an encoder.
class HostService {
 public:
  virtual ~HostService() = default;

  [[nodiscard]] virtual Answer<HostStatus> status() = 0;
  [[nodiscard]] virtual Answer<HostFigures> figures() = 0;

  // In the order of their ids.
  [[nodiscard]] virtual Answer<std::vector<SessionInfo>> sessions() = 0;
  // Begins to end it; its client is told that the operator did.
  [[nodiscard]] virtual Answer<void> stop_session(std::uint64_t id) = 0;
  [[nodiscard]] virtual Answer<void> request_keyframe(std::uint64_t id) = 0;
  [[nodiscard]] virtual Answer<void> mute_session(std::uint64_t id, bool muted) = 0;

  [[nodiscard]] virtual Answer<std::vector<DisplayInfo>> displays() = 0;
  // Only one that lingers: one in use ends with its session.
  [[nodiscard]] virtual Answer<void> end_display(std::uint64_t id) = 0;

  // Replaces a PIN that was armed before.
  [[nodiscard]] virtual Answer<ArmedPairing> arm_pairing(const ArmRequest& request) = 0;
  [[nodiscard]] virtual Answer<void> disarm_pairing() = 0;
  [[nodiscard]] virtual Answer<PairingStatus> pairing() = 0;

  // Oldest first.
  [[nodiscard]] virtual Answer<std::vector<PendingDevice>> pending() = 0;
  // Stores the device with these rights, then lets its waiting connection go on. The entry as it was.
  [[nodiscard]] virtual Answer<PendingDevice> approve(std::uint32_t id, const Offer& rights) = 0;
  [[nodiscard]] virtual Answer<PendingDevice> deny(std::uint32_t id) = 0;

  [[nodiscard]] virtual Answer<std::vector<ClientInfo>> clients() = 0;
  // Takes effect on running sessions at once.
  [[nodiscard]] virtual Answer<ClientInfo> edit_client(const std::string& fingerprint,
                                                       const ClientEdit& edit) = 0;
  // Ends the device's sessions and forgets it.
  [[nodiscard]] virtual Answer<void> unpair(const std::string& fingerprint) = 0;
  // How many there were.
  [[nodiscard]] virtual Answer<std::size_t> unpair_all() = 0;

  [[nodiscard]] virtual Answer<SettingsView> settings() = 0;
  // All of the change or nothing, stored before it takes effect. A name that the command line fixed is a
  // conflict.
  [[nodiscard]] virtual Answer<SettingsView> change_settings(const SettingsChange& change) = 0;
};

}  // namespace punktfunk::host::api

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "control/identity/identity.h"
#include "core/wire/hello.h"
#include "core/wire/mode.h"
#include "endpoint/host_sessions.h"

namespace punktfunk::host {

// What a client gets that comes while another one streams (`serve --when-busy`).
enum class WhenBusy : std::uint8_t {
  separate,   // a display of its own, within the limits
  join,       // the display of the session that runs, at that one's mode
  take_over,  // that session ends, and its display with the programs on it goes to the newcomer
  refuse,     // close 0x42 with the name of who streams
};

struct AdmissionPolicy {
  WhenBusy when_busy = WhenBusy::separate;
  std::size_t max_sessions = 8;  // speed tests included
  std::size_t max_encoders = 8;  // each session but a speed test has one, also when it shares a display
  // Of those, for one device: one that starts session after session must not lock the others out.
  std::size_t max_per_device = 4;
};

// A session that was admitted and is not over.
struct RunningSession {
  endpoint::SessionId id = 0;
  control::Fingerprint fingerprint{};
  std::string device_name;
  std::string since;  // for a sentence: "20:14", "19 November, 20:14"
  wire::Mode mode;    // in force
  bool is_probe_only = false;
  // Its display, which another session could join; 0: none yet.
  std::uint32_t display = 0;
  // Of the wire, once the client has it.
  std::optional<wire::SessionId> wire_id;
  // When the last packet of its connection came.
  TimePoint last_heard{};
  bool is_leaving = false;  // it was told to end, and its connection is about to be gone
};

struct Newcomer {
  control::Fingerprint fingerprint{};
  std::optional<wire::SessionId> resume;  // ClientHello tag 1
  wire::Mode mode;
  bool is_probe_only = false;
  TimePoint asked{};
};

// An older session of the newcomer's own device from which nothing came for this long, and nothing since the
// newcomer asked, is what a lost connection left behind: a live client sends feedback every 750 ms (section
// 17), and two of those and 100 ms let one get lost.
inline constexpr Duration kSilentFor = std::chrono::milliseconds(1600);
// Until that is known, it is looked at again this often.
inline constexpr Duration kLookAgain = std::chrono::milliseconds(50);

struct Admission {
  enum class Verdict : std::uint8_t {
    admit,   // once `retire` and `take_over` have given back what they held
    wait,    // nothing is decided: ask again at `again`
    refuse,  // with 0x42 and `reason`
  };
  Verdict verdict = Verdict::admit;
  std::vector<endpoint::SessionId> retire;     // of the same device, left behind by a lost connection
  std::vector<endpoint::SessionId> take_over;  // whose display goes to the newcomer
  std::optional<endpoint::SessionId> join;     // whose display the newcomer looks at, too
  TimePoint again{};
  std::string reason;
};

// Who may have what. Pure. `running` oldest first; `has_displays`: false with a synthetic source, where there
// is nothing to join. In this order:
//  1. Sessions that the newcomer's own device left behind end: the one it names in tag 1 at once, others as
//     soon as they have been silent for kSilentFor. A session id of another device is as good as none.
//  2. The same device, here twice on purpose and in the same mode, looks at the display it has.
//  3. The policy, if another session shows a picture. A speed test disturbs nobody and always passes.
//  4. The limits.
[[nodiscard]] Admission admit(const AdmissionPolicy& policy, bool has_displays,
                              const std::vector<RunningSession>& running, const Newcomer& newcomer,
                              TimePoint now);

}  // namespace punktfunk::host

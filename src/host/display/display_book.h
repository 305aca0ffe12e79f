// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "host/display/mode.h"

namespace punktfunk::host {

// Who has which display, and what becomes of one that nobody has any more: a pure state machine. Time and
// events go in; what is to be done comes out as answers and through take_ends(). DisplayRegistry does it.
//
//   (none) ──acquire──▶ starting ──started──▶ leased ──last holder lost──▶ lingering ──acquire──▶ leased
//                          │ start_failed        │ last holder quit            │ time is over, it died,
//                          ▼                     ▼                             ▼ end(), stop(), no room
//                        (none)                ending ◀────────────────────────┘
//                                                └──ended──▶ (none)
//
// A display belongs to a key, one per client. A client that comes back gets the display it left; one that is
// here already and comes a second time gets a second one, unless it is told to share.
class DisplayBook {
 public:
  using DisplayId = std::uint32_t;  // from 1, never twice
  using HolderId = std::uint64_t;   // chosen by the caller, never twice

  struct Policy {
    // How long a display waits for a client whose connection was lost; zero: not at all, nullopt: for ever.
    std::optional<Duration> linger = std::chrono::seconds(10);
    // Displays that wait, at most; one more ends the one that has waited longest. With "for ever", devices
    // that never come back would otherwise fill the memory (a bare sway takes 21 MB).
    std::size_t max_lingering = 8;
  };
  // A display that is handed over waits at least this long for the session it was handed to, whatever the
  // policy: that session is being set up, which takes some hundred milliseconds on a busy machine.
  static constexpr Duration kHandover = std::chrono::seconds(5);

  enum class State : std::uint8_t { starting, leased, lingering, ending };
  enum class Leave : std::uint8_t {
    quit,         // on purpose: nothing need be kept
    lost,         // the connection went away: its user may come back
    handed_over,  // to the session of another key, or to the next one of the same
  };

  struct Entry {
    DisplayId id = 0;
    std::string key;
    DisplayMode mode;  // in force, or being made
    State state = State::starting;
    std::vector<HolderId> holders;
    // Of a lingering one: since when, and when it ends; no end: for ever.
    TimePoint since{};
    std::optional<TimePoint> until;
    bool is_changing = false;         // its mode, by the only holder
    bool is_dead = false;             // the compositor ended: never handed out again
    std::optional<Leave> last_leave;  // how the last holder of a starting one went
  };

  // Answers to acquire(). Except with Wait and Refused the holder has the display from now on.
  struct Start {  // make it, then started() or start_failed()
    DisplayId id;
  };
  struct Take {  // it is there
    DisplayId id;
  };
  struct Change {  // it is there in another mode: change that, then mode_changed()
    DisplayId id;
  };
  struct Wait {};     // somebody starts or changes it: ask again once that is over
  struct Refused {};  // after stop()
  using Answer = std::variant<Start, Take, Change, Wait, Refused>;

  explicit DisplayBook(Policy policy) : policy_(policy) {}

  // `share`: the display of another session, at the mode it has. When that is gone meanwhile: as without.
  [[nodiscard]] Answer acquire(HolderId holder, std::string_view key, const DisplayMode& mode,
                               std::optional<DisplayId> share, TimePoint now);
  void started(DisplayId id, TimePoint now);
  void start_failed(DisplayId id);
  // The only holder of a display that runs may change its mode. True: do so, then mode_changed().
  [[nodiscard]] bool begin_change(DisplayId id);
  // `mode` is what the display shows now. After a failed Change the caller releases the display as `quit` and
  // acquires again.
  void mode_changed(DisplayId id, const DisplayMode& mode);
  // `new_key`: of Leave::handed_over, whose it is from now on.
  void release(DisplayId id, HolderId holder, Leave how, std::string_view new_key, TimePoint now);
  // The compositor ended by itself.
  void died(DisplayId id);
  // Of a lingering display, by its owner's wish. False: there is no such display, or somebody has it.
  [[nodiscard]] bool end(DisplayId id);
  void ended(DisplayId id);
  // For displays that are left from now on.
  void set_linger(std::optional<Duration> linger) { policy_.linger = linger; }
  // Nothing is handed out any more; what lingers ends, and what is leased ends with its last holder.
  void stop();

  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  void handle_deadline(TimePoint now);

  // Displays that must be ended now, each named once; ended() follows when that is done.
  [[nodiscard]] std::vector<DisplayId> take_ends();

  [[nodiscard]] const Entry* find(DisplayId id) const;
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  [[nodiscard]] Entry* entry_of(DisplayId id);
  void end_entry(Entry& entry);
  void linger(Entry& entry, Leave how, TimePoint now);
  void make_room();

  Policy policy_;
  std::vector<Entry> entries_;  // oldest first
  std::vector<DisplayId> ends_;
  DisplayId next_id_ = 1;
  bool stopped_ = false;
};

[[nodiscard]] const char* to_string(DisplayBook::State state);

}  // namespace punktfunk::host

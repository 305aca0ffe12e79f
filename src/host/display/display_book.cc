// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/display/display_book.h"

#include <algorithm>
#include <utility>

namespace punktfunk::host {

const char* to_string(DisplayBook::State state) {
  switch (state) {
    case DisplayBook::State::starting:
      return "starting";
    case DisplayBook::State::leased:
      return "leased";
    case DisplayBook::State::lingering:
      return "lingering";
    case DisplayBook::State::ending:
      return "ending";
  }
  return "";
}

DisplayBook::Answer DisplayBook::acquire(HolderId holder, std::string_view key, const DisplayMode& mode,
                                         std::optional<DisplayId> share, TimePoint now) {
  if (stopped_) return Refused{};
  handle_deadline(now);  // one whose time is over is not given back, whenever the edge looks at its clock
  if (Entry* shared = share ? entry_of(*share) : nullptr; shared != nullptr && !shared->is_dead) {
    if (shared->state == State::starting || shared->is_changing) return Wait{};
    if (shared->state == State::leased) {
      shared->holders.push_back(holder);
      return Take{shared->id};
    }
  }
  Entry* kept = nullptr;
  for (Entry& entry : entries_) {
    if (entry.key != key || entry.is_dead) continue;
    // Its client left while it started: it will linger, and then it is this one's.
    if (entry.state == State::starting && entry.holders.empty()) return Wait{};
    if (entry.state != State::lingering) continue;
    // One in the mode wanted first, then the one left last.
    const bool fits = entry.mode == mode;
    const bool kept_fits = kept != nullptr && kept->mode == mode;
    if (kept == nullptr || (fits && !kept_fits) || (fits == kept_fits && entry.since >= kept->since))
      kept = &entry;
  }
  if (kept != nullptr) {
    kept->state = State::leased;
    kept->until.reset();
    kept->holders.push_back(holder);
    if (kept->mode == mode) return Take{kept->id};
    kept->is_changing = true;
    return Change{kept->id};
  }
  Entry entry;
  entry.id = next_id_++;
  entry.key = key;
  entry.mode = mode;
  entry.holders.push_back(holder);
  entries_.push_back(std::move(entry));
  return Start{entries_.back().id};
}

void DisplayBook::started(DisplayId id, TimePoint now) {
  Entry* entry = entry_of(id);
  if (entry == nullptr || entry->state != State::starting) return;
  entry->state = State::leased;
  if (!entry->holders.empty()) return;
  const Leave how = entry->last_leave.value_or(Leave::lost);
  if (how == Leave::quit) return end_entry(*entry);
  linger(*entry, how, now);
}

void DisplayBook::start_failed(DisplayId id) {
  std::erase_if(entries_, [id](const Entry& entry) { return entry.id == id; });
}

bool DisplayBook::begin_change(DisplayId id) {
  Entry* entry = entry_of(id);
  if (entry == nullptr || entry->state != State::leased || entry->is_changing || entry->holders.size() != 1)
    return false;
  entry->is_changing = true;
  return true;
}

void DisplayBook::mode_changed(DisplayId id, const DisplayMode& mode) {
  Entry* entry = entry_of(id);
  if (entry == nullptr) return;
  entry->is_changing = false;
  entry->mode = mode;
}

void DisplayBook::release(DisplayId id, HolderId holder, Leave how, std::string_view new_key, TimePoint now) {
  Entry* entry = entry_of(id);
  if (entry == nullptr || std::erase(entry->holders, holder) == 0) return;
  if (how == Leave::handed_over) entry->key = new_key;
  if (!entry->holders.empty()) return;
  entry->is_changing = false;
  entry->last_leave = how;
  if (entry->state != State::leased) return;  // still starting: started() goes on from here
  if (how == Leave::quit) return end_entry(*entry);
  linger(*entry, how, now);
}

void DisplayBook::linger(Entry& entry, Leave how, TimePoint now) {
  std::optional<Duration> time = policy_.linger;
  if (how == Leave::handed_over && time) time = std::max(*time, kHandover);
  if (stopped_ || entry.is_dead || time == Duration::zero()) return end_entry(entry);
  entry.state = State::lingering;
  entry.since = now;
  if (time) entry.until = now + *time;
  make_room();
}

void DisplayBook::make_room() {
  const auto waits = [](const Entry& entry) { return entry.state == State::lingering; };
  while (static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), waits)) >
         policy_.max_lingering) {
    Entry* longest = nullptr;
    for (Entry& entry : entries_) {
      if (waits(entry) && (longest == nullptr || entry.since < longest->since)) longest = &entry;
    }
    end_entry(*longest);
  }
}

void DisplayBook::died(DisplayId id) {
  Entry* entry = entry_of(id);
  if (entry == nullptr) return;
  entry->is_dead = true;
  if (entry->state == State::lingering) end_entry(*entry);
}

bool DisplayBook::end(DisplayId id) {
  Entry* entry = entry_of(id);
  if (entry == nullptr || entry->state != State::lingering) return false;
  end_entry(*entry);
  return true;
}

void DisplayBook::ended(DisplayId id) {
  std::erase_if(entries_,
                [id](const Entry& entry) { return entry.id == id && entry.state == State::ending; });
}

void DisplayBook::stop() {
  stopped_ = true;
  for (Entry& entry : entries_) {
    if (entry.state == State::lingering) end_entry(entry);
  }
}

std::optional<TimePoint> DisplayBook::next_deadline() const {
  std::optional<TimePoint> next;
  for (const Entry& entry : entries_) {
    if (entry.state == State::lingering && entry.until && (!next || *entry.until < *next)) next = entry.until;
  }
  return next;
}

void DisplayBook::handle_deadline(TimePoint now) {
  for (Entry& entry : entries_) {
    if (entry.state == State::lingering && entry.until && *entry.until <= now) end_entry(entry);
  }
}

std::vector<DisplayBook::DisplayId> DisplayBook::take_ends() { return std::exchange(ends_, {}); }

void DisplayBook::end_entry(Entry& entry) {
  entry.state = State::ending;
  entry.until.reset();
  ends_.push_back(entry.id);
}

const DisplayBook::Entry* DisplayBook::find(DisplayId id) const {
  const auto at =
      std::find_if(entries_.begin(), entries_.end(), [id](const Entry& entry) { return entry.id == id; });
  return at == entries_.end() ? nullptr : &*at;
}

DisplayBook::Entry* DisplayBook::entry_of(DisplayId id) {
  return const_cast<Entry*>(std::as_const(*this).find(id));
}

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace punktfunk::host::http {

struct Event {
  std::uint64_t id = 0;
  std::string type;  // snake_case, of our own code
  std::string data;  // JSON on one line
};

// What happened lately: a ring of events with increasing numbers, from which each reader takes what it has
// not seen. Readers hold no memory here, so a slow one costs nothing. Any thread may call any method.
class EventLog {
 public:
  // 1,024 events are hours of a host's life; a client that was away for longer reads the state anew.
  static constexpr std::size_t kDefaultCapacity = 1024;
  // One event; larger data is replaced by null.
  static constexpr std::size_t kMaxDataBytes = 8192;

  // Numbers go on from `first_id`. They must also increase over restarts of the host, so that a reader who
  // comes back to another run of it is told that it missed something: see id_for_start().
  explicit EventLog(std::uint64_t first_id = id_for_start(), std::size_t capacity = kDefaultCapacity);

  // Seconds of Unix time times 2^20: a million events a second could be published before two runs overlap,
  // and the numbers stay below 2^53, exact in every reader of JSON, for a century.
  [[nodiscard]] static std::uint64_t id_for_start();

  // Returns the event's number. Listeners are called before it returns, on this thread.
  std::uint64_t publish(std::string_view type, const nlohmann::json& data);

  // The number of the newest event, or the one before the first.
  [[nodiscard]] std::uint64_t last_id() const;

  struct Batch {
    std::vector<Event> events;
    // The reader's number is none of those just before an event that is still there: something is missing
    // between it and `events`, which then begin with the oldest.
    bool missed = false;
  };
  // What follows number `id`, the oldest first, at most `max_events` and about `max_bytes` of data.
  [[nodiscard]] Batch after(std::uint64_t id, std::size_t max_events, std::size_t max_bytes) const;

  // `wake` is called after every event, on the publisher's thread and with no lock held but the one that
  // makes remove_listener() wait for a call in progress: it must be quick and call nothing here.
  [[nodiscard]] std::uint64_t add_listener(std::function<void()> wake);
  void remove_listener(std::uint64_t listener);

 private:
  mutable std::mutex mutex_;
  std::deque<Event> ring_;
  std::size_t capacity_;
  std::uint64_t last_id_;

  std::mutex listeners_mutex_;
  std::uint64_t last_listener_ = 0;
  std::vector<std::pair<std::uint64_t, std::function<void()>>> listeners_;
};

}  // namespace punktfunk::host::http

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/event_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/time.h"

namespace punktfunk::host::http {

EventLog::EventLog(std::uint64_t first_id, std::size_t capacity)
    : capacity_(std::max<std::size_t>(capacity, 1)), last_id_(first_id) {}

std::uint64_t EventLog::id_for_start() { return (wall_clock_ns() / 1'000'000'000) << 20; }

std::uint64_t EventLog::publish(std::string_view type, const nlohmann::json& data) {
  std::string text = data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > kMaxDataBytes) text = "null";
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (ring_.size() == capacity_) ring_.pop_front();
    id = ++last_id_;
    ring_.push_back({id, std::string(type), std::move(text)});
  }
  const std::lock_guard lock(listeners_mutex_);
  for (const auto& listener : listeners_) listener.second();
  return id;
}

std::uint64_t EventLog::last_id() const {
  const std::lock_guard lock(mutex_);
  return last_id_;
}

EventLog::Batch EventLog::after(std::uint64_t id, std::size_t max_events, std::size_t max_bytes) const {
  const std::lock_guard lock(mutex_);
  Batch batch;
  // Numbers have no gaps, so the place of one follows from the oldest.
  const std::uint64_t before_oldest = last_id_ - ring_.size();
  batch.missed = id < before_oldest || id > last_id_;
  std::size_t bytes = 0;
  for (std::size_t at = batch.missed ? 0 : id - before_oldest; at < ring_.size(); ++at) {
    bytes += ring_[at].data.size();
    if (batch.events.size() == max_events || (bytes > max_bytes && !batch.events.empty())) break;
    batch.events.push_back(ring_[at]);
  }
  return batch;
}

std::uint64_t EventLog::add_listener(std::function<void()> wake) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.emplace_back(++last_listener_, std::move(wake));
  return last_listener_;
}

void EventLog::remove_listener(std::uint64_t listener) {
  const std::lock_guard lock(listeners_mutex_);
  std::erase_if(listeners_, [listener](const auto& entry) { return entry.first == listener; });
}

}  // namespace punktfunk::host::http

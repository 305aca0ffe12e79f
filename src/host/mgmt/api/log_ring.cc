// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/log_ring.h"

#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace punktfunk::host::api {

namespace {

// The logger keeps its sinks for as long as it lives, so the sink only borrows the ring.
class RingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit RingSink(std::weak_ptr<LogRing> ring) : ring_(std::move(ring)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto ring = ring_.lock();
    if (!ring) return;
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch());
    const auto level = spdlog::level::to_string_view(message.level);
    ring->add(static_cast<std::uint64_t>(since.count()), std::string(level.data(), level.size()),
              std::string(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

  std::weak_ptr<LogRing> ring_;
};

}  // namespace

std::shared_ptr<LogRing> LogRing::attach() {
  auto ring = std::make_shared<LogRing>();
  spdlog::default_logger()->sinks().push_back(std::make_shared<RingSink>(ring));
  return ring;
}

void LogRing::add(std::uint64_t unix_ms, std::string level, std::string text) {
  Line line{0, unix_ms, std::move(level), clean_text(text, kMaxText)};
  const std::lock_guard lock(mutex_);
  line.id = next_id_++;
  lines_.push_back(std::move(line));
  if (lines_.size() > kMaxLines) lines_.pop_front();
}

std::vector<LogRing::Line> LogRing::lines(std::uint64_t after, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  auto first = std::find_if(lines_.begin(), lines_.end(), [&](const Line& line) { return line.id > after; });
  auto last = lines_.end();
  const auto count = static_cast<std::size_t>(last - first);
  if (count > limit && after == 0) first = last - static_cast<std::ptrdiff_t>(limit);
  if (count > limit && after != 0) last = first + static_cast<std::ptrdiff_t>(limit);
  return {first, last};
}

}  // namespace punktfunk::host::api

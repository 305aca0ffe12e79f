// SPDX-License-Identifier: MIT OR Apache-2.0
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <future>
#include <variant>

#include "base/log.h"
#include "host/display/display.h"

namespace punktfunk::host {

DisplayLease::DisplayLease(DisplayLease&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)),
      id_(std::exchange(other.id_, 0)),
      holder_(other.holder_),
      display_(std::move(other.display_)) {}

DisplayLease& DisplayLease::operator=(DisplayLease&& other) noexcept {
  if (this != &other) {
    release();
    registry_ = std::exchange(other.registry_, nullptr);
    id_ = std::exchange(other.id_, 0);
    holder_ = other.holder_;
    display_ = std::move(other.display_);
  }
  return *this;
}

void DisplayLease::release(DisplayBook::Leave how, const std::string& new_key) {
  if (!display_) return;
  registry_->release(*this, how, new_key);
  registry_ = nullptr;
  id_ = 0;
}

Result<void> DisplayLease::set_mode(DisplayMode mode) {
  if (!display_) return fail("The picture size was not changed: this session has no display.");
  return registry_->set_mode(*this, mode);
}

DisplayRegistry::DisplayRegistry(std::unique_ptr<DisplayBackend> backend, DisplayBook::Policy policy)
    : backend_(std::move(backend)), book_(policy), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  watch_thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "pf-displays");
    watch();
  });
}

DisplayRegistry::~DisplayRegistry() {
  stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  (void)::eventfd_write(wake_.get(), 1);
  watch_thread_.join();
}

Result<DisplayLease> DisplayRegistry::acquire(const std::string& key, const DisplayRequest& request,
                                              std::optional<DisplayBook::DisplayId> share) {
  if (auto refusal = refuse_mode(request.mode)) return fail(std::move(*refusal));
  std::unique_lock lock(mutex_);
  const DisplayBook::HolderId holder = next_holder_++;
  while (true) {
    const DisplayBook::Answer answer = book_.acquire(holder, key, request.mode, share, monotonic_now());
    if (std::holds_alternative<DisplayBook::Refused>(answer))
      return fail("No display was made: the host is stopping.");
    if (std::holds_alternative<DisplayBook::Wait>(answer)) {
      changed_.wait(lock);  // whoever starts or changes it is bounded by the backend's own limits
      continue;
    }
    if (const auto* start = std::get_if<DisplayBook::Start>(&answer)) {
      // Without the lock: starting a compositor takes a while, and others must not wait for it.
      lock.unlock();
      return this->start(start->id, holder, request);
    }
    const auto* change = std::get_if<DisplayBook::Change>(&answer);
    const DisplayBook::DisplayId id = change != nullptr ? change->id : std::get<DisplayBook::Take>(answer).id;
    DisplayLease lease(this, id, holder, displays_.at(id));
    tell();
    if (change == nullptr) {
      if (lease->alive()) return lease;
    } else {
      lock.unlock();
      const Result<void> changed = lease->set_mode(request.mode);
      lock.lock();
      book_.mode_changed(id, lease->mode());
      changed_.notify_all();
      if (changed) return lease;
      spdlog::info("The kept display is replaced by a new one: {}", changed.error().message);
    }
    // It died, or does not take the mode: out with it, then anew.
    lock.unlock();
    lease.release(DisplayBook::Leave::quit);
    lock.lock();
    share.reset();
  }
}

Result<DisplayLease> DisplayRegistry::start(DisplayBook::DisplayId id, DisplayBook::HolderId holder,
                                            const DisplayRequest& request) {
  Result<std::unique_ptr<Display>> created = backend_->create(request);
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
  if (!created) {
    book_.start_failed(id);
    return tl::unexpected<Error>(std::move(created.error()));
  }
  std::shared_ptr<Display> display = std::move(*created);
  displays_.emplace(id, display);
  book_.started(id, monotonic_now());
  tell();
  return DisplayLease(this, id, holder, std::move(display));
}

Result<void> DisplayRegistry::set_mode(const DisplayLease& lease, DisplayMode mode) {
  {
    const std::lock_guard lock(mutex_);
    if (!book_.begin_change(lease.id_))
      return fail(
          "The picture size was not changed: another session shows the same display; end that one first.");
  }
  Result<void> changed = lease.display_->set_mode(mode);
  const std::lock_guard lock(mutex_);
  book_.mode_changed(lease.id_, lease.display_->mode());
  changed_.notify_all();
  return changed;
}

void DisplayRegistry::release(DisplayLease& lease, DisplayBook::Leave how, const std::string& new_key) {
  const bool is_alive = lease.display_->alive();
  lease.display_.reset();
  Displays ends;
  {
    const std::lock_guard lock(mutex_);
    if (!is_alive) book_.died(lease.id_);
    book_.release(lease.id_, lease.holder_, how, new_key, monotonic_now());
    ends = take_ends();
    tell();
    const DisplayBook::Entry* kept = book_.find(lease.id_);
    if (kept != nullptr && kept->state == DisplayBook::State::lingering && kept->until)
      spdlog::debug("Display {} is kept for {:.0f} s.", kept->id, to_seconds(*kept->until - kept->since));
  }
  (void)::eventfd_write(wake_.get(), 1);
  finish(std::move(ends));
}

void DisplayRegistry::set_linger(std::optional<Duration> linger) {
  const std::lock_guard lock(mutex_);
  book_.set_linger(linger);
}

Result<void> DisplayRegistry::end(DisplayBook::DisplayId id) {
  Displays ends;
  {
    const std::lock_guard lock(mutex_);
    if (book_.find(id) == nullptr)
      return fail("There is no display " + std::to_string(id) + "; look at the list again.");
    if (!book_.end(id))
      return fail("Display " + std::to_string(id) +
                  " was not ended: it is in use, or ends already; stop its session instead.");
    ends = take_ends();
    tell();
  }
  finish(std::move(ends));
  return {};
}

void DisplayRegistry::stop() {
  Displays ends;
  {
    const std::lock_guard lock(mutex_);
    book_.stop();
    ends = take_ends();
  }
  changed_.notify_all();
  finish(std::move(ends));
}

std::size_t DisplayRegistry::count() const {
  const std::lock_guard lock(mutex_);
  return book_.entries().size();
}

std::vector<DisplayInfo> DisplayRegistry::list() const {
  const std::lock_guard lock(mutex_);
  const TimePoint now = monotonic_now();
  std::vector<DisplayInfo> out;
  for (const DisplayBook::Entry& entry : book_.entries()) out.push_back(info_of(entry, now));
  return out;
}

DisplayInfo DisplayRegistry::info_of(const DisplayBook::Entry& entry, TimePoint now) {
  DisplayInfo info{entry.id, entry.key, entry.mode, entry.state, entry.holders.size(), std::nullopt};
  if (entry.until) info.left = std::max(*entry.until - now, Duration::zero());
  return info;
}

void DisplayRegistry::tell() {
  if (!listener_) return;
  const TimePoint now = monotonic_now();
  std::erase_if(told_, [&](const auto& one) {
    const bool is_gone = book_.find(one.first) == nullptr;
    if (is_gone) listener_(one.second, false);
    return is_gone;
  });
  for (const DisplayBook::Entry& entry : book_.entries()) {
    using State = DisplayBook::State;
    if (entry.state != State::leased && entry.state != State::lingering) continue;
    const auto known = told_.find(entry.id);
    if (known != told_.end() && known->second.state == entry.state) continue;
    const DisplayInfo info = info_of(entry, now);
    told_.insert_or_assign(entry.id, info);
    listener_(info, true);
  }
}

DisplayRegistry::Displays DisplayRegistry::take_ends() {
  Displays ends;
  for (const DisplayBook::DisplayId id : book_.take_ends()) {
    ends.insert(displays_.extract(id));
  }
  return ends;
}

void DisplayRegistry::finish(Displays ends) {
  if (ends.empty()) return;
  // Each takes up to kDisplayStopLimit, nearly all of it waiting.
  std::vector<std::future<void>> others;
  for (auto at = std::next(ends.begin()); at != ends.end(); ++at) {
    others.push_back(
        std::async(std::launch::async, [display = std::move(at->second)]() mutable { display.reset(); }));
  }
  ends.begin()->second.reset();
  for (auto& other : others) other.get();
  const std::lock_guard lock(mutex_);
  for (const auto& [id, display] : ends) book_.ended(id);
  tell();
}

void DisplayRegistry::watch() {
  std::vector<pollfd> waits;
  std::vector<DisplayBook::DisplayId> watched;  // waits[i + 1] is the death of watched[i]
  while (true) {
    waits.assign(1, pollfd{wake_.get(), POLLIN, 0});
    watched.clear();
    int timeout_ms = -1;
    Displays ends;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      const TimePoint now = monotonic_now();
      book_.handle_deadline(now);
      ends = take_ends();
      for (const DisplayBook::Entry& entry : book_.entries()) {
        if (entry.state != DisplayBook::State::lingering) continue;
        waits.push_back({displays_.at(entry.id)->death_fd(), POLLIN, 0});
        watched.push_back(entry.id);
      }
      // Rounded up, so that it is over when this thread looks again; a day at most, which fits an int.
      if (const auto next = book_.next_deadline())
        timeout_ms = static_cast<int>(std::clamp(to_ms(*next - now) + 1, 0.0, 86'400e3));
    }
    if (!ends.empty()) {
      finish(std::move(ends));
      continue;
    }
    (void)::poll(waits.data(), waits.size(), timeout_ms);
    eventfd_t ignored = 0;
    (void)::eventfd_read(wake_.get(), &ignored);
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < watched.size(); ++i) {
      // Meanwhile it may have been taken, or ended by whoever took it.
      const auto display = displays_.find(watched[i]);
      if (waits[i + 1].revents == 0 || display == displays_.end() || display->second->alive()) continue;
      book_.died(watched[i]);
      spdlog::warn("A display that was kept for its client is gone: {}", display->second->death_reason());
    }
  }
}

}  // namespace punktfunk::host

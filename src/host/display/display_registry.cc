// SPDX-License-Identifier: MIT OR Apache-2.0
#include <algorithm>

#include "host/display/display.h"

namespace punktfunk::host {

struct DisplayRegistry::Entry {
  std::string key;
  std::shared_ptr<Display> display;
  std::size_t leases = 0;
};

DisplayLease::DisplayLease(DisplayLease&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)),
      key_(std::move(other.key_)),
      display_(std::move(other.display_)) {}

DisplayLease& DisplayLease::operator=(DisplayLease&& other) noexcept {
  if (this != &other) {
    release();
    registry_ = std::exchange(other.registry_, nullptr);
    key_ = std::move(other.key_);
    display_ = std::move(other.display_);
  }
  return *this;
}

void DisplayLease::release() {
  if (!display_) return;
  registry_->release(key_, std::move(display_));
  registry_ = nullptr;
  display_.reset();
}

Result<void> DisplayLease::set_mode(DisplayMode mode) {
  if (!display_) return fail("The picture size was not changed: this session has no display.");
  return registry_->set_mode(display_, mode);
}

DisplayRegistry::DisplayRegistry(std::unique_ptr<DisplayBackend> backend) : backend_(std::move(backend)) {}

DisplayRegistry::~DisplayRegistry() = default;

Result<DisplayLease> DisplayRegistry::acquire(const std::string& key, const DisplayRequest& request) {
  if (auto refusal = refuse_mode(request.mode)) return fail(std::move(*refusal));
  {
    const std::lock_guard lock(mutex_);
    for (Entry& entry : entries_) {
      if (entry.key != key || entry.display->mode() != request.mode || !entry.display->alive()) continue;
      ++entry.leases;
      return DisplayLease(this, key, entry.display);
    }
  }
  // Without the lock: starting a compositor takes a while, and the release of another session must not wait
  // for it.
  Result<std::unique_ptr<Display>> created = backend_->create(request);
  if (!created) return tl::unexpected<Error>(std::move(created.error()));
  std::shared_ptr<Display> display = std::move(*created);
  const std::lock_guard lock(mutex_);
  entries_.push_back(Entry{key, display, 1});
  return DisplayLease(this, key, std::move(display));
}

Result<void> DisplayRegistry::set_mode(const std::shared_ptr<Display>& display, DisplayMode mode) {
  {
    const std::lock_guard lock(mutex_);
    for (const Entry& entry : entries_) {
      if (entry.display == display && entry.leases > 1)
        return fail(
            "The picture size was not changed: another session shows the same display; end that one first.");
    }
  }
  return display->set_mode(mode);
}

std::size_t DisplayRegistry::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void DisplayRegistry::release(const std::string& key, std::shared_ptr<Display> display) {
  std::shared_ptr<Display> last;  // destroyed after the lock is gone: ending a compositor takes a while
  {
    const std::lock_guard lock(mutex_);
    const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.key == key && entry.display == display;
    });
    if (at == entries_.end() || --at->leases != 0) return;
    last = std::move(at->display);
    entries_.erase(at);
  }
  display.reset();
}

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/display/fake/fake_display.h"

#include <sys/eventfd.h>

namespace punktfunk::host {

Result<std::unique_ptr<Display>> FakeDisplayBackend::create(const DisplayRequest& request) {
  if (!failure_.empty()) return fail(std::exchange(failure_, {}));
  return std::make_unique<FakeDisplay>(request.mode, counters_);
}

FakeDisplay::FakeDisplay(DisplayMode mode, std::shared_ptr<FakeDisplayBackend::Counters> counters)
    : mode_(mode), counters_(std::move(counters)) {
  ++counters_->created;
}

FakeDisplay::~FakeDisplay() { ++counters_->destroyed; }

std::string FakeDisplay::death_reason() const {
  return alive() ? std::string() : std::string("The fake display was told to die.");
}

Result<void> FakeDisplay::set_mode(DisplayMode mode) {
  if (auto refusal = refuse_mode(mode)) return fail(std::move(*refusal));
  if (counters_->refuse_mode_changes) return fail("The fake display was told to keep its picture size.");
  const std::lock_guard lock(mutex_);
  mode_ = mode;
  ++counters_->mode_changes;
  return {};
}

FakeDisplay::Death::Death() : event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void FakeDisplay::Death::strike() {
  is_dead = true;
  (void)::eventfd_write(event.get(), 1);
}

}  // namespace punktfunk::host

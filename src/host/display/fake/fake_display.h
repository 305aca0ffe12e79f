// SPDX-License-Identifier: MIT OR Apache-2.0
// Displays without a compositor, for tests of whatever holds a lease.
#pragma once

#include <atomic>
#include <memory>

#include "base/unique_fd.h"
#include "host/display/display.h"

namespace punktfunk::host {

class FakeDisplayBackend final : public DisplayBackend {
 public:
  struct Counters {
    std::atomic<int> created = 0;
    std::atomic<int> destroyed = 0;
    std::atomic<int> mode_changes = 0;
    std::atomic<bool> refuse_mode_changes = false;
  };

  [[nodiscard]] const char* name() const override { return "fake"; }
  [[nodiscard]] Result<std::unique_ptr<Display>> create(const DisplayRequest& request) override;

  // The next create() fails with this sentence.
  void fail_next(std::string message) { failure_ = std::move(message); }
  // Outlives the backend and its displays while held.
  [[nodiscard]] std::shared_ptr<Counters> counters() const { return counters_; }

 private:
  std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
  std::string failure_;
};

class FakeDisplay final : public Display {
 public:
  FakeDisplay(DisplayMode mode, std::shared_ptr<FakeDisplayBackend::Counters> counters);
  ~FakeDisplay() override;

  [[nodiscard]] DisplayMode mode() const override {
    const std::lock_guard lock(mutex_);
    return mode_;
  }
  [[nodiscard]] Result<void> set_mode(DisplayMode mode) override;
  [[nodiscard]] const std::string& wayland_socket() const override { return socket_; }
  [[nodiscard]] const std::string& runtime_dir() const override { return directory_; }
  [[nodiscard]] const std::string& output_name() const override { return output_; }
  [[nodiscard]] int death_fd() const override { return death_->event.get(); }
  [[nodiscard]] bool alive() const override { return !death_->is_dead; }
  [[nodiscard]] std::string death_reason() const override;

  // How it dies. Outlives the display while held, which may be gone as soon as it is dead.
  struct Death {
    Death();
    void strike();
    UniqueFd event;
    std::atomic<bool> is_dead = false;
  };
  [[nodiscard]] std::shared_ptr<Death> death() const { return death_; }
  void die() { death_->strike(); }

 private:
  mutable std::mutex mutex_;
  DisplayMode mode_;
  const std::shared_ptr<FakeDisplayBackend::Counters> counters_;
  const std::string socket_ = "/nonexistent/wayland-1";
  const std::string directory_ = "/nonexistent";
  const std::string output_ = "FAKE-1";
  const std::shared_ptr<Death> death_ = std::make_shared<Death>();
};

}  // namespace punktfunk::host

// SPDX-License-Identifier: MIT OR Apache-2.0
// A display a session streams: a real output at exactly the client's mode, never a scaled one. Backends live
// in subfolders; only registry.cc names them.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "host/display/mode.h"

namespace punktfunk::host {

// The longest Display::set_mode() may take.
inline constexpr Duration kModeChangeLimit = std::chrono::seconds(2);

// What a session wants to see.
struct DisplayRequest {
  DisplayMode mode;
  // Programs started inside the display, each a shell command line, in this order. The first is placed on
  // top, the next below it.
  std::vector<std::string> start_commands;
  // Added to the environment of the compositor and of every program in it.
  std::vector<std::pair<std::string, std::string>> environment;
};

// One running display. Destroying it ends everything that runs in it and removes its files; that takes at
// most kDisplayStopLimit (sway/sway_display.h) and must not happen on a frame-path thread. All methods: any
// thread.
class Display {
 public:
  virtual ~Display() = default;

  // The mode in force, read back from the compositor; equal to what was asked, or create() would have failed.
  [[nodiscard]] virtual DisplayMode mode() const = 0;
  // Changes the mode in place: programs keep running and are told of the new size. Blocks until the
  // compositor shows the new mode (some milliseconds; at most kModeChangeLimit) or fails, and then the old
  // mode stays in force. Capture of the old size ends or fails: whoever captures starts anew. Not on a
  // frame-path thread. Sessions use DisplayLease::set_mode().
  [[nodiscard]] virtual Result<void> set_mode(DisplayMode mode) = 0;

  // Absolute path of the compositor's Wayland socket (a valid value for WAYLAND_DISPLAY).
  [[nodiscard]] virtual const std::string& wayland_socket() const = 0;
  // Private XDG_RUNTIME_DIR of the display.
  [[nodiscard]] virtual const std::string& runtime_dir() const = 0;
  // Name of the output to capture, e.g. "HEADLESS-1".
  [[nodiscard]] virtual const std::string& output_name() const = 0;

  // Becomes readable (poll) once the display died; stays so. Owned by the display.
  [[nodiscard]] virtual int death_fd() const = 0;
  [[nodiscard]] virtual bool alive() const = 0;
  // After death: one sentence with the compositor's last words. Empty while it lives.
  [[nodiscard]] virtual std::string death_reason() const = 0;
};

class DisplayBackend {
 public:
  virtual ~DisplayBackend() = default;
  [[nodiscard]] virtual const char* name() const = 0;
  // Blocks until the display is usable at exactly the mode asked for, or fails. Any thread.
  [[nodiscard]] virtual Result<std::unique_ptr<Display>> create(const DisplayRequest& request) = 0;
};

class DisplayRegistry;

// Keeps a display alive. Move-only; the last lease of a display ends it. Must not outlive the registry.
class DisplayLease {
 public:
  DisplayLease() = default;
  DisplayLease(DisplayLease&& other) noexcept;
  DisplayLease& operator=(DisplayLease&& other) noexcept;
  ~DisplayLease() { release(); }

  [[nodiscard]] explicit operator bool() const { return display_ != nullptr; }
  [[nodiscard]] Display& operator*() const { return *display_; }
  [[nodiscard]] Display* operator->() const { return display_.get(); }
  // Display::set_mode(), unless another session looks at the same display: that one's picture must not
  // change size under it.
  [[nodiscard]] Result<void> set_mode(DisplayMode mode);
  void release();

 private:
  friend class DisplayRegistry;
  DisplayLease(DisplayRegistry* registry, std::string key, std::shared_ptr<Display> display)
      : registry_(registry), key_(std::move(key)), display_(std::move(display)) {}

  DisplayRegistry* registry_ = nullptr;
  std::string key_;
  std::shared_ptr<Display> display_;
};

// Who uses which display. Created once per host, outlives every lease. Any thread.
class DisplayRegistry {
 public:
  explicit DisplayRegistry(std::unique_ptr<DisplayBackend> backend);
  ~DisplayRegistry();
  DisplayRegistry(const DisplayRegistry&) = delete;
  DisplayRegistry& operator=(const DisplayRegistry&) = delete;

  // Creates a display for `key` (one per client), or shares the one that key already has when it lives and
  // has the same mode. A key whose display has another mode or is dead gets a new one; the old one goes with
  // its last lease. Blocks while the display starts.
  [[nodiscard]] Result<DisplayLease> acquire(const std::string& key, const DisplayRequest& request);

  // Displays that exist now.
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] const char* backend_name() const { return backend_->name(); }

 private:
  friend class DisplayLease;
  struct Entry;
  void release(const std::string& key, std::shared_ptr<Display> display);
  [[nodiscard]] Result<void> set_mode(const std::shared_ptr<Display>& display, DisplayMode mode);

  const std::unique_ptr<DisplayBackend> backend_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

// The backend for this machine: today a private headless sway per display. Also removes what a killed host
// left behind. Fails when no backend can run here, naming the package to install.
[[nodiscard]] Result<std::unique_ptr<DisplayBackend>> create_display_backend();

}  // namespace punktfunk::host

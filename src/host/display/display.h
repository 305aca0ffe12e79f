// SPDX-License-Identifier: MIT OR Apache-2.0
// A display a session streams: a real output at exactly the client's mode, never a scaled one. Backends live
// in subfolders; only registry.cc names them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "host/display/display_book.h"
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

// Keeps a display alive. Move-only. Must not outlive the registry.
class DisplayLease {
 public:
  DisplayLease() = default;
  DisplayLease(DisplayLease&& other) noexcept;
  DisplayLease& operator=(DisplayLease&& other) noexcept;
  // As a lost connection.
  ~DisplayLease() { release(); }

  [[nodiscard]] explicit operator bool() const { return display_ != nullptr; }
  [[nodiscard]] Display& operator*() const { return *display_; }
  [[nodiscard]] Display* operator->() const { return display_.get(); }
  // Number of the display, as DisplayInfo has it; 0 without one.
  [[nodiscard]] DisplayBook::DisplayId id() const { return id_; }
  // Display::set_mode(), unless another session looks at the same display: that one's picture must not
  // change size under it.
  [[nodiscard]] Result<void> set_mode(DisplayMode mode);
  // What becomes of the display when this was its last lease, DisplayBook says. `new_key`: with
  // Leave::handed_over, whose it is from now on. Blocks while a display ends. Idempotent.
  void release(DisplayBook::Leave how = DisplayBook::Leave::lost, const std::string& new_key = {});

 private:
  friend class DisplayRegistry;
  DisplayLease(DisplayRegistry* registry, DisplayBook::DisplayId id, DisplayBook::HolderId holder,
               std::shared_ptr<Display> display)
      : registry_(registry), id_(id), holder_(holder), display_(std::move(display)) {}

  DisplayRegistry* registry_ = nullptr;
  DisplayBook::DisplayId id_ = 0;
  DisplayBook::HolderId holder_ = 0;
  std::shared_ptr<Display> display_;
};

// A display as the management API shows it.
struct DisplayInfo {
  DisplayBook::DisplayId id = 0;
  std::string key;  // the client's fingerprint in hexadecimal
  DisplayMode mode;
  DisplayBook::State state = DisplayBook::State::starting;
  std::size_t sessions = 0;  // that look at it
  // Of a lingering one: how long it still waits; nullopt: for ever.
  std::optional<Duration> left;
};

// The displays of a host, who has which, and the thread on which those that nobody came back for end. Created
// once per host, outlives every lease. Any thread.
class DisplayRegistry {
 public:
  explicit DisplayRegistry(std::unique_ptr<DisplayBackend> backend, DisplayBook::Policy policy = {});
  ~DisplayRegistry();
  DisplayRegistry(const DisplayRegistry&) = delete;
  DisplayRegistry& operator=(const DisplayRegistry&) = delete;

  // The display that `key` (one per client) left and that still waits, brought to the mode wanted, or a new
  // one. With `share` that one instead, in whatever mode it has, when it is still there. Blocks while a
  // display starts or changes its mode.
  [[nodiscard]] Result<DisplayLease> acquire(const std::string& key, const DisplayRequest& request,
                                             std::optional<DisplayBook::DisplayId> share = std::nullopt);

  // For displays that are left from now on.
  void set_linger(std::optional<Duration> linger);
  // Ends a display that waits for its client. The error says why it was not ended.
  [[nodiscard]] Result<void> end(DisplayBook::DisplayId id);
  // Ends at once what nobody has, all in parallel, and hands out nothing more. Idempotent.
  void stop();

  // Called whenever a display begins or ends to be leased or to linger, on the thread that made it so and
  // with a lock held: it must be quick and call nothing here. `exists` false: it is gone. Before the first
  // acquire().
  using Listener = std::function<void(const DisplayInfo& display, bool exists)>;
  void listen(Listener listener) { listener_ = std::move(listener); }

  // Displays that exist now, those that end included.
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::vector<DisplayInfo> list() const;
  [[nodiscard]] const char* backend_name() const { return backend_->name(); }

 private:
  friend class DisplayLease;
  using Displays = std::map<DisplayBook::DisplayId, std::shared_ptr<Display>>;

  void release(DisplayLease& lease, DisplayBook::Leave how, const std::string& new_key);
  [[nodiscard]] Result<void> set_mode(const DisplayLease& lease, DisplayMode mode);
  [[nodiscard]] Result<DisplayLease> start(DisplayBook::DisplayId id, DisplayBook::HolderId holder,
                                           const DisplayRequest& request);
  // With mutex_ held: tells the listener what changed.
  void tell();
  [[nodiscard]] static DisplayInfo info_of(const DisplayBook::Entry& entry, TimePoint now);
  // With mutex_ held: what must end now. Destroy it without, then call finish().
  [[nodiscard]] Displays take_ends();
  void finish(Displays ends);
  void watch();

  const std::unique_ptr<DisplayBackend> backend_;
  Listener listener_;
  mutable std::mutex mutex_;         // guards the next four
  std::condition_variable changed_;  // somebody's start or change of mode is over
  DisplayBook book_;
  Displays displays_;
  std::map<DisplayBook::DisplayId, DisplayInfo> told_;  // what the listener knows
  DisplayBook::HolderId next_holder_ = 1;
  bool stopping_ = false;
  UniqueFd wake_;  // of the watching thread
  std::thread watch_thread_;
};

// The backend for this machine: today a private headless sway per display. Also removes what a killed host
// left behind. Fails when no backend can run here, naming the package to install.
[[nodiscard]] Result<std::unique_ptr<DisplayBackend>> create_display_backend();

}  // namespace punktfunk::host

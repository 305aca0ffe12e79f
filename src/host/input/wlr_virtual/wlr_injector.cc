// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/input/wlr_virtual/wlr_injector.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <virtual-keyboard-unstable-v1-client-protocol.h>
#include <wayland-client.h>
#include <wlr-virtual-pointer-unstable-v1-client-protocol.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "host/input/held_keys.h"
#include "host/input/wlr_virtual/keymap.h"
#include "host/wayland/bounded_roundtrip.h"
#include "host/wayland/named_outputs.h"
#include "host/wayland/wayland_pointer.h"

namespace punktfunk::host {
namespace {

constexpr std::int32_t kUnitsPerDetent = 120;
constexpr double kPixelsPerDetent = 15.0;        // what libinput and every toolkit take a wheel detent for
constexpr double kPixelsPerSmoothDetent = 10.0;  // the protocol's definition of a smooth source
constexpr std::int32_t kMaxScroll = 100 * kUnitsPerDetent;
constexpr std::int32_t kMaxMove = 32767;  // wl_fixed holds ±2^23
// libwayland's send buffer is 4096 bytes and the largest of our requests is 32, so this many always fit after
// a flush.
constexpr int kMaxQueued = 96;

class WlrInjector final : public Injector {
 public:
  ~WlrInjector() override {
    release_all();
    flush();
  }

  Result<void> connect(const InjectorTarget& target);

  void key(std::uint16_t evdev_code, bool down) override;
  void pointer_move(std::int32_t dx, std::int32_t dy) override;
  void pointer_position(std::int32_t x, std::int32_t y, std::uint32_t width, std::uint32_t height) override;
  void button(std::uint16_t evdev_button, bool down) override;
  void scroll(ScrollAxis axis, std::int32_t units, bool smooth) override;
  void release_all() override;
  void flush() override;
  [[nodiscard]] const char* name() const override { return "wlr-virtual"; }

 private:
  static void on_global(void* self, wl_registry* registry, std::uint32_t id, const char* interface,
                        std::uint32_t version);
  // Room for `requests` more? A compositor that stopped reading makes the socket full; what comes then is
  // dropped, since a full libwayland buffer would end the connection and waiting would block the caller.
  [[nodiscard]] bool room(int requests);
  static std::uint32_t now_ms() {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(monotonic_now().time_since_epoch()).count());
  }

  WaylandPointer<wl_display, wl_display_disconnect> display_;
  WaylandPointer<wl_registry, wl_registry_destroy> registry_;
  WaylandPointer<wl_seat, wl_seat_destroy> seat_;
  NamedOutputs outputs_;
  WaylandPointer<zwlr_virtual_pointer_manager_v1, zwlr_virtual_pointer_manager_v1_destroy> pointer_manager_;
  WaylandPointer<zwp_virtual_keyboard_manager_v1, zwp_virtual_keyboard_manager_v1_destroy> keyboard_manager_;
  WaylandPointer<zwlr_virtual_pointer_v1, zwlr_virtual_pointer_v1_destroy> pointer_;
  WaylandPointer<zwp_virtual_keyboard_v1, zwp_virtual_keyboard_v1_destroy> keyboard_;

  std::optional<Keymap> keymap_;
  Modifiers modifiers_;
  HeldKeys held_;
  std::array<std::int32_t, 2> detent_rest_{};  // units not yet reported as a whole detent, by axis
  int queued_ = 0;
  bool dead_ = true;  // until connected
};

void WlrInjector::on_global(void* self, wl_registry* registry, std::uint32_t id, const char* interface,
                            std::uint32_t version) {
  auto* injector = static_cast<WlrInjector*>(self);
  const std::string_view what = interface;
  if (what == wl_seat_interface.name && !injector->seat_) {
    injector->seat_.reset(static_cast<wl_seat*>(wl_registry_bind(registry, id, &wl_seat_interface, 1)));
  } else if (what == zwlr_virtual_pointer_manager_v1_interface.name && version >= 2) {
    injector->pointer_manager_.reset(static_cast<zwlr_virtual_pointer_manager_v1*>(
        wl_registry_bind(registry, id, &zwlr_virtual_pointer_manager_v1_interface, 2)));
  } else if (what == zwp_virtual_keyboard_manager_v1_interface.name) {
    injector->keyboard_manager_.reset(static_cast<zwp_virtual_keyboard_manager_v1*>(
        wl_registry_bind(registry, id, &zwp_virtual_keyboard_manager_v1_interface, 1)));
  } else {
    (void)injector->outputs_.take_global(registry, id, what, version);
  }
}

Result<void> WlrInjector::connect(const InjectorTarget& target) {
  Result<Keymap> keymap = Keymap::create_us();
  if (!keymap) return tl::unexpected<Error>(keymap.error());
  keymap_.emplace(std::move(*keymap));
  std::uint32_t keymap_bytes = 0;
  const Result<UniqueFd> keymap_file = keymap_->to_file(keymap_bytes);
  if (!keymap_file) return tl::unexpected<Error>(keymap_file.error());

  display_.reset(wl_display_connect(target.wayland_socket.c_str()));
  if (!display_)
    return fail(fmt::format("No input can be sent to the desktop: no compositor answers at {} ({}).",
                            target.wayland_socket, ::strerror(errno)));
  registry_.reset(wl_display_get_registry(display_.get()));
  static constexpr wl_registry_listener kListener = {on_global, [](void*, wl_registry*, std::uint32_t) {}};
  wl_registry_add_listener(registry_.get(), &kListener, this);
  // The first brings the globals, the second the outputs' names.
  const TimePoint deadline = monotonic_now() + kCompositorAnswer;
  if (!bounded_roundtrip(display_.get(), deadline) || !bounded_roundtrip(display_.get(), deadline))
    return fail("No input can be sent to the desktop: its compositor does not answer.");
  if (!seat_ || !pointer_manager_ || !keyboard_manager_)
    return fail(
        "No input can be sent to the desktop: the compositor offers no virtual pointer and keyboard; use a "
        "wlroots "
        "compositor such as sway 1.7 or later.");
  wl_output* const output = outputs_.find(target.output_name);
  if (output == nullptr)
    return fail(fmt::format("No input can be sent to the desktop: the compositor has no output named {}.",
                            target.output_name));

  pointer_.reset(zwlr_virtual_pointer_manager_v1_create_virtual_pointer_with_output(pointer_manager_.get(),
                                                                                    seat_.get(), output));
  keyboard_.reset(
      zwp_virtual_keyboard_manager_v1_create_virtual_keyboard(keyboard_manager_.get(), seat_.get()));
  zwp_virtual_keyboard_v1_keymap(keyboard_.get(), WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, keymap_file->get(),
                                 keymap_bytes);
  zwp_virtual_keyboard_v1_modifiers(keyboard_.get(), 0, 0, 0, 0);
  // Once the compositor answers, the devices are on the seat.
  if (!bounded_roundtrip(display_.get(), deadline))
    return fail("No input can be sent to the desktop: the compositor did not accept the virtual devices.");
  // Nothing more is wanted from the compositor, and nobody reads the connection from here on.
  outputs_.clear();
  seat_.reset();
  registry_.reset();
  dead_ = false;
  return {};
}

bool WlrInjector::room(int requests) {
  if (dead_) return false;
  if (queued_ + requests > kMaxQueued) flush();
  if (dead_ || queued_ + requests > kMaxQueued) return false;
  queued_ += requests;
  return true;
}

void WlrInjector::flush() {
  if (dead_) return;
  if (wl_display_flush(display_.get()) >= 0)
    queued_ = 0;
  else if (errno != EAGAIN)
    dead_ = true;
}

void WlrInjector::key(std::uint16_t evdev_code, bool down) {
  if (!room(2) || !held_.key(evdev_code, down)) return;
  zwp_virtual_keyboard_v1_key(keyboard_.get(), now_ms(), evdev_code,
                              down ? WL_KEYBOARD_KEY_STATE_PRESSED : WL_KEYBOARD_KEY_STATE_RELEASED);
  const Modifiers now = keymap_->update(evdev_code, down);
  if (now == modifiers_) return;
  modifiers_ = now;
  zwp_virtual_keyboard_v1_modifiers(keyboard_.get(), now.depressed, now.latched, now.locked, now.group);
}

void WlrInjector::pointer_move(std::int32_t dx, std::int32_t dy) {
  if (!room(2)) return;
  zwlr_virtual_pointer_v1_motion(pointer_.get(), now_ms(),
                                 wl_fixed_from_int(std::clamp(dx, -kMaxMove, kMaxMove)),
                                 wl_fixed_from_int(std::clamp(dy, -kMaxMove, kMaxMove)));
  zwlr_virtual_pointer_v1_frame(pointer_.get());
}

void WlrInjector::pointer_position(std::int32_t x, std::int32_t y, std::uint32_t width,
                                   std::uint32_t height) {
  if (width == 0 || height == 0 || !room(2)) return;
  const auto clamp = [](std::int32_t at, std::uint32_t size) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(at, 0, std::int64_t{size} - 1));
  };
  zwlr_virtual_pointer_v1_motion_absolute(pointer_.get(), now_ms(), clamp(x, width), clamp(y, height), width,
                                          height);
  zwlr_virtual_pointer_v1_frame(pointer_.get());
}

void WlrInjector::button(std::uint16_t evdev_button, bool down) {
  if (!room(2) || !held_.button(evdev_button, down)) return;
  zwlr_virtual_pointer_v1_button(pointer_.get(), now_ms(), evdev_button,
                                 down ? WL_POINTER_BUTTON_STATE_PRESSED : WL_POINTER_BUTTON_STATE_RELEASED);
  zwlr_virtual_pointer_v1_frame(pointer_.get());
}

void WlrInjector::scroll(ScrollAxis axis, std::int32_t units, bool smooth) {
  units = std::clamp(units, -kMaxScroll, kMaxScroll);
  if (units == 0 || !room(3)) return;
  // Ours: positive is up or right. Wayland's: positive is down or right.
  const std::int32_t amount = axis == ScrollAxis::vertical ? -units : units;
  const auto wayland_axis = static_cast<std::uint32_t>(axis);
  const double pixels = (smooth ? kPixelsPerSmoothDetent : kPixelsPerDetent) * amount / kUnitsPerDetent;
  zwlr_virtual_pointer_v1_axis_source(
      pointer_.get(), smooth ? WL_POINTER_AXIS_SOURCE_CONTINUOUS : WL_POINTER_AXIS_SOURCE_WHEEL);
  std::int32_t& rest = detent_rest_[wayland_axis];
  if (!smooth) rest += amount;
  const std::int32_t detents = smooth ? 0 : rest / kUnitsPerDetent;
  rest -= detents * kUnitsPerDetent;
  if (detents != 0)
    zwlr_virtual_pointer_v1_axis_discrete(pointer_.get(), now_ms(), wayland_axis,
                                          wl_fixed_from_double(pixels), detents);
  else
    zwlr_virtual_pointer_v1_axis(pointer_.get(), now_ms(), wayland_axis, wl_fixed_from_double(pixels));
  zwlr_virtual_pointer_v1_frame(pointer_.get());
}

void WlrInjector::release_all() {
  for (const std::uint16_t code : held_.keys()) key(code, false);
  for (const std::uint16_t code : held_.buttons()) button(code, false);
}

}  // namespace

Result<std::unique_ptr<Injector>> create_wlr_injector(const InjectorTarget& target) {
  auto injector = std::make_unique<WlrInjector>();
  if (auto connected = injector->connect(target); !connected) return tl::unexpected<Error>(connected.error());
  return injector;
}

}  // namespace punktfunk::host

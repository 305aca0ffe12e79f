// SPDX-License-Identifier: MIT OR Apache-2.0
#include "test_pattern/window.h"

#include <linux/input-event-codes.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <string_view>

#include "base/time.h"
#include "test_pattern/scene.h"

namespace punktfunk {

struct Window::Listeners {
  static Window& of(void* data) { return *static_cast<Window*>(data); }

  [[gnu::format(printf, 2, 3)]] static void log(Window& window, const char* format, ...) {
    if (window.options_.log == nullptr) return;
    std::va_list arguments;
    va_start(arguments, format);
    std::vfprintf(window.options_.log, format, arguments);
    va_end(arguments);
    std::fflush(window.options_.log);
  }

  static void pointer_at(Window& window, wl_fixed_t x, wl_fixed_t y) {
    window.pointer_state_.x = static_cast<std::uint16_t>(std::clamp(wl_fixed_to_int(x), 0, 65535));
    window.pointer_state_.y = static_cast<std::uint16_t>(std::clamp(wl_fixed_to_int(y), 0, 65535));
    log(window, "pointer %d %d\n", int{window.pointer_state_.x}, int{window.pointer_state_.y});
    window.input_arrived();
  }

  static constexpr wl_pointer_listener kPointer = {
      [](void* data, wl_pointer*, std::uint32_t, wl_surface*, wl_fixed_t x, wl_fixed_t y) {
        pointer_at(of(data), x, y);
      },
      [](void*, wl_pointer*, std::uint32_t, wl_surface*) {},
      [](void* data, wl_pointer*, std::uint32_t, wl_fixed_t x, wl_fixed_t y) { pointer_at(of(data), x, y); },
      [](void* data, wl_pointer*, std::uint32_t, std::uint32_t, std::uint32_t button, std::uint32_t state) {
        Window& window = of(data);
        const bool down = state == WL_POINTER_BUTTON_STATE_PRESSED;
        const std::uint32_t bit =
            button >= BTN_LEFT && button < BTN_LEFT + 8 ? 1u << (button - BTN_LEFT) : 0u;
        auto& at = window.pointer_state_;
        at.buttons = static_cast<std::uint8_t>(down ? at.buttons | bit : at.buttons & ~bit);
        if (down) ++at.clicks;
        log(window, "button %u %s\n", button, down ? "down" : "up");
        window.input_arrived();
      },
      [](void* data, wl_pointer*, std::uint32_t, std::uint32_t axis, wl_fixed_t value) {
        Window& window = of(data);
        ++window.pointer_state_.scrolls;
        log(window, "scroll %u %.2f\n", axis, wl_fixed_to_double(value));
        window.input_arrived();
      },
      [](void*, wl_pointer*) {},
      [](void*, wl_pointer*, std::uint32_t) {},
      [](void*, wl_pointer*, std::uint32_t, std::uint32_t) {},
      [](void*, wl_pointer*, std::uint32_t, std::int32_t) {},
      [](void*, wl_pointer*, std::uint32_t, std::int32_t) {}};

  static constexpr wl_keyboard_listener kKeyboard = {
      [](void*, wl_keyboard*, std::uint32_t, std::int32_t fd, std::uint32_t) { ::close(fd); },
      [](void* data, wl_keyboard*, std::uint32_t, wl_surface*, wl_array*) { log(of(data), "focus in\n"); },
      [](void* data, wl_keyboard*, std::uint32_t, wl_surface*) { log(of(data), "focus out\n"); },
      [](void* data, wl_keyboard*, std::uint32_t, std::uint32_t, std::uint32_t key, std::uint32_t state) {
        Window& window = of(data);
        const bool down = state == WL_KEYBOARD_KEY_STATE_PRESSED;
        if (down) window.key_state_.press(static_cast<std::uint16_t>(key));
        log(window, "key %u %s\n", key, down ? "down" : "up");
        window.input_arrived();
      },
      [](void* data, wl_keyboard*, std::uint32_t, std::uint32_t depressed, std::uint32_t,
         std::uint32_t locked, std::uint32_t) { log(of(data), "modifiers %u %u\n", depressed, locked); },
      [](void*, wl_keyboard*, std::int32_t, std::int32_t) {}};

  static constexpr wl_seat_listener kSeat = {
      [](void* data, wl_seat* seat, std::uint32_t capabilities) {
        Window& window = of(data);
        if ((capabilities & WL_SEAT_CAPABILITY_POINTER) != 0 && window.pointer_ == nullptr) {
          window.pointer_ = wl_seat_get_pointer(seat);
          wl_pointer_add_listener(window.pointer_, &kPointer, &window);
        }
        if ((capabilities & WL_SEAT_CAPABILITY_KEYBOARD) != 0 && window.keyboard_ == nullptr) {
          window.keyboard_ = wl_seat_get_keyboard(seat);
          wl_keyboard_add_listener(window.keyboard_, &kKeyboard, &window);
        }
      },
      [](void*, wl_seat*, const char*) {}};

  static constexpr xdg_wm_base_listener kShell = {
      [](void*, xdg_wm_base* shell, std::uint32_t serial) { xdg_wm_base_pong(shell, serial); }};

  static constexpr xdg_toplevel_listener kToplevel = {
      [](void* data, xdg_toplevel*, std::int32_t width, std::int32_t height, wl_array*) {
        of(data).use_size(width, height);
      },
      [](void* data, xdg_toplevel*) { of(data).closed_ = true; },
      [](void*, xdg_toplevel*, std::int32_t, std::int32_t) {}, [](void*, xdg_toplevel*, wl_array*) {}};

  static constexpr xdg_surface_listener kSurface = {
      [](void* data, xdg_surface* surface, std::uint32_t serial) {
        Window& window = of(data);
        xdg_surface_ack_configure(surface, serial);
        window.configured_ = true;
        window.dirty_ = true;
        window.draw();
      }};

  static constexpr wl_callback_listener kFrame = {[](void* data, wl_callback* callback, std::uint32_t) {
    Window& window = of(data);
    wl_callback_destroy(callback);
    window.frame_callback_ = nullptr;
    if (!window.options_.still || window.dirty_) window.draw();
  }};

  static constexpr wl_registry_listener kRegistry = {
      [](void* data, wl_registry* registry, std::uint32_t id, const char* interface, std::uint32_t version) {
        Window& window = of(data);
        const std::string_view what = interface;
        if (what == wl_compositor_interface.name) {
          window.compositor_ =
              static_cast<wl_compositor*>(wl_registry_bind(registry, id, &wl_compositor_interface, 4));
        } else if (what == wl_shm_interface.name) {
          window.shm_ = static_cast<wl_shm*>(wl_registry_bind(registry, id, &wl_shm_interface, 1));
        } else if (what == xdg_wm_base_interface.name) {
          window.shell_ =
              static_cast<xdg_wm_base*>(wl_registry_bind(registry, id, &xdg_wm_base_interface, 1));
          xdg_wm_base_add_listener(window.shell_, &kShell, &window);
        } else if (what == wl_seat_interface.name && window.seat_ == nullptr) {
          window.seat_ = static_cast<wl_seat*>(
              wl_registry_bind(registry, id, &wl_seat_interface, std::min(version, 5u)));
          wl_seat_add_listener(window.seat_, &kSeat, &window);
        }
      },
      [](void*, wl_registry*, std::uint32_t) {}};
};

Window::~Window() {
  for (auto& buffer : buffers_) buffer.reset();
  if (toplevel_ != nullptr) xdg_toplevel_destroy(toplevel_);
  if (shell_surface_ != nullptr) xdg_surface_destroy(shell_surface_);
  if (surface_ != nullptr) wl_surface_destroy(surface_);
  if (display_ != nullptr) wl_display_disconnect(display_);
}

Result<void> Window::run() {
  display_ = wl_display_connect(nullptr);
  if (display_ == nullptr)
    return fail("The test pattern cannot be shown: no Wayland compositor answers; set WAYLAND_DISPLAY.");
  registry_ = wl_display_get_registry(display_);
  wl_registry_add_listener(registry_, &Listeners::kRegistry, this);
  (void)wl_display_roundtrip(display_);
  if (compositor_ == nullptr || shm_ == nullptr || shell_ == nullptr)
    return fail("The test pattern cannot be shown: the compositor has no xdg-shell or shared memory.");
  surface_ = wl_compositor_create_surface(compositor_);
  shell_surface_ = xdg_wm_base_get_xdg_surface(shell_, surface_);
  xdg_surface_add_listener(shell_surface_, &Listeners::kSurface, this);
  toplevel_ = xdg_surface_get_toplevel(shell_surface_);
  xdg_toplevel_add_listener(toplevel_, &Listeners::kToplevel, this);
  xdg_toplevel_set_title(toplevel_, "punktfunk test pattern");
  xdg_toplevel_set_app_id(toplevel_, "punktfunk-test-pattern");
  wl_surface_commit(surface_);
  while (!closed_ && wl_display_dispatch(display_) >= 0) {
  }
  return {};
}

void Window::use_size(std::int32_t width, std::int32_t height) {
  if (width <= 0 || height <= 0) return;  // the choice is ours
  const auto new_width = static_cast<std::uint32_t>(std::min(width, 16384));
  const auto new_height = static_cast<std::uint32_t>(std::min(height, 16384));
  if (new_width == width_ && new_height == height_) return;
  width_ = new_width;
  height_ = new_height;
  for (auto& buffer : buffers_) buffer.reset();
}

void Window::input_arrived() {
  dirty_ = true;
  // A moving picture shows it with its next frame anyway.
  if (options_.still && frame_callback_ == nullptr) draw();
}

ShmBuffer* Window::free_buffer() {
  for (auto& buffer : buffers_) {
    if (!buffer) buffer = ShmBuffer::create(shm_, width_, height_);
    if (buffer && !buffer->busy()) return buffer.get();
  }
  return nullptr;
}

void Window::draw() {
  if (!configured_) return;
  if (frame_callback_ == nullptr) {
    frame_callback_ = wl_surface_frame(surface_);
    wl_callback_add_listener(frame_callback_, &Listeners::kFrame, this);
  }
  if (ShmBuffer* const buffer = free_buffer()) {
    clock_blocks::Content content;
    content.drawn_ns = static_cast<std::uint64_t>(monotonic_now().time_since_epoch().count());
    content.pointer = pointer_state_;
    content.key_presses = key_state_.presses;
    content.key_history = key_state_.history48();
    draw_scene(Canvas{buffer->pixels(), width_, width_, height_}, content, frame_++, options_.busy_percent);
    dirty_ = false;
    buffer->mark_busy();
    wl_surface_attach(surface_, buffer->handle(), 0, 0);
    wl_surface_damage_buffer(surface_, 0, 0, static_cast<std::int32_t>(width_),
                             static_cast<std::int32_t>(height_));
  }
  wl_surface_commit(surface_);
}

}  // namespace punktfunk

// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <wayland-client.h>
#include <xdg-shell-client-protocol.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>

#include "base/result.h"
#include "common/clock_blocks.h"
#include "test_pattern/shm_buffer.h"

namespace punktfunk {

struct WindowOptions {
  int busy_percent = 0;      // 0..100
  std::FILE* log = nullptr;  // one line per event; not owned; may be null
  bool still = false;        // draw once, and again only when input arrived
};

// A window that shows the scene, redrawn whenever the compositor wants a frame, and counts what input reaches
// it.
class Window {
 public:
  explicit Window(WindowOptions options) : options_(options) {}
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // Until the compositor closes the window or goes away (no error in either case).
  [[nodiscard]] Result<void> run();

 private:
  struct Listeners;  // window.cc: the C callbacks

  void draw();
  void use_size(std::int32_t width, std::int32_t height);
  void input_arrived();
  ShmBuffer* free_buffer();

  const WindowOptions options_;
  wl_display* display_ = nullptr;
  wl_registry* registry_ = nullptr;
  wl_compositor* compositor_ = nullptr;
  wl_shm* shm_ = nullptr;
  wl_seat* seat_ = nullptr;
  wl_pointer* pointer_ = nullptr;
  wl_keyboard* keyboard_ = nullptr;
  xdg_wm_base* shell_ = nullptr;
  wl_surface* surface_ = nullptr;
  xdg_surface* shell_surface_ = nullptr;
  xdg_toplevel* toplevel_ = nullptr;
  wl_callback* frame_callback_ = nullptr;

  std::uint32_t width_ = 640;
  std::uint32_t height_ = 480;
  std::array<std::unique_ptr<ShmBuffer>, 3> buffers_;
  clock_blocks::PointerState pointer_state_;
  clock_blocks::KeyState key_state_;
  std::uint64_t frame_ = 0;
  bool configured_ = false;
  bool dirty_ = true;
  bool closed_ = false;
};

}  // namespace punktfunk

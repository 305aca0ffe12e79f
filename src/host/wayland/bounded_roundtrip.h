// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <poll.h>
#include <wayland-client.h>

#include <algorithm>
#include <chrono>

#include "base/time.h"

namespace punktfunk::host {

// How long a compositor may take to answer whoever connects. One that hangs would otherwise hold its
// session's thread for ever; under heavy load it may take a second.
inline constexpr Duration kCompositorAnswer = std::chrono::seconds(3);

// As wl_display_roundtrip(), on the default queue, but it gives up at `deadline`. False: no answer by then,
// or the connection is broken.
[[nodiscard]] inline bool bounded_roundtrip(wl_display* display, TimePoint deadline) {
  bool answered = false;
  wl_callback* const callback = wl_display_sync(display);
  if (callback == nullptr) return false;
  static constexpr wl_callback_listener kListener = {
      [](void* at, wl_callback*, std::uint32_t) { *static_cast<bool*>(at) = true; }};
  wl_callback_add_listener(callback, &kListener, &answered);
  bool works = true;
  while (works && !answered) {
    if (wl_display_prepare_read(display) != 0) {
      works = wl_display_dispatch_pending(display) >= 0;
      continue;
    }
    (void)wl_display_flush(display);
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - monotonic_now()).count();
    pollfd wait{wl_display_get_fd(display), POLLIN, 0};
    // Rounded up, so that the last stretch is not spent spinning.
    const int ready = left < 0 ? 0 : ::poll(&wait, 1, static_cast<int>(left) + 1);
    if (ready > 0) {
      works = wl_display_read_events(display) >= 0 && wl_display_dispatch_pending(display) >= 0;
    } else {
      wl_display_cancel_read(display);
      works = left >= 0;
    }
  }
  wl_callback_destroy(callback);
  return answered;
}

}  // namespace punktfunk::host

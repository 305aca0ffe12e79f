// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <wayland-client.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace punktfunk::host {

// The outputs of one Wayland connection by name. Fed from the registry listener; the names are there one
// round trip after the globals. One thread.
class NamedOutputs {
 public:
  // True when the global was an output that can say its name (wl_output 4); others are not taken.
  bool take_global(wl_registry* registry, std::uint32_t id, std::string_view interface,
                   std::uint32_t version) {
    if (interface != wl_output_interface.name || version < WL_OUTPUT_NAME_SINCE_VERSION) return false;
    Output& output = *outputs_.emplace_back(std::make_unique<Output>());
    output.proxy.reset(static_cast<wl_output*>(
        wl_registry_bind(registry, id, &wl_output_interface, WL_OUTPUT_NAME_SINCE_VERSION)));
    static constexpr wl_output_listener kListener = {
        [](void*, wl_output*, int, int, int, int, int, const char*, const char*, int) {},
        [](void*, wl_output*, std::uint32_t, int, int, int) {},
        [](void*, wl_output*) {},
        [](void*, wl_output*, int) {},
        [](void* at, wl_output*, const char* name) { static_cast<Output*>(at)->name = name; },
        [](void*, wl_output*, const char*) {}};
    wl_output_add_listener(output.proxy.get(), &kListener, &output);
    return true;
  }

  // Null when there is none of that name. Lives as long as this object.
  [[nodiscard]] wl_output* find(std::string_view name) const {
    for (const auto& output : outputs_)
      if (output->name == name) return output->proxy.get();
    return nullptr;
  }

  // Before the connection goes.
  void clear() { outputs_.clear(); }

 private:
  // Not a WaylandPointer: in a header its parameter, a function that libwayland declares static, would give
  // this class another type in each file.
  struct Destroy {
    void operator()(wl_output* output) const { wl_output_destroy(output); }
  };
  struct Output {
    std::unique_ptr<wl_output, Destroy> proxy;
    std::string name;
  };
  std::vector<std::unique_ptr<Output>> outputs_;  // their addresses are known to libwayland
};

}  // namespace punktfunk::host

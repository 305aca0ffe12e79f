// SPDX-License-Identifier: MIT OR Apache-2.0
// Input events from the wire into an injector. Input: grants u8, then events of 18 bytes.
#include "core/wire/input_event.h"

#include "core/wire/key_codes.h"
#include "core/wire/scroll.h"
#include "fuzz_input.h"
#include "host/input/fake/fake_injector.h"
#include "host/session/input_router.h"

using namespace punktfunk;
using namespace punktfunk::wire;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint32_t grants = input.take<std::uint8_t>();
  host::FakeInjector injector;
  while (!input.empty()) {
    const ByteView taken = input.take_bytes(kInputEventBytes);
    const Bytes bytes(taken.begin(), taken.end());
    fuzz::check_message<InputEvent>(bytes);
    const auto event = InputEvent::decode(bytes);
    if (!event) continue;
    require(bytes.size() == kInputEventBytes, "an event has one length");
    if (event->kind == InputKind::scroll) require(is_valid_scroll(*event), "a scroll event keeps its rules");
    const std::size_t before = injector.events().size();
    const bool routed = host::route_input(*event, grants, injector);
    const std::uint32_t needed = host::grant_for(event->kind);
    if ((grants & needed) != needed) require(!routed, "what is not granted is dropped");
    require(injector.events().size() <= before + (routed ? 1 : 0), "an event does one thing at most");
    if (const auto key = vk_to_evdev(event->code)) {
      require(evdev_to_vk(*key).has_value(), "a key of the wire has a number");
    }
  }
  injector.release_all();
  const std::size_t released = injector.events().size();
  injector.release_all();
  require(injector.events().size() == released, "nothing is held after a release");
  return 0;
}

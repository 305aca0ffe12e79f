// SPDX-License-Identifier: MIT OR Apache-2.0
// Input events from the wire into an injector. Input: grants u8, then events of 18 bytes.
#include "core/wire/input_event.h"

#include "core/session/grants.h"
#include "core/wire/gamepad.h"
#include "core/wire/key_codes.h"
#include "core/wire/scroll.h"
#include "fuzz_input.h"
#include "host/input/fake/fake_injector.h"
#include "host/session/input_router.h"

using namespace punktfunk;
using namespace punktfunk::wire;
using fuzz::require;

namespace {

void check_pad(const InputEvent& event, PadSequences& sequences) {
  const auto state = PadState::from_event(event);
  const auto removed = PadRemoved::from_event(event);
  const auto arrived = PadArrived::from_event(event);
  require(int{state.has_value()} + int{removed.has_value()} + int{arrived.has_value()} <= 1,
          "a pad event means one thing");
  if (state) {
    require(state->pad < kMaxPads, "a pad is in range");
    require(state->to_event() == event, "a state makes the event it came from");
    (void)sequences.take(state->pad, state->seq);
    require(!sequences.take(state->pad, state->seq), "a state is taken once");
  }
  if (removed)
    require(PadRemoved::from_event(removed->to_event()) == removed, "a removal is read as written");
  if (arrived)
    require(PadArrived::from_event(arrived->to_event()) == arrived, "an arrival is read as written");
}

void check_simple_scroll(const InputEvent& event, SimpleScroll& simple) {
  const auto converted = simple.convert(event);
  if (!converted) return;
  require(event.kind == InputKind::scroll && converted->kind == InputKind::scroll_simple,
          "only scrolling is made simple");
  require(converted->x != 0 && converted->code == event.code, "a movement stays on its axis");
  require(InputEvent::decode(converted->encode()) == converted, "the simple form is read as written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint32_t grants = input.take<std::uint8_t>();
  host::FakeInjector injector;
  PadSequences sequences;
  SimpleScroll simple;
  while (!input.empty()) {
    const ByteView taken = input.take_bytes(kInputEventBytes);
    const Bytes bytes(taken.begin(), taken.end());
    fuzz::check_message<InputEvent>(bytes);
    const auto event = InputEvent::decode(bytes);
    if (!event) continue;
    check_pad(*event, sequences);
    check_simple_scroll(*event, simple);
    require(bytes.size() == kInputEventBytes, "an event has one length");
    if (event->kind == InputKind::scroll) require(is_valid_scroll(*event), "a scroll event keeps its rules");
    const std::size_t before = injector.events().size();
    const std::uint32_t needed = access::needed(event->kind);
    require(needed != access::kFree && needed != access::kNever, "every kind that is read is classed");
    require(access::needed({DatagramKind::input_state, bytes}) == needed,
            "the bytes are classed like the event");
    const bool routed = access::allows(grants, needed) && host::route_input(*event, injector);
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

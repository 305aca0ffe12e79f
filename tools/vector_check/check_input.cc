// SPDX-License-Identifier: MIT OR Apache-2.0
// Input events, scroll rules and accumulation.
#include "core/wire/gamepad.h"
#include "core/wire/input_event.h"
#include "core/wire/scroll.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

using wire::InputEvent;

template <class Meaning>
void check_meaning(Run& run, const InputEvent& event) {
  const auto meaning = Meaning::from_event(event);
  run.expect_true("has a meaning", meaning.has_value());
  if (meaning) run.expect_true("the meaning makes the same event", meaning->to_event() == event);
}

void check_event(Run& run) {
  if (run.expected.has("result")) {
    return run.expect_result(InputEvent::decode(run.inputs.bytes("hex")) ? "accepted" : "drop");
  }
  const auto kind = run.inputs.number("kind", static_cast<std::uint64_t>(wire::InputKind::scroll));
  const InputEvent event{static_cast<wire::InputKind>(kind), run.inputs.get<std::uint32_t>("code"),
                         run.inputs.get_signed<std::int32_t>("x"), run.inputs.get_signed<std::int32_t>("y"),
                         run.inputs.get<std::uint32_t>("flags")};
  check_payload(run, wire::DatagramKind::input_state, event);
  // The meaning of the three kinds about a whole pad, and back.
  if (event.kind == wire::InputKind::gamepad_state) check_meaning<wire::PadState>(run, event);
  if (event.kind == wire::InputKind::gamepad_removed) check_meaning<wire::PadRemoved>(run, event);
  if (event.kind == wire::InputKind::gamepad_arrived) check_meaning<wire::PadArrived>(run, event);
}

std::string show(const Json& event) { return event.is_null() ? "nothing" : event.dump(); }

void check_accumulator(Run& run) {
  const Json& steps = run.inputs.at("steps");
  const Json& wanted = run.expected.at("wire");
  if (!steps.is_array() || !wanted.is_array()) throw BadVector("\"steps\" or \"wire\" is no list");
  run.expect("number of results", wanted.size(), steps.size());
  wire::ScrollAccumulator accumulator;
  for (std::size_t i = 0; i < steps.size() && i < wanted.size(); ++i) {
    const Object step(steps[i], "steps");
    const auto source = static_cast<wire::ScrollSource>(step.number("source", 5));
    const auto phase = static_cast<wire::ScrollPhase>(step.number("phase", 7));
    const auto event = accumulator.add(source, phase, step.get<std::uint32_t>("axis"), step.real("delta"));
    Json got;
    if (event) {
      got = {{"source", event->flags & 0xFFU},
             {"phase", event->flags >> 8},
             {"axis", event->code},
             {"delta", event->x}};
    }
    run.expect("step " + std::to_string(i), show(wanted[i]), show(got));
  }
}

}  // namespace

void register_input(Registry& registry) {
  registry.add("input.event", "", check_event);
  registry.add("input.scroll", "", check_event);
  registry.add("input.scroll", "scroll-accumulator/", check_accumulator);
}

}  // namespace punktfunk::vector_check

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/host_timing.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

void check_timing(Run& run) {
  wire::HostTiming timing;
  timing.pts_ns = run.inputs.number("pts_ns");
  timing.host_us = run.inputs.get<std::uint32_t>("host_us");
  if (run.inputs.has("queue_us")) timing.queue_us = run.inputs.get<std::uint32_t>("queue_us");
  if (run.inputs.has("encode_us")) timing.encode_us = run.inputs.get<std::uint32_t>("encode_us");
  if (run.inputs.has("pace_us")) timing.pace_us = run.inputs.get<std::uint32_t>("pace_us");
  check_payload(run, wire::DatagramKind::host_timing, timing);
}

}  // namespace

void register_host_events(Registry& registry) { registry.add("host_events", "timing/", check_timing); }

}  // namespace punktfunk::vector_check

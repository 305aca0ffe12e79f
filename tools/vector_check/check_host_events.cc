// SPDX-License-Identifier: MIT OR Apache-2.0
// What a host tells about the picture: timing, cursor, HDR.
#include "core/wire/cursor.h"
#include "core/wire/hdr_meta.h"
#include "core/wire/hello.h"
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

void check_cursor(Run& run) {
  const wire::CursorState state{
      run.inputs.get<std::uint32_t>("serial"), run.inputs.get<std::uint8_t>("flags"),
      run.inputs.get_signed<std::int32_t>("x"), run.inputs.get_signed<std::int32_t>("y")};
  check_payload(run, wire::DatagramKind::cursor_state, state);
}

wire::HdrMeta::Chromaticity chromaticity(const Json& pair) {
  const Json named = {{"pair", pair}};
  const auto numbers = Object(named, "primaries").numbers("pair", UINT16_MAX);
  if (numbers.size() != 2) throw BadVector("a primary has not two coordinates");
  return {static_cast<std::uint16_t>(numbers[0]), static_cast<std::uint16_t>(numbers[1])};
}

void check_hdr(Run& run) {
  const Json& primaries = run.inputs.at("primaries_GBR");
  if (!primaries.is_array() || primaries.size() != 3)
    throw BadVector("\"primaries_GBR\" has not three entries");
  wire::HdrMeta meta;
  meta.green = chromaticity(primaries[0]);
  meta.blue = chromaticity(primaries[1]);
  meta.red = chromaticity(primaries[2]);
  meta.white = chromaticity(run.inputs.at("white"));
  meta.max_luminance = run.inputs.get<std::uint32_t>("max_luminance");
  meta.min_luminance = run.inputs.get<std::uint32_t>("min_luminance");
  meta.max_cll = run.inputs.get<std::uint16_t>("max_cll");
  meta.max_fall = run.inputs.get<std::uint16_t>("max_fall");
  check_payload(run, wire::DatagramKind::hdr_meta, meta);
  // The same bytes are a field of ClientHello.
  wire::ClientHello hello;
  hello.hdr_meta = meta.value();
  const auto read = wire::ClientHello::decode(hello.encode());
  run.expect_true("read from a ClientHello",
                  read && read->hdr_meta && wire::HdrMeta::from_value(*read->hdr_meta) == meta);
}

}  // namespace

void register_host_events(Registry& registry) {
  registry.add("host_events", "timing/", check_timing);
  registry.add("host_events", "cursor/state", check_cursor);
  registry.add("host_events", "hdr/meta", check_hdr);
}

}  // namespace punktfunk::vector_check

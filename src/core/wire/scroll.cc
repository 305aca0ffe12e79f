// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/scroll.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace punktfunk::wire {
namespace {

bool begins_or_ends(ScrollPhase phase) {
  return phase == ScrollPhase::begin || phase == ScrollPhase::end || phase == ScrollPhase::cancel ||
         phase == ScrollPhase::momentum_begin || phase == ScrollPhase::momentum_end;
}

bool stops(ScrollPhase phase) {
  return phase == ScrollPhase::end || phase == ScrollPhase::cancel || phase == ScrollPhase::momentum_end;
}

bool has_momentum(ScrollPhase phase) { return phase >= ScrollPhase::momentum_begin; }

InputEvent scroll_event(ScrollSource source, ScrollPhase phase, std::uint32_t axis, std::int32_t x) {
  const auto flags = static_cast<std::uint32_t>(source) | static_cast<std::uint32_t>(phase) << 8;
  return {InputKind::scroll, axis, x, 0, flags};
}

}  // namespace

bool is_valid_scroll(const InputEvent& event) {
  if (event.code > kAxisHorizontal || event.y != 0 || event.flags > 0xFFFF) return false;
  const std::uint32_t source_number = event.flags & 0xFFU;
  const std::uint32_t phase_number = event.flags >> 8;
  if (source_number > 5 || phase_number > 7) return false;
  const auto source = static_cast<ScrollSource>(source_number);
  const auto phase = static_cast<ScrollPhase>(phase_number);
  if (stops(phase) && event.x != 0) return false;
  if (source <= ScrollSource::wheel && phase != ScrollPhase::none) return false;
  const bool glides =
      source == ScrollSource::finger || source == ScrollSource::continuous || source == ScrollSource::touch;
  return glides || !has_momentum(phase);
}

std::optional<InputEvent> ScrollAccumulator::add(ScrollSource source, ScrollPhase phase, std::uint32_t axis,
                                                 double delta) {
  if (axis > kAxisHorizontal || !std::isfinite(delta)) return std::nullopt;
  // A stop must not move; whether anything would be sent depends on the delta given, not on what rounding
  // leaves.
  if (stops(phase) && delta != 0.0) return std::nullopt;
  if (!is_valid_scroll(scroll_event(source, phase, axis, 0))) return std::nullopt;

  double& fraction = fraction_[axis];
  if (source_[axis] != source || begins_or_ends(phase)) fraction = 0.0;
  source_[axis] = source;

  const double exact = delta * 256.0 + fraction;
  const double whole = std::clamp(std::trunc(exact), double{std::numeric_limits<std::int32_t>::min()},
                                  double{std::numeric_limits<std::int32_t>::max()});
  fraction = exact - std::trunc(exact);
  if (begins_or_ends(phase)) fraction = 0.0;
  const auto x = static_cast<std::int32_t>(whole);
  if (x == 0 && !begins_or_ends(phase)) return std::nullopt;
  return scroll_event(source, phase, axis, x);
}

std::optional<InputEvent> SimpleScroll::convert(const InputEvent& event) {
  if (event.kind != InputKind::scroll || !is_valid_scroll(event)) return std::nullopt;
  const auto source = static_cast<ScrollSource>(event.flags & 0xFFU);
  // Unknown sources count in 1/120 detent as the wheel does. For the others 120 units stand for 10 px.
  const bool smooth = source != ScrollSource::unknown && source != ScrollSource::wheel;
  std::int64_t& rest = rest_[event.code];
  if (smooth_[event.code] != smooth) rest = 0;
  smooth_[event.code] = smooth;

  const std::int64_t exact = std::int64_t{event.x} * (smooth ? 12 : 1) + rest;
  const auto whole = static_cast<std::int32_t>(exact / 256);  // fits: at most 2^31 · 12 / 256 + 1
  rest = exact % 256;
  if (whole == 0) return std::nullopt;
  return InputEvent{InputKind::scroll_simple, event.code, whole, 0, smooth ? kScrollSmooth : 0};
}

}  // namespace punktfunk::wire

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/clock_datagram.h"

#include "core/wire/fields.h"

namespace punktfunk::wire {

Bytes ClockDatagram::encode() const {
  FieldWriter out;
  out.integer(1, t1_ns);
  if (echo) out.integer(2, echo->t2_ns).integer(3, echo->t3_ns);
  return out.take();
}

std::optional<ClockDatagram> ClockDatagram::decode(ByteView payload) {
  const auto in = FieldTable::read(payload, 3);
  if (!in || !in->has(1) || in->has(2) != in->has(3)) return std::nullopt;
  ClockDatagram clock;
  Echo echo;
  if (!in->get(1, clock.t1_ns) || !in->get(2, echo.t2_ns) || !in->get(3, echo.t3_ns)) return std::nullopt;
  if (in->has(2)) clock.echo = echo;
  return clock;
}

}  // namespace punktfunk::wire

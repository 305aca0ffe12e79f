// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/pad_messages.h"

#include "core/wire/fields.h"
#include "core/wire/gamepad.h"

namespace punktfunk::wire {
namespace {

void append_report(Bytes& out, ByteView report) {
  out.push_back(static_cast<std::uint8_t>(report.size()));
  append(out, report);
}

// length u8 ‖ report, off the front of `list`. nullopt: torn, or longer than a report may be.
std::optional<Bytes> take_report(ByteView& list) {
  if (list.empty()) return std::nullopt;
  const std::size_t length = list[0];
  list = list.subspan(1);
  if (length > kMaxPadReportBytes || length > list.size()) return std::nullopt;
  Bytes report(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(length));
  list = list.subspan(length);
  return report;
}

bool read_replies(ByteView list, std::vector<PadIdentity::Reply>& out) {
  if (list.size() > kMaxPadRepliesBytes) return false;
  while (!list.empty()) {
    auto request = take_report(list);
    if (!request) return false;
    auto reply = take_report(list);
    if (!reply) return false;
    out.push_back({*std::move(request), *std::move(reply)});
  }
  return true;
}

}  // namespace

Bytes PadSlots::encode() const { return FieldWriter().integer(1, free).take(); }

std::optional<PadSlots> PadSlots::decode(ByteView body) {
  PadSlots message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->get(1, message.free)) return std::nullopt;
  return message;
}

Bytes PadIdentity::encode() const {
  Bytes list;
  for (const Reply& pair : replies) {
    if (pair.request.size() > kMaxPadReportBytes || pair.reply.size() > kMaxPadReportBytes) continue;
    if (list.size() + 2 + pair.request.size() + pair.reply.size() > kMaxPadRepliesBytes) break;
    append_report(list, pair.request);
    append_report(list, pair.reply);
  }
  return FieldWriter().integer(1, pad).text(2, serial).bytes(3, list).integer(4, slot).take();
}

std::optional<PadIdentity> PadIdentity::decode(ByteView body) {
  PadIdentity message;
  const auto in = FieldTable::read(body, 4);
  const bool fit = in && in->get(1, message.pad) && in->get(2, message.serial, kMaxPadSerialBytes) &&
                   in->get(4, message.slot);
  if (!fit || message.pad >= kMaxPads || message.slot >= kPadIdentitySlots) return std::nullopt;
  if (!read_replies(in->value(3), message.replies)) return std::nullopt;
  return message;
}

Bytes PadFeature::encode() const { return FieldWriter().integer(1, pad).bytes(2, data).take(); }

std::optional<PadFeature> PadFeature::decode(ByteView body) {
  PadFeature message;
  const auto in = FieldTable::read(body, 2);
  if (!in || !in->get(1, message.pad) || !in->get(2, message.data, kMaxPadReportBytes)) return std::nullopt;
  if (message.pad >= kMaxPads || message.data.empty()) return std::nullopt;
  return message;
}

}  // namespace punktfunk::wire

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/clipboard.h"

#include <algorithm>

#include "base/text.h"
#include "core/wire/fields.h"

namespace punktfunk::wire {
namespace {

constexpr std::size_t kSizeHintBytes = 8;

// mime ‖ size u64; the length of the mime type is what is left.
std::optional<ClipOffer::Kind> read_kind(ByteView value) {
  if (value.size() < kSizeHintBytes || value.size() > kMaxMimeBytes + kSizeHintBytes) return std::nullopt;
  const std::size_t mime_bytes = value.size() - kSizeHintBytes;
  ClipOffer::Kind kind;
  kind.mime.assign(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(mime_bytes));
  if (!is_valid_utf8(kind.mime)) return std::nullopt;
  kind.bytes = load_le<std::uint64_t>(value.data() + mime_bytes);
  return kind;
}

}  // namespace

Bytes ClipControl::encode() const { return FieldWriter().boolean(1, enabled).integer(2, flags).take(); }

std::optional<ClipControl> ClipControl::decode(ByteView body) {
  ClipControl message;
  const auto in = FieldTable::read(body, 2);
  if (!in || !in->get(1, message.enabled) || !in->get(2, message.flags)) return std::nullopt;
  return message;
}

Bytes ClipState::encode() const {
  return FieldWriter().boolean(1, enabled).integer(2, policy).integer(3, reason).take();
}

std::optional<ClipState> ClipState::decode(ByteView body) {
  ClipState message;
  const auto in = FieldTable::read(body, 3);
  if (!in || !in->get(1, message.enabled) || !in->get(2, message.policy) || !in->get(3, message.reason)) {
    return std::nullopt;
  }
  return message;
}

Bytes ClipOffer::encode() const {
  FieldWriter out;
  out.integer(1, seq);
  const std::size_t count = std::min(kinds.size(), kMaxClipKinds);
  for (std::size_t i = 0; i < count; ++i) {
    Bytes value(kinds[i].mime.begin(), kinds[i].mime.end());
    append_le(value, kinds[i].bytes);
    out.bytes(2, value);
  }
  return out.take();
}

std::optional<ClipOffer> ClipOffer::decode(ByteView body) {
  // Not through FieldTable: the kinds are the one field that may repeat.
  ClipOffer offer;
  bool has_seq = false;
  FieldReader reader(body);
  while (const auto field = reader.next()) {
    if (field->tag == 1) {
      if (has_seq || !read_integer_into(field->value, offer.seq)) return std::nullopt;
      has_seq = true;
    } else if (field->tag == 2) {
      auto kind = read_kind(field->value);
      if (!kind || offer.kinds.size() == kMaxClipKinds) return std::nullopt;
      offer.kinds.push_back(*std::move(kind));
    }
  }
  if (reader.malformed()) return std::nullopt;
  return offer;
}

Bytes ClipFetch::encode() const {
  return FieldWriter().integer(1, seq).integer(2, file_index).text(3, mime).take();
}

std::optional<ClipFetch> ClipFetch::decode(ByteView body) {
  ClipFetch message;
  message.file_index = 0;
  const auto in = FieldTable::read(body, 3);
  if (!in || !in->get(1, message.seq) || !in->get(2, message.file_index) ||
      !in->get(3, message.mime, kMaxMimeBytes)) {
    return std::nullopt;
  }
  return message;
}

Bytes ClipFetchHeader::encode() const {
  return FieldWriter().integer(1, status).integer(2, total_bytes).take();
}

std::optional<ClipFetchHeader> ClipFetchHeader::decode(ByteView body) {
  ClipFetchHeader message;
  const auto in = FieldTable::read(body, 2);
  if (!in || !in->get(1, message.status) || !in->get(2, message.total_bytes)) return std::nullopt;
  return message;
}

}  // namespace punktfunk::wire

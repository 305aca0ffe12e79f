// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/feedback.h"

#include <algorithm>

#include "core/wire/fields.h"

namespace punktfunk::wire {
namespace {

template <std::unsigned_integral T>
bool read_optional(ByteView value, std::optional<T>& out) {
  T number{};
  if (!read_integer_into(value, number)) return false;
  out = number;
  return true;
}

// For the tags that the reference checks for repetition.
template <std::unsigned_integral T>
bool read_once(ByteView value, std::optional<T>& out) {
  return !out && read_optional(value, out);
}

bool read_flag(ByteView value, std::optional<bool>& out) {
  std::uint64_t number = 0;
  if (!read_integer_into(value, number)) return false;
  out = number != 0;
  return true;
}

bool read_field(const Field& field, Feedback& out) {
  switch (field.tag) {
    case 1:
      return read_optional(field.value, out.window);
    case 2:
      return read_optional(field.value, out.loss_ppm);
    case 3:
      return read_optional(field.value, out.packets);
    case 4:
      return read_optional(field.value, out.ask);
    case 5:
      return read_once(field.value, out.invalidate_first);
    case 6:
      return read_once(field.value, out.invalidate_last);
    case 7:
      return read_flag(field.value, out.keyframe);
    case 8:
      return read_optional(field.value, out.link_kbps);
    case 9:
      return read_optional(field.value, out.lost_head);
    case 10:
      return read_optional(field.value, out.lost_mid);
    case 11:
      return read_optional(field.value, out.lost_tail);
    case 12:
      return read_optional(field.value, out.dropped);
    case 13: {
      std::uint16_t shard = 0;
      if (out.resend_shards.size() == kMaxResendShards || !read_integer_into(field.value, shard))
        return false;
      out.resend_shards.push_back(shard);
      return true;
    }
    case 14:
      return read_once(field.value, out.clean_frame);
    case 15:
      return read_once(field.value, out.clean_before);
    case 16:
      return read_optional(field.value, out.shape);
    case 17:
      return read_once(field.value, out.resend_frame);
    default:
      return true;
  }
}

template <std::unsigned_integral T>
void write_present(FieldWriter& out, std::uint64_t tag, const std::optional<T>& value) {
  if (value) out.integer(tag, *value);
}

template <std::unsigned_integral T>
void write_nonzero(FieldWriter& out, std::uint64_t tag, const std::optional<T>& value) {
  if (value.value_or(0) != 0) out.integer(tag, *value);
}

}  // namespace

Bytes Feedback::encode() const {
  FieldWriter out;
  write_present(out, 1, window);
  write_present(out, 2, loss_ppm);
  write_present(out, 3, packets);
  write_nonzero(out, 9, lost_head);
  write_nonzero(out, 10, lost_mid);
  write_nonzero(out, 11, lost_tail);
  write_nonzero(out, 12, dropped);
  write_nonzero(out, 8, link_kbps);
  write_nonzero(out, 16, shape);
  write_present(out, 4, ask);
  write_present(out, 5, invalidate_first);
  write_present(out, 6, invalidate_last);
  if (keyframe.value_or(false)) out.boolean(7, true);
  if (resend_frame) {
    out.integer(17, *resend_frame);
    const std::size_t count = std::min(resend_shards.size(), kMaxResendShards);
    for (std::size_t i = 0; i < count; ++i) out.integer(13, resend_shards[i]);
  }
  write_present(out, 14, clean_frame);
  write_present(out, 15, clean_before);
  return out.take();
}

std::optional<Feedback> Feedback::decode(ByteView payload) {
  Feedback feedback;
  FieldReader reader(payload);
  while (const auto field = reader.next()) {
    if (!read_field(*field, feedback)) return std::nullopt;
  }
  if (reader.malformed()) return std::nullopt;
  if (!feedback.resend_shards.empty() && !feedback.resend_frame) return std::nullopt;
  return feedback;
}

}  // namespace punktfunk::wire

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/fields.h"

#include <cassert>
#include <vector>

#include "base/text.h"
#include "core/wire/varint.h"

namespace punktfunk::wire {

FieldWriter& FieldWriter::bytes(std::uint64_t tag, ByteView value) {
  append_varint(out_, tag);
  append_varint(out_, value.size());
  append(out_, value);
  return *this;
}

std::optional<Field> FieldReader::next() {
  if (rest_.empty() || malformed_) return std::nullopt;
  malformed_ = true;  // until the whole field has been read
  const auto tag = read_varint(rest_);
  if (!tag) return std::nullopt;
  rest_ = rest_.subspan(tag->length);
  const auto length = read_varint(rest_);
  if (!length) return std::nullopt;
  rest_ = rest_.subspan(length->length);
  if (length->value > rest_.size()) return std::nullopt;
  malformed_ = false;
  const auto size = static_cast<std::size_t>(length->value);
  const Field field{tag->value, rest_.first(size)};
  rest_ = rest_.subspan(size);
  return field;
}

std::optional<std::uint64_t> read_integer(ByteView value, std::uint64_t limit) {
  if (value.empty() || value.size() > 8) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < value.size(); ++i) number |= std::uint64_t{value[i]} << (8 * i);
  if (number > limit) return std::nullopt;
  return number;
}

std::optional<FieldTable> FieldTable::read(ByteView body, std::uint64_t highest_known, Repeats repeats) {
  assert(highest_known <= kMaxTag);
  FieldTable table;
  std::vector<std::uint64_t> unknown;
  FieldReader reader(body);
  while (const auto field = reader.next()) {
    if (field->tag == 0 || field->tag > highest_known) {
      if (repeats == Repeats::refuse_any) unknown.push_back(field->tag);
      continue;
    }
    if (table.has(field->tag)) return std::nullopt;
    table.present_ |= std::uint32_t{1} << field->tag;
    table.values_[field->tag] = field->value;
  }
  if (reader.malformed()) return std::nullopt;
  // Sorted rather than compared pair by pair: 16 KiB of unknown fields would cost 33 million comparisons.
  std::sort(unknown.begin(), unknown.end());
  if (std::adjacent_find(unknown.begin(), unknown.end()) != unknown.end()) return std::nullopt;
  return table;
}

bool FieldTable::get(std::uint64_t tag, bool& out) const {
  std::uint64_t number = out ? 1 : 0;
  if (!get(tag, number)) return false;
  out = number != 0;
  return true;
}

bool FieldTable::get(std::uint64_t tag, Mode& out) const {
  if (!has(tag)) return true;
  if (value(tag).size() != kModeBytes) return false;
  out = Mode::decode(value(tag).data());
  return true;
}

bool FieldTable::get(std::uint64_t tag, std::string& out, std::size_t max_bytes) const {
  if (!has(tag)) return true;
  const ByteView bytes = value(tag);
  if (bytes.size() > max_bytes) return false;
  std::string text(bytes.begin(), bytes.end());
  if (!is_valid_utf8(text)) return false;
  out = std::move(text);
  return true;
}

bool FieldTable::get(std::uint64_t tag, Bytes& out, std::size_t max_bytes) const {
  if (!has(tag)) return true;
  if (value(tag).size() > max_bytes) return false;
  out.assign(value(tag).begin(), value(tag).end());
  return true;
}

}  // namespace punktfunk::wire

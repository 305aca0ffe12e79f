// SPDX-License-Identifier: MIT OR Apache-2.0
// What holds for every message made of fields: round trip, order, unknown tags, repetition, truncation,
// hostile bytes.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "core/wire/fields.h"
#include "messages_list.h"

namespace punktfunk::wire {
namespace {

class EveryMessage : public testing::TestWithParam<MessageExample> {
 protected:
  static std::vector<Field> fields_of(ByteView body) {
    std::vector<Field> fields;
    FieldReader reader(body);
    while (const auto field = reader.next()) fields.push_back(*field);
    EXPECT_FALSE(reader.malformed());
    return fields;
  }

  static Bytes join(const std::vector<Field>& fields) {
    FieldWriter out;
    for (const Field& field : fields) out.bytes(field.tag, field.value);
    return out.take();
  }

  static bool contains(const std::vector<std::uint64_t>& tags, std::uint64_t tag) {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  }
};

TEST_P(EveryMessage, ReadsWhatItWrites) {
  const auto again = GetParam().decode(GetParam().body);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_hex(*again), to_hex(GetParam().body));
}

TEST_P(EveryMessage, ReadsFieldsInAnyOrder) {
  auto fields = fields_of(GetParam().body);
  std::reverse(fields.begin(), fields.end());
  const auto again = GetParam().decode(join(fields));
  ASSERT_TRUE(again);
  if (!GetParam().has_list) {
    EXPECT_EQ(to_hex(*again), to_hex(GetParam().body));
  }
}

TEST_P(EveryMessage, SkipsUnknownTags) {
  auto fields = fields_of(GetParam().body);
  const Bytes value = {1, 2, 3};
  fields.insert(fields.begin(), Field{5000, value});
  fields.push_back(Field{0, value});
  const auto again = GetParam().decode(join(fields));
  ASSERT_TRUE(again);
  EXPECT_EQ(to_hex(*again), to_hex(GetParam().body));
}

TEST_P(EveryMessage, RepeatedUnknownTagIsRefusedInHellosOnly) {
  auto fields = fields_of(GetParam().body);
  fields.push_back(Field{5000, {}});
  fields.push_back(Field{5000, {}});
  EXPECT_EQ(GetParam().decode(join(fields)).has_value(), !GetParam().refuses_any_repeat);
}

TEST_P(EveryMessage, RepeatedKnownTagIsRefused) {
  const auto fields = fields_of(GetParam().body);
  for (const Field& field : fields) {
    auto twice = fields;
    twice.push_back(field);
    EXPECT_EQ(GetParam().decode(join(twice)).has_value(), contains(GetParam().repeatable, field.tag))
        << "tag " << field.tag;
  }
}

TEST_P(EveryMessage, TakesAbsentTagsUnlessRequired) {
  const auto fields = fields_of(GetParam().body);
  for (const Field& field : fields) {
    std::vector<Field> without;
    std::copy_if(fields.begin(), fields.end(), std::back_inserter(without),
                 [&](const Field& other) { return other.tag != field.tag; });
    EXPECT_EQ(GetParam().decode(join(without)).has_value(), !contains(GetParam().required, field.tag))
        << "tag " << field.tag;
  }
}

TEST_P(EveryMessage, TruncationIsRefusedInsideAFieldAndHarmlessBetween) {
  const Bytes& body = GetParam().body;
  std::vector<std::size_t> boundaries = {0};
  FieldReader reader(body);
  while (const auto field = reader.next()) {
    boundaries.push_back(static_cast<std::size_t>(field->value.data() + field->value.size() - body.data()));
  }
  for (std::size_t length = 0; length < body.size(); ++length) {
    // A copy of exactly this size, so that a sanitizer sees any read past it.
    const Bytes cut(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(length));
    const bool between = std::find(boundaries.begin(), boundaries.end(), length) != boundaries.end();
    const auto decoded = GetParam().decode(cut);
    if (!between) {
      EXPECT_FALSE(decoded) << "length " << length;
    }
  }
}

TEST_P(EveryMessage, FieldLongerThanTheBodyIsRefused) {
  Bytes body = GetParam().body;
  append(body, Bytes{0x7F, 0xFF, 0xC0, 0, 0, 0, 0, 0, 0, 1, 7});  // a length of 1 in 8 bytes: still fine
  EXPECT_TRUE(GetParam().decode(body));
  body[body.size() - 9] = 0xFF;  // now 2^62 - 2^56 + 1
  EXPECT_FALSE(GetParam().decode(body));
}

TEST_P(EveryMessage, SurvivesRandomChanges) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int round = 0; round < 2000; ++round) {
    Bytes body = GetParam().body;
    const std::size_t changes = 1 + random.engine()() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      body[random.engine()() % body.size()] = static_cast<std::uint8_t>(random.engine()());
    }
    if (round % 4 == 0) body.resize(random.engine()() % (body.size() + 1));
    // Whatever is accepted can be written, read again, and is then stable.
    if (const auto first = GetParam().decode(body)) {
      const auto second = GetParam().decode(*first);
      ASSERT_TRUE(second) << to_hex(body);
      EXPECT_EQ(to_hex(*second), to_hex(*first)) << to_hex(body);
    }
  }
}

TEST_P(EveryMessage, SurvivesRandomBytes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int round = 0; round < 500; ++round) {
    Bytes body(random.engine()() % 200);
    random.fill(body);
    (void)GetParam().decode(body);
  }
}

INSTANTIATE_TEST_SUITE_P(Wire, EveryMessage, testing::ValuesIn(message_examples()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace punktfunk::wire

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/schema.h"

#include <gtest/gtest.h>

namespace punktfunk::host::http {
namespace {

using nlohmann::json;

TEST(SchemaTest, ChecksWhatItPublishes) {
  const Schema shape = Schema::object({{"kind", Schema::one_of({"a", "b"})},
                                       {"list", Schema::array(Schema::integer(0, 9), 3)},
                                       {"names", Schema::map(Schema::text(4)), false},
                                       {"on", Schema::boolean().or_null(), false},
                                       {"rate", Schema::number(), false}});
  const json good = {
      {"kind", "a"}, {"list", {1, 2}}, {"names", {{"x", "äöüß"}}}, {"on", nullptr}, {"rate", 1.5}};
  EXPECT_EQ(shape.problem(good, "It"), std::nullopt);
  const auto with = [&good](const char* name, const json& value) {
    json changed = good;
    changed[name] = value;
    return changed;
  };
  EXPECT_EQ(shape.problem(with("kind", "c"), "It"), "It.kind must be one of a, b.");
  EXPECT_EQ(shape.problem(with("list", {1, 10}), "It"), "It.list[1] must be from 0 to 9.");
  EXPECT_EQ(shape.problem(with("list", {1, 2, 3, 4}), "It"), "It.list must have at most 3 items.");
  EXPECT_EQ(shape.problem(with("list", {1.0}), "It"), "It.list[0] must be of type integer.");
  EXPECT_EQ(shape.problem(with("names", {{"x", "12345"}}), "It"),
            "It.names has a field that must have at most 4 characters.");
  EXPECT_EQ(shape.problem(with("on", 0), "It"), "It.on must be of type boolean.");
  EXPECT_EQ(shape.problem(with("rate", "1"), "It"), "It.rate must be of type number.");
  EXPECT_EQ(shape.problem(with("other", 1), "It"), "It has a field that is not known.");
  EXPECT_EQ(shape.problem(json::object(), "It"), "It lacks the field kind.");
  EXPECT_EQ(shape.document()["required"], json({"kind", "list"}));
}

TEST(SchemaTest, WhatIsNamedIsReferredTo) {
  const Schema inner = Schema::named("Inner", Schema::object({{"x", Schema::count()}}));
  const Schema outer =
      Schema::named("Outer", Schema::object({{"inner", inner}, {"other", inner.or_null(), false}}));
  EXPECT_EQ(outer.document()["$ref"], "#/components/schemas/Outer");
  EXPECT_EQ(outer.components().size(), 2U);
  EXPECT_EQ(outer.problem({{"inner", {{"x", 1}}}, {"other", nullptr}}, "It"), std::nullopt);
  EXPECT_EQ(outer.problem({{"inner", {{"x", -1}}}}, "It"), "It.inner.x must be from 0 to 9007199254740991.");
  EXPECT_EQ(outer.problem({{"inner", {{"x", 1}}}, {"other", 1}}, "It"), "It.other must be of type object.");
}

TEST(SchemaTest, ReadsText) {
  EXPECT_EQ(Schema::integer(-5, 5).read("-5"), json(-5));
  EXPECT_EQ(Schema::boolean().read("true"), json(true));
  EXPECT_EQ(Schema::text().read("12"), json("12"));
  EXPECT_EQ(Schema::one_of({"a"}).read("b"), std::nullopt);
  EXPECT_EQ(Schema::boolean().read("1"), std::nullopt);
  EXPECT_EQ(Schema::integer(0, 5).read(""), std::nullopt);
  EXPECT_EQ(Schema::integer(0, 5).read(" 1"), std::nullopt);
}

}  // namespace
}  // namespace punktfunk::host::http

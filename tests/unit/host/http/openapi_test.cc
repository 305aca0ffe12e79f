// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include "sample_routes.h"

namespace punktfunk::host::http {
namespace {

using nlohmann::json;

// Every "$ref" below `value` leads somewhere in `document`.
void expect_references_hold(const json& value, const json& document) {
  if (value.is_object() && value.contains("$ref")) {
    const auto text = value["$ref"].get<std::string>();
    ASSERT_TRUE(text.starts_with("#/")) << text;
    EXPECT_TRUE(document.contains(json::json_pointer(text.substr(1)))) << text;
  }
  if (!value.is_structured()) return;
  for (const auto& item : value) expect_references_hold(item, document);
}

TEST(OpenApiTest, HoldsEveryRouteWithItsClass) {
  const test::SampleRoutes sample;
  const json document = openapi_document(sample.router, "1.2.3");
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_EQ(document["info"]["version"], "1.2.3");
  std::size_t operations = 0;
  for (const auto& path : document["paths"]) operations += path.size();
  EXPECT_EQ(operations, sample.router.routes().size());
  expect_references_hold(document, document);

  const json& open = document["paths"]["/api/v1/health"]["get"];
  EXPECT_EQ(open["security"], json::array());
  EXPECT_EQ(open["tags"], json({"health"}));
  const json& read = document["paths"]["/api/v1/things/{id}"]["get"];
  EXPECT_EQ(read["security"].size(), 2U);
  EXPECT_EQ(read["parameters"][0]["in"], "path");
  EXPECT_EQ(read["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/Thing");
  EXPECT_NE(read["responses"]["404"]["description"].get<std::string>().find("thing_not_found"),
            std::string::npos);
  const json& change = document["paths"]["/api/v1/things/{id}"]["post"];
  EXPECT_EQ(change["security"].size(), 1U);
  EXPECT_TRUE(change["requestBody"]["required"].get<bool>());
  const json& events = document["paths"]["/api/v1/events"]["get"];
  EXPECT_TRUE(events["responses"]["200"]["content"].contains("text/event-stream"));
  EXPECT_EQ(events["parameters"][0]["in"], "header");
}

}  // namespace
}  // namespace punktfunk::host::http

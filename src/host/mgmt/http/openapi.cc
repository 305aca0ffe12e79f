// SPDX-License-Identifier: MIT OR Apache-2.0
#include <algorithm>
#include <map>
#include <string>

#include "host/mgmt/http/router.h"

namespace punktfunk::host::http {

namespace {

using nlohmann::json;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

json error_schema() {
  return Schema::object(
             {{"error",
               Schema::object({{"code", Schema::text().about("Stable, in snake_case: what programs look at")},
                               {"message", Schema::text(1024).about("One sentence for people")}})}})
      .document();
}

json error_answer(const std::string& about) {
  return {{"description", about},
          {"content", {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}};
}

json security_of(Access access) {
  if (access == Access::open) return json::array();
  json token = {{"token", json::array()}};
  if (access == Access::admin) return json::array({token});
  return json::array({token, {{"deviceCertificate", json::array()}}});
}

json responses_of(const Route& route, json& schemas) {
  json responses = json::object();
  for (const auto& answer : route.answers()) {
    json& response = responses[std::to_string(answer.status)];
    response["description"] = answer.about;
    if (answer.content_type.empty()) continue;
    const bool is_json = answer.content_type == "application/json";
    response["content"][answer.content_type]["schema"] =
        is_json ? answer.schema.document() : json{{"type", "string"}};
    for (const auto& [name, shape] : answer.schema.components()) schemas[name] = shape;
  }
  std::map<int, std::string> failures;
  for (const auto& failure : route.failures()) {
    std::string& about = failures[failure.status];
    about += (about.empty() ? "`" : "; `") + failure.code + "`: " + failure.about;
  }
  for (const auto& [status, about] : failures) responses[std::to_string(status)] = error_answer(about);
  responses["default"] = {{"$ref", "#/components/responses/Problem"}};
  return responses;
}

json operation_of(const Route& route, json& schemas) {
  json operation = {{"operationId", route.operation()},
                    {"summary", route.summary()},
                    {"security", security_of(route.access())},
                    {"x-access", name_of(route.access())}};
  // What follows /api/v1, or the only segment of a path outside it.
  const auto& segments = route.segments();
  if (!segments.empty())
    operation["tags"] = json::array({segments.size() > 2 ? segments[2] : segments.back()});
  for (const auto& parameter : route.parameters()) {
    operation["parameters"].push_back({{"name", parameter.name},
                                       {"in", parameter.in_path ? "path" : "query"},
                                       {"required", parameter.in_path},
                                       {"description", parameter.about},
                                       {"schema", parameter.schema.document()}});
    for (const auto& [name, shape] : parameter.schema.components()) schemas[name] = shape;
  }
  if (route.streams_events()) {
    operation["parameters"].push_back(
        {{"name", "Last-Event-ID"},
         {"in", "header"},
         {"required", false},
         {"description",
          "Number of the last event that was seen: what came after it is sent first, after an event "
          "`missed` where some of it is no longer known"},
         {"schema", Schema::count().document()}});
  }
  if (route.body_schema()) {
    operation["requestBody"] = {
        {"required", route.body_required()},
        {"content", {{"application/json", {{"schema", route.body_schema()->document()}}}}}};
    for (const auto& [name, shape] : route.body_schema()->components()) schemas[name] = shape;
  }
  operation["responses"] = responses_of(route, schemas);
  return operation;
}

}  // namespace

json openapi_document(const Router& router, const std::string& version) {
  json schemas = {{"Error", error_schema()}};
  json paths = json::object();
  for (const Route& route : router.routes())
    paths[route.path()][lower(name_of(route.method()))] = operation_of(route, schemas);
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "punktfunk host"},
            {"version", version},
            {"description", "How people and programs run a punktfunk host."},
            {"license", {{"name", "MIT OR Apache-2.0"}, {"identifier", "MIT OR Apache-2.0"}}}}},
          {"servers", json::array({{{"url", "/"}}})},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", std::move(schemas)},
            {"responses",
             {{"Problem", error_answer("Refused or failed: the code says what a program needs to know")}}},
            {"securitySchemes",
             {{"token",
               {{"type", "http"},
                {"scheme", "bearer"},
                {"description", "What the file api-token in the host's state folder holds"}}},
              {"deviceCertificate",
               {{"type", "mutualTLS"},
                {"description", "The certificate of a paired device, which may read"}}}}}}}};
}

}  // namespace punktfunk::host::http

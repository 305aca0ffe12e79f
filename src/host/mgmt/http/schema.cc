// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/schema.h"

#include <algorithm>
#include <charconv>

namespace punktfunk::host::http {

namespace {

using nlohmann::json;
using Components = std::map<std::string, json>;

constexpr std::string_view kReference = "#/components/schemas/";

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool has_type(const json& value, const std::string& type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return value.is_null();
}

std::string says(std::string_view where, const std::string& what) {
  return std::string(where) + " " + what + ".";
}

std::string words_of(const json& list) {
  std::string words;
  for (const json& word : list) {
    if (!words.empty()) words += ", ";
    words += word.get<std::string>();
  }
  return words;
}

class Check {
 public:
  explicit Check(const Components& components) : components_(components) {}

  std::optional<std::string> problem(const json& schema, const json& value, const std::string& where) const {
    if (schema.contains("$ref")) {
      const auto name = schema["$ref"].get<std::string>().substr(kReference.size());
      return problem(components_.at(name), value, where);
    }
    if (schema.contains("anyOf")) {  // or_null() of something named
      if (value.is_null()) return std::nullopt;
      return problem(schema["anyOf"][0], value, where);
    }
    if (auto wrong = type_problem(schema, value, where)) return wrong;
    if (schema.contains("enum") && !contains(schema["enum"], value))
      return says(where, "must be one of " + words_of(schema["enum"]));
    if (value.is_number_integer()) return range_problem(schema, value, where);
    if (value.is_string() && schema.contains("maxLength") &&
        characters_in(value.get_ref<const std::string&>()) > schema["maxLength"].get<std::size_t>()) {
      return says(where, "must have at most " + schema["maxLength"].dump() + " characters");
    }
    if (value.is_array()) return items_problem(schema, value, where);
    if (value.is_object()) return fields_problem(schema, value, where);
    return std::nullopt;
  }

 private:
  static bool contains(const json& list, const json& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }

  static std::optional<std::string> type_problem(const json& schema, const json& value,
                                                 const std::string& where) {
    if (!schema.contains("type")) return std::nullopt;
    const json& type = schema["type"];
    const auto fits = [&value](const json& name) { return has_type(value, name.get<std::string>()); };
    if (type.is_array() ? std::any_of(type.begin(), type.end(), fits) : fits(type)) return std::nullopt;
    return says(where, "must be of type " + (type.is_array() ? type[0] : type).get<std::string>());
  }

  static std::optional<std::string> range_problem(const json& schema, const json& value,
                                                  const std::string& where) {
    if (!schema.contains("minimum")) return std::nullopt;
    // nlohmann compares signed with unsigned integers by value only below 2^63.
    const bool huge = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
    if (!huge && value >= schema["minimum"] && value <= schema["maximum"]) return std::nullopt;
    return says(where, "must be from " + schema["minimum"].dump() + " to " + schema["maximum"].dump());
  }

  std::optional<std::string> items_problem(const json& schema, const json& value,
                                           const std::string& where) const {
    if (!schema.contains("items")) return std::nullopt;
    if (value.size() > schema["maxItems"].get<std::size_t>())
      return says(where, "must have at most " + schema["maxItems"].dump() + " items");
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto wrong = problem(schema["items"], value[i], where + "[" + std::to_string(i) + "]"))
        return wrong;
    }
    return std::nullopt;
  }

  std::optional<std::string> fields_problem(const json& schema, const json& value,
                                            const std::string& where) const {
    if (schema.contains("required")) {
      for (const json& name : schema["required"]) {
        if (!value.contains(name.get_ref<const std::string&>()))
          return says(where, "lacks the field " + name.get<std::string>());
      }
    }
    for (const auto& item : value.items()) {
      const auto declared = schema.find("properties");
      if (declared != schema.end() && declared->contains(item.key())) {
        if (auto wrong = problem((*declared)[item.key()], item.value(), where + "." + item.key()))
          return wrong;
        continue;
      }
      const auto others = schema.find("additionalProperties");
      if (others == schema.end()) continue;
      // The unknown name is not repeated: it comes from the network.
      if (others->is_boolean()) return says(where, "has a field that is not known");
      if (auto wrong = problem(*others, item.value(), where + " has a field that")) return wrong;
    }
    return std::nullopt;
  }

  const Components& components_;
};

}  // namespace

Schema Schema::text(std::size_t max_length) { return make({{"type", "string"}, {"maxLength", max_length}}); }

Schema Schema::one_of(const std::vector<std::string>& words) {
  return make({{"type", "string"}, {"enum", words}});
}

Schema Schema::integer(std::int64_t min, std::int64_t max) {
  return make({{"type", "integer"}, {"minimum", min}, {"maximum", max}});
}

Schema Schema::number() { return make({{"type", "number"}}); }
Schema Schema::boolean() { return make({{"type", "boolean"}}); }
Schema Schema::any() { return make(json::object()); }

Schema Schema::array(const Schema& items, std::size_t max_items) {
  Schema schema = make({{"type", "array"}, {"items", items.document_}, {"maxItems", max_items}});
  schema.take_components(items);
  return schema;
}

Schema Schema::object(const std::vector<Field>& fields) {
  Schema schema = make({{"type", "object"}, {"properties", json::object()}, {"additionalProperties", false}});
  json required = json::array();
  for (const Field& field : fields) {
    schema.document_["properties"][field.name] = field.schema.document_;
    schema.take_components(field.schema);
    if (field.required) required.push_back(field.name);
  }
  if (!required.empty()) schema.document_["required"] = std::move(required);
  return schema;
}

Schema Schema::map(const Schema& values) {
  Schema schema = make({{"type", "object"}, {"additionalProperties", values.document_}});
  schema.take_components(values);
  return schema;
}

Schema Schema::named(const std::string& name, const Schema& shape) {
  Schema schema = make({{"$ref", std::string(kReference) + name}});
  schema.take_components(shape);
  schema.components_[name] = shape.document_;
  return schema;
}

Schema Schema::about(const std::string& description) const {
  Schema schema = *this;
  schema.document_["description"] = description;
  return schema;
}

Schema Schema::or_null() const {
  Schema schema = *this;
  if (document_.contains("$ref")) {
    schema.document_ = {{"anyOf", json::array({document_, {{"type", "null"}}})}};
  } else if (document_.contains("type")) {
    schema.document_["type"] = json::array({document_["type"], "null"});
    if (document_.contains("enum")) schema.document_["enum"].push_back(nullptr);
  }
  return schema;
}

std::optional<std::string> Schema::problem(const json& value, std::string_view where) const {
  return Check(components_).problem(document_, value, std::string(where));
}

std::optional<json> Schema::read(std::string_view text) const {
  json value = std::string(text);
  const std::string type = document_.value("type", "string");
  if (type == "integer") {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    value = number;
  } else if (type == "boolean") {
    if (text != "true" && text != "false") return std::nullopt;
    value = text == "true";
  }
  if (problem(value, "")) return std::nullopt;
  return value;
}

}  // namespace punktfunk::host::http

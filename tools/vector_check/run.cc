// SPDX-License-Identifier: MIT OR Apache-2.0
#include "vector_check/run.h"

#include <algorithm>
#include <charconv>

namespace punktfunk::vector_check {
namespace {

const Json kNothing = Json::object();

const Json& part(const Json& vector, const char* key) {
  const auto found = vector.find(key);
  return found != vector.end() && found->is_object() ? *found : kNothing;
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint64_t> to_number(const Json& json) {
  if (json.is_number_unsigned()) return json.get<std::uint64_t>();
  if (json.is_number_integer() && json.get<std::int64_t>() >= 0) return json.get<std::uint64_t>();
  if (json.is_string()) return parse_unsigned(json.get_ref<const std::string&>());
  return std::nullopt;
}

void Object::bad(std::string_view key, std::string_view wanted) const {
  throw BadVector("the " + name_ + " have no " + std::string(wanted) + " named \"" + std::string(key) + "\"");
}

bool Object::has(std::string_view key) const {
  touched_.emplace(key);
  const auto found = json_->find(std::string(key));
  return found != json_->end() && !found->is_null();
}

std::vector<std::string> Object::untouched() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json_->items()) {
    if (!touched_.contains(key)) keys.push_back(key);
  }
  return keys;
}

const Json& Object::at(std::string_view key) const {
  if (!has(key)) bad(key, "value");
  return *json_->find(std::string(key));
}

std::uint64_t Object::number(std::string_view key, std::uint64_t limit) const {
  const auto value = to_number(at(key));
  if (!value || *value > limit) bad(key, "number that fits its type");
  return *value;
}

std::int64_t Object::signed_number(std::string_view key) const {
  const Json& value = at(key);
  if (value.is_number_integer() && !value.is_number_unsigned()) return value.get<std::int64_t>();
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  return static_cast<std::int64_t>(number(key, INT64_MAX));
}

double Object::real(std::string_view key) const {
  if (!at(key).is_number()) bad(key, "number");
  return at(key).get<double>();
}

bool Object::boolean(std::string_view key) const {
  if (!at(key).is_boolean()) bad(key, "true or false");
  return at(key).get<bool>();
}

std::string Object::text(std::string_view key) const {
  if (!at(key).is_string()) bad(key, "text");
  return at(key).get<std::string>();
}

std::string Object::text(std::string_view key, std::string absent) const {
  return has(key) ? text(key) : absent;
}

Bytes Object::bytes(std::string_view key) const {
  const auto value = from_hex(text(key));
  if (!value) bad(key, "hexadecimal bytes");
  return *value;
}

std::vector<std::uint64_t> Object::numbers(std::string_view key, std::uint64_t limit) const {
  const Json& list = at(key);
  if (!list.is_array()) bad(key, "list of numbers");
  std::vector<std::uint64_t> out;
  for (const Json& entry : list) {
    const auto value = to_number(entry);
    if (!value || *value > limit) bad(key, "list of numbers that fit their type");
    out.push_back(*value);
  }
  return out;
}

wire::Mode Object::mode(std::string_view key) const {
  const std::string all = text(key);
  const auto x = all.find('x');
  const auto at_sign = all.find('@');
  if (x == std::string::npos || at_sign == std::string::npos || at_sign < x)
    bad(key, "mode like 1920x1080@60");
  const auto width = parse_unsigned(std::string_view(all).substr(0, x));
  const auto height = parse_unsigned(std::string_view(all).substr(x + 1, at_sign - x - 1));
  const auto refresh = parse_unsigned(std::string_view(all).substr(at_sign + 1));
  if (!width || !height || !refresh || std::max({*width, *height, *refresh}) > UINT32_MAX) {
    bad(key, "mode like 1920x1080@60");
  }
  return {static_cast<std::uint32_t>(*width), static_cast<std::uint32_t>(*height),
          static_cast<std::uint32_t>(*refresh)};
}

const Json& VectorFile::vectors() const {
  const auto found = json_.find("vectors");
  if (!json_.is_object() || found == json_.end() || !found->is_array()) {
    throw BadVector("it has no list named \"vectors\"");
  }
  return *found;
}

const Json* VectorFile::find(std::string_view name) const {
  for (const Json& vector : vectors()) {
    if (vector.is_object() && vector.contains("name") && vector["name"].is_string() &&
        vector["name"].get_ref<const std::string&>() == name) {
      return &vector;
    }
  }
  return nullptr;
}

const Json* VectorFile::find_prefix(std::string_view prefix) const {
  for (const Json& vector : vectors()) {
    if (vector.is_object() && vector.contains("name") && vector["name"].is_string() &&
        vector["name"].get_ref<const std::string&>().starts_with(prefix)) {
      return &vector;
    }
  }
  return nullptr;
}

Run::Run(const VectorFile& vector_file, const Json& vector)
    : file(vector_file),
      inputs(part(vector, "inputs"), "inputs"),
      expected(part(vector, "expected"), "expected values"),
      name_(vector.value("name", std::string("(a vector without a name)"))) {}

void Run::expect(std::string_view what, const std::string& wanted, const std::string& got) {
  ++comparisons_;
  if (wanted != got) mismatches_.push_back({std::string(what), wanted, got});
}

bool Run::expects_result(std::string_view result) const {
  return expected.has("result") && expected.at("result").is_string() && expected.text("result") == result;
}

void Registry::add(std::string section, std::string name_prefix, Check check) {
  by_section_[std::move(section)].push_back({std::move(name_prefix), std::move(check)});
}

const Check* Registry::find(const std::string& section, const std::string& name) const {
  const auto entries = by_section_.find(section);
  if (entries == by_section_.end()) return nullptr;
  const Entry* best = nullptr;
  for (const Entry& entry : entries->second) {
    if (name.starts_with(entry.prefix) && (best == nullptr || entry.prefix.size() > best->prefix.size()))
      best = &entry;
  }
  return best == nullptr ? nullptr : &best->check;
}

}  // namespace punktfunk::vector_check

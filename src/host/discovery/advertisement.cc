// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/discovery/advertisement.h"

#include "base/text.h"

namespace punktfunk::host {

namespace {

constexpr std::size_t kMaxOsBytes = 64;

std::string joined(const std::vector<std::string>& parts, std::size_t most_bytes) {
  std::string text;
  for (const std::string& part : parts) {
    if (text.size() + (text.empty() ? 0 : 1) + part.size() > most_bytes) break;
    if (!text.empty()) text += ',';
    text += part;
  }
  return text;
}

}  // namespace

std::vector<std::string> txt_of(const Advertisement& advertisement) {
  std::vector<std::string> txt;
  const auto add = [&txt](const std::string& key, const std::string& value) {
    if (!value.empty() && key.size() + 1 + value.size() <= kMaxTxtStringBytes)
      txt.push_back(key + "=" + value);
  };
  const auto add_list = [&](const std::string& key, const std::vector<std::string>& values) {
    add(key, joined(values, kMaxTxtStringBytes - key.size() - 1));
  };
  add("proto", "punktfunk/1");
  add("wire", "2");
  add("fp", control::fingerprint_hex(advertisement.fingerprint));
  add("pair", advertisement.pairing_required ? "required" : "optional");
  add("id", advertisement.id);
  if (advertisement.management_port != 0) add("mgmt", std::to_string(advertisement.management_port));
  add_list("mac", advertisement.macs);
  add("os", clean_text(advertisement.os, kMaxOsBytes));
  add_list("addr", advertisement.addresses);
  return txt;
}

std::string os_name(std::string_view text) {
  constexpr std::string_view kKey = "PRETTY_NAME=";
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(kKey)) continue;
    line.remove_prefix(kKey.size());
    const bool quoted =
        line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.back() == line.front();
    if (quoted) line = line.substr(1, line.size() - 2);
    std::string name = clean_text(line, kMaxOsBytes);
    if (!name.empty()) return name;
  }
  return "Linux";
}

}  // namespace punktfunk::host

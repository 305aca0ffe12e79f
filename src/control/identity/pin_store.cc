// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/identity/pin_store.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "control/identity/private_file.h"

namespace punktfunk::control {
namespace {

using nlohmann::json;

constexpr int kFormatVersion = 1;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxLabelBytes = 256;
constexpr std::size_t kMaxPeers = 4096;
// 4096 entries of at most: 64 hex digits, name and label with every byte escaped as six characters, and
// punctuation.
constexpr std::size_t kMaxFileBytes = kMaxPeers * (64 + 6 * (kMaxNameBytes + kMaxLabelBytes) + 128);

tl::unexpected<Error> corrupt(const std::filesystem::path& file, const char* what) {
  return fail("Cannot use the list of trusted devices in " + file.string() + ": " + what +
              ". Restore the file from a backup, or move it away and pair the devices again.");
}

std::optional<PinnedPeer> parse_peer(const json& entry) {
  if (!entry.is_object()) return std::nullopt;
  const auto fingerprint = entry.find("fingerprint");
  const auto name = entry.find("name");
  const auto added = entry.find("added_unix_s");
  const auto label = entry.find("label");
  if (fingerprint == entry.end() || !fingerprint->is_string()) return std::nullopt;
  if (name == entry.end() || !name->is_string()) return std::nullopt;
  if (added == entry.end() || !added->is_number_unsigned()) return std::nullopt;
  if (label != entry.end() && !label->is_string()) return std::nullopt;
  const auto parsed = parse_fingerprint(fingerprint->get_ref<const std::string&>());
  if (!parsed) return std::nullopt;
  PinnedPeer peer;
  peer.fingerprint = *parsed;
  peer.name = clean_text(name->get_ref<const std::string&>(), kMaxNameBytes);
  peer.added_unix_s = added->get<std::uint64_t>();
  if (label != entry.end()) peer.label = clean_text(label->get_ref<const std::string&>(), kMaxLabelBytes);
  return peer;
}

json to_json(const PinnedPeer& peer) {
  json entry = {{"fingerprint", fingerprint_hex(peer.fingerprint)},
                {"name", peer.name},
                {"added_unix_s", peer.added_unix_s}};
  if (!peer.label.empty()) entry["label"] = peer.label;
  return entry;
}

}  // namespace

Result<PinStore> PinStore::open(const std::filesystem::path& file) {
  auto read = read_private_file(file, kMaxFileBytes);
  if (!read) return tl::unexpected(read.error());
  PinStore store(file);
  if (!read->has_value()) return store;
  const Bytes& content = **read;
  const json document = json::parse(content.begin(), content.end(), nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded() || !document.is_object()) return corrupt(file, "it is no valid JSON object");
  const auto version = document.find("version");
  if (version == document.end() || *version != kFormatVersion) return corrupt(file, "its version is not 1");
  const auto peers = document.find("peers");
  if (peers == document.end() || !peers->is_array()) return corrupt(file, "it has no list of peers");
  if (peers->size() > kMaxPeers) return corrupt(file, "it has too many entries");
  for (const json& entry : *peers) {
    auto peer = parse_peer(entry);
    if (!peer) return corrupt(file, "an entry is damaged");
    store.peers_.push_back(std::move(*peer));
  }
  return store;
}

bool PinStore::contains(const Fingerprint& fingerprint) const { return find(fingerprint) != nullptr; }

const PinnedPeer* PinStore::find(const Fingerprint& fingerprint) const {
  const PinnedPeer* found = nullptr;
  for (const PinnedPeer& peer : peers_) {
    if (equal_constant_time(peer.fingerprint, fingerprint)) found = &peer;
  }
  return found;
}

const PinnedPeer* PinStore::find_label(std::string_view label) const {
  const std::string key = clean_text(label, kMaxLabelBytes);
  if (key.empty()) return nullptr;
  const auto at =
      std::find_if(peers_.begin(), peers_.end(), [&](const PinnedPeer& peer) { return peer.label == key; });
  return at == peers_.end() ? nullptr : &*at;
}

Result<void> PinStore::add(const Fingerprint& fingerprint, std::string_view name,
                           std::uint64_t added_unix_s) {
  std::vector<PinnedPeer> peers = peers_;
  std::erase_if(
      peers, [&](const PinnedPeer& peer) { return peer.label.empty() && peer.fingerprint == fingerprint; });
  peers.push_back({fingerprint, clean_text(name, kMaxNameBytes), added_unix_s, {}});
  return replace(std::move(peers));
}

Result<void> PinStore::set(std::string_view label, const Fingerprint& fingerprint, std::string_view name,
                           std::uint64_t added_unix_s) {
  const std::string key = clean_text(label, kMaxLabelBytes);
  if (key.empty())
    return fail("Cannot remember the host: its label is empty. Name the host by address or id.");
  std::vector<PinnedPeer> peers = peers_;
  std::erase_if(peers, [&](const PinnedPeer& peer) { return peer.label == key; });
  peers.push_back({fingerprint, clean_text(name, kMaxNameBytes), added_unix_s, key});
  return replace(std::move(peers));
}

Result<bool> PinStore::remove(const Fingerprint& fingerprint) {
  std::vector<PinnedPeer> peers = peers_;
  if (std::erase_if(peers, [&](const PinnedPeer& peer) { return peer.fingerprint == fingerprint; }) == 0)
    return false;
  if (auto done = replace(std::move(peers)); !done) return tl::unexpected(done.error());
  return true;
}

Result<bool> PinStore::remove_label(std::string_view label) {
  const std::string key = clean_text(label, kMaxLabelBytes);
  std::vector<PinnedPeer> peers = peers_;
  if (key.empty() || std::erase_if(peers, [&](const PinnedPeer& peer) { return peer.label == key; }) == 0)
    return false;
  if (auto done = replace(std::move(peers)); !done) return tl::unexpected(done.error());
  return true;
}

Result<void> PinStore::replace(std::vector<PinnedPeer> peers) {
  if (peers.size() > kMaxPeers) {
    return fail("Cannot add the device: the list in " + file_.string() +
                " is full. Remove devices no longer used.");
  }
  json list = json::array();
  for (const PinnedPeer& peer : peers) list.push_back(to_json(peer));
  const std::string text = json{{"version", kFormatVersion}, {"peers", std::move(list)}}.dump(2) + "\n";
  auto written = write_private_file(file_, as_bytes(text), IfExists::replace);
  if (!written) return tl::unexpected(written.error());
  peers_ = std::move(peers);
  return {};
}

}  // namespace punktfunk::control

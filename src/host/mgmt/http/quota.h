// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace punktfunk::host::http {

// How many of something one caller, and all callers on the network together, hold. Callers on this machine
// count by themselves only, so that a crowd on the network never shuts out the operator. Not thread-safe.
class Quota {
 public:
  // Given back when the last copy goes; null where there was none left.
  using Place = std::shared_ptr<void>;

  Quota(std::size_t on_network, std::size_t per_key)
      : max_on_network_(on_network), max_per_key_(per_key), held_(std::make_shared<Held>()) {}

  [[nodiscard]] Place take(const std::string& key, bool on_network) {
    std::size_t& own = held_->by_key[key];
    if (own >= max_per_key_ || (on_network && held_->on_network >= max_on_network_)) {
      if (own == 0) held_->by_key.erase(key);
      return nullptr;
    }
    ++own;
    if (on_network) ++held_->on_network;
    return Place(held_.get(), [held = held_, key, on_network](void*) {
      if (on_network) --held->on_network;
      if (const auto at = held->by_key.find(key); --at->second == 0) held->by_key.erase(at);
    });
  }

  [[nodiscard]] std::size_t keys() const { return held_->by_key.size(); }

 private:
  struct Held {
    std::size_t on_network = 0;
    std::map<std::string, std::size_t> by_key;
  };
  std::size_t max_on_network_;
  std::size_t max_per_key_;
  std::shared_ptr<Held> held_;
};

}  // namespace punktfunk::host::http

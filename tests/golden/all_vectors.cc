// SPDX-License-Identifier: MIT OR Apache-2.0
#include "all_vectors.h"

#include <fstream>
#include <stdexcept>

namespace punktfunk::test {

const nlohmann::json& all_vectors() {
  static const nlohmann::json document = [] {
    std::ifstream file(PUNKTFUNK_VECTORS);
    if (!file) throw std::runtime_error("cannot read " PUNKTFUNK_VECTORS);
    return nlohmann::json::parse(file);
  }();
  return document.at("vectors");
}

}  // namespace punktfunk::test

// SPDX-License-Identifier: MIT OR Apache-2.0
// vector-check [--strict] FILE...: runs every test vector of the files against this implementation.
//
// --strict: a vector that no check knows, and a value of a vector that its check does not look at, are
// failures. Prints one block per failure and, as its last line, `N passed, M failed, K skipped`. Exit code 0:
// none failed; 1: some did; 2: a file could not be read, or PUNKTFUNK_FEC_KERNEL names what this CPU lacks.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "core/fec/kernels/kernels.h"
#include "vector_check/checks.h"

namespace {

using punktfunk::vector_check::BadVector;
using punktfunk::vector_check::Json;
using punktfunk::vector_check::Registry;
using punktfunk::vector_check::Run;
using punktfunk::vector_check::VectorFile;

struct Counts {
  std::size_t passed = 0, failed = 0, skipped = 0;
};

Registry all_checks() {
  using namespace punktfunk::vector_check;
  Registry registry;
  register_framing(registry);
  register_hello(registry);
  register_messages(registry);
  register_feedback(registry);
  register_input(registry);
  register_pads(registry);
  register_audio(registry);
  register_host_events(registry);
  register_media_packets(registry);
  register_media_blocks(registry);
  register_fec(registry);
  register_pairing(registry);
  register_handshake(registry);
  return registry;
}

// Long values are cut: the part that differs is what helps.
std::string shorten(const std::string& text) {
  constexpr std::size_t kLongest = 400;
  return text.size() <= kLongest
             ? text
             : text.substr(0, kLongest) + "… (" + std::to_string(text.size()) + " characters)";
}

std::string text_of(const Json& vector, const char* key) {
  const auto found = vector.find(key);
  return found != vector.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// A value that no check reads would pass whatever it says.
void expect_all_looked_at(Run& run) {
  for (const auto* part : {&run.inputs, &run.expected}) {
    for (const std::string& key : part->untouched())
      run.mismatch("\"" + key + "\"", "looked at", "not looked at");
  }
}

void check_one(const Registry& registry, const VectorFile& file, const Json& vector, bool strict,
               Counts& counts) {
  const std::string name = vector.is_object() ? text_of(vector, "name") : std::string();
  const auto failed = [&](const std::string& reason) {
    ++counts.failed;
    std::printf("FAILED %s\n  reason: %s\n", name.empty() ? "(a vector without a name)" : name.c_str(),
                reason.c_str());
  };
  if (name.empty()) return failed("the entry is no object with a \"name\"");
  const auto* check = registry.find(text_of(vector, "section"), name);
  if (check == nullptr) {
    // A MINIMAL vector nobody looks at must not read as success.
    if (strict || text_of(vector, "scope").starts_with("MINIMAL"))
      return failed("no check knows this kind of vector");
    ++counts.skipped;
    return;
  }
  try {
    Run run(file, vector);
    (*check)(run);
    if (run.is_skipped()) {
      ++counts.skipped;
      return;
    }
    if (!run.compared_anything()) return failed("it states nothing that can be compared");
    if (strict) expect_all_looked_at(run);
    if (run.mismatches().empty()) {
      ++counts.passed;
      return;
    }
    ++counts.failed;
    std::printf("FAILED %s\n", name.c_str());
    for (const auto& mismatch : run.mismatches()) {
      std::printf("  %s\n    expected: %s\n    got:      %s\n", mismatch.what.c_str(),
                  shorten(mismatch.wanted).c_str(), shorten(mismatch.got).c_str());
    }
  } catch (const std::exception& error) {
    failed(error.what());
  }
}

bool check_file(const Registry& registry, const char* path, bool strict, Counts& counts) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::fprintf(
        stderr,
        "No vectors were checked because the file %s cannot be opened; check its name and permissions.\n",
        path);
    return false;
  }
  Json json = Json::parse(in, nullptr, false);
  if (json.is_discarded()) {
    std::fprintf(
        stderr, "No vectors were checked because the file %s is not valid JSON; check that it is complete.\n",
        path);
    return false;
  }
  const VectorFile file(std::move(json));
  try {
    for (const Json& vector : file.vectors()) check_one(registry, file, vector, strict, counts);
  } catch (const BadVector& error) {
    std::fprintf(
        stderr,
        "No vectors of the file %s were checked because %s; give a file in the format of vectors.json.\n",
        path, error.what());
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files(argv + std::min(argc, 1), argv + argc);
  const bool strict = std::erase(files, "--strict") > 0;
  if (files.empty()) {
    std::fprintf(
        stderr,
        "Nothing was checked because no file was named; call it as: vector-check [--strict] FILE...\n");
    return 2;
  }
  const std::string kernels = punktfunk::fec::active_kernels().name;
  const char* const forced = std::getenv("PUNKTFUNK_FEC_KERNEL");
  if (forced != nullptr && kernels != forced) {
    std::fprintf(stderr,
                 "This CPU has no kernel set %s, so nothing was checked; unset PUNKTFUNK_FEC_KERNEL to check "
                 "with %s.\n",
                 forced, kernels.c_str());
    return 2;
  }
  std::printf("kernel set for parity: %s\n", kernels.c_str());
  const Registry registry = all_checks();
  Counts counts;
  bool readable = true;
  for (const std::string& file : files) {
    readable = check_file(registry, file.c_str(), strict, counts) && readable;
  }
  std::printf("%zu passed, %zu failed, %zu skipped\n", counts.passed, counts.failed, counts.skipped);
  if (!readable) return 2;
  return counts.failed == 0 ? 0 : 1;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The list of trusted devices, whatever is in its file, and the words of an operator. Input: the file; also
// read as text.
#include "control/identity/trust_store.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/text.h"
#include "control/identity/private_file.h"
#include "core/session/grants.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::control;
using fuzz::require;

namespace {

class Folder {
 public:
  Folder() : path_(base() / ("punktfunk-fuzz-trust-" + std::to_string(::getpid()))) {
    spdlog::set_level(spdlog::level::off);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { clear(); }
  void clear() const {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  // In memory where that is possible: the store waits for the disk at each change.
  static std::filesystem::path base() {
    const std::filesystem::path memory = "/dev/shm";
    return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  }
  std::filesystem::path path_;
};

void check_words(std::string_view text) {
  if (const auto grants = access::parse_grants(text)) {
    require(access::parse_grants(access::grants_text(*grants)).value() == *grants,
            "rights are read as printed");
  }
  if (const auto term = access::parse_term(text))
    require(term->seconds <= access::kMaxTermSeconds, "a term is bounded");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const ByteView content(data, size);
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_words(text);

  folder.clear();
  require(write_private_file(folder.path() / TrustStore::kFileName, content, IfExists::replace).has_value(),
          "the file is written");
  std::vector<Device> devices;
  {
    auto store = TrustStore::open(folder.path());
    if (!store) {
      require(!store.error().message.empty(), "a refusal says why");
      return 0;
    }
    require(store->list().size() <= TrustStore::kMaxDevices, "the list is bounded");
    for (const Device& device : store->list()) {
      require(device.name == device_name(device.name), "names are clean");
      require(store->find(device.fingerprint) != nullptr, "who is listed is found");
      const auto meant = find_device(store->list(), fingerprint_hex(device.fingerprint));
      require(meant.has_value() && *meant == device.fingerprint, "a fingerprint means one device");
    }
    (void)find_device(store->list(), text);
    // A full list takes nobody; a file whose free pages are damaged may refuse.
    (void)store->put({Fingerprint{1}, "name"});
    devices = store->list();
  }
  const auto again = TrustStore::open(folder.path());
  if (again) require(again->list() == devices, "devices are read as written");
  return 0;
}

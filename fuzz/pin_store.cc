// SPDX-License-Identifier: MIT OR Apache-2.0
// The file of trusted devices, whatever is in it. Input: the file.
#include "control/identity/pin_store.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/text.h"
#include "control/identity/private_file.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::control;
using fuzz::require;

namespace {

class Folder {
 public:
  Folder() : path_(base() / ("punktfunk-fuzz-" + std::to_string(::getpid()))) {
    spdlog::set_level(spdlog::level::off);
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::filesystem::path file() const { return path_ / "peers.json"; }

 private:
  // In memory where that is possible: the store waits for the disk at each change.
  static std::filesystem::path base() {
    const std::filesystem::path memory = "/dev/shm";
    return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  }
  std::filesystem::path path_;
};

bool same(const PinnedPeer& a, const PinnedPeer& b) {
  return a.fingerprint == b.fingerprint && a.name == b.name && a.added_unix_s == b.added_unix_s &&
         a.label == b.label;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const ByteView content(data, size);
  (void)parse_fingerprint(std::string(reinterpret_cast<const char*>(data), size));

  require(write_private_file(folder.file(), content, IfExists::replace).has_value(), "the file is written");
  auto store = PinStore::open(folder.file());
  if (!store) {
    require(!store.error().message.empty(), "a refusal says why");
    return 0;
  }
  for (const PinnedPeer& peer : store->list()) {
    require(peer.name.size() <= 64 && is_valid_utf8(peer.name), "names are clean and short");
    require(peer.label.size() <= 256 && is_valid_utf8(peer.label), "labels are clean and short");
    require(store->contains(peer.fingerprint), "who is listed is found");
  }
  if (!store->set("fuzz:1", Fingerprint{1}, "name", 1)) return 0;  // the list is full
  const auto again = PinStore::open(folder.file());
  require(again.has_value(), "what was written is read");
  require(again->list().size() == store->list().size(), "nobody is forgotten");
  for (std::size_t i = 0; i < again->list().size(); ++i) {
    require(same(again->list()[i], store->list()[i]), "entries are read as written");
  }
  return 0;
}

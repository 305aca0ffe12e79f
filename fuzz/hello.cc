// SPDX-License-Identifier: MIT OR Apache-2.0
// The two hello messages. Input: an even first byte for ClientHello, an odd one for ServerHello, then the
// body.
#include "core/wire/hello.h"

#include "base/text.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::wire;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool from_host = input.take<std::uint8_t>() % 2 != 0;
  const Bytes body = input.take_rest();
  if (from_host) {
    fuzz::check_message<ServerHello>(body);
    const auto hello = ServerHello::decode(body);
    if (!hello) return 0;
    require(hello->profile.size() <= kMaxProfileBytes, "the profile keeps its bound");
    if (hello->check()) {
      require(hello->shard_payload >= 512 && hello->shard_payload <= 9170 && hello->shard_payload % 2 == 0,
              "a usable answer has a usable shard size");
      require(hello->max_data_per_block > 0, "a usable answer has a usable block size");
    }
    return 0;
  }
  fuzz::check_message<ClientHello>(body);
  const auto hello = ClientHello::decode(body);
  if (!hello) return 0;
  require(hello->name.size() <= kMaxNameBytes && hello->launch.size() <= kMaxLaunchBytes &&
              hello->client_label.size() <= kMaxLabelBytes && hello->profile.size() <= kMaxProfileBytes,
          "texts keep their bounds");
  require(is_valid_utf8(hello->name) && is_valid_utf8(hello->client_label), "texts are UTF-8");
  const std::uint8_t channels = hello->audio_channels;
  require(channels == 2 || channels == 6 || channels == 8, "channels are 2, 6 or 8");
  const FeatureSet answer = FeatureSet::answer(hello->features, hello->features);
  require(FeatureSet::decode(answer.encode()) == answer, "features are read as written");
  return 0;
}

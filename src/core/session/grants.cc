// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/grants.h"

#include <array>
#include <charconv>
#include <utility>

namespace punktfunk::access {

namespace {

struct Named {
  std::string_view name;
  std::uint32_t bit;
};
constexpr std::array<Named, 8> kNames = {{{"gamepad", wire::kGrantGamepad},
                                          {"pointer", wire::kGrantPointer},
                                          {"keyboard", wire::kGrantKeyboard},
                                          {"clipboard", wire::kGrantClipboard},
                                          {"microphone", wire::kGrantMicrophone},
                                          {"launch", wire::kGrantLaunch},
                                          {"power", wire::kGrantPower},
                                          {"manage-games", wire::kGrantManageGames}}};
constexpr std::array<Named, 3> kPresets = {
    {{"view", kViewOnly}, {"controller", kControllerOnly}, {"full", kFull}}};

template <std::size_t N>
const Named* find(const std::array<Named, N>& among, std::string_view name) {
  for (const Named& one : among) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

tl::unexpected<Error> no_such_rights(std::string_view text) {
  return fail("\"" + std::string(text.substr(0, 40)) +
              "\" names no rights; give view, controller, full, or some of gamepad, pointer, "
              "keyboard, clipboard, microphone, launch, power and manage-games with commas between.");
}

tl::unexpected<Error> no_such_term(std::string_view text) {
  return fail("\"" + std::string(text.substr(0, 40)) +
              "\" is no length of time; give for example 30m, 2h or 7d (ten years at most), session, or "
              "never for rights without an end.");
}

// By the first bytes of an input event or rich input.
std::uint32_t needed_for_input(ByteView payload) {
  if (payload.size() < 2) return kNever;
  if (payload[0] == wire::kInputByte) return needed(static_cast<wire::InputKind>(payload[1]));
  if (payload[0] == wire::kRichInputByte) return needed(static_cast<wire::RichKind>(payload[1]));
  return kNever;
}

}  // namespace

std::uint32_t needed(const wire::Datagram& datagram) {
  const ByteView payload = datagram.payload;
  if (datagram.kind == wire::DatagramKind::input_state) return needed_for_input(payload);
  // The other kinds of sound only hosts send.
  if (datagram.kind == wire::DatagramKind::audio && (payload.empty() || payload[0] != wire::kMicrophoneByte))
    return kNever;
  return needed(datagram.kind);
}

std::uint32_t needed(const wire::Frame& frame) {
  if (frame.is(wire::FrameType::input_event)) return needed_for_input(frame.body);
  return needed(static_cast<wire::FrameType>(frame.type));
}

Rights Offer::given_at(std::uint64_t unix_s) const {
  Rights rights{grants, term.lasts, 0};
  if (term.lasts == Lasts::until) rights.until_unix_s = unix_s + term.seconds;
  return rights;
}

Result<std::uint32_t> parse_grants(std::string_view text) {
  if (const Named* preset = find(kPresets, text)) return preset->bit;
  std::uint32_t grants = 0;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    const Named* grant = find(kNames, rest.substr(0, comma));
    if (grant == nullptr) return no_such_rights(text);
    grants |= grant->bit;
    if (comma == std::string_view::npos) return grants;
    rest.remove_prefix(comma + 1);
  }
}

std::vector<std::string_view> grant_names(std::uint32_t grants) {
  std::vector<std::string_view> names;
  for (const Named& one : kNames) {
    if ((grants & one.bit) != 0) names.push_back(one.name);
  }
  return names;
}

std::string grants_text(std::uint32_t grants) {
  for (const Named& preset : kPresets) {
    if ((grants & wire::kGrantAll) == preset.bit) return std::string(preset.name);
  }
  std::string text;
  for (const std::string_view name : grant_names(grants)) {
    if (!text.empty()) text += ',';
    text += name;
  }
  return text;
}

Result<Term> parse_term(std::string_view text) {
  if (text == "never") return Term{Lasts::always, 0};
  if (text == "session") return Term{Lasts::session, 0};
  if (text.size() < 2) return no_such_term(text);
  std::uint64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = 1;
      break;
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3600;
      break;
    case 'd':
      unit = 24 * 3600;
      break;
    default:
      return no_such_term(text);
  }
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size() - 1;
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number == 0 || number > kMaxTermSeconds / unit)
    return no_such_term(text);
  return Term{Lasts::until, number * unit};
}

}  // namespace punktfunk::access

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/ctl/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "base/unique_fd.h"

namespace punktfunk::ctl {

using nlohmann::json;

namespace {

// Fewer would be met by chance among some dozens of devices, or be a session's number.
constexpr std::size_t kLeastDigits = 6;

// 0, or why nobody can be reached there.
int reach(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket.string();
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno;
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

}  // namespace

Done<Connection> Connection::open(const std::filesystem::path& state_dir) {
  const auto socket = state_dir / "control.sock";
  const int error = reach(socket);
  if (error == EACCES || error == EPERM) {
    return failed(kFailed, "not_permitted",
                  "The host's control socket " + socket.string() +
                      " is not yours to use; run this as the user that runs the host.");
  }
  if (error != 0) {
    return failed(kNoHost, "no_host",
                  "No host runs with the state folder " + state_dir.string() +
                      "; start one with punktfunk-host serve, or name another folder with --state-dir.");
  }
  return Connection(socket);
}

Failure Connection::refusal(const host::http::HttpAnswer& answer) {
  const ExitCode exit = answer.status == 404 ? kNotFound : answer.status == 409 ? kNotNow : kFailed;
  const json body = json::parse(answer.body, nullptr, false);
  if (body.is_object() && body.contains("error") && body["error"].is_object()) {
    return {exit, body["error"].value("code", "failed"), body["error"].value("message", "The host refused.")};
  }
  return {kFailed, "strange_answer",
          "The host's answer was not understood; use the punktfunk-host that also runs."};
}

Done<json> Connection::ask(std::string_view method, const std::string& target, const json& body) const {
  const auto answer = client_.ask(method, target, body.is_null() ? std::string() : body.dump());
  if (!answer) return failed(kFailed, "no_answer", answer.error().message);
  if (answer->status < 200 || answer->status > 299) return tl::unexpected(refusal(*answer));
  if (answer->body.empty()) return json(nullptr);
  json parsed = json::parse(answer->body, nullptr, false);
  if (parsed.is_discarded()) return tl::unexpected(refusal({0, {}, {}}));
  return parsed;
}

Done<json> pick(const json& list, const std::string& typed, const char* what) {
  const std::string digits = lower_case(typed);
  json found;
  std::size_t count = 0;
  for (const json& item : list) {
    // A number is never also a prefix: lists with numbers are asked for them first.
    if (item.contains("id") && std::to_string(item["id"].get<std::uint64_t>()) == typed) return item;
    const bool is_named = item.value("name", "") == typed;
    const bool is_prefix =
        digits.size() >= kLeastDigits && item.value("fingerprint", "").compare(0, digits.size(), digits) == 0;
    if (!is_named && !is_prefix) continue;
    found = item;
    ++count;
  }
  if (count == 1) return found;
  if (count > 1) {
    return failed(
        kNotFound, "ambiguous",
        "\"" + typed + "\" fits more than one " + what + "; give its number or more of its fingerprint.");
  }
  return failed(
      kNotFound, "not_found",
      std::string("There is no ") + what + " \"" + typed +
          "\"; give a number or a name from the list, or the first 6 or more digits of a fingerprint.");
}

}  // namespace punktfunk::ctl

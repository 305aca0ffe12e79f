// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "apps/host/ctl/exit_codes.h"
#include "base/result.h"
#include "host/mgmt/http/unix_http_client.h"

namespace punktfunk::ctl {

struct Failure {
  ExitCode exit = kFailed;
  std::string code;  // the API's, or one of ours
  std::string message;
};
template <class T>
using Done = tl::expected<T, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> failed(ExitCode exit, std::string code, std::string message) {
  return tl::unexpected<Failure>(Failure{exit, std::move(code), std::move(message)});
}

// The API of the host that keeps its state in one folder.
class Connection {
 public:
  // kNoHost when nobody answers there.
  [[nodiscard]] static Done<Connection> open(const std::filesystem::path& state_dir);

  // The answer's JSON; null where there is none. A refusal of the host is a failure.
  [[nodiscard]] Done<nlohmann::json> ask(std::string_view method, const std::string& target,
                                         const nlohmann::json& body = nullptr) const;
  [[nodiscard]] Done<nlohmann::json> get(const std::string& target) const { return ask("GET", target); }

  [[nodiscard]] const host::http::UnixHttpClient& client() const { return client_; }
  // What an answer that is no success means.
  [[nodiscard]] static Failure refusal(const host::http::HttpAnswer& answer);

 private:
  explicit Connection(const std::filesystem::path& socket) : client_(socket) {}
  host::http::UnixHttpClient client_;
};

// The one item of `list` that `typed` names: by "id", by "name", or by the first 6 or more digits of
// "fingerprint". `what` completes "There is no …".
[[nodiscard]] Done<nlohmann::json> pick(const nlohmann::json& list, const std::string& typed,
                                        const char* what);

}  // namespace punktfunk::ctl

// SPDX-License-Identifier: MIT OR Apache-2.0
// What a connection of the management server does with bytes, short of sockets: reading, who asks, the table
// of routes. Input: one byte (who asks, and the size of the portions), then what they send.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>

#include "fuzz_input.h"
#include "host/mgmt/http/event_log.h"
#include "host/mgmt/http/gate.h"
#include "host/mgmt/http/request_reader.h"
#include "host/mgmt/http/router.h"
#include "host/mgmt/http/target.h"

using namespace punktfunk;
using namespace punktfunk::host::http;
using fuzz::require;

namespace {

int changes = 0;

Router make_router(EventLog& log) {
  Router router;
  router.add(Route(Method::get, "/a", Access::open, "a", "", [](const Request&) {
               return Response::nothing();
             }).answer(204, ""));
  router.add(Route(Method::get, "/b/{id}", Access::device, "b", "",
                   [](const Request& request) {
                     require(request.caller.access >= Access::device, "only devices get here");
                     require(request.number("id") >= 1 && request.number("id") <= 9,
                             "parameters are checked");
                     if (request.has("word"))
                       require(request.text("word").size() <= 8 * 4, "and those of the query");
                     return Response::nothing();
                   })
                 .path_parameter("id", Schema::integer(1, 9), "")
                 .query("word", Schema::text(8), "")
                 .answer(204, ""));
  router.add(Route(Method::post, "/c", Access::admin, "c", "",
                   [](const Request& request) {
                     require(request.caller.access == Access::admin, "only the operator gets here");
                     require(request.body.is_object() && request.body.at("x").is_number_integer(),
                             "bodies are checked");
                     ++changes;
                     return Response::json(request.body);
                   })
                 .body(Schema::object({{"x", Schema::integer(-9, 9)}, {"y", Schema::any(), false}}))
                 .answer(200, "", Schema::any()));
  router.add(Route(Method::get, "/e", Access::device, "e", "", [&log](const Request& request) {
               return Response::event_stream(log, request);
             }).answer_events(""));
  return router;
}

// Always the same token, "00…".
class Zeros final : public RandomSource {
 public:
  void fill(MutableBytes out) override { std::fill(out.begin(), out.end(), std::uint8_t{0}); }
};

AdminToken make_token() {
  Zeros zeros;
  return AdminToken::generate(zeros);
}

void check_answer(const Response& response, bool may_change) {
  require(response.status >= 200 && response.status < 600, "the status is one");
  require(may_change || changes == 0, "only the operator changes anything");
  if (response.status < 400) return;
  require(response.status != 500, "nothing fails inside");
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  require(body.is_object() && body.at("error").at("code").is_string(), "an error says which");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static EventLog log(0);
  static const Router router = make_router(log);
  fuzz::Input input(data, size);
  const auto how = input.take<std::uint8_t>();
  const Bytes rest = input.take_rest();
  std::string_view bytes(reinterpret_cast<const char*>(rest.data()), rest.size());

  Gate gate({{"desk"}, (how & 4) != 0}, make_token(),
            [](const control::Fingerprint& fingerprint) { return fingerprint[0] == 1; });
  Peer peer;
  peer.local_socket = (how & 3) == 3;
  peer.remote = *SocketAddress::parse((how & 8) != 0 ? "127.0.0.1" : "192.168.0.2", 40000);
  peer.local = *SocketAddress::parse((how & 8) != 0 ? "127.0.0.1" : "192.168.0.1", 47990);
  if ((how & 3) == 1) peer.certificate = control::Fingerprint{1};
  if ((how & 3) == 2) peer.certificate = control::Fingerprint{2};
  const std::size_t portion = (how & 16) != 0 ? 1 : 4096;

  changes = 0;
  bool admin = false;
  RequestReader reader{HttpLimits{}};
  while (true) {
    while (reader.state() == RequestReader::State::whole) {
      RawRequest raw = reader.take();
      require(raw.body.size() <= HttpLimits{}.body_bytes && raw.headers.size() <= HttpLimits{}.head_fields,
              "a request keeps its bounds");
      auto admitted = gate.admit(raw, peer, TimePoint(std::chrono::hours(1)));
      require(raw.header("authorization") == nullptr, "credentials are not passed on");
      if (const auto* refused = std::get_if<Response>(&admitted)) {
        check_answer(*refused, admin);
        continue;
      }
      const Caller& caller = std::get<Caller>(admitted);
      admin = admin || caller.access == Access::admin;
      if (const auto target = Target::parse(raw.target)) {
        for (const auto& segment : target->segments) {
          require(segment != ".." && segment.find('/') == std::string::npos &&
                      segment.find('\0') == std::string::npos,
                  "segments are names");
        }
      }
      check_answer(router.dispatch(raw, caller), admin);
    }
    if (reader.state() == RequestReader::State::refused) {
      check_answer(reader.refusal(), admin);
      break;
    }
    if (bytes.empty()) break;
    reader.feed(bytes.substr(0, portion));
    bytes.remove_prefix(std::min(portion, bytes.size()));
  }
  return 0;
}

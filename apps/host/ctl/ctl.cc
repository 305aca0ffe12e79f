// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/ctl/ctl.h"

#include <poll.h>

#include <cstdio>

#include "apps/host/ctl/commands.h"
#include "apps/host/ctl/connection.h"
#include "apps/host/ctl/print.h"

namespace punktfunk::ctl {

using nlohmann::json;

namespace {

// How often a followed log is read. It is a local socket and a reader who is a person.
constexpr int kFollowEveryMs = 300;

void print_json(const json& value) {
  std::printf("%s\n", value.dump().c_str());
  std::fflush(stdout);
}

Done<json> follow_log(const Connection& host, const Request& request, const StopSignal& stop) {
  std::string target = "/api/v1/log?limit=" + std::to_string(request.lines);
  while (true) {
    const auto answer = host.get(target);
    if (!answer) return answer;
    if (request.json) {
      for (const json& line : (*answer)["lines"]) print_json(line);
    } else {
      print_log(*answer, request);
    }
    target = "/api/v1/log?limit=500&after=" + std::to_string((*answer)["next"].get<std::uint64_t>());
    pollfd wait{stop.fd(), POLLIN, 0};
    if (::poll(&wait, 1, kFollowEveryMs) > 0) return json();
  }
}

Done<json> watch(const Connection& host, const Request& request, const StopSignal& stop) {
  std::optional<Failure> refusal;
  const auto ended = host.client().watch(
      "/api/v1/events", std::nullopt,
      [&](const host::http::StreamedEvent& event) {
        const json data = json::parse(event.data, nullptr, false);
        const json shown = data.is_discarded() ? json(nullptr) : data;
        if (request.json) {
          print_json({{"id", event.id}, {"type", event.type}, {"data", shown}});
        } else {
          print_event(event.type, shown);
        }
        return true;
      },
      [&](const host::http::HttpAnswer& answer) { refusal = Connection::refusal(answer); }, stop.fd());
  if (refusal) return tl::unexpected(*refusal);
  if (!ended) return failed(kFailed, "stream_ended", ended.error().message);
  return json();
}

}  // namespace

int run(const std::filesystem::path& state_dir, const Request& request, const StopSignal& stop) {
  const auto host = Connection::open(state_dir);
  const Command* const command = find_command(request);
  const Done<json> answer = !host                        ? Done<json>(tl::unexpected(host.error()))
                            : command != nullptr         ? command->act(*host, request)
                            : request.command == "watch" ? watch(*host, request, stop)
                                                         : follow_log(*host, request, stop);
  if (!answer) {
    const Failure& failure = answer.error();
    if (request.json) print_json({{"error", {{"code", failure.code}, {"message", failure.message}}}});
    std::fprintf(stderr, "punktfunk-host: %s\n", failure.message.c_str());
    return failure.exit;
  }
  if (command == nullptr) return kOk;
  if (request.json) {
    print_json(*answer);
  } else {
    command->print(*answer, request);
  }
  return kOk;
}

}  // namespace punktfunk::ctl

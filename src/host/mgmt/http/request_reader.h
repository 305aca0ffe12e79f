// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "host/mgmt/http/limits.h"
#include "host/mgmt/http/message.h"

namespace punktfunk::host::http {

// Takes the bytes of a connection and makes requests of them, one after the other. Whatever two programs
// might read differently is refused: bodies without Content-Length, the same header twice where one is meant,
// lines that end in anything but CR LF, versions other than HTTP/1.1.
class RequestReader {
 public:
  explicit RequestReader(const HttpLimits& limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  //   idle     nothing of the next request is there
  //   head     a part of its headers
  //   body     all of its headers, and a part of its body
  //   whole    take() gives it; nothing is read meanwhile
  //   refused  refusal() answers it; then the connection has to end
  enum class State { idle, head, body, whole, refused };
  [[nodiscard]] State state() const;

  // Keeps what belongs to a later request. Call only in the first three states, so that at most one portion
  // of input is ever kept.
  void feed(std::string_view bytes);
  // Goes on to the next request, whose bytes may be there already.
  [[nodiscard]] RawRequest take();
  // Whether the caller wants to send more after the request that take() gave last.
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] Response refusal() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace punktfunk::host::http

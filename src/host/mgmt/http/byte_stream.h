// SPDX-License-Identifier: MIT OR Apache-2.0
// A connection's bytes, whatever carries them. Everything runs on the server's loop; each call ends in one
// call of `done`, also when the stream is closed meanwhile, and never before the call itself returns.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "control/identity/identity.h"
#include "host/mgmt/http/gate.h"

namespace punktfunk::host::http {

class ByteStream {
 public:
  using Done = std::function<void(bool ok, std::size_t bytes)>;

  virtual ~ByteStream() = default;
  // Once, first. Who is at the other end is known afterwards.
  virtual void open(Done done) = 0;
  // Not ok at the end of what the other side sends.
  virtual void read_some(std::span<char> into, Done done) = 0;
  // All of `bytes`, which stay valid until then.
  virtual void write(std::string_view bytes, Done done) = 0;
  // Ends a read in progress, which is then not ok.
  virtual void cancel_read() = 0;
  // Says that nothing more will be sent, then reads and forgets what still comes, so that the answer before
  // is not lost to a reset. No read may be in progress. The caller bounds the time.
  virtual void say_goodbye(Done done) = 0;
  // At once. Idempotent.
  virtual void close() = 0;
  [[nodiscard]] virtual const Peer& peer() const = 0;
};

}  // namespace punktfunk::host::http

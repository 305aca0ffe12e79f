// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "control/approval_desk.h"
#include "control/identity/trust_store.h"
#include "core/wire/close_code.h"
#include "core/wire/mode.h"
#include "endpoint/host_sessions.h"

namespace punktfunk::endpoint {

// What a host tells about itself as it happens, for logs, counters and the events of the management API. All
// calls come on the control loop and must not block.
class HostEvents {
 public:
  virtual ~HostEvents() = default;
  // An unknown device waits for the operator; once for each device in the list.
  virtual void knocked(const control::ApprovalDesk::Entry& /*entry*/) {}
  virtual void denied(const control::ApprovalDesk::Entry& /*entry*/) {}
  // A device may connect from now on; `device.how` says what let it in.
  virtual void trusted(const control::Device& /*device*/) {}
  // Its name or its rights are others now.
  virtual void device_changed(const control::Device& /*device*/) {}
  virtual void unpaired(const control::Device& /*device*/) {}
  // A pairing came to nothing: refused with this code, or the PIN was used up without a proof of it (none).
  virtual void pairing_failed(std::optional<wire::CloseCode> /*code*/) {}
  // Media may leave for the session.
  virtual void session_began(SessionId /*id*/, const control::Device& /*device*/,
                             const wire::Mode& /*mode*/) {}
  // Another stretch of its stream begins: after a change of mode, or of what delivers the pictures.
  virtual void epoch_began(SessionId /*id*/, const wire::Mode& /*mode*/) {}
  // Also of one that never began.
  virtual void session_over(SessionId /*id*/, std::string_view /*why*/) {}
};

}  // namespace punktfunk::endpoint

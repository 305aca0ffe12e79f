// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/close_code.h"

namespace punktfunk::wire {

const char* describe(CloseCode code) {
  switch (code) {
    case CloseCode::done:
      return "The connection was closed because everything asked for is done.";
    case CloseCode::error:
      return "The other side closed the connection because of an error; try again.";
    case CloseCode::busy:
      return "The host is busy with another session; end that one first or try again later.";
    case CloseCode::user_quit:
      return "The session was ended by the user.";
    case CloseCode::application_ended:
      return "The session ended because the streamed application has ended.";
    case CloseCode::pairing_not_armed:
      return "The host is not waiting for a pairing; start pairing on the host, then enter its PIN here.";
    case CloseCode::armed_for_another_device:
      return "The PIN shown on the host is meant for another device; start pairing on the host for this one.";
    case CloseCode::pairing_rate_limit:
      return "The host takes one pairing attempt every two seconds; wait two seconds and try again.";
    case CloseCode::client_certificate_needed:
      return "The host wants to know which device this is; let the client create its identity and try again.";
    case CloseCode::denied:
      return "The operator of the host denied the request of this device.";
    case CloseCode::approval_timed_out:
      return "Nobody on the host answered the request of this device in time; ask again.";
    case CloseCode::superseded:
      return "A newer request from this device has taken the place of this one.";
    case CloseCode::wire_generation_not_served:
      return "The host and this client speak different versions of the protocol; update the older one.";
    case CloseCode::setup_failed:
      return "The host could not set the session up.";
    case CloseCode::access_expired:
      return "The access of this device to the host has expired; ask the operator of the host to renew it.";
    case CloseCode::launch_not_permitted:
      return "This device may not start applications on the host; ask the operator of the host for "
             "permission.";
    case CloseCode::host_going_down:
      return "The host is going to sleep or shutting down.";
    case CloseCode::profile_unknown:
      return "The host does not know the chosen profile; refresh the list of profiles.";
    case CloseCode::no_seat:
      return "The host has no seat for this session.";
    case CloseCode::seat_occupied:
      return "The seat on the host is in use by another device.";
    case CloseCode::seat_unavailable:
      return "The seat on the host is not available now; try again later.";
    case CloseCode::access_granted:
      return "This device may connect to the host now; connect normally.";
    case CloseCode::transfer_cancelled:
      return "The transfer was cancelled.";
    case CloseCode::unknown_stream_type:
      return "The other side does not know this type of stream.";
  }
  return "The other side closed the connection with a code that this version does not know.";
}

}  // namespace punktfunk::wire

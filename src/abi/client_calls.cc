// SPDX-License-Identifier: MIT OR Apache-2.0
#include <punktfunk_core.h>

#include <memory>
#include <string>
#include <utility>

#include "abi/client.h"
#include "abi/failure.h"
#include "abi/input.h"
#include "abi/structs.h"

struct punktfunk_client {
  std::unique_ptr<punktfunk::abi::Client> client;
};

namespace {

using namespace punktfunk;
using namespace punktfunk::abi;

constexpr const char* kNoClient = "No client was given.";
constexpr const char* kNoPlace = "The place for the result is missing.";
constexpr std::size_t kMostPin = 64;

// What only makes sense while a stream runs.
punktfunk_result require_stream(const Client& client) {
  switch (client.state()) {
    case Client::State::streaming:
      return PUNKTFUNK_OK;
    case Client::State::ended:
      return failed(PUNKTFUNK_ERROR_ENDED, client.end_sentence());
    case Client::State::idle:
    case Client::State::started:
      break;
  }
  return failed(PUNKTFUNK_ERROR_STATE, "There is no stream yet: wait until the client is connected.");
}

punktfunk_result result_of(Client::Started started, const Client& client) {
  switch (started) {
    case Client::Started::now:
      return PUNKTFUNK_OK;
    case Client::Started::before:
      return failed(PUNKTFUNK_ERROR_STATE, "A client connects or pairs once.");
    case Client::Started::impossible:
      break;
  }
  return failed(PUNKTFUNK_ERROR_SETUP, client.end_sentence());
}

// Takes the next thing out of a line.
template <class T>
punktfunk_result next_of(Client& client, WaitableLine<T>& line, bool has_callback, std::int32_t timeout_ms,
                         T& out) {
  if (has_callback)
    return failed(PUNKTFUNK_ERROR_STATE, "This is handed to a callback and never waits in line.");
  if (timeout_ms != 0 && client.is_in_callback()) {
    return failed(PUNKTFUNK_ERROR_THREAD,
                  "A callback must not wait: everything of the connection would stand still.");
  }
  switch (line.pop(timeout_ms, out)) {
    case WaitableLine<T>::Outcome::item:
      return PUNKTFUNK_OK;
    case WaitableLine<T>::Outcome::empty:
      return PUNKTFUNK_EMPTY;
    case WaitableLine<T>::Outcome::closed:
      break;
  }
  return failed(PUNKTFUNK_ERROR_ENDED, client.end_sentence());
}

punktfunk_result close_with(punktfunk_client* handle, wire::CloseCode code) {
  return guarded([&]() -> punktfunk_result {
    if (handle == nullptr) return bad_argument(kNoClient);
    switch (handle->client->state()) {
      case Client::State::idle:
        return failed(PUNKTFUNK_ERROR_STATE, "The client was never connected.");
      case Client::State::ended:
        return failed(PUNKTFUNK_ERROR_ENDED, handle->client->end_sentence());
      case Client::State::started:
      case Client::State::streaming:
        break;
    }
    handle->client->close(code);
    return PUNKTFUNK_OK;
  });
}

}  // namespace

extern "C" {

punktfunk_result punktfunk_client_create(const punktfunk_client_options* options, punktfunk_client** client) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return bad_argument(kNoPlace);
    ClientSettings settings;
    if (const auto rc = read_settings(options, settings); rc != PUNKTFUNK_OK) return rc;
    auto made = Client::create(std::move(settings));
    if (!made) return failed(PUNKTFUNK_ERROR_SETUP, made.error().message);
    auto handle = std::make_unique<punktfunk_client>();
    handle->client = std::move(*made);
    *client = handle.release();
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_client_connect(punktfunk_client* client) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return bad_argument(kNoClient);
    return result_of(client->client->connect(), *client->client);
  });
}

punktfunk_result punktfunk_client_pair(punktfunk_client* client, const char* pin) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return bad_argument(kNoClient);
    std::string given;
    if (!read_text(pin, kMostPin, "", given) || given.empty()) {
      return bad_argument("The PIN is missing or has more than 64 bytes.");
    }
    return result_of(client->client->pair(std::move(given)), *client->client);
  });
}

punktfunk_result punktfunk_client_destroy(punktfunk_client* client) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return PUNKTFUNK_OK;
    if (client->client->is_in_callback()) {
      return failed(PUNKTFUNK_ERROR_THREAD, "A client cannot be destroyed from inside its own callback.");
    }
    delete client;
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_client_next_event(punktfunk_client* client, int32_t timeout_ms,
                                             punktfunk_event* event) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return bad_argument(kNoClient);
    if (const auto rc = check_struct(event); rc != PUNKTFUNK_OK) return rc;
    Client& inner = *client->client;
    punktfunk_event next;
    const auto rc = next_of(inner, inner.events(), inner.callbacks().on_event != nullptr, timeout_ms, next);
    if (rc == PUNKTFUNK_OK) write_struct(next, event);
    return rc;
  });
}

punktfunk_result punktfunk_client_next_frame(punktfunk_client* client, int32_t timeout_ms,
                                             punktfunk_frame** frame) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return bad_argument(kNoClient);
    if (frame == nullptr) return bad_argument(kNoPlace);
    Client& inner = *client->client;
    FrameHandle next;
    const auto rc = next_of(inner, inner.frames(), inner.callbacks().on_frame != nullptr, timeout_ms, next);
    if (rc == PUNKTFUNK_OK) *frame = next.release();
    return rc;
  });
}

punktfunk_result punktfunk_client_next_audio(punktfunk_client* client, int32_t timeout_ms,
                                             punktfunk_audio** audio) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return bad_argument(kNoClient);
    if (audio == nullptr) return bad_argument(kNoPlace);
    Client& inner = *client->client;
    AudioHandle next;
    const auto rc = next_of(inner, inner.audio(), inner.callbacks().on_audio != nullptr, timeout_ms, next);
    if (rc == PUNKTFUNK_OK) *audio = next.release();
    return rc;
  });
}

punktfunk_result punktfunk_client_fd(const punktfunk_client* client, uint32_t line, int* fd) {
  if (client == nullptr) return bad_argument(kNoClient);
  if (fd == nullptr) return bad_argument(kNoPlace);
  switch (line) {
    case PUNKTFUNK_LINE_EVENTS:
      *fd = client->client->events().fd();
      return PUNKTFUNK_OK;
    case PUNKTFUNK_LINE_FRAMES:
      *fd = client->client->frames().fd();
      return PUNKTFUNK_OK;
    case PUNKTFUNK_LINE_AUDIO:
      *fd = client->client->audio().fd();
      return PUNKTFUNK_OK;
    default:
      return bad_argument("There is no such line: events, frames or audio.");
  }
}

punktfunk_result punktfunk_client_stream(const punktfunk_client* client, punktfunk_stream* stream) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return bad_argument(kNoClient);
    if (const auto rc = check_struct(stream); rc != PUNKTFUNK_OK) return rc;
    const auto current = client->client->stream();
    if (!current)
      return failed(PUNKTFUNK_ERROR_STATE, "There is no stream yet: wait until the client is connected.");
    write_struct(*current, stream);
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_client_send_input(punktfunk_client* client, const punktfunk_input_event* event) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return bad_argument(kNoClient);
    wire::InputEvent input;
    if (const auto rc = read_input(event, input); rc != PUNKTFUNK_OK) return rc;
    if (const auto rc = require_stream(*client->client); rc != PUNKTFUNK_OK) return rc;
    client->client->send_input(input);
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_client_request_keyframe(punktfunk_client* client) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return bad_argument(kNoClient);
    if (const auto rc = require_stream(*client->client); rc != PUNKTFUNK_OK) return rc;
    client->client->request_keyframe();
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_client_stats(const punktfunk_client* client, punktfunk_statistics* statistics) {
  return guarded([&]() -> punktfunk_result {
    if (client == nullptr) return bad_argument(kNoClient);
    if (const auto rc = check_struct(statistics); rc != PUNKTFUNK_OK) return rc;
    write_struct(client->client->statistics(), statistics);
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_client_disconnect(punktfunk_client* client) {
  return close_with(client, wire::CloseCode::done);
}

punktfunk_result punktfunk_client_quit(punktfunk_client* client) {
  return close_with(client, wire::CloseCode::user_quit);
}

}  // extern "C"

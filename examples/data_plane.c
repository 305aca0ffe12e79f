/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The data plane alone: a host and a client session in one process, joined in memory. Frames go one way,
 * input events the other, and every byte is compared. With UDP sockets instead of the pair in memory the two
 * ends may be anywhere.
 */
#include <punktfunk_core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { kFrames = 60, kMostBytes = 200000, kPatienceMs = 5000 };

static void check(punktfunk_result result, const char* what) {
  if (result == PUNKTFUNK_OK) return;
  fprintf(stderr, "data_plane: %s: %s %s\n", what, punktfunk_error_text(result), punktfunk_last_error());
  exit(1);
}

static void require(int holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "data_plane: %s\n", what);
  exit(1);
}

static punktfunk_session* open_session(uint32_t role, punktfunk_socket* own, punktfunk_socket* other,
                                       const uint8_t* secret, uint64_t now_ns) {
  char address[PUNKTFUNK_ADDRESS_TEXT_BYTES];
  punktfunk_session* session = NULL;
  punktfunk_session_options options;
  PUNKTFUNK_INIT(&options);
  options.role = role;
  options.secret = secret;
  options.clock_origin_ns = now_ns;
  check(punktfunk_socket_address(other, address, &options.remote_port), "address");
  options.remote_address = address;
  check(punktfunk_session_create(&options, own, &session), "session");
  return session;
}

/* What frame `index` holds: a size and bytes that differ from frame to frame. */
static size_t fill_frame(uint8_t* data, uint32_t index) {
  const size_t bytes = 1 + (index * 7919u) % (kMostBytes - 1);
  for (size_t i = 0; i < bytes; ++i) data[i] = (uint8_t)(index + i * 31);
  return bytes;
}

int main(void) {
  static uint8_t sent[kMostBytes];
  uint8_t secret[PUNKTFUNK_SECRET_BYTES];
  punktfunk_socket *host_end = NULL, *client_end = NULL;
  const uint64_t now_ns = (uint64_t)time(NULL) * 1000000000u;
  FILE* random = fopen("/dev/urandom", "rb");
  require(random != NULL && fread(secret, 1, sizeof secret, random) == sizeof secret, "no random bytes");
  fclose(random);

  check(punktfunk_socket_loopback(0, &host_end, &client_end), "loopback");
  punktfunk_session* host = open_session(PUNKTFUNK_ROLE_HOST, host_end, client_end, secret, now_ns);
  punktfunk_session* client = open_session(PUNKTFUNK_ROLE_CLIENT, client_end, host_end, secret, now_ns);
  punktfunk_socket_destroy(host_end);
  punktfunk_socket_destroy(client_end);

  uint64_t total = 0;
  for (uint32_t index = 0; index < kFrames; ++index) {
    punktfunk_outgoing_frame out;
    PUNKTFUNK_INIT(&out);
    out.data = sent;
    out.bytes = fill_frame(sent, index);
    out.flags = index == 0 ? PUNKTFUNK_FRAME_KEYFRAME : 0;
    out.capture_ns = now_ns + index * 16667000u;
    check(punktfunk_session_submit_frame(host, &out, NULL), "submit");

    punktfunk_frame* frame = NULL;
    punktfunk_frame_info info;
    PUNKTFUNK_INIT(&info);
    check(punktfunk_session_poll_frame(client, kPatienceMs, &frame), "frame");
    check(punktfunk_frame_get(frame, &info), "frame");
    require(info.index == index && info.capture_ns == out.capture_ns && info.bytes == out.bytes &&
                memcmp(info.data, sent, (size_t)info.bytes) == 0,
            "a frame arrived changed");
    total += info.bytes;
    punktfunk_frame_release(frame);

    punktfunk_input_event event, arrived;
    PUNKTFUNK_INIT(&event);
    PUNKTFUNK_INIT(&arrived);
    event.kind = PUNKTFUNK_INPUT_MOUSE_MOVE;
    event.x = (int32_t)index;
    event.y = -(int32_t)index;
    check(punktfunk_session_send_input(client, &event), "input");
    check(punktfunk_session_poll_input(host, kPatienceMs, &arrived), "input");
    require(memcmp(&event, &arrived, sizeof event) == 0, "an input event arrived changed");
  }
  punktfunk_session_destroy(host);
  punktfunk_session_destroy(client);
  printf("%d frames with %llu bytes and %d input events arrived unchanged\n", kFrames,
         (unsigned long long)total, kFrames);
  return 0;
}

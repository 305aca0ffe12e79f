/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A whole client: pairs with a host, or shows what its stream consists of and writes it to a file.
 *
 *   client FOLDER ADDRESS PORT pair PIN
 *   client FOLDER ADDRESS PORT stream FILE.h264 FRAMES
 *
 * FOLDER keeps this device's identity and the fingerprint of the host it is paired with. Play the file with
 * ffplay FILE.h264.
 */
#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <punktfunk_core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char* kinds[] = {"finished",  "refused",         "trust failed",  "pairing failed",
                              "timed out", "connection lost", "protocol error"};

static void check(punktfunk_result result, const char* what) {
  if (result == PUNKTFUNK_OK) return;
  fprintf(stderr, "client: %s: %s %s\n", what, punktfunk_error_text(result), punktfunk_last_error());
  exit(1);
}

/* The host's fingerprint as text, which pairing stores and streaming trusts. */
static FILE* open_host_file(const char* folder, const char* mode) {
  char path[4096];
  snprintf(path, sizeof path, "%s/host", folder);
  FILE* file = fopen(path, mode);
  if (file == NULL) {
    fprintf(stderr, "client: %s cannot be opened; pair with the host first.\n", path);
    exit(1);
  }
  return file;
}

static void store_host(const char* folder, const uint8_t* fingerprint) {
  char text[PUNKTFUNK_FINGERPRINT_TEXT_BYTES];
  check(punktfunk_fingerprint_to_text(fingerprint, text), "fingerprint");
  FILE* file = open_host_file(folder, "w");
  fprintf(file, "%s\n", text);
  fclose(file);
  printf("paired with %s\n", text);
}

static void load_host(const char* folder, uint8_t* fingerprint) {
  char text[128] = "";
  FILE* file = open_host_file(folder, "r");
  if (fgets(text, sizeof text, file) == NULL) text[0] = '\0';
  fclose(file);
  check(punktfunk_fingerprint_from_text(text, fingerprint), "stored fingerprint");
}

/* Returns 1 when the client has ended; its exit status is then in *status. */
static int take_event(punktfunk_client* client, const char* folder, int* status) {
  punktfunk_event event;
  punktfunk_stream stream;
  PUNKTFUNK_INIT(&event);
  PUNKTFUNK_INIT(&stream);
  if (punktfunk_client_next_event(client, 0, &event) != PUNKTFUNK_OK) return 0;
  switch (event.type) {
    case PUNKTFUNK_EVENT_PENDING:
      printf("waiting for the host's operator to let this device in\n");
      return 0;
    case PUNKTFUNK_EVENT_PAIRED:
      store_host(folder, event.host_fingerprint);
      return 0;
    case PUNKTFUNK_EVENT_CONNECTED:
    case PUNKTFUNK_EVENT_STREAM_CONFIG:
      check(punktfunk_client_stream(client, &stream), "stream");
      printf("stream of %ux%u at %u Hz, codec %u, %u kbit/s\n", stream.width, stream.height,
             stream.refresh_hz, stream.codec, stream.bitrate_kbps);
      return 0;
    case PUNKTFUNK_EVENT_ENDED:
      printf("ended (%s, code %u): %s\n", kinds[event.end_kind], event.close_code, event.message);
      *status = event.end_kind == PUNKTFUNK_END_FINISHED ? 0 : 1;
      return 1;
    default:
      return 0; /* of a newer library */
  }
}

/* Returns 1 when a frame was written. */
static int take_frame(punktfunk_client* client, FILE* out) {
  punktfunk_frame* frame;
  punktfunk_frame_info info;
  PUNKTFUNK_INIT(&info);
  if (punktfunk_client_next_frame(client, 0, &frame) != PUNKTFUNK_OK) return 0;
  check(punktfunk_frame_get(frame, &info), "frame");
  printf("frame %u: %llu bytes%s\n", info.index, (unsigned long long)info.bytes,
         (info.flags & PUNKTFUNK_FRAME_KEYFRAME) != 0 ? ", keyframe" : "");
  fwrite(info.data, 1, (size_t)info.bytes, out);
  punktfunk_frame_release(frame);
  return 1;
}

static void take_audio(punktfunk_client* client) {
  punktfunk_audio* audio;
  punktfunk_audio_info info;
  PUNKTFUNK_INIT(&info);
  if (punktfunk_client_next_audio(client, 0, &audio) != PUNKTFUNK_OK) return;
  check(punktfunk_audio_get(audio, &info), "audio");
  printf("audio %u: %llu bytes of Opus\n", info.sequence, (unsigned long long)info.bytes);
  punktfunk_audio_release(audio);
}

static void print_statistics(punktfunk_client* client) {
  punktfunk_statistics s;
  PUNKTFUNK_INIT(&s);
  check(punktfunk_client_stats(client, &s), "statistics");
  printf("%llu frames, %llu lost, %llu packets, %llu shards recovered, %u kbit/s, round trip %.3f ms\n",
         (unsigned long long)s.frames_complete, (unsigned long long)s.frames_lost,
         (unsigned long long)s.packets_received, (unsigned long long)s.shards_recovered, s.receive_kbps,
         (double)s.rtt_ns / 1e6);
}

/* Until the client ends; after `frames` frames this side quits. */
static int run(punktfunk_client* client, const char* folder, FILE* out, long frames) {
  struct pollfd lines[3] = {{-1, POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
  for (uint32_t line = PUNKTFUNK_LINE_EVENTS; line <= PUNKTFUNK_LINE_AUDIO; ++line) {
    check(punktfunk_client_fd(client, line, &lines[line - 1].fd), "descriptor");
  }
  long taken = 0;
  for (;;) {
    int status = 1;
    poll(lines, 3, -1);
    if (take_event(client, folder, &status)) return status;
    take_audio(client);
    if (!take_frame(client, out) || ++taken > frames) continue;
    if (taken == frames) {
      print_statistics(client);
      punktfunk_client_quit(client);
    } else if (taken % 10 == 0) {
      punktfunk_input_event input;
      PUNKTFUNK_INIT(&input);
      input.kind = PUNKTFUNK_INPUT_MOUSE_MOVE;
      input.x = 5;
      punktfunk_client_send_input(client, &input);
    }
  }
}

int main(int argc, char** argv) {
  const int is_pairing = argc == 6 && strcmp(argv[4], "pair") == 0;
  const int is_stream = argc == 7 && strcmp(argv[4], "stream") == 0;
  if (!is_pairing && !is_stream) {
    fprintf(stderr, "Usage: client FOLDER ADDRESS PORT pair PIN | stream FILE.h264 FRAMES\n");
    return 2;
  }
  const char* folder = argv[1];
  uint8_t fingerprint[PUNKTFUNK_FINGERPRINT_BYTES];
  punktfunk_identity* identity = NULL;
  punktfunk_client* client = NULL;
  punktfunk_client_options options;
  PUNKTFUNK_INIT(&options);
  check(punktfunk_identity_load(folder, NULL, &identity), "identity");
  options.identity = identity;
  options.host = argv[2];
  options.port = (uint16_t)atoi(argv[3]);
  options.width = 1280;
  options.height = 720;
  if (is_stream) {
    load_host(folder, fingerprint);
    options.host_fingerprint = fingerprint;
  }
  check(punktfunk_client_create(&options, &client), "client");

  FILE* out = NULL;
  if (is_stream) {
    out = fopen(argv[5], "wb");
    if (out == NULL) {
      fprintf(stderr, "client: %s cannot be written.\n", argv[5]);
      return 1;
    }
    check(punktfunk_client_connect(client), "connect");
  } else {
    check(punktfunk_client_pair(client, argv[5]), "pair");
  }
  const int status = run(client, folder, out, is_stream ? atol(argv[6]) : 0);
  if (out != NULL) fclose(out);
  punktfunk_client_destroy(client);
  punktfunk_identity_destroy(identity);
  return status;
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The structs as their first version had them, on machines with 64-bit pointers. A line here never changes:
 * programs were compiled with it. New fields go to the end of a struct, get lines of their own, and the
 * struct's SIZE line stays that of its first version (kFirstSize in src/abi/structs.h must then name it).
 * symbols_test.py sees to it that no field is missing here.
 *
 * Compiled as C99 with every warning, and with nothing but the header included before, which shows that it
 * stands alone.
 */
#include <punktfunk_core.h>

#if UINTPTR_MAX == 0xFFFFFFFFFFFFFFFFu

/* C99 has no static assertion: an array of negative size does not compile. */
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define HOLDS(condition) typedef char JOIN(holds_, __LINE__)[(condition) ? 1 : -1]
#define SIZE(type, size) HOLDS(sizeof(type) >= (size))
#define FIELD(type, field, offset, size) \
  HOLDS(offsetof(type, field) == (offset) && sizeof(((type*)0)->field) == (size))

SIZE(punktfunk_frame_info, 64);
FIELD(punktfunk_frame_info, struct_size, 0, 4);
FIELD(punktfunk_frame_info, index, 4, 4);
FIELD(punktfunk_frame_info, flags, 8, 4);
FIELD(punktfunk_frame_info, epoch, 12, 4);
FIELD(punktfunk_frame_info, data, 16, 8);
FIELD(punktfunk_frame_info, bytes, 24, 8);
FIELD(punktfunk_frame_info, capture_ns, 32, 8);
FIELD(punktfunk_frame_info, first_packet_ns, 40, 8);
FIELD(punktfunk_frame_info, last_packet_ns, 48, 8);
FIELD(punktfunk_frame_info, recovered_shards, 56, 4);
FIELD(punktfunk_frame_info, reserved, 60, 4);

SIZE(punktfunk_audio_info, 32);
FIELD(punktfunk_audio_info, struct_size, 0, 4);
FIELD(punktfunk_audio_info, sequence, 4, 4);
FIELD(punktfunk_audio_info, pts_ns, 8, 8);
FIELD(punktfunk_audio_info, data, 16, 8);
FIELD(punktfunk_audio_info, bytes, 24, 8);

SIZE(punktfunk_input_event, 24);
FIELD(punktfunk_input_event, struct_size, 0, 4);
FIELD(punktfunk_input_event, kind, 4, 4);
FIELD(punktfunk_input_event, code, 8, 4);
FIELD(punktfunk_input_event, x, 12, 4);
FIELD(punktfunk_input_event, y, 16, 4);
FIELD(punktfunk_input_event, flags, 20, 4);

SIZE(punktfunk_event, 560);
FIELD(punktfunk_event, struct_size, 0, 4);
FIELD(punktfunk_event, type, 4, 4);
FIELD(punktfunk_event, end_kind, 8, 4);
FIELD(punktfunk_event, close_code, 12, 4);
FIELD(punktfunk_event, host_fingerprint, 16, 32);
FIELD(punktfunk_event, message, 48, 512);

SIZE(punktfunk_client_callbacks, 40);
FIELD(punktfunk_client_callbacks, struct_size, 0, 4);
FIELD(punktfunk_client_callbacks, reserved, 4, 4);
FIELD(punktfunk_client_callbacks, user, 8, 8);
FIELD(punktfunk_client_callbacks, on_event, 16, 8);
FIELD(punktfunk_client_callbacks, on_frame, 24, 8);
FIELD(punktfunk_client_callbacks, on_audio, 32, 8);

SIZE(punktfunk_client_options, 112);
FIELD(punktfunk_client_options, struct_size, 0, 4);
FIELD(punktfunk_client_options, port, 4, 2);
FIELD(punktfunk_client_options, reserved, 6, 2);
FIELD(punktfunk_client_options, host, 8, 8);
FIELD(punktfunk_client_options, identity, 16, 8);
FIELD(punktfunk_client_options, host_fingerprint, 24, 8);
FIELD(punktfunk_client_options, device_name, 32, 8);
FIELD(punktfunk_client_options, label, 40, 8);
FIELD(punktfunk_client_options, launch, 48, 8);
FIELD(punktfunk_client_options, callbacks, 56, 8);
FIELD(punktfunk_client_options, features, 64, 8);
FIELD(punktfunk_client_options, width, 72, 4);
FIELD(punktfunk_client_options, height, 76, 4);
FIELD(punktfunk_client_options, refresh_hz, 80, 4);
FIELD(punktfunk_client_options, bitrate_kbps, 84, 4);
FIELD(punktfunk_client_options, codecs, 88, 4);
FIELD(punktfunk_client_options, preferred_codec, 92, 4);
FIELD(punktfunk_client_options, audio_channels, 96, 4);
FIELD(punktfunk_client_options, connect_timeout_ms, 100, 4);
FIELD(punktfunk_client_options, frame_queue, 104, 4);
FIELD(punktfunk_client_options, audio_queue, 108, 4);

SIZE(punktfunk_stream, 104);
FIELD(punktfunk_stream, struct_size, 0, 4);
FIELD(punktfunk_stream, epoch, 4, 4);
FIELD(punktfunk_stream, width, 8, 4);
FIELD(punktfunk_stream, height, 12, 4);
FIELD(punktfunk_stream, refresh_hz, 16, 4);
FIELD(punktfunk_stream, codec, 20, 4);
FIELD(punktfunk_stream, bit_depth, 24, 4);
FIELD(punktfunk_stream, chroma_format, 28, 4);
FIELD(punktfunk_stream, colour, 32, 4);
FIELD(punktfunk_stream, bitrate_kbps, 36, 4);
FIELD(punktfunk_stream, parity_percent, 40, 4);
FIELD(punktfunk_stream, shard_bytes, 44, 4);
FIELD(punktfunk_stream, audio_codec, 48, 4);
FIELD(punktfunk_stream, audio_channels, 52, 4);
FIELD(punktfunk_stream, audio_layout, 56, 4);
FIELD(punktfunk_stream, audio_rate_hz, 60, 4);
FIELD(punktfunk_stream, audio_frame_us, 64, 4);
FIELD(punktfunk_stream, grants, 68, 4);
FIELD(punktfunk_stream, expires_in_seconds, 72, 4);
FIELD(punktfunk_stream, reserved, 76, 4);
FIELD(punktfunk_stream, host_features, 80, 8);
FIELD(punktfunk_stream, session_id, 88, 16);

SIZE(punktfunk_statistics, 136);
FIELD(punktfunk_statistics, struct_size, 0, 4);
FIELD(punktfunk_statistics, clock_known, 4, 4);
FIELD(punktfunk_statistics, clock_offset_ns, 8, 8);
FIELD(punktfunk_statistics, rtt_ns, 16, 8);
FIELD(punktfunk_statistics, frames_complete, 24, 8);
FIELD(punktfunk_statistics, frames_lost, 32, 8);
FIELD(punktfunk_statistics, frames_dropped, 40, 8);
FIELD(punktfunk_statistics, keyframe_requests, 48, 8);
FIELD(punktfunk_statistics, packets_received, 56, 8);
FIELD(punktfunk_statistics, bytes_received, 64, 8);
FIELD(punktfunk_statistics, packets_refused, 72, 8);
FIELD(punktfunk_statistics, shards_lost, 80, 8);
FIELD(punktfunk_statistics, shards_recovered, 88, 8);
FIELD(punktfunk_statistics, socket_overflows, 96, 8);
FIELD(punktfunk_statistics, audio_packets, 104, 8);
FIELD(punktfunk_statistics, audio_dropped, 112, 8);
FIELD(punktfunk_statistics, frames_per_1000_s, 120, 4);
FIELD(punktfunk_statistics, video_kbps, 124, 4);
FIELD(punktfunk_statistics, receive_kbps, 128, 4);
FIELD(punktfunk_statistics, reserved, 132, 4);

SIZE(punktfunk_session_options, 80);
FIELD(punktfunk_session_options, struct_size, 0, 4);
FIELD(punktfunk_session_options, role, 4, 4);
FIELD(punktfunk_session_options, secret, 8, 8);
FIELD(punktfunk_session_options, remote_address, 16, 8);
FIELD(punktfunk_session_options, remote_port, 24, 2);
FIELD(punktfunk_session_options, reserved0, 26, 2);
FIELD(punktfunk_session_options, suite, 28, 4);
FIELD(punktfunk_session_options, clock_origin_ns, 32, 8);
FIELD(punktfunk_session_options, max_frame_bytes, 40, 8);
FIELD(punktfunk_session_options, fec, 48, 4);
FIELD(punktfunk_session_options, max_parity_percent, 52, 4);
FIELD(punktfunk_session_options, max_data_per_block, 56, 4);
FIELD(punktfunk_session_options, shard_bytes, 60, 4);
FIELD(punktfunk_session_options, rate_kbps, 64, 4);
FIELD(punktfunk_session_options, frame_interval_us, 68, 4);
FIELD(punktfunk_session_options, send_patience_us, 72, 4);
FIELD(punktfunk_session_options, reserved1, 76, 4);

SIZE(punktfunk_outgoing_frame, 40);
FIELD(punktfunk_outgoing_frame, struct_size, 0, 4);
FIELD(punktfunk_outgoing_frame, flags, 4, 4);
FIELD(punktfunk_outgoing_frame, data, 8, 8);
FIELD(punktfunk_outgoing_frame, bytes, 16, 8);
FIELD(punktfunk_outgoing_frame, capture_ns, 24, 8);
FIELD(punktfunk_outgoing_frame, epoch, 32, 4);
FIELD(punktfunk_outgoing_frame, parity_percent, 36, 4);

SIZE(punktfunk_sent, 24);
FIELD(punktfunk_sent, struct_size, 0, 4);
FIELD(punktfunk_sent, reserved, 4, 4);
FIELD(punktfunk_sent, datagrams, 8, 8);
FIELD(punktfunk_sent, dropped, 16, 8);

SIZE(punktfunk_session_statistics, 136);
FIELD(punktfunk_session_statistics, struct_size, 0, 4);
FIELD(punktfunk_session_statistics, waits_for_keyframe, 4, 4);
FIELD(punktfunk_session_statistics, frames_sealed, 8, 8);
FIELD(punktfunk_session_statistics, datagrams_sealed, 16, 8);
FIELD(punktfunk_session_statistics, inputs_received, 24, 8);
FIELD(punktfunk_session_statistics, inputs_refused, 32, 8);
FIELD(punktfunk_session_statistics, frames_delivered, 40, 8);
FIELD(punktfunk_session_statistics, frames_lost, 48, 8);
FIELD(punktfunk_session_statistics, frames_flushed, 56, 8);
FIELD(punktfunk_session_statistics, packets_received, 64, 8);
FIELD(punktfunk_session_statistics, bytes_received, 72, 8);
FIELD(punktfunk_session_statistics, packets_refused, 80, 8);
FIELD(punktfunk_session_statistics, shards_lost, 88, 8);
FIELD(punktfunk_session_statistics, shards_recovered, 96, 8);
FIELD(punktfunk_session_statistics, inputs_sent, 104, 8);
FIELD(punktfunk_session_statistics, datagrams_sent, 112, 8);
FIELD(punktfunk_session_statistics, datagrams_dropped, 120, 8);
FIELD(punktfunk_session_statistics, datagrams_foreign, 128, 8);

#endif

/* So that the file is not empty, and the initialiser compiles in C. */
uint32_t punktfunk_layout_check(void) {
  punktfunk_event event;
  PUNKTFUNK_INIT(&event);
  return event.struct_size;
}

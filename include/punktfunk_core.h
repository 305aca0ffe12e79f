/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * punktfunk for embedders: a whole client, and the data plane of a session without QUIC. C99 and C++.
 *
 * Rules that hold for every function
 *
 * Result: PUNKTFUNK_OK, or a code with a text (punktfunk_error_text). For every code but PUNKTFUNK_OK and
 * PUNKTFUNK_EMPTY, punktfunk_last_error() then holds one sentence for people: what did not happen, why, what
 * to do. Out-parameters are written only on PUNKTFUNK_OK, unless stated otherwise. NULL is an error
 * (PUNKTFUNK_ERROR_ARGUMENT) where it is not allowed, never a crash. Destroying or releasing NULL does
 * nothing.
 *
 * Failures: come as results. No C++ exception leaves the library, and it never ends the process.
 *
 * Handles: belong to the caller, who destroys each one once and does not use it afterwards. What a handle was
 * made from (identity, socket) may be destroyed before it.
 *
 * Memory: what is handed in is only read during the call, unless stated otherwise.
 *
 * Text: is UTF-8 and ends with a zero byte.
 *
 * Threads: any thread may call any function at any time, also for the same handle, unless stated otherwise.
 * Only destroying must be the last call with a handle: it may not overlap another.
 *
 * Time: is in the unit that the name ends with. A timeout_ms of 0 does not wait; a negative one waits until
 * there is something, or nothing more can come.
 *
 * How structs grow
 *
 * Each begins with struct_size, which the caller sets to sizeof: PUNKTFUNK_INIT(&s) does that and zeroes the
 * rest. New fields are added at the end. In a struct from an older header they are absent and mean their
 * default, which is always zero; those of a newer header are ignored. In a struct that the library fills, it
 * writes only what both know. A struct_size below the first version of the struct is
 * PUNKTFUNK_ERROR_STRUCT_SIZE.
 */
#ifndef PUNKTFUNK_CORE_H
#define PUNKTFUNK_CORE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define PUNKTFUNK_API __attribute__((visibility("default")))
#else
#define PUNKTFUNK_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version and errors ---- */

/* Of this header. The major number is also that of the shared library's name, libpunktfunk-core.so.MAJOR, and
 * changes when a program built before could break; the minor one grows with every function or field added. */
#define PUNKTFUNK_ABI_MAJOR 1
#define PUNKTFUNK_ABI_MINOR 0
#define PUNKTFUNK_ABI_VERSION (((uint32_t)PUNKTFUNK_ABI_MAJOR << 16) | (uint32_t)PUNKTFUNK_ABI_MINOR)

/* Of the library that runs, in the form of PUNKTFUNK_ABI_VERSION. A program can use a library with its own
 * major and at least its own minor number. */
PUNKTFUNK_API uint32_t punktfunk_abi_version(void);

/* Of the product, such as "0.1.0". Static. */
PUNKTFUNK_API const char* punktfunk_version(void);

typedef int32_t punktfunk_result;

/* Values never change; new ones may come. */
enum {
  PUNKTFUNK_OK = 0,
  PUNKTFUNK_EMPTY = 1,             /* nothing came within the timeout; not a failure */
  PUNKTFUNK_ERROR_ARGUMENT = 2,    /* NULL, a value out of range, a text too long */
  PUNKTFUNK_ERROR_STRUCT_SIZE = 3, /* struct_size was not set */
  PUNKTFUNK_ERROR_ROLE = 4,        /* belongs to the other role of a session */
  PUNKTFUNK_ERROR_STATE = 5,       /* not now: not connected yet, or started already */
  PUNKTFUNK_ERROR_ENDED = 6, /* it has ended, and nothing more will come; punktfunk_last_error() says why */
  PUNKTFUNK_ERROR_SETUP = 7, /* the system refused: no network path, port in use, no file descriptor left */
  PUNKTFUNK_ERROR_IDENTITY = 8,   /* an identity cannot be read, used or stored */
  PUNKTFUNK_ERROR_BUFFER = 9,     /* the caller's buffer is too small; the size needed was written */
  PUNKTFUNK_ERROR_TOO_LARGE = 10, /* a frame over the session's limit */
  PUNKTFUNK_ERROR_THREAD = 11,    /* not from inside a callback */
  PUNKTFUNK_ERROR_MEMORY = 12,    /* out of memory; the call had no effect */
  PUNKTFUNK_ERROR_INTERNAL = 13   /* a mistake of this library */
};

/* What a code means. Static, never NULL, also for a code this library does not know. */
PUNKTFUNK_API const char* punktfunk_error_text(punktfunk_result result);

/* The sentence of the last failure on the calling thread, "" before the first. Never NULL; valid until the
 * next call that fails on this thread. Calls that succeed leave it alone. */
PUNKTFUNK_API const char* punktfunk_last_error(void);

/* What a close code of a host means (punktfunk_event.close_code). Static, never NULL. */
PUNKTFUNK_API const char* punktfunk_close_text(uint32_t close_code);

/* Zeroes a struct and sets its struct_size. */
#define PUNKTFUNK_INIT(s) (memset((s), 0, sizeof *(s)), (s)->struct_size = (uint32_t)sizeof *(s))

/* ---- Identity ---- */

/* Who this device is: a private key and its certificate. Hosts know a device by the certificate's
 * fingerprint, so an identity that is lost must be paired again. Immutable. */
typedef struct punktfunk_identity punktfunk_identity;

#define PUNKTFUNK_FINGERPRINT_BYTES 32
#define PUNKTFUNK_FINGERPRINT_TEXT_BYTES 65 /* 64 lower-case hex digits and a zero byte */

/* Loads FOLDER/identity.pem. Creates it (mode 0600, the folder 0700) when there is none. A file that cannot
 * be used is an error and is never replaced. `name` goes into a new certificate; NULL: "punktfunk-client".
 * May block on the disk.
 */
PUNKTFUNK_API punktfunk_result punktfunk_identity_load(const char* folder, const char* name,
                                                       punktfunk_identity** identity);
/* A new one, in memory only; punktfunk_identity_pem() gives what to store. */
PUNKTFUNK_API punktfunk_result punktfunk_identity_create(const char* name, punktfunk_identity** identity);
/* From PEM text with private key and certificate, without the need for a zero byte at its end. */
PUNKTFUNK_API punktfunk_result punktfunk_identity_from_pem(const char* pem, size_t pem_bytes,
                                                           punktfunk_identity** identity);
/* Private key and certificate as PEM, with a zero byte at the end: whoever reads it can pretend to be this
 * device.
 * `*bytes` holds the room at `pem` and receives the size with the zero byte, also with
 * PUNKTFUNK_ERROR_BUFFER. `pem` may be NULL when `*bytes` is 0. */
PUNKTFUNK_API punktfunk_result punktfunk_identity_pem(const punktfunk_identity* identity, char* pem,
                                                      size_t* bytes);
/* Writes PUNKTFUNK_FINGERPRINT_BYTES. */
PUNKTFUNK_API punktfunk_result punktfunk_identity_fingerprint(const punktfunk_identity* identity,
                                                              uint8_t* fingerprint);
PUNKTFUNK_API void punktfunk_identity_destroy(punktfunk_identity* identity);

/* Fingerprints for people. Reading takes upper case, and ':' or white space between digits. `text` has room
 * for PUNKTFUNK_FINGERPRINT_TEXT_BYTES. */
PUNKTFUNK_API punktfunk_result punktfunk_fingerprint_from_text(const char* text, uint8_t* fingerprint);
PUNKTFUNK_API punktfunk_result punktfunk_fingerprint_to_text(const uint8_t* fingerprint, char* text);

/* ---- Frames ---- */

/* Flags of an access unit; others may be set. */
enum {
  PUNKTFUNK_FRAME_KEYFRAME = 0x0004,       /* can be decoded without any other */
  PUNKTFUNK_FRAME_RECOVERY_POINT = 0x0010, /* clean from here on, after a refresh spread over frames */
  PUNKTFUNK_FRAME_REPEAT = 0x0100          /* the same picture as before */
};

/* One access unit: the encoded form of one frame. Immutable. */
typedef struct punktfunk_frame punktfunk_frame;

typedef struct punktfunk_frame_info {
  uint32_t struct_size;
  uint32_t index;      /* +1 per frame of the stream; a gap is a frame lost for good */
  uint32_t flags;      /* PUNKTFUNK_FRAME_... */
  uint32_t epoch;      /* which stream configuration it belongs to */
  const uint8_t* data; /* until the frame is released */
  uint64_t bytes;
  uint64_t capture_ns;       /* session clock of the host, Unix ns */
  uint64_t first_packet_ns;  /* CLOCK_MONOTONIC of this machine */
  uint64_t last_packet_ns;   /* the packet that completed it */
  uint32_t recovered_shards; /* rebuilt from parity */
  uint32_t reserved;
} punktfunk_frame_info;

PUNKTFUNK_API punktfunk_result punktfunk_frame_get(const punktfunk_frame* frame, punktfunk_frame_info* info);
/* Also after the client or session it came from was destroyed. Released frames lend their memory to later
 * ones, so keep only what is in use. */
PUNKTFUNK_API void punktfunk_frame_release(punktfunk_frame* frame);

/* ---- Audio ---- */

typedef struct punktfunk_audio punktfunk_audio;

typedef struct punktfunk_audio_info {
  uint32_t struct_size;
  uint32_t sequence;   /* +1 per packet, wraps around; play none that is not newer than the last one played */
  uint64_t pts_ns;     /* session clock of the host, Unix ns */
  const uint8_t* data; /* one Opus packet, until released; never NULL */
  uint64_t bytes;      /* 0: a silent frame */
} punktfunk_audio_info;

PUNKTFUNK_API punktfunk_result punktfunk_audio_get(const punktfunk_audio* audio, punktfunk_audio_info* info);
PUNKTFUNK_API void punktfunk_audio_release(punktfunk_audio* audio);

/* ---- Input ---- */

enum {
  PUNKTFUNK_INPUT_KEY_DOWN = 0, /* code: Windows virtual-key number of the position on a US keyboard */
  PUNKTFUNK_INPUT_KEY_UP = 1,
  PUNKTFUNK_INPUT_MOUSE_MOVE = 2,     /* x, y: pixels relative */
  PUNKTFUNK_INPUT_MOUSE_POSITION = 3, /* x, y in an area; flags: area width << 16 | height */
  PUNKTFUNK_INPUT_BUTTON_DOWN = 4,    /* code: 1 left, 2 middle, 3 right, 4, 5 */
  PUNKTFUNK_INPUT_BUTTON_UP = 5,
  PUNKTFUNK_INPUT_SCROLL_SIMPLE = 6, /* code: 0 vertical, 1 horizontal; x: 120 per detent */
  PUNKTFUNK_INPUT_GAMEPAD_BUTTON = 7,
  PUNKTFUNK_INPUT_GAMEPAD_AXIS = 8,
  PUNKTFUNK_INPUT_TOUCH_DOWN = 9, /* code: finger; x, y, flags as for MOUSE_POSITION */
  PUNKTFUNK_INPUT_TOUCH_MOVE = 10,
  PUNKTFUNK_INPUT_TOUCH_UP = 11,
  PUNKTFUNK_INPUT_GAMEPAD_STATE = 12,
  PUNKTFUNK_INPUT_GAMEPAD_REMOVED = 13,
  PUNKTFUNK_INPUT_GAMEPAD_ARRIVED = 14,
  PUNKTFUNK_INPUT_TEXT = 15,  /* code: one Unicode scalar value */
  PUNKTFUNK_INPUT_SCROLL = 16 /* code: axis; x: 1/256 of 1/120 detent; flags: source | phase << 8 */
};

/* The fields of section 21 of the protocol, which has them all. */
typedef struct punktfunk_input_event {
  uint32_t struct_size;
  uint32_t kind; /* PUNKTFUNK_INPUT_... */
  uint32_t code;
  int32_t x;
  int32_t y;
  uint32_t flags;
} punktfunk_input_event;

/* ---- Client ---- */

/* One connection to one host: a stream, or a pairing. */
typedef struct punktfunk_client punktfunk_client;

enum { PUNKTFUNK_CODEC_H264 = 1, PUNKTFUNK_CODEC_HEVC = 2, PUNKTFUNK_CODEC_AV1 = 4 };

/* What the embedder's decoder and display can do. */
enum {
  PUNKTFUNK_FEATURE_TEN_BIT = 0x0001,
  PUNKTFUNK_FEATURE_HDR = 0x0002,
  PUNKTFUNK_FEATURE_444 = 0x0004,
  PUNKTFUNK_FEATURE_SLICES = 0x0080,       /* copes with several slices per picture, which saves latency */
  PUNKTFUNK_FEATURE_HOST_SPEAKERS = 0x2000 /* wants the host to keep playing on its own speakers too */
};

enum {
  PUNKTFUNK_EVENT_PENDING = 1,       /* the host's operator decides whether to let this device in; repeated */
  PUNKTFUNK_EVENT_CONNECTED = 2,     /* the stream begins; host_fingerprint */
  PUNKTFUNK_EVENT_STREAM_CONFIG = 3, /* punktfunk_client_stream() has news */
  PUNKTFUNK_EVENT_PAIRED = 4,        /* the host took the PIN; store host_fingerprint. ENDED follows */
  PUNKTFUNK_EVENT_ENDED = 5          /* the last; end_kind, close_code, message */
};

enum {
  PUNKTFUNK_END_FINISHED = 0,        /* closed by either side as intended */
  PUNKTFUNK_END_REFUSED = 1,         /* the host said no, before or during the stream */
  PUNKTFUNK_END_TRUST_FAILED = 2,    /* the host is not the one whose fingerprint was given */
  PUNKTFUNK_END_PAIRING_FAILED = 3,  /* wrong PIN */
  PUNKTFUNK_END_TIMED_OUT = 4,       /* no answer in time */
  PUNKTFUNK_END_CONNECTION_LOST = 5, /* it was there, and fell silent */
  PUNKTFUNK_END_PROTOCOL_ERROR = 6   /* the host broke the protocol, or speaks another */
};

#define PUNKTFUNK_MESSAGE_BYTES 512

typedef struct punktfunk_event {
  uint32_t struct_size;
  uint32_t type;       /* PUNKTFUNK_EVENT_... */
  uint32_t end_kind;   /* PUNKTFUNK_END_... */
  uint32_t close_code; /* section 26 of the protocol; punktfunk_close_text() */
  uint8_t host_fingerprint[PUNKTFUNK_FINGERPRINT_BYTES]; /* zero where it does not apply */
  char message[PUNKTFUNK_MESSAGE_BYTES];                 /* one sentence for people, or "" */
} punktfunk_event;

/* What the caller wants handed over at once instead of fetching it. A callback that is NULL leaves its things
 * to be fetched. All come on the library's network thread, one at a time, between punktfunk_client_connect()
 * or _pair() and the return of punktfunk_client_destroy(). They must not block: everything else of this
 * connection waits. They may call any function, except destroying their client, and waiting (a timeout_ms
 * other than 0). */
typedef struct punktfunk_client_callbacks {
  uint32_t struct_size;
  uint32_t reserved;
  void* user;                                                 /* first argument of each */
  void (*on_event)(void* user, const punktfunk_event* event); /* `event` until it returns */
  void (*on_frame)(void* user, punktfunk_frame* frame);       /* the callee releases it, whenever it likes */
  void (*on_audio)(void* user, punktfunk_audio* audio);       /* the same */
} punktfunk_client_callbacks;

/* 0 or NULL in a field is its default. Everything is copied. */
typedef struct punktfunk_client_options {
  uint32_t struct_size;
  uint16_t port; /* UDP; 0: 9777 */
  uint16_t reserved;
  const char* host;                   /* numeric IPv4 or IPv6 address; required */
  const punktfunk_identity* identity; /* required */
  /* The fingerprint the host must have, PUNKTFUNK_FINGERPRINT_BYTES, as pairing reported it. NULL takes any
   * host, as pairing does: only for first contact. */
  const uint8_t* host_fingerprint;
  const char* device_name; /* how the host lists this device, at most 64 bytes; NULL: "punktfunk client" */
  const char* label;       /* program and version, at most 96 bytes */
  const char* launch;      /* application to start, at most 128 bytes */
  const punktfunk_client_callbacks* callbacks;
  uint64_t features;           /* PUNKTFUNK_FEATURE_... */
  uint32_t width;              /* of the picture wanted, pixels; 0: 1920 */
  uint32_t height;             /* 0: 1080 */
  uint32_t refresh_hz;         /* 0: 60 */
  uint32_t bitrate_kbps;       /* on the wire, parity included; 0: the host decides */
  uint32_t codecs;             /* PUNKTFUNK_CODEC_... that can be decoded; 0: H.264 */
  uint32_t preferred_codec;    /* one of them; 0: the host decides */
  uint32_t audio_channels;     /* 2, 6 or 8; 0: 2 */
  uint32_t connect_timeout_ms; /* until the host answers, at most 10 minutes; 0: 10 s */
  uint32_t frame_queue;        /* access units kept for punktfunk_client_next_frame(), at most 64; 0: 8 */
  uint32_t audio_queue; /* packets kept for punktfunk_client_next_audio(), at most 1024; 0: 64, 320 ms */
} punktfunk_client_options;

/* Finds the way to the host and opens a socket. Nothing is sent yet. */
PUNKTFUNK_API punktfunk_result punktfunk_client_create(const punktfunk_client_options* options,
                                                       punktfunk_client** client);
/* Asks for a stream. One of these two, once for each client. Returns at once: PUNKTFUNK_EVENT_CONNECTED or
 * _ENDED tells what became of it. */
PUNKTFUNK_API punktfunk_result punktfunk_client_connect(punktfunk_client* client);
/* Pairs with the PIN that the host shows, at most 64 bytes. PUNKTFUNK_EVENT_PAIRED or _ENDED tells what
 * became of it.
 */
PUNKTFUNK_API punktfunk_result punktfunk_client_pair(punktfunk_client* client, const char* pin);

/* Closes politely what is still open and ends the network thread, after the callback in progress.
 * PUNKTFUNK_ERROR_THREAD from inside a callback, and nothing happens. */
PUNKTFUNK_API punktfunk_result punktfunk_client_destroy(punktfunk_client* client);

/* Next in line: PUNKTFUNK_OK, PUNKTFUNK_EMPTY, or PUNKTFUNK_ERROR_ENDED once the client has ended and
 * everything that had come was fetched. What has a callback is never in line (PUNKTFUNK_ERROR_STATE). event
 * Nothing is lost; of PENDING and STREAM_CONFIG one at most waits. frame  In index order. A full line drops
 * its oldest frame, counts it (frames_dropped), and asks for a keyframe. audio  A full line drops its oldest
 * packet and counts it (audio_dropped). */
PUNKTFUNK_API punktfunk_result punktfunk_client_next_event(punktfunk_client* client, int32_t timeout_ms,
                                                           punktfunk_event* event);
PUNKTFUNK_API punktfunk_result punktfunk_client_next_frame(punktfunk_client* client, int32_t timeout_ms,
                                                           punktfunk_frame** frame);
PUNKTFUNK_API punktfunk_result punktfunk_client_next_audio(punktfunk_client* client, int32_t timeout_ms,
                                                           punktfunk_audio** audio);

enum { PUNKTFUNK_LINE_EVENTS = 1, PUNKTFUNK_LINE_FRAMES = 2, PUNKTFUNK_LINE_AUDIO = 3 };

/* A file descriptor for poll(): readable while something of that line waits, and from the end on. It belongs
 * to the client: do not read, write or close it. */
PUNKTFUNK_API punktfunk_result punktfunk_client_fd(const punktfunk_client* client, uint32_t line, int* fd);

/* What the host sends; what was asked for and what is in force may differ. */
typedef struct punktfunk_stream {
  uint32_t struct_size;
  uint32_t epoch; /* of the frames this holds for; 0 at first */
  uint32_t width; /* pixels */
  uint32_t height;
  uint32_t refresh_hz;
  uint32_t codec; /* PUNKTFUNK_CODEC_... */
  uint32_t bit_depth;
  uint32_t chroma_format; /* 1: 4:2:0, 3: 4:4:4 */
  uint8_t colour[4];      /* CICP: primaries, transfer, matrix, full range */
  uint32_t bitrate_kbps;
  uint32_t parity_percent; /* at the start */
  uint32_t shard_bytes;
  uint32_t audio_codec; /* 0: Opus */
  uint32_t audio_channels;
  uint32_t audio_layout; /* 0 legacy, 1 standard, 2 uncoupled */
  uint32_t audio_rate_hz;
  uint32_t audio_frame_us;
  uint32_t grants;             /* what the host lets this device do: section 25 of the protocol */
  uint32_t expires_in_seconds; /* from CONNECTED on; 0: never */
  uint32_t reserved;
  uint64_t host_features; /* bits 0 to 63 of section 6 of the protocol */
  uint8_t session_id[16];
} punktfunk_stream;

/* PUNKTFUNK_ERROR_STATE before PUNKTFUNK_EVENT_CONNECTED. Works after the end too. */
PUNKTFUNK_API punktfunk_result punktfunk_client_stream(const punktfunk_client* client,
                                                       punktfunk_stream* stream);

/* Sends one event, soon and without waiting. Datagrams are not repeated when lost. */
PUNKTFUNK_API punktfunk_result punktfunk_client_send_input(punktfunk_client* client,
                                                           const punktfunk_input_event* event);
/* The decoder refused a frame, or something it refers to is missing. Lost packets need no such report: the
 * client asks by itself. Repeating it is harmless, one keyframe answers all. */
PUNKTFUNK_API punktfunk_result punktfunk_client_request_keyframe(punktfunk_client* client);

typedef struct punktfunk_statistics {
  uint32_t struct_size;
  uint32_t clock_known;    /* 0: clock_offset_ns is not known yet */
  int64_t clock_offset_ns; /* session clock of the host minus CLOCK_MONOTONIC of this machine */
  uint64_t rtt_ns;
  uint64_t frames_complete; /* received whole */
  uint64_t frames_lost;     /* never completed */
  uint64_t frames_dropped;  /* completed, but their line was full */
  uint64_t keyframe_requests;
  uint64_t packets_received;
  uint64_t bytes_received;   /* of media, whole datagrams */
  uint64_t packets_refused;  /* not authentic, replayed, malformed or not from the host */
  uint64_t shards_lost;      /* data and parity that never came */
  uint64_t shards_recovered; /* data rebuilt from parity */
  uint64_t socket_overflows; /* lost in this machine, because nobody read in time */
  uint64_t audio_packets;
  uint64_t audio_dropped;
  /* Over the last full second; 0 when there is no such. */
  uint32_t frames_per_1000_s;
  uint32_t video_kbps;   /* access units */
  uint32_t receive_kbps; /* media datagrams, parity included */
  uint32_t reserved;
} punktfunk_statistics;

/* Since the beginning, at most 100 ms old; also after the end. */
PUNKTFUNK_API punktfunk_result punktfunk_client_stats(const punktfunk_client* client,
                                                      punktfunk_statistics* statistics);

/* Both return at once, and PUNKTFUNK_EVENT_ENDED follows. After disconnect the host may keep the display and
 * its applications for a while; quit says that this device is done with them. */
PUNKTFUNK_API punktfunk_result punktfunk_client_disconnect(punktfunk_client* client);
PUNKTFUNK_API punktfunk_result punktfunk_client_quit(punktfunk_client* client);

/* ---- Data plane, without QUIC ---- */

/* A session without QUIC: access units from host to client, input the other way, sealed and protected by
 * parity. Both ends are made with the same secret and parameters, which the embedder brings there by its own
 * means. */

/* Where datagrams leave and arrive. */
typedef struct punktfunk_socket punktfunk_socket;

#define PUNKTFUNK_ADDRESS_TEXT_BYTES 64

/* Two ends joined in memory; what one sends, the other gets. `bytes`: what each direction holds before it
 * drops; 0: 4 MiB, at most 1 GiB. */
PUNKTFUNK_API punktfunk_result punktfunk_socket_loopback(uint64_t bytes, punktfunk_socket** first,
                                                         punktfunk_socket** second);
/* UDP, bound to a numeric address and a port, 0 for any free one. */
PUNKTFUNK_API punktfunk_result punktfunk_socket_udp(const char* address, uint16_t port,
                                                    punktfunk_socket** socket);
/* Its own address: PUNKTFUNK_ADDRESS_TEXT_BYTES at `text`, and the port. */
PUNKTFUNK_API punktfunk_result punktfunk_socket_address(const punktfunk_socket* socket, char* text,
                                                        uint16_t* port);
/* A session made with it keeps what it needs. */
PUNKTFUNK_API void punktfunk_socket_destroy(punktfunk_socket* socket);

typedef struct punktfunk_session punktfunk_session;

enum { PUNKTFUNK_ROLE_HOST = 1, PUNKTFUNK_ROLE_CLIENT = 2 };
enum { PUNKTFUNK_SUITE_AES128_GCM = 0, PUNKTFUNK_SUITE_CHACHA20_POLY1305 = 1 };
/* GF(2^16): up to 65,535 shards in a block. GF(2^8): 255. */
enum { PUNKTFUNK_FEC_GF16 = 0, PUNKTFUNK_FEC_GF8 = 1 };

#define PUNKTFUNK_SECRET_BYTES 32
#define PUNKTFUNK_NO_PARITY 0xFFFFFFFFu /* where 0 means the default */

/* 0 in a field is its default. Everything is copied. */
typedef struct punktfunk_session_options {
  uint32_t struct_size;
  uint32_t role; /* PUNKTFUNK_ROLE_...; required */
  /* PUNKTFUNK_SECRET_BYTES that only both ends know; required. For one session only: with the same secret
   * again the encryption is broken. */
  const uint8_t* secret;
  const char* remote_address; /* numeric, of the other end; required */
  uint16_t remote_port;       /* required */
  uint16_t reserved0;
  uint32_t suite; /* PUNKTFUNK_SUITE_... */
  /* Unix ns. Capture times travel as 32 bits of microseconds since it: begin it less than 71 minutes before
   * the first frame, or they arrive as something else. */
  uint64_t clock_origin_ns;
  uint64_t max_frame_bytes;    /* largest access unit, at most 64 MiB; 0: 8 MiB */
  uint32_t fec;                /* PUNKTFUNK_FEC_... */
  uint32_t max_parity_percent; /* of the data shards of a block, 1 to 90, or PUNKTFUNK_NO_PARITY; 0: 90 */
  uint32_t max_data_per_block; /* data shards; 0: 4096, with GF(2^8) 128 */
  uint32_t shard_bytes;        /* even, 512 to 9170; 0: 1408 */
  /* Host: how punktfunk_session_submit_frame() spreads a frame in time. */
  uint32_t rate_kbps;         /* 0: sends at once */
  uint32_t frame_interval_us; /* at most 1 s; 0: 16667 */
  uint32_t send_patience_us;  /* how long a full send buffer may hold up a send, at most 1 s; 0: 2000 */
  uint32_t reserved1;
} punktfunk_session_options;

/* Each socket serves one session. A host on a machine with several processors keeps a thread that helps with
 * sealing. */
PUNKTFUNK_API punktfunk_result punktfunk_session_create(const punktfunk_session_options* options,
                                                        punktfunk_socket* socket,
                                                        punktfunk_session** session);
PUNKTFUNK_API void punktfunk_session_destroy(punktfunk_session* session);

/* Host. One access unit to send. */
typedef struct punktfunk_outgoing_frame {
  uint32_t struct_size;
  uint32_t flags;      /* PUNKTFUNK_FRAME_...; at most 16 bits */
  const uint8_t* data; /* during the call */
  uint64_t bytes;
  uint64_t capture_ns;     /* Unix ns, not before the last frame's; 0: now */
  uint32_t epoch;          /* 0 to 255 */
  uint32_t parity_percent; /* 1 to 90, or PUNKTFUNK_NO_PARITY; 0: 10 */
} punktfunk_outgoing_frame;

typedef struct punktfunk_sent {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t datagrams; /* taken by the network */
  uint64_t dropped;   /* not taken: a loss like any other, which parity repairs */
} punktfunk_sent;

/* Host. Seals a frame and sends nothing: its datagrams one after the other, each `*datagram_bytes` long,
 * `*bytes` in all. Valid until the next frame is sealed. */
PUNKTFUNK_API punktfunk_result punktfunk_session_seal_frame(punktfunk_session* session,
                                                            const punktfunk_outgoing_frame* frame,
                                                            const uint8_t** datagrams, size_t* bytes,
                                                            size_t* datagram_bytes);
/* Host. Sends what punktfunk_session_seal_frame() returned, all or a run of whole datagrams, at once. `sent`
 * may be NULL. */
PUNKTFUNK_API punktfunk_result punktfunk_session_send_sealed(punktfunk_session* session,
                                                             const uint8_t* datagrams, size_t bytes,
                                                             punktfunk_sent* sent);
/* Host. Both, paced. Blocks until the frame is out: less than a frame interval, unless the last frame is
 * late. `sent` may be NULL. */
PUNKTFUNK_API punktfunk_result punktfunk_session_submit_frame(punktfunk_session* session,
                                                              const punktfunk_outgoing_frame* frame,
                                                              punktfunk_sent* sent);
/* Host. From the next frame on; 0: no pacing. */
PUNKTFUNK_API punktfunk_result punktfunk_session_set_rate(punktfunk_session* session, uint32_t rate_kbps);
/* Host. The next input event, in order of arrival; PUNKTFUNK_EMPTY when none comes within the timeout. */
PUNKTFUNK_API punktfunk_result punktfunk_session_poll_input(punktfunk_session* session, int32_t timeout_ms,
                                                            punktfunk_input_event* event);

/* Client. The next access unit, in index order; a gap in the index is a frame lost for good. PUNKTFUNK_EMPTY
 * when none comes within the timeout. */
PUNKTFUNK_API punktfunk_result punktfunk_session_poll_frame(punktfunk_session* session, int32_t timeout_ms,
                                                            punktfunk_frame** frame);
/* Client. After a stall: drops all that has arrived and everything up to the next keyframe, which must be
 * asked for after this call. When the newest complete frame is a keyframe, it is kept and is that one.
 * `*dropped`: complete frames dropped now; may be NULL. */
PUNKTFUNK_API punktfunk_result punktfunk_session_flush_backlog(punktfunk_session* session, uint64_t* dropped);
/* Client. Seals and sends one event, which is not repeated when lost. */
PUNKTFUNK_API punktfunk_result punktfunk_session_send_input(punktfunk_session* session,
                                                            const punktfunk_input_event* event);

/* For poll(), once the poll function of the role said PUNKTFUNK_EMPTY: readable when there may be more. A
 * client must also ask when the time of punktfunk_session_next_deadline() has come, since a hole is given up
 * then: `*timeout_ms` until then, or -1 for none, as poll() takes it. The descriptor belongs to the session:
 * do not read, write or close it. */
PUNKTFUNK_API punktfunk_result punktfunk_session_fd(const punktfunk_session* session, int* fd);
PUNKTFUNK_API punktfunk_result punktfunk_session_next_deadline(const punktfunk_session* session,
                                                               int32_t* timeout_ms);

typedef struct punktfunk_session_statistics {
  uint32_t struct_size;
  uint32_t waits_for_keyframe; /* client, after a flush */
  /* Host */
  uint64_t frames_sealed;
  uint64_t datagrams_sealed;
  uint64_t inputs_received;
  uint64_t inputs_refused; /* not authentic, replayed or malformed */
  /* Client */
  uint64_t frames_delivered;
  uint64_t frames_lost;
  uint64_t frames_flushed;
  uint64_t packets_received;
  uint64_t bytes_received;
  uint64_t packets_refused;
  uint64_t shards_lost;
  uint64_t shards_recovered;
  uint64_t inputs_sent;
  /* Both */
  uint64_t datagrams_sent;
  uint64_t datagrams_dropped; /* the network did not take them */
  uint64_t datagrams_foreign; /* not from the other end */
} punktfunk_session_statistics;

/* What was received counts as of the last poll. */
PUNKTFUNK_API punktfunk_result punktfunk_session_stats(const punktfunk_session* session,
                                                       punktfunk_session_statistics* statistics);

#ifdef __cplusplus
}
#endif

#endif /* PUNKTFUNK_CORE_H */

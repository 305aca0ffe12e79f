/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a shared library exports so that `fec-bench --peer LIBRARY.so` measures another erasure code beside
 * ours, slice by slice in one run. The library is built elsewhere, around whatever code it wraps; nothing of
 * it belongs here.
 *
 * All functions are called from one thread. Shards are `shard_bytes` long, and every one can be read and
 * written up to the next multiple of 64 bytes, for codes that need that. A code over more than one thread or
 * with another interface to its work memory keeps what it needs in the context; nothing but the coding itself
 * is timed. */
#ifndef PUNKTFUNK_BENCH_FEC_PEER_H
#define PUNKTFUNK_BENCH_FEC_PEER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Once, before anything else. What the figures are printed under, or a null pointer when it cannot run here.
 */
const char* fec_peer_init(void);

/* A context for blocks of `k` data and `m` parity shards; a null pointer when the code has no such shape. */
void* fec_peer_open(size_t k, size_t m, size_t shard_bytes);
void fec_peer_close(void* context);

/* Timed: computes all `m` parity shards from the `k` data shards. 0, or anything else for a failure. */
int fec_peer_encode(void* context, const uint8_t* const* data, uint8_t* const* parity);

/* Timed: rebuilds the data shards whose pointer is null from the others and the parity shards whose pointer
 * is not null. Puts where it has them, in its own memory, into `recovered`, an array of `k` pointers of which
 * it leaves the others alone; they stay valid until the next call. 0, or anything else for a failure. */
int fec_peer_decode(void* context, const uint8_t* const* data, const uint8_t* const* parity,
                    const uint8_t** recovered);

#ifdef __cplusplus
}
#endif

#endif

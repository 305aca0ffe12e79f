// SPDX-License-Identifier: MIT OR Apache-2.0
// Access unit → headers, data shards and parity, each written once at its final place in a run of equal
// datagrams. Sections 13.1 to 13.4 of the protocol.
//
// Work is done run by run, as datagrams are asked for: a run of 45 datagrams, one segmented send, stays in
// the nearest caches from the copy out of the access unit to the copy into the kernel, and the first run
// leaves before the rest of a large frame is touched. Parity is computed straight from the access unit, when
// its first datagram is asked for. A run of data lies directly before the place of the parity, so that a run
// across the border is contiguous too:
//
//   … | data of this run | parity of the whole group …
//                        ^ border_
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/lanes.h"
#include "core/fec/gf16_code.h"
#include "core/fec/gf8_code.h"
#include "core/fec/parity.h"
#include "core/wire/media_header.h"

namespace punktfunk::media {

struct PacketizerParams {
  fec::Scheme scheme = fec::Scheme::gf16;
  std::uint8_t fec_percent = 10;            // negotiated
  std::uint32_t max_data_per_block = 4096;  // K ≥ 1; at most 255 with GF(2^8)
  std::uint16_t shard_payload = 1408;       // S, even, nonzero
};

// One thread. Its buffers grow to the longest run, the most parity and the longest streamed access unit, and
// stay.
class Packetizer {
 public:
  explicit Packetizer(const PacketizerParams& params);

  struct FrameFields {
    std::uint8_t stream = 0;
    std::uint32_t frame = 0;
    std::uint32_t pts_us = 0;
    std::uint8_t epoch = 0;
    std::uint16_t flags = 0;  // LAST_BLOCK is set on the final block
    std::uint8_t parity_percent = 10;
  };

  // Each of these begins a frame; what an earlier one left unwritten is forgotten.
  //
  // A whole access unit, which stays the caller's and unchanged until ready() is 0 or another frame begins.
  // Order: all data of all blocks, then all parity of all blocks. False, with no frame begun, when it needs
  // more than the 65535 blocks a receiver takes (section 13.5).
  [[nodiscard]] bool begin(ByteView au, const FrameFields& fields);
  // An access unit that arrives in parts (section 13.4); SLICE_STREAM is set. Order: block by block, data
  // then parity.
  void begin_stream(const FrameFields& fields);

  // The next part of a streamed access unit; the bytes are copied. `slice_end`: a slice ends with it, so that
  // what is there may leave as a block of its own. False when the frame would have too many blocks: it is
  // over then, incomplete.
  [[nodiscard]] bool append(ByteView part, bool slice_end);
  // The last part, which may be empty. Afterwards the frame is done once ready() is 0.
  [[nodiscard]] bool finish(ByteView part);
  // Ends a streamed access unit, incomplete; always false.
  bool abandon();
  // Of the streamed access unit, appended so far.
  [[nodiscard]] std::size_t streamed_bytes() const { return streamed_.size(); }

  // Datagrams that can be written now.
  [[nodiscard]] std::size_t ready() const { return ready_; }

  // Lays out the next run: at most `max_datagrams`, fewer at the end of the frame or of a streamed block,
  // none when none is ready. Datagram i lies at i * datagram_bytes(), valid until the next call of anything
  // but write(). Computes the parity that falls into the run, on both `lanes` where that gains.
  [[nodiscard]] MutableBytes prepare(std::size_t max_datagrams, std::uint64_t first_number,
                                     Lanes* lanes = nullptr);
  // Writes datagrams `from` … `to` - 1 of the prepared run: 30-byte header with the low half of its number,
  // shard, 16 bytes left free for the tag. From any thread, also from several at once for different ranges.
  void write(std::size_t from, std::size_t to) const;

  // One data shard of the whole access unit that was begun, by its place in it, as write() would into a run.
  // False when there is no such data shard. `out` holds datagram_bytes().
  [[nodiscard]] bool write_data_shard(std::uint32_t shard, std::uint64_t number, MutableBytes out) const;

  // begin(), then all in one run, written. Empty when begin() says no.
  [[nodiscard]] MutableBytes packetize(ByteView au, const FrameFields& fields, std::uint64_t first_number);

  [[nodiscard]] std::size_t datagram_bytes() const { return datagram_bytes_; }
  [[nodiscard]] const PacketizerParams& params() const { return params_; }

 private:
  // Blocks that leave together, all data before all parity. All of them have K data shards but the last.
  struct Group {
    std::uint32_t first_block = 0;
    std::uint32_t blocks = 1;
    std::uint32_t base = 0;             // first data shard in the frame
    std::uint32_t data = 1;             // shards
    std::uint32_t parity = 0;           // shards
    std::uint32_t parity_full = 0;      // of each block but the last
    std::uint32_t parity_computed = 0;  // blocks
    bool ends_frame = false;
  };
  struct Run {
    std::uint8_t* start = nullptr;
    std::uint64_t first_number = 0;
    std::uint32_t first = 0;  // datagram of the group
  };
  // A code holds scratch memory, so each thread needs its own.
  struct Coder {
    fec::Gf16Code gf16;
    fec::Gf8Code gf8;
    std::vector<const std::uint8_t*> data;
    std::vector<std::uint8_t*> parity;
  };

  void start_frame(const FrameFields& fields);
  [[nodiscard]] std::uint32_t parity_shards(std::uint32_t k) const;
  [[nodiscard]] std::uint32_t data_shards(const Group& group, std::uint32_t block) const;
  [[nodiscard]] static std::uint32_t parity_before(const Group& group, std::uint32_t block);
  [[nodiscard]] bool add_group(std::uint32_t data, bool ends_frame);
  [[nodiscard]] std::uint32_t shards_to_spare() const;
  [[nodiscard]] bool append_full_blocks(ByteView part);

  std::uint32_t enter_block(const Group& group, std::uint32_t position, wire::MediaHeader& header) const;
  [[nodiscard]] ByteView shard_at(std::uint64_t shard) const;
  void copy_shard(std::uint64_t shard, std::uint8_t* to) const;
  void compute_parity(const Group& group, std::uint32_t block, Lanes* lanes);
  void encode(Coder& coder, std::size_t column, std::size_t bytes) const;

  const PacketizerParams params_;
  const std::size_t datagram_bytes_;

  FrameFields fields_;
  ByteView au_;                // as much of it as there is
  bool streaming_ = false;     // more may come
  std::vector<Group> groups_;  // of the frame, as far as it is cut
  std::uint32_t cut_shards_ = 0;
  std::uint32_t cut_blocks_ = 0;
  std::size_t group_ = 0;   // the one under way
  std::uint32_t next_ = 0;  // its first datagram that was in no run yet
  std::size_t ready_ = 0;
  Run run_;

  Bytes streamed_;
  Bytes last_shard_;  // the frame's last data shard with its padding, as the parity sees it
  Bytes buffer_;
  std::size_t border_ = 0;  // datagrams of data that fit before the parity
  std::vector<const std::uint8_t*> data_;
  std::vector<std::uint8_t*> parity_;
  std::array<Coder, 2> coders_;
};

}  // namespace punktfunk::media

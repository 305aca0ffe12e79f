// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/decode/h264_chain.h"

#include <algorithm>
#include <array>

namespace punktfunk::client {
namespace {

// Types of H.264 table 7-1.
constexpr unsigned kSlice = 1, kIdrSlice = 5, kSequenceSet = 7;
// What is read of a sequence set: 4 + 12 scaling lists of at most 64 numbers; of a slice: three numbers and
// frame_num.
constexpr std::size_t kMostHeaderBytes = 1024;

// Bits of a NAL unit, its emulation prevention bytes (00 00 03) taken out. Past the end it gives zeroes and
// says so.
class BitReader {
 public:
  explicit BitReader(ByteView nal) {
    unsigned zeroes = 0;
    for (const std::uint8_t byte : nal.first(std::min(nal.size(), kMostHeaderBytes))) {
      if (zeroes >= 2 && byte == 3) {
        zeroes = 0;
        continue;
      }
      zeroes = byte == 0 ? zeroes + 1 : 0;
      bytes_.push_back(byte);
    }
  }

  std::uint32_t bits(unsigned count) {
    std::uint32_t value = 0;
    for (; count > 0; --count) value = value << 1 | bit();
    return value;
  }

  // ue(v), at most 31 leading zeroes.
  std::uint32_t number() {
    unsigned zeroes = 0;
    while (zeroes < 32 && good() && bit() == 0) ++zeroes;
    if (zeroes >= 32) {
      at_ = 8 * bytes_.size() + 1;
      return 0;
    }
    return (std::uint32_t{1} << zeroes) - 1 + bits(zeroes);
  }

  std::int32_t signed_number() {
    const std::uint32_t code = number();
    const auto half = static_cast<std::int32_t>(code / 2);
    return code % 2 != 0 ? half + 1 : -half;
  }

  [[nodiscard]] bool good() const { return at_ <= 8 * bytes_.size(); }

 private:
  std::uint32_t bit() {
    const std::size_t at = at_++;
    return at / 8 < bytes_.size() ? (std::uint32_t{bytes_[at / 8]} >> (7 - at % 8)) & 1u : 0u;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
};

bool has_chroma_fields(std::uint32_t profile) {
  constexpr std::array<std::uint32_t, 13> kProfiles = {100, 110, 122, 244, 44,  83, 86,
                                                       118, 128, 138, 139, 134, 135};
  return std::find(kProfiles.begin(), kProfiles.end(), profile) != kProfiles.end();
}

void skip_scaling_list(BitReader& in, int size) {
  std::int32_t last = 8, next = 8;
  for (int i = 0; i < size && next != 0 && in.good(); ++i) {
    next = (last + in.signed_number() % 256 + 256) % 256;
    if (next != 0) last = next;
  }
}

// Calls visit(nal) for each NAL unit, header byte first, until it returns false.
template <class Visit>
void each_nal(ByteView au, Visit visit) {
  const auto next_start = [&](std::size_t from) {
    for (std::size_t i = from; i + 3 <= au.size(); ++i)
      if (au[i] == 0 && au[i + 1] == 0 && au[i + 2] == 1) return i;
    return au.size();
  };
  std::size_t start = next_start(0);
  while (start + 3 < au.size()) {
    const std::size_t end = next_start(start + 3);
    if (end > start + 3 && !visit(au.subspan(start + 3, end - start - 3))) return;
    start = end;
  }
}

}  // namespace

H264Chain::Unit H264Chain::push(ByteView au) {
  Unit unit = Unit::no_picture;
  each_nal(au, [&](ByteView nal) {
    const unsigned type = nal[0] & 31u;
    if (type == kSequenceSet) read_sequence(nal);
    if (type != kSlice && type != kIdrSlice) return true;
    const auto frame_num = read_frame_num(nal);
    const std::uint32_t modulus = std::uint32_t{1} << frame_num_bits_;
    if (!frame_num)
      unit = Unit::broken;
    else if (type == kIdrSlice)
      unit = Unit::keyframe;
    else
      unit = gap_allowed_ || *frame_num == last_reference_ || *frame_num == (last_reference_ + 1) % modulus
                 ? Unit::follows
                 : Unit::broken;
    gap_allowed_ = false;
    // nal_ref_idc 0: nothing refers to this picture, so the count does not move (H.264 7.4.3).
    if (frame_num && (nal[0] & 0x60u) != 0) last_reference_ = *frame_num;
    return false;
  });
  return unit;
}

// H.264 7.3.2.1.1, as far as log2_max_frame_num_minus4.
void H264Chain::read_sequence(ByteView nal) {
  BitReader in(nal);
  in.bits(8);
  const std::uint32_t profile = in.bits(8);
  in.bits(16);  // constraint flags and level
  in.number();  // id
  bool separate = false;
  if (has_chroma_fields(profile)) {
    const std::uint32_t chroma = in.number();
    if (chroma == 3) separate = in.bits(1) != 0;
    in.number();  // bit depths
    in.number();
    in.bits(1);
    if (in.bits(1) != 0)
      for (int i = 0; i < (chroma == 3 ? 12 : 8); ++i)
        if (in.bits(1) != 0) skip_scaling_list(in, i < 6 ? 16 : 64);
  }
  const std::uint32_t bits = in.number() + 4;
  const bool sane = in.good() && bits >= 4 && bits <= 16;
  frame_num_bits_ = sane ? bits : 0;
  separate_planes_ = separate;
}

// H.264 7.3.3, as far as frame_num.
std::optional<std::uint32_t> H264Chain::read_frame_num(ByteView nal) const {
  if (frame_num_bits_ == 0) return std::nullopt;
  BitReader in(nal.first(std::min<std::size_t>(nal.size(), 32)));
  in.bits(8);
  in.number();  // first macroblock
  in.number();  // slice type
  in.number();  // picture parameter set
  if (separate_planes_) in.bits(2);
  const std::uint32_t frame_num = in.bits(frame_num_bits_);
  return in.good() ? std::optional(frame_num) : std::nullopt;
}

}  // namespace punktfunk::client

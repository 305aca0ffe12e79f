// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/decode/libavcodec/libavcodec_decoder.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <libavutil/pixdesc.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "client/decode/h264_chain.h"

namespace punktfunk::client {
namespace {

constexpr int kLargestSide = 16384;
// The largest frame the protocol lets a session negotiate is below this.
constexpr std::size_t kLargestUnit = 64u << 20;
// Pictures in one unit beyond this are left in the decoder, which then refuses the next unit (counted as
// corrupt).
constexpr int kMostPicturesPerUnit = 4;

struct FreeContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using Frame = std::unique_ptr<AVFrame, FreeFrame>;

constexpr std::uint32_t to_macroblocks(std::uint32_t side) { return (side + 15) / 16 * 16; }

// A slice that never came leaves its macroblock rows as they were in memory, and with slice threads
// libavcodec does not say so (its error resilience is off there). So each row gets a mark before decoding,
// and a mark still there afterwards tells. It sits at rows 8 of 16, where the deblocking of a neighbour does
// not reach.
constexpr std::array<std::uint8_t, 16> kMark = {0x3b, 0xe1, 0x92, 0x07, 0xc4, 0x58, 0xad, 0x70,
                                                0x19, 0xf6, 0x2e, 0x83, 0x4a, 0xd5, 0x61, 0xbc};

template <class Visit>
void each_mark(const AVFrame& frame, Visit visit) {
  if (frame.width < static_cast<int>(kMark.size())) return;
  for (int y = 8; y < frame.height; y += 16) visit(frame.data[0] + std::ptrdiff_t{y} * frame.linesize[0]);
}

bool is_whole(const AVFrame& frame) {
  bool whole = true;
  each_mark(frame, [&](const std::uint8_t* at) {
    whole = whole && std::memcmp(at, kMark.data(), kMark.size()) != 0;
  });
  return whole;
}

// max_pixels bounds the area; this bounds each side, before memory is taken.
int get_marked_buffer(AVCodecContext* context, AVFrame* frame, int flags) {
  if (frame->width > kLargestSide || frame->height > kLargestSide) return AVERROR(EINVAL);
  const int code = avcodec_default_get_buffer2(context, frame, flags);
  if (code >= 0) each_mark(*frame, [](std::uint8_t* at) { std::memcpy(at, kMark.data(), kMark.size()); });
  return code;
}

// "Not specified" means BT.709 limited range here: it is what the session negotiated.
std::uint8_t cicp(int value) {
  return value == 2 || value < 0 || value > 255 ? std::uint8_t{1} : static_cast<std::uint8_t>(value);
}

ColourDescription colour_of(const AVFrame& frame) {
  return {cicp(frame.color_primaries), cicp(frame.color_trc), cicp(frame.colorspace),
          frame.color_range == AVCOL_RANGE_JPEG || frame.format == AV_PIX_FMT_YUVJ420P};
}

// The crop comes from the peer. Each part is checked alone first, so that the sums cannot wrap.
bool has_visible_part(const AVFrame& frame) {
  const auto leaves = [](int size, std::size_t before, std::size_t after) {
    return size > 0 && before < static_cast<std::size_t>(size) &&
           after < static_cast<std::size_t>(size) - before;
  };
  return leaves(frame.width, frame.crop_left, frame.crop_right) &&
         leaves(frame.height, frame.crop_top, frame.crop_bottom);
}

class LibavcodecDecoder final : public VideoDecoder {
 public:
  static Result<std::unique_ptr<VideoDecoder>> open(const DecoderConfig& config, unsigned threads) {
    const AVCodec* codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    if (codec == nullptr)
      return fail(
          "The H.264 decoder was not started, because the installed libavcodec was built without it; install "
          "Debian's own "
          "libavcodec59.");
    auto decoder = std::unique_ptr<LibavcodecDecoder>(new LibavcodecDecoder);
    if (!decoder->start(codec, config, threads))
      return fail(
          "The H.264 decoder was not started, because libavcodec had no memory for it; close other "
          "programs.");
    return decoder;
  }

  DecodeOutcome push(ByteView au) override {
    if (au.size() > kLargestUnit) return corrupt();
    const H264Chain::Unit unit = chain_.push(au);
    if (unit == H264Chain::Unit::broken) return corrupt();
    // Until a keyframe everything would be built on damage, so it is not even decoded.
    if (unit == H264Chain::Unit::follows && waits_for_keyframe_) return corrupt();
    av_packet_unref(packet_.get());
    if (au.empty()) return {};
    // Hostile units end anywhere: libavcodec reads past the end, into zeroes that av_new_packet puts there.
    if (av_new_packet(packet_.get(), static_cast<int>(au.size())) < 0) return out_of_memory();
    std::memcpy(packet_->data, au.data(), au.size());
    packet_->pts = ++unit_;
    dirty_ = true;
    const int sent = avcodec_send_packet(context_.get(), packet_.get());
    if (sent == AVERROR(ENOMEM)) return out_of_memory();
    DecodeOutcome outcome = receive();
    if (outcome.status == DecodeStatus::fatal) return outcome;
    // A picture that stays inside means a stream that reorders, which no host of this protocol makes.
    const bool held_back = outcome.status == DecodeStatus::need_more && unit != H264Chain::Unit::no_picture;
    if (sent < 0 || held_back) return corrupt();
    return outcome;
  }

  void expect_gap() override { chain_.allow_gap(); }

  void set_mode(std::uint32_t width, std::uint32_t height) override {
    width_ = width;
    height_ = height;
    // The size is the host's word: a picture beyond kLargestSide is refused anyway.
    constexpr auto most = static_cast<std::uint32_t>(kLargestSide);
    context_->max_pixels =
        std::int64_t{4} * to_macroblocks(std::min(width, most)) * to_macroblocks(std::min(height, most));
  }

  std::string describe() const override {
    return fmt::format("libavcodec h264, {} slice thread{}", context_->thread_count,
                       context_->thread_count == 1 ? "" : "s");
  }

 private:
  LibavcodecDecoder() = default;

  bool start(const AVCodec* codec, const DecoderConfig& config, unsigned threads) {
    context_.reset(avcodec_alloc_context3(codec));
    packet_.reset(av_packet_alloc());
    if (!context_ || !packet_) return false;
    set_mode(config.width, config.height);
    AVCodecContext& c = *context_;
    c.flags |= AV_CODEC_FLAG_LOW_DELAY;  // a picture leaves with its own unit
    c.thread_type = FF_THREAD_SLICE;     // frame threads would each hold one picture back
    c.thread_count = static_cast<int>(threads);
    // A damaged picture is reported, never patched up and shown.
    c.error_concealment = 0;
    c.err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    c.get_buffer2 = get_marked_buffer;
    c.apply_cropping = 0;  // the marks are counted from the coded corner; wrap() crops
    return avcodec_open2(&c, codec, nullptr) >= 0;
  }

  DecodeOutcome corrupt() {
    if (dirty_) {
      // Damaged references and whatever a bad unit left inside, a longer delay among them, go away here.
      avcodec_flush_buffers(context_.get());
      context_->has_b_frames = 0;
    }
    waits_for_keyframe_ = true;
    dirty_ = false;
    return {DecodeStatus::corrupt, {}, {}};
  }

  static DecodeOutcome out_of_memory() {
    return {DecodeStatus::fatal,
            {},
            "The picture was not decoded, because memory ran out; close other programs and connect again."};
  }

  // Everything this unit gave. Only the last picture counts, and only if it is this unit's own: a stream that
  // reorders is not one a host of this protocol makes, and its older pictures would add delay.
  DecodeOutcome receive() {
    DecodeOutcome outcome;
    for (int i = 0; i < kMostPicturesPerUnit; ++i) {
      Frame frame(av_frame_alloc());
      if (!frame) return out_of_memory();
      const int code = avcodec_receive_frame(context_.get(), frame.get());
      if (code == AVERROR(EAGAIN)) break;
      if (code == AVERROR(ENOMEM)) return out_of_memory();
      if (code < 0) return corrupt();
      outcome = take(std::move(frame));
    }
    return outcome;
  }

  DecodeOutcome take(Frame frame) {
    if (frame->pts != unit_) return {};
    if ((frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame->decode_error_flags != 0) return corrupt();
    if (frame->format != AV_PIX_FMT_YUV420P && frame->format != AV_PIX_FMT_YUVJ420P) return corrupt();
    if (!is_whole(*frame) || !has_visible_part(*frame)) return corrupt();
    if (frame->key_frame != 0) waits_for_keyframe_ = false;
    if (waits_for_keyframe_) return corrupt();
    DecodeOutcome outcome;
    outcome.status = DecodeStatus::picture;
    outcome.picture = wrap(std::move(frame));
    return outcome;
  }

  [[nodiscard]] Picture wrap(Frame frame) const {
    Picture picture;
    picture.width = static_cast<std::uint32_t>(frame->width) -
                    static_cast<std::uint32_t>(frame->crop_left + frame->crop_right);
    picture.height = static_cast<std::uint32_t>(frame->height) -
                     static_cast<std::uint32_t>(frame->crop_top + frame->crop_bottom);
    if (picture.width == ((width_ + 1) & ~1u) && picture.height == ((height_ + 1) & ~1u)) {
      picture.width = width_;
      picture.height = height_;
    }
    for (std::size_t i = 0; i < 3; ++i) {
      const unsigned halved = i == 0 ? 0 : 1;
      picture.strides[i] = static_cast<std::size_t>(frame->linesize[i]);
      picture.planes[i] =
          frame->data[i] + (frame->crop_top >> halved) * picture.strides[i] + (frame->crop_left >> halved);
    }
    picture.colour = colour_of(*frame);
    picture.memory =
        std::shared_ptr<const void>(frame.release(), [](AVFrame* owned) { av_frame_free(&owned); });
    return picture;
  }

  std::unique_ptr<AVCodecContext, FreeContext> context_;
  std::unique_ptr<AVPacket, FreePacket> packet_;
  std::int64_t unit_ = 0;
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
  H264Chain chain_;
  bool waits_for_keyframe_ = true;
  bool dirty_ = false;  // units went into libavcodec since it was last flushed
};

}  // namespace

Result<std::unique_ptr<VideoDecoder>> create_libavcodec_decoder(const DecoderConfig& config,
                                                                unsigned threads) {
  // Damage is a counted outcome; libavcodec's lines about it would let a hostile host fill the log.
  static const bool quiet = (av_log_set_level(AV_LOG_QUIET), true);
  static_cast<void>(quiet);
  return LibavcodecDecoder::open(config, threads);
}

}  // namespace punktfunk::client

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/encode/libavcodec_x264/x264_encoder.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace punktfunk::host {
namespace {

// x264 counts the rate in kbit/s and the buffer in kbit, both as int, and takes at most 2 Gbit/s.
constexpr BitRate kLowest = BitRate::from_kbps(100);
constexpr BitRate kHighest = BitRate::from_kbps(2'000'000);

// What the preset and tune=zerolatency would leave open, said outright:
// keyint, scenecut: keyframes only when asked. bframes, ref: one reference chain, so that nothing is
// reordered and a decoder need not wait. *-lookahead, mbtree: no picture is held back. nal-hrd: no filler
// bytes on a quiet desktop. force-cfr: rate control counts pictures, not time stamps. repeat-headers: SPS and
// PPS in band before each IDR.
constexpr const char* kParameters =
    "keyint=infinite:scenecut=0:bframes=0:ref=1:rc-lookahead=0:sync-lookahead=0:mbtree=0:nal-hrd=none:"
    "force-cfr=1:repeat-headers=1:annexb=1";

struct FreeContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};

std::string reason(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

class X264Encoder final : public VideoEncoder {
 public:
  static Result<std::unique_ptr<VideoEncoder>> open(const EncoderConfig& config, const X264Tuning& tuning) {
    const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
    if (codec == nullptr)
      return fail(
          "The H.264 encoder was not started, because the installed libavcodec was built without libx264; "
          "install Debian's "
          "own libavcodec59 (with libx264-164), or point the loader at an FFmpeg configured with "
          "--enable-libx264.");
    auto encoder = std::unique_ptr<X264Encoder>(new X264Encoder);
    if (const int code = encoder->start(codec, config, tuning); code < 0)
      return fail(
          fmt::format("The H.264 encoder was not started for {}x{} at {}/{} Hz, because libx264 refused the "
                      "settings ({}); try "
                      "another mode or bit rate.",
                      config.width, config.height, config.refresh_num, config.refresh_den, reason(code)));
    return encoder;
  }

  Result<EncodedFrame> encode(const I420View& picture, bool force_keyframe) override {
    av_packet_unref(packet_.get());
    if (static_cast<int>(picture.width) != context_->width ||
        static_cast<int>(picture.height) != context_->height)
      return fail(
          fmt::format("A picture was not encoded, because it is {}x{} and the encoder was made for {}x{}; "
                      "make a new encoder.",
                      picture.width, picture.height, context_->width, context_->height));
    int code = point_frame_at(picture);
    if (code >= 0) {
      frame_->pts = next_pts_++;
      frame_->pict_type = force_keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
      code = avcodec_send_frame(context_.get(), frame_.get());
    }
    av_buffer_unref(&frame_->buf[0]);
    if (code >= 0) code = avcodec_receive_packet(context_.get(), packet_.get());
    if (code < 0 || packet_->size <= 0 || packet_->pts != next_pts_ - 1)
      return fail(fmt::format("A picture was not encoded, because libx264 {}; start the session again.",
                              code < 0 ? "failed (" + reason(code) + ")" : "held it back"));
    return EncodedFrame{{packet_->data, static_cast<std::size_t>(packet_->size)},
                        (packet_->flags & AV_PKT_FLAG_KEY) != 0};
  }

  // libavcodec compares these fields with x264's at each picture and reconfigures it in place.
  BitRate set_bitrate(BitRate bitrate) override {
    const BitRate used = std::clamp(bitrate, kLowest, kHighest);
    context_->bit_rate = static_cast<std::int64_t>(used.bits_per_second);
    context_->rc_max_rate = context_->bit_rate;
    // One frame's share: a buffer that drains in one frame interval keeps a picture from queueing behind the
    // one before it. In whole kbit and rounded down (x264 raises it if need be), because x264 has a better
    // method for a buffer of one frame, which it leaves when the buffer is more than a tenth larger: at 1.2
    // frames half the rate goes unused.
    const auto one_frame_kbit = context_->bit_rate * context_->time_base.num / context_->time_base.den / 1000;
    context_->rc_buffer_size = static_cast<int>(std::max<std::int64_t>(one_frame_kbit, 1) * 1000);
    return used;
  }

  std::string describe() const override { return description_; }

 private:
  X264Encoder() = default;

  int start(const AVCodec* codec, const EncoderConfig& config, const X264Tuning& tuning) {
    context_.reset(avcodec_alloc_context3(codec));
    frame_.reset(av_frame_alloc());
    packet_.reset(av_packet_alloc());
    if (!context_ || !frame_ || !packet_) return AVERROR(ENOMEM);
    AVCodecContext& c = *context_;
    c.width = static_cast<int>((config.width + 1) & ~1u);
    c.height = static_cast<int>((config.height + 1) & ~1u);
    c.pix_fmt = AV_PIX_FMT_YUV420P;
    c.framerate = {static_cast<int>(config.refresh_num), static_cast<int>(config.refresh_den)};
    c.time_base = {c.framerate.den, c.framerate.num};
    c.color_primaries = AVCOL_PRI_BT709;
    c.color_trc = AVCOL_TRC_BT709;
    c.colorspace = AVCOL_SPC_BT709;
    c.color_range = AVCOL_RANGE_MPEG;
    c.chroma_sample_location = AVCHROMA_LOC_LEFT;
    c.max_b_frames = 0;
    c.refs = 1;
    c.thread_count = static_cast<int>(tuning.slices);
    c.thread_type = FF_THREAD_SLICE;
    c.slices = static_cast<int>(tuning.slices);
    set_bitrate(config.bitrate);
    const std::string parameters = fmt::format("{}:cabac={}", kParameters, tuning.cabac ? 1 : 0);
    for (const auto& [name, value] :
         {std::pair{"preset", tuning.preset}, std::pair{"tune", "zerolatency"}, std::pair{"forced-idr", "1"},
          std::pair{"x264-params", parameters.c_str()}}) {
      if (const int code = av_opt_set(c.priv_data, name, value, 0); code < 0) return code;
    }
    if (const int code = avcodec_open2(&c, codec, nullptr); code < 0) return code;
    frame_->format = c.pix_fmt;
    frame_->width = c.width;
    frame_->height = c.height;
    frame_->color_primaries = c.color_primaries;
    frame_->color_trc = c.color_trc;
    frame_->colorspace = c.colorspace;
    frame_->color_range = c.color_range;
    description_ = fmt::format("libx264 {}{}, {} slice{}", tuning.preset, tuning.cabac ? " with CABAC" : "",
                               tuning.slices, tuning.slices == 1 ? "" : "s");
    return 0;
  }

  // libavcodec would copy a frame without a reference-counted buffer; this one refers to the caller's memory
  // and frees nothing. x264 takes its own copy before avcodec_send_frame returns, so no reference outlives
  // the call.
  int point_frame_at(const I420View& picture) {
    for (std::size_t i = 0; i < 3; ++i) {
      frame_->data[i] = const_cast<std::uint8_t*>(picture.planes[i]);
      frame_->linesize[i] = static_cast<int>(picture.strides[i]);
    }
    frame_->buf[0] = av_buffer_create(
        frame_->data[0], picture.strides[0] * picture.height, [](void*, std::uint8_t*) {}, nullptr,
        AV_BUFFER_FLAG_READONLY);
    return frame_->buf[0] == nullptr ? AVERROR(ENOMEM) : 0;
  }

  std::unique_ptr<AVCodecContext, FreeContext> context_;
  std::unique_ptr<AVFrame, FreeFrame> frame_;
  std::unique_ptr<AVPacket, FreePacket> packet_;
  std::int64_t next_pts_ = 0;
  std::string description_;
};

}  // namespace

Result<std::unique_ptr<VideoEncoder>> create_x264_encoder(const EncoderConfig& config,
                                                          const X264Tuning& tuning) {
  // Errors come back as return codes; x264's own lines would only repeat them on the program's log.
  static const bool quiet = (av_log_set_level(AV_LOG_QUIET), true);
  static_cast<void>(quiet);
  return X264Encoder::open(config, tuning);
}

}  // namespace punktfunk::host

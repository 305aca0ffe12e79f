// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/picture/png.h"

extern "C" {
#include <libavcodec/avcodec.h>
}
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/unique_fd.h"

namespace punktfunk::client {
namespace {

struct FreeContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using Packet = std::unique_ptr<AVPacket, FreePacket>;

tl::unexpected<Error> not_written(const std::string& path, const std::string& why) {
  return fail(fmt::format("The picture was not written to {}, because {}; name another file or make room.",
                          path, why));
}

// Null when libavcodec cannot (no memory, or built without the PNG encoder).
Packet encode_png(const Picture& picture) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
  if (codec == nullptr) return nullptr;
  const std::unique_ptr<AVCodecContext, FreeContext> context(avcodec_alloc_context3(codec));
  const std::unique_ptr<AVFrame, FreeFrame> frame(av_frame_alloc());
  Packet packet(av_packet_alloc());
  if (!context || !frame || !packet) return nullptr;
  const int width = static_cast<int>(picture.width);
  const int height = static_cast<int>(picture.height);
  context->width = frame->width = width;
  context->height = frame->height = height;
  context->pix_fmt = AV_PIX_FMT_RGB24;
  frame->format = AV_PIX_FMT_RGB24;
  context->time_base = {1, 1};
  if (avcodec_open2(context.get(), codec, nullptr) < 0 || av_frame_get_buffer(frame.get(), 0) < 0)
    return nullptr;
  const Bytes pixels = to_bgrx(picture);
  for (std::size_t y = 0; y < picture.height; ++y) {
    const std::uint8_t* from = pixels.data() + 4 * y * picture.width;
    std::uint8_t* to = frame->data[0] + y * static_cast<std::size_t>(frame->linesize[0]);
    for (std::size_t x = 0; x < picture.width; ++x, from += 4, to += 3) {
      to[0] = from[2];
      to[1] = from[1];
      to[2] = from[0];
    }
  }
  if (avcodec_send_frame(context.get(), frame.get()) < 0 || avcodec_send_frame(context.get(), nullptr) < 0 ||
      avcodec_receive_packet(context.get(), packet.get()) < 0)
    return nullptr;
  return packet;
}

// 0, or the errno of the step that failed.
int write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

Result<void> write_png(const Picture& picture, const std::string& path) {
  if (picture.empty()) return not_written(path, "there is no picture yet");
  const Packet packet = encode_png(picture);
  if (!packet) return not_written(path, "libavcodec could not code it as PNG");
  // In the same folder, so that rename(2) is atomic; mkostemp picks a name nobody else writes to.
  std::string temporary = path + ".XXXXXX";
  const UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.valid()) return not_written(path, std::strerror(errno));
  int code = write_all(file.get(), {packet->data, static_cast<std::size_t>(packet->size)});
  // mkostemp makes the file private; a picture is an ordinary file.
  if (code == 0 && ::fchmod(file.get(), 0644) != 0) code = errno;
  if (code == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) code = errno;
  if (code == 0) return {};
  ::unlink(temporary.c_str());
  return not_written(path, std::strerror(code));
}

}  // namespace punktfunk::client

// SPDX-License-Identifier: MIT OR Apache-2.0
extern "C" {
#include <libavcodec/avcodec.h>
}
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "client/picture/png.h"
#include "test_pictures.h"

namespace punktfunk::client {
namespace {

namespace fs = std::filesystem;

// A picture straight from the converter, without a codec between.
Picture picture_of(const test::Bgrx& in) {
  auto planes = std::make_shared<host::I420Buffer>(test::to_i420(in));
  Picture picture;
  picture.planes = planes->view().planes;
  picture.strides = planes->view().strides;
  picture.width = in.width;
  picture.height = in.height;
  picture.memory = planes;
  return picture;
}

class Png : public testing::Test {
 protected:
  Png() { fs::create_directories(folder_); }
  ~Png() override { fs::remove_all(folder_); }

  static Bytes contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] long files() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / ("png test " + std::to_string(::getpid()));
};

TEST_F(Png, reads_back_with_the_same_colours_at_odd_sizes) {
  const std::uint8_t patches[][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}, {10, 200, 90}};
  test::Bgrx in = test::blank(101, 33);
  for (std::uint32_t y = 0; y < in.height; ++y)
    for (std::uint32_t x = 0; x < in.width; ++x) std::copy_n(patches[std::min(x / 20, 4u)], 3, in.at(x, y));
  const fs::path path = folder_ / "picture.png";
  const auto written = write_png(picture_of(in), path.string());
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(files(), 1);

  const Bytes file = contents(path);
  AVCodecContext* context = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_PNG));
  ASSERT_EQ(avcodec_open2(context, nullptr, nullptr), 0);
  AVPacket* packet = av_packet_alloc();
  ASSERT_EQ(av_new_packet(packet, static_cast<int>(file.size())), 0);
  std::copy(file.begin(), file.end(), packet->data);
  AVFrame* frame = av_frame_alloc();
  ASSERT_EQ(avcodec_send_packet(context, packet), 0);
  ASSERT_EQ(avcodec_receive_frame(context, frame), 0);
  ASSERT_EQ(frame->format, AV_PIX_FMT_RGB24);
  ASSERT_EQ(frame->width, 101);
  ASSERT_EQ(frame->height, 33);
  for (int patch = 0; patch < 5; ++patch)
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR(frame->data[0][16 * frame->linesize[0] + 3 * (20 * patch + 10) + c], patches[patch][2 - c],
                  3);
  av_frame_free(&frame);
  av_packet_free(&packet);
  avcodec_free_context(&context);
}

TEST_F(Png, replaces_and_leaves_nothing_else) {
  const fs::path path = folder_ / "picture.png";
  std::ofstream(path) << "old";
  ASSERT_TRUE(write_png(picture_of(test::moving_gradient(40, 30, 0)), path.string()));
  EXPECT_EQ(contents(path).at(1), 'P');
  EXPECT_EQ(files(), 1);
}

TEST_F(Png, failures_are_sentences_and_keep_what_was_there) {
  const auto missing = write_png(picture_of(test::blank(4, 4)), (folder_ / "no" / "such.png").string());
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
  // A folder of that name cannot be replaced by a file.
  fs::create_directory(folder_ / "taken");
  EXPECT_FALSE(write_png(picture_of(test::blank(4, 4)), (folder_ / "taken").string()));
  EXPECT_FALSE(write_png({}, (folder_ / "empty.png").string()));
  EXPECT_EQ(files(), 1);
}

}  // namespace
}  // namespace punktfunk::client

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/capture/wlr_screencopy/screencopy_capturer.h"

#include <errno.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <wayland-client.h>
#include <wlr-screencopy-unstable-v1-client-protocol.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "base/unique_fd.h"
#include "host/capture/sample_clock.h"
#include "host/capture/wlr_screencopy/buffer_pool.h"
#include "host/wayland/bounded_roundtrip.h"
#include "host/wayland/named_outputs.h"
#include "host/wayland/wayland_pointer.h"

namespace punktfunk::host {
namespace {

// Version 3 has buffer_done, which says that all buffer kinds were announced.
constexpr std::uint32_t kManagerVersion = 3;
// "failed" answers in a row after which capture gives up.
constexpr int kMaxFailures = 10;

// How one frame comes about: announced when the compositor said what buffer it wants, submitted when it may
// copy. The announcement costs a round trip, so it is asked for right after the frame before, and only
// `submit` waits for the instant.
struct Request {
  WaylandPointer<zwlr_screencopy_frame_v1, zwlr_screencopy_frame_v1_destroy> frame;
  bool announced = false;
  bool submitted = false;
  bool with_damage = false;
  bool bottom_up = false;
  std::uint32_t slot = 0;
};

class ScreencopyCapturer final : public Capturer {
 public:
  explicit ScreencopyCapturer(CaptureSource source)
      : source_(std::move(source)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        clock_(source_.mode.refresh_millihertz) {}
  ~ScreencopyCapturer() override {
    stop();
    drop_request();
  }

  Result<void> connect();

  [[nodiscard]] Result<void> start(CaptureSink& sink) override;
  void stop() override;
  void request_frame() override {
    plain_copy_wanted_ = true;
    (void)::eventfd_write(wake_.get(), 1);
  }
  [[nodiscard]] CaptureStats stats() const override { return {frames_, no_free_buffer_, failed_copies_}; }
  [[nodiscard]] const char* name() const override { return "wlr-screencopy"; }

 private:
  static void on_global(void* self, wl_registry* registry, std::uint32_t id, const char* interface,
                        std::uint32_t version);
  static void on_buffer(void* self, zwlr_screencopy_frame_v1*, std::uint32_t format, std::uint32_t width,
                        std::uint32_t height, std::uint32_t stride);
  static void on_flags(void* self, zwlr_screencopy_frame_v1*, std::uint32_t flags);
  static void on_ready(void* self, zwlr_screencopy_frame_v1*, std::uint32_t seconds_high,
                       std::uint32_t seconds_low, std::uint32_t nanoseconds);
  static void on_failed(void* self, zwlr_screencopy_frame_v1*);
  static void on_buffer_done(void* self, zwlr_screencopy_frame_v1*);

  void run();
  // Takes and handles what the compositor sent, waiting until `deadline` at most (nullopt: until something
  // happens).
  void wait_and_dispatch(std::optional<TimePoint> deadline);
  void prepare();
  void submit_if_due();
  void drop_request();
  void make_buffers(std::uint32_t format, std::uint32_t stride);
  void end(std::string message) {
    if (!error_) error_ = Error{std::move(message)};
  }

  const CaptureSource source_;
  UniqueFd wake_;
  WaylandPointer<wl_display, wl_display_disconnect> display_;
  WaylandPointer<wl_registry, wl_registry_destroy> registry_;
  WaylandPointer<wl_shm, wl_shm_destroy> shm_;
  WaylandPointer<zwlr_screencopy_manager_v1, zwlr_screencopy_manager_v1_destroy> manager_;
  NamedOutputs outputs_;
  wl_output* output_ = nullptr;

  // Used by the capture thread only, once it runs.
  std::shared_ptr<BufferPool> pool_;
  std::array<WaylandPointer<wl_buffer, wl_buffer_destroy>, BufferPool::kSlots> buffers_;
  std::uint32_t stride_ = 0;
  Request request_;
  SampleClock clock_;
  bool starved_ = false;
  int failures_in_a_row_ = 0;
  CaptureSink* sink_ = nullptr;
  std::optional<Error> error_;

  std::atomic<bool> stopping_ = false;
  std::atomic<bool> plain_copy_wanted_ = true;  // the first frame must not wait for damage
  std::atomic<std::uint64_t> frames_ = 0;
  std::atomic<std::uint64_t> no_free_buffer_ = 0;
  std::atomic<std::uint64_t> failed_copies_ = 0;
  std::thread thread_;
};

void ScreencopyCapturer::on_global(void* self, wl_registry* registry, std::uint32_t id, const char* interface,
                                   std::uint32_t version) {
  auto* capturer = static_cast<ScreencopyCapturer*>(self);
  const std::string_view what = interface;
  if (what == wl_shm_interface.name) {
    capturer->shm_.reset(static_cast<wl_shm*>(wl_registry_bind(registry, id, &wl_shm_interface, 1)));
  } else if (what == zwlr_screencopy_manager_v1_interface.name && version >= kManagerVersion) {
    capturer->manager_.reset(static_cast<zwlr_screencopy_manager_v1*>(
        wl_registry_bind(registry, id, &zwlr_screencopy_manager_v1_interface, kManagerVersion)));
  } else {
    (void)capturer->outputs_.take_global(registry, id, what, version);
  }
}

Result<void> ScreencopyCapturer::connect() {
  display_.reset(wl_display_connect(source_.wayland_socket.c_str()));
  if (!display_)
    return fail(fmt::format("The desktop cannot be captured: no compositor answers at {} ({}).",
                            source_.wayland_socket, ::strerror(errno)));
  registry_.reset(wl_display_get_registry(display_.get()));
  static constexpr wl_registry_listener kListener = {on_global, [](void*, wl_registry*, std::uint32_t) {}};
  wl_registry_add_listener(registry_.get(), &kListener, this);
  // The first brings the globals, the second what the outputs say about themselves.
  const TimePoint deadline = monotonic_now() + kCompositorAnswer;
  if (!bounded_roundtrip(display_.get(), deadline) || !bounded_roundtrip(display_.get(), deadline))
    return fail("The desktop cannot be captured: its compositor does not answer.");
  if (!manager_ || !shm_)
    return fail(
        "The desktop cannot be captured: the compositor does not offer wlr-screencopy version 3; use a "
        "wlroots "
        "compositor such as sway 1.7 or later.");
  output_ = outputs_.find(source_.output_name);
  if (output_ == nullptr)
    return fail(fmt::format("The desktop cannot be captured: the compositor has no output named {}.",
                            source_.output_name));
  return {};
}

Result<void> ScreencopyCapturer::start(CaptureSink& sink) {
  sink_ = &sink;
  thread_ = std::thread([this] { run(); });
  return {};
}

void ScreencopyCapturer::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  (void)::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void ScreencopyCapturer::run() {
  (void)::pthread_setname_np(::pthread_self(), "pf-capture");
  prepare();
  while (!stopping_ && !error_) {
    if (plain_copy_wanted_ && request_.submitted && request_.with_damage) {
      drop_request();
      prepare();
    }
    submit_if_due();
    std::optional<TimePoint> deadline;
    if (request_.announced && !request_.submitted && !starved_) deadline = clock_.next(monotonic_now());
    wait_and_dispatch(deadline);
  }
  if (error_ && !stopping_) sink_->on_capture_ended(*error_);
}

void ScreencopyCapturer::wait_and_dispatch(std::optional<TimePoint> deadline) {
  wl_display* const display = display_.get();
  while (wl_display_prepare_read(display) != 0) (void)wl_display_dispatch_pending(display);
  (void)wl_display_flush(display);
  timespec limit{};
  if (deadline) {
    const Duration left = std::max(*deadline - monotonic_now(), Duration::zero());
    limit = {static_cast<time_t>(left.count() / 1'000'000'000), left.count() % 1'000'000'000};
  }
  std::array<pollfd, 2> waits = {pollfd{wl_display_get_fd(display), POLLIN, 0},
                                 pollfd{wake_.get(), POLLIN, 0}};
  const int ready = ::ppoll(waits.data(), waits.size(), deadline ? &limit : nullptr, nullptr);
  if (ready > 0 && waits[0].revents != 0)
    (void)wl_display_read_events(display);
  else
    wl_display_cancel_read(display);
  if (ready > 0 && waits[1].revents != 0) {
    eventfd_t count = 0;
    (void)::eventfd_read(wake_.get(), &count);
    starved_ = false;
  }
  if (wl_display_dispatch_pending(display) < 0)
    end("The desktop is no longer captured: the compositor closed the connection; it may have crashed.");
}

void ScreencopyCapturer::prepare() {
  request_ = Request{};
  request_.frame.reset(zwlr_screencopy_manager_v1_capture_output(manager_.get(), 1, output_));
  static constexpr zwlr_screencopy_frame_v1_listener kListener = {
      on_buffer,
      on_flags,
      on_ready,
      on_failed,
      [](void*, zwlr_screencopy_frame_v1*, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t) {},
      [](void*, zwlr_screencopy_frame_v1*, std::uint32_t, std::uint32_t, std::uint32_t) {},
      on_buffer_done};
  zwlr_screencopy_frame_v1_add_listener(request_.frame.get(), &kListener, this);
}

void ScreencopyCapturer::submit_if_due() {
  if (!request_.announced || request_.submitted || starved_ || error_) return;
  const TimePoint now = monotonic_now();
  if (now < clock_.next(now)) return;
  const std::optional<std::uint32_t> slot = pool_->take();
  if (!slot) {
    ++no_free_buffer_;
    starved_ = true;  // until give_back() writes wake_
    return;
  }
  request_.slot = *slot;
  request_.submitted = true;
  request_.with_damage = !plain_copy_wanted_.exchange(false);
  wl_buffer* const buffer = buffers_[*slot].get();
  if (request_.with_damage)
    zwlr_screencopy_frame_v1_copy_with_damage(request_.frame.get(), buffer);
  else
    zwlr_screencopy_frame_v1_copy(request_.frame.get(), buffer);
}

void ScreencopyCapturer::drop_request() {
  if (request_.submitted && pool_) pool_->give_back(request_.slot);
  request_ = Request{};
}

void ScreencopyCapturer::on_buffer(void* self, zwlr_screencopy_frame_v1*, std::uint32_t format,
                                   std::uint32_t width, std::uint32_t height, std::uint32_t stride) {
  auto* capturer = static_cast<ScreencopyCapturer*>(self);
  const DisplayMode& mode = capturer->source_.mode;
  if (width != mode.width || height != mode.height)
    return capturer->end(
        fmt::format("The desktop is no longer captured: its output is {}x{} instead of {}x{}.", width, height,
                    mode.width, mode.height));
  if ((format != WL_SHM_FORMAT_XRGB8888 && format != WL_SHM_FORMAT_ARGB8888) || stride < width * 4)
    return capturer->end("The desktop cannot be captured: the compositor offers no 8-bit BGRx pictures.");
  if (!capturer->pool_)
    capturer->make_buffers(format, stride);
  else if (stride != capturer->stride_)
    capturer->end("The desktop is no longer captured: the compositor changed its picture layout.");
}

void ScreencopyCapturer::make_buffers(std::uint32_t format, std::uint32_t stride) {
  Result<std::shared_ptr<BufferPool>> pool =
      BufferPool::create(std::size_t{stride} * source_.mode.height, wake_.get());
  if (!pool) return end(pool.error().message);
  // wl_shm counts in 32 bits: 4 · 8192² · 4 B = 1 GiB fits.
  const WaylandPointer<wl_shm_pool, wl_shm_pool_destroy> shared(
      wl_shm_create_pool(shm_.get(), (*pool)->fd(), static_cast<std::int32_t>((*pool)->total_bytes())));
  for (std::uint32_t slot = 0; slot < BufferPool::kSlots; ++slot)
    buffers_[slot].reset(wl_shm_pool_create_buffer(
        shared.get(), static_cast<std::int32_t>(slot * (*pool)->slot_bytes()),
        static_cast<std::int32_t>(source_.mode.width), static_cast<std::int32_t>(source_.mode.height),
        static_cast<std::int32_t>(stride), format));
  stride_ = stride;
  pool_ = std::move(*pool);
}

void ScreencopyCapturer::on_buffer_done(void* self, zwlr_screencopy_frame_v1*) {
  auto* capturer = static_cast<ScreencopyCapturer*>(self);
  if (capturer->pool_)
    capturer->request_.announced = true;
  else
    capturer->end("The desktop cannot be captured: the compositor offers no shared-memory pictures.");
}

void ScreencopyCapturer::on_flags(void* self, zwlr_screencopy_frame_v1*, std::uint32_t flags) {
  static_cast<ScreencopyCapturer*>(self)->request_.bottom_up =
      (flags & ZWLR_SCREENCOPY_FRAME_V1_FLAGS_Y_INVERT) != 0;
}

void ScreencopyCapturer::on_ready(void* self, zwlr_screencopy_frame_v1*, std::uint32_t seconds_high,
                                  std::uint32_t seconds_low, std::uint32_t nanoseconds) {
  auto* capturer = static_cast<ScreencopyCapturer*>(self);
  Request& request = capturer->request_;
  const DisplayMode& mode = capturer->source_.mode;
  const std::uint8_t* first = capturer->pool_->slot(request.slot);
  std::ptrdiff_t stride = capturer->stride_;
  if (request.bottom_up) {
    first += static_cast<std::size_t>(stride) * (mode.height - 1);
    stride = -stride;
  }
  CapturedFrame frame(capturer->pool_, request.slot, BgrxView{first, stride, mode.width, mode.height});
  frame.ready = monotonic_now();
  const std::uint64_t seconds = (std::uint64_t{seconds_high} << 32) | seconds_low;
  // The compositor's word, within reason: not later than now and not over a second ago.
  const std::uint64_t said_ns = seconds * 1'000'000'000 + nanoseconds;
  const auto now_ns = static_cast<std::uint64_t>(frame.ready.time_since_epoch().count());
  const bool plausible = said_ns <= now_ns && now_ns - said_ns < 1'000'000'000;
  frame.captured = plausible ? TimePoint(Duration(static_cast<Duration::rep>(said_ns))) : frame.ready;
  frame.sequence = capturer->frames_++;
  frame.on_request = !request.with_damage;
  capturer->clock_.sampled(frame.ready);
  capturer->failures_in_a_row_ = 0;
  capturer->prepare();  // first, so that the announcement is under way while the sink works
  (void)wl_display_flush(capturer->display_.get());
  capturer->sink_->on_frame(std::move(frame));
}

void ScreencopyCapturer::on_failed(void* self, zwlr_screencopy_frame_v1*) {
  auto* capturer = static_cast<ScreencopyCapturer*>(self);
  ++capturer->failed_copies_;
  if (++capturer->failures_in_a_row_ >= kMaxFailures)
    return capturer->end(fmt::format(
        "The desktop is no longer captured: the compositor failed to copy the picture {} times in a row.",
        kMaxFailures));
  const bool again = capturer->request_.submitted && !capturer->request_.with_damage;
  capturer->drop_request();
  if (again) capturer->plain_copy_wanted_ = true;
  capturer->clock_.sampled(monotonic_now());  // not before the next instant
  capturer->prepare();
}

}  // namespace

Result<std::unique_ptr<Capturer>> create_screencopy_capturer(const CaptureSource& source) {
  if (auto refusal = refuse_mode(source.mode)) return fail(std::move(*refusal));
  auto capturer = std::make_unique<ScreencopyCapturer>(source);
  if (auto connected = capturer->connect(); !connected) return tl::unexpected<Error>(connected.error());
  return capturer;
}

}  // namespace punktfunk::host

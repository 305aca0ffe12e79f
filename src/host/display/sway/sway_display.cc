// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/display/sway/sway_display.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "host/display/sway/runtime_directory.h"
#include "host/display/sway/sway_config.h"
#include "host/display/sway/sway_ipc.h"
#include "host/process/child_process.h"

extern char** environ;

namespace punktfunk::host {
namespace {

using nlohmann::json;

// Sway answers after about 30 ms on a quiet machine; on one under heavy load it may take a second.
constexpr Duration kStartLimit = std::chrono::seconds(5);
// A program that shows no window by then (a daemon, a slow one) does not hold up the next any longer.
constexpr Duration kWindowLimit = std::chrono::seconds(2);

// Runs the script $2 and, when it fails, says so to whoever listens for sway's tick events.
constexpr const char* kStarterScript =
    "sh \"$2\"\n"
    "status=$?\n"
    "[ $status = 0 ] || exec swaymsg -q -t send_tick \"{\\\"program\\\": $1, \\\"status\\\": $status}\"\n";

// The host's environment without what would make sway join a running desktop or open devices.
std::vector<std::string> environment_for(const DisplayRequest& request, const std::string& directory) {
  std::vector<std::pair<std::string, std::string>> set = {
      {"XDG_RUNTIME_DIR", directory},  {"SWAYSOCK", directory + "/sway.sock"},
      {"WLR_BACKENDS", "headless"},    {"WLR_LIBINPUT_NO_DEVICES", "1"},
      {"WLR_RENDERER", "pixman"},      {"XDG_CURRENT_DESKTOP", "sway"},
      {"XDG_SESSION_TYPE", "wayland"},
  };
  for (const auto& pair : request.environment) set.push_back(pair);
  const std::array<std::string_view, 6> unset = {
      "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY", "I3SOCK", "WLR_HEADLESS_OUTPUTS", "WLR_DRM_DEVICES"};
  std::vector<std::string> out;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const std::string_view name = entry.substr(0, entry.find('='));
    const bool replaced =
        std::any_of(set.begin(), set.end(), [&](const auto& pair) { return pair.first == name; });
    if (!replaced && std::find(unset.begin(), unset.end(), name) == unset.end()) out.emplace_back(entry);
  }
  for (const auto& [name, value] : set) out.push_back(name + "=" + value);
  return out;
}

bool write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  return !file.fail();
}

// The last line that says something, for the end of a sentence.
std::string last_words(const ChildProcess& child) {
  const std::string tail = child.log_tail();
  std::size_t end = tail.find_last_not_of('\n');
  if (end == std::string::npos) return "it said nothing";
  const std::size_t begin = tail.find_last_of('\n', end);
  const std::size_t from = begin == std::string::npos ? 0 : begin + 1;
  return "its last words: " + clean_text(tail.substr(from, end + 1 - from), 300);
}

// As root sway 1.7 refuses to run, and a container also ends its programs with it. An ordinary user's
// programs stay outside, where sudo and its like work.
Result<ChildProcess> spawn_sway(ChildCommand command) {
  if (::geteuid() == 0) {
    command.isolation = Isolation::container;
    Result<ChildProcess> child = ChildProcess::spawn(command);
    if (child) return child;
    spdlog::warn("{} Trying sway as root.", child.error().message);
  }
  command.isolation = Isolation::session;
  return ChildProcess::spawn(command);
}

class SwayDisplay final : public Display {
 public:
  static Result<std::unique_ptr<Display>> create(const DisplayRequest& request, const std::string& sway);

  SwayDisplay(DisplayMode mode, RuntimeDirectory directory, ChildProcess child)
      : mode_(mode),
        directory_(std::move(directory)),
        child_(std::move(child)),
        stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  ~SwayDisplay() override {
    (void)::eventfd_write(stop_event_.get(), 1);
    if (starter_.joinable()) starter_.join();
    child_.stop(kDisplayStopLimit / 2);
    kill_processes_with_environment("XDG_RUNTIME_DIR=" + directory_.path());
  }

  [[nodiscard]] DisplayMode mode() const override {
    const std::lock_guard lock(mode_mutex_);
    return mode_;
  }
  [[nodiscard]] Result<void> set_mode(DisplayMode mode) override;
  [[nodiscard]] const std::string& wayland_socket() const override { return socket_; }
  [[nodiscard]] const std::string& runtime_dir() const override { return directory_.path(); }
  [[nodiscard]] const std::string& output_name() const override { return output_; }
  [[nodiscard]] int death_fd() const override { return child_.pidfd(); }
  [[nodiscard]] bool alive() const override { return child_.running(); }
  [[nodiscard]] std::string death_reason() const override {
    if (alive()) return {};
    return "The display's compositor (sway) " + child_.how_it_ended() + "; " + last_words(child_) + ".";
  }

 private:
  std::optional<Error> wait_until_usable(int directory_events);
  std::optional<SwayIpc> connect_when_listening(int directory_events, TimePoint deadline) const;
  [[nodiscard]] bool find_socket();
  // What the output shows now; nullopt: sway did not answer.
  static std::optional<bool> shows(SwayIpc& ipc, const DisplayMode& mode, TimePoint deadline);
  // Until the output shows `mode`, or `deadline`.
  bool change_mode(const DisplayMode& mode, TimePoint deadline);
  void start_programs(const std::vector<std::string>& commands);
  void wait_for_window(SwayIpc& events, std::size_t number, const std::vector<std::string>& commands);
  Error did_not_start() const {
    if (child_.running())
      return Error{
          "The display was not ready in time: sway did not answer within 5 s; the machine may be "
          "overloaded."};
    return Error{"The display did not start: sway " + child_.how_it_ended() + "; " + last_words(child_) +
                 "."};
  }
  std::string ipc_path() const { return directory_.path() + "/sway.sock"; }

  std::mutex change_mutex_;        // one change at a time; taken before mode_mutex_
  mutable std::mutex mode_mutex_;  // guards mode_
  DisplayMode mode_;
  const RuntimeDirectory directory_;
  std::string socket_;  // set once, before anyone else sees the display
  const std::string output_ = kSwayOutput;
  ChildProcess child_;
  UniqueFd stop_event_;
  std::thread starter_;
};

Result<std::unique_ptr<Display>> SwayDisplay::create(const DisplayRequest& request, const std::string& sway) {
  if (auto refusal = refuse_mode(request.mode)) return fail(std::move(*refusal));
  Result<RuntimeDirectory> directory = RuntimeDirectory::create();
  if (!directory) return tl::unexpected<Error>(directory.error());
  const std::string path = directory->path();

  bool written =
      write_text(path + "/sway.conf", sway_config(request.mode, find_program("Xwayland").has_value())) &&
      write_text(path + "/start.sh", kStarterScript);
  for (std::size_t i = 0; i < request.start_commands.size(); ++i)
    written =
        write_text(path + "/start-" + std::to_string(i) + ".sh", request.start_commands[i] + "\n") && written;
  if (!written)
    return fail("The display did not start: its configuration could not be written to " + path + ".");

  const UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.valid() || ::inotify_add_watch(watch.get(), path.c_str(), IN_CREATE) < 0)
    return fail(
        "The display did not start: the system's inotify limits are used up; raise "
        "fs.inotify.max_user_instances.");
  ChildCommand command;
  command.argv = {sway, "--config", path + "/sway.conf"};
  command.environment = environment_for(request, path);
  const char* home = ::getenv("HOME");
  if (home != nullptr && ::access(home, X_OK) == 0) command.working_directory = home;
  Result<ChildProcess> child = spawn_sway(std::move(command));
  if (!child) return tl::unexpected<Error>(child.error());

  auto display = std::make_unique<SwayDisplay>(request.mode, std::move(*directory), std::move(*child));
  if (auto error = display->wait_until_usable(watch.get())) return tl::unexpected<Error>(std::move(*error));
  if (!request.start_commands.empty())
    display->starter_ = std::thread(
        [self = display.get(), commands = request.start_commands] { self->start_programs(commands); });
  return display;
}

std::optional<Error> SwayDisplay::wait_until_usable(int directory_events) {
  const TimePoint deadline = monotonic_now() + kStartLimit;
  std::optional<SwayIpc> ipc = connect_when_listening(directory_events, deadline);
  if (!ipc) return did_not_start();
  const std::optional<bool> exact = shows(*ipc, mode_, deadline);
  if (!exact) return did_not_start();
  if (!*exact)
    return Error{"The display was not made at " + to_string(mode_) +
                 ": sway did not take that mode; ask for another size or rate."};
  if (!find_socket()) return Error{"The display did not start: sway made no Wayland socket."};
  return std::nullopt;
}

std::optional<SwayIpc> SwayDisplay::connect_when_listening(int directory_events, TimePoint deadline) const {
  for (;;) {
    if (auto ipc = SwayIpc::connect(ipc_path(), child_.pidfd())) return ipc;
    const Duration left = deadline - monotonic_now();
    if (left <= Duration::zero() || !child_.running()) return std::nullopt;
    // Between bind (which makes the file) and listen a connection is refused and no further file need appear,
    // so the wait is also cut short.
    const Duration wait = std::min(left, Duration(std::chrono::milliseconds(5)));
    const timespec limit{0, wait.count()};
    std::array<pollfd, 2> waits = {pollfd{directory_events, POLLIN, 0}, pollfd{child_.pidfd(), POLLIN, 0}};
    (void)::ppoll(waits.data(), waits.size(), &limit, nullptr);
    std::array<char, 4096> events;
    (void)!::read(directory_events, events.data(), events.size());
  }
}

std::optional<bool> SwayDisplay::shows(SwayIpc& ipc, const DisplayMode& mode, TimePoint deadline) {
  const std::optional<std::string> reply = ipc.ask(SwayMessage::get_outputs, {}, deadline);
  if (!reply) return std::nullopt;
  const json outputs = json::parse(*reply, nullptr, false);
  if (!outputs.is_array() || outputs.size() != 1 || outputs[0].value("name", "") != kSwayOutput) return false;
  const json current = outputs[0].value("current_mode", json::object());
  return current.value("width", 0u) == mode.width && current.value("height", 0u) == mode.height &&
         current.value("refresh", 0u) == private_refresh_hz(mode) * 1000;
}

Result<void> SwayDisplay::set_mode(DisplayMode wanted) {
  if (auto refusal = refuse_mode(wanted)) return fail(std::move(*refusal));
  const std::lock_guard changing(change_mutex_);
  const DisplayMode old = mode();
  if (wanted == old) return {};
  if (!alive()) return fail("The picture size was not changed: " + death_reason());
  if (!change_mode(wanted, monotonic_now() + kModeChangeLimit / 2)) {
    // Half way is no state to stay in: what captures must find the mode that mode() tells.
    const bool is_back = change_mode(old, monotonic_now() + kModeChangeLimit / 2);
    return fail("The picture size was not changed to " + to_string(wanted) + ": sway did not take that mode" +
                (is_back ? "; ask for another size or rate."
                         : " and did not go back either; connect again for a new display."));
  }
  const std::lock_guard lock(mode_mutex_);
  mode_ = wanted;
  return {};
}

bool SwayDisplay::change_mode(const DisplayMode& mode, TimePoint deadline) {
  std::optional<SwayIpc> ipc = SwayIpc::connect(ipc_path(), child_.pidfd());
  // sway answers success also for what it then does not do: only what get_outputs shows counts.
  if (!ipc || !ipc->ask(SwayMessage::run_command,
                        std::string("output ") + kSwayOutput + " " + sway_mode(mode), deadline))
    return false;
  for (;;) {
    const std::optional<bool> exact = shows(*ipc, mode, deadline);
    if (!exact) return false;
    if (*exact) return true;
    if (monotonic_now() >= deadline) return false;
    pollfd death{child_.pidfd(), POLLIN, 0};
    if (::poll(&death, 1, 5) != 0) return false;
  }
}

bool SwayDisplay::find_socket() {
  // sway takes the first free name from wayland-1 on, and the directory was empty.
  socket_ = directory_.path() + "/wayland-1";
  return ::access(socket_.c_str(), F_OK) == 0;
}

// On a thread of its own: a session need not wait for windows. The next program starts when the one before it
// shows a window, which is what puts them in order, or fails.
void SwayDisplay::start_programs(const std::vector<std::string>& commands) {
  const int stopping = stop_event_.get();
  const TimePoint deadline = monotonic_now() + kStartLimit;
  std::optional<SwayIpc> control = SwayIpc::connect(ipc_path(), stopping);
  std::optional<SwayIpc> events = SwayIpc::connect(ipc_path(), stopping);
  if (!control || !events || !events->ask(SwayMessage::subscribe, "[\"window\",\"tick\"]", deadline)) return;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const std::string number = std::to_string(i);
    const std::string start = "exec sh \"" + directory_.path() + "/start.sh\" " + number + " \"" +
                              directory_.path() + "/start-" + number + ".sh\"";
    if (!control->ask(SwayMessage::run_command, start, monotonic_now() + kStartLimit)) return;
    wait_for_window(*events, i, commands);
    pollfd stop{stopping, POLLIN, 0};
    if (::poll(&stop, 1, 0) != 0) return;
  }
}

// Until a window appears, program `number` fails or kWindowLimit is over.
void SwayDisplay::wait_for_window(SwayIpc& events, std::size_t number,
                                  const std::vector<std::string>& commands) {
  const TimePoint limit = monotonic_now() + kWindowLimit;
  while (const std::optional<std::string> event = events.next_event(limit)) {
    const json parsed = json::parse(*event, nullptr, false);
    if (!parsed.is_object()) continue;
    if (parsed.value("change", "") == "new") return;
    const json ended = json::parse(parsed.value("payload", ""), nullptr, false);
    // Any program in the display may send ticks.
    const auto program = ended.find("program");
    const auto status = ended.find("status");
    if (program == ended.end() || !program->is_number_unsigned() || *program >= commands.size()) continue;
    if (status == ended.end() || !status->is_number_unsigned()) continue;
    spdlog::warn("\"{}\" did not start in the display (status {}; {}); install it, or start something else.",
                 commands[program->get<std::size_t>()], status->get<unsigned>(), last_words(child_));
    if (*program == number) return;
  }
}

class SwayBackend final : public DisplayBackend {
 public:
  explicit SwayBackend(std::string sway) : sway_(std::move(sway)) {}
  [[nodiscard]] const char* name() const override { return "sway"; }
  [[nodiscard]] Result<std::unique_ptr<Display>> create(const DisplayRequest& request) override {
    return SwayDisplay::create(request, sway_);
  }

 private:
  const std::string sway_;
};

}  // namespace

Result<std::unique_ptr<DisplayBackend>> create_sway_backend() {
  remove_stale_runtime_directories();
  std::optional<std::string> sway = find_program("sway");
  if (!sway)
    return fail("No display can be made: the compositor sway is not installed; install the package sway.");
  return std::make_unique<SwayBackend>(std::move(*sway));
}

}  // namespace punktfunk::host

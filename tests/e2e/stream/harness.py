# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs real hosts and probes in a private folder, waits for what they do, and checks that nothing outlives a test.

The programs come from the folder named by PUNKTFUNK_BIN. Every wait has a deadline and ends with the event itself.
"""

import contextlib
import hashlib
import json
import os
import re
import select
import shutil
import signal
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib

LOOPBACK = "127.0.0.1"
# Generous: these bound a failure, they do not pace a test. Other work may share the machine.
PATIENCE_S = 20.0
POLL_S = 0.02

# Exit status of the probe (punktfunk-probe --help).
OK, FAILED, USAGE, TRUST, TIMED_OUT, REFUSED, CHECK = range(7)

TYPED_TEXT = "hello from the client\n"


def program(name):
    return os.path.join(os.environ["PUNKTFUNK_BIN"], name)


def wait_until(condition, what, seconds=PATIENCE_S):
    """The first true result of condition(). For states without an event of their own, such as /proc."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(POLL_S)


def processes_with(text):
    """{pid: command} of every process with `text` in its environment, this one excepted."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            with open(f"/proc/{entry}/environ", "rb") as file:
                if text.encode() not in file.read():
                    continue
            with open(f"/proc/{entry}/comm", encoding="utf-8", errors="replace") as file:
                found[int(entry)] = file.read().strip()
    return found


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.M).group(1))


def cpu_ticks_of(pid):
    """Of a process and of those of its children that have ended (proc(5), fields 14 to 17 of stat)."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:15]))


class Neighbours:
    """How much of the machine other work took while the block ran: `share`, 0 to 1.

    A rate that was measured next to a compiler says nothing about the rate the programs can reach.
    """

    # Above it rates are not judged. The desktops' own programs count as other work, since the kernel does not pass on
    # the time of what ran in a container: about a twelfth of two cores each.
    TOO_MUCH = 0.25

    def __init__(self, host):
        self._host = host
        self.share = 0.0

    def _read(self):
        with open("/proc/stat", encoding="utf-8") as file:
            user, nice, system, idle, iowait, irq, softirq = map(int, file.readline().split()[1:8])
        busy = user + nice + system + irq + softirq
        return busy, busy + idle + iowait, cpu_ticks_of(self._host.pid) + cpu_ticks_of(os.getpid())

    def __enter__(self):
        self._before = self._read()
        return self

    def __exit__(self, *_):
        busy, total, own = (after - before for after, before in zip(self._read(), self._before))
        self.share = max(0, busy - own) / max(1, total)
        if self.are_loud():
            print(f"other work took {self.share:.0%} of the machine: rates are not judged", file=sys.stderr)

    def are_loud(self):
        return self.share > self.TOO_MUCH


def fingerprint_of(identity_file):
    """SHA-256 of the certificate, as the pin stores write it."""
    with open(identity_file, encoding="utf-8") as file:
        pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", file.read(), re.S).group(0)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def write_pin_store(path, fingerprint, label=None):
    peer = {"fingerprint": fingerprint, "name": "test", "added_unix_s": 1700000000}
    if label is not None:
        peer["label"] = label
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({"version": 1, "peers": [peer]}, file)


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def png_size(path):
    """(width, height) of a PNG whose every chunk has a right checksum and whose pixel data has the right length."""
    data = read_bytes(path)
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise AssertionError(f"{path} is no PNG")
    at, chunks = 8, []
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        (checksum,) = struct.unpack(">I", data[at + 8 + length:at + 12 + length])
        if checksum != zlib.crc32(kind + body):
            raise AssertionError(f"{path}: wrong checksum in {kind}")
        chunks.append((kind, body))
        at += 12 + length
    if chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND":
        raise AssertionError(f"{path}: chunks {[kind for kind, _ in chunks]}")
    width, height, depth, colour = struct.unpack(">IIBB", chunks[0][1][:10])
    channels = {2: 3, 6: 4}[colour]
    pixels = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    if depth != 8 or len(pixels) != height * (1 + width * channels):
        raise AssertionError(f"{path}: {len(pixels)} bytes of pixels for {width}x{height}")
    return width, height


class Process:
    """A running program whose output is gathered and can be waited for."""

    def __init__(self, name, argv, environment):
        self.name = name
        self.lines = []
        self._changed = threading.Condition()
        self._closed = False
        self._popen = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)
        self._pidfd = os.pidfd_open(self._popen.pid)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._popen.stdout:
            with self._changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def pid(self):
        return self._popen.pid

    @property
    def pidfd(self):
        return self._pidfd

    @property
    def text(self):
        with self._changed:
            return "\n".join(self.lines)

    def is_running(self):
        return self._popen.poll() is None

    def wait_for_line(self, pattern, seconds=PATIENCE_S, count=1):
        """Waits until `count` lines match; the last of them."""
        def matching():
            return [line for line in self.lines if re.search(pattern, line)]
        with self._changed:
            self._changed.wait_for(lambda: len(matching()) >= count or self._closed, seconds)
            if len(matching()) < count:
                raise AssertionError(f"{self.name} did not say {pattern!r} ({count} times) within {seconds} s:\n"
                                     + "\n".join(self.lines))
            return matching()[count - 1]

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def wait(self, seconds=PATIENCE_S):
        """The exit status, once all output was read."""
        if not select.select([self._pidfd], [], [], seconds)[0]:
            raise AssertionError(f"{self.name} did not end within {seconds} s:\n{self.text}")
        status = self._popen.wait()
        # Children that inherited the pipe would keep it open; the host gives them pipes of their own.
        self._reader.join(PATIENCE_S)
        return status

    def kill(self):
        if self.is_running():
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL)
            self._popen.wait()
        self._reader.join(1)
        self._popen.stdout.close()
        os.close(self._pidfd)


class Host(Process):
    def __init__(self, folder, argv, environment, state_dir):
        self.state_dir = state_dir
        self.environment = environment
        fifo = os.path.join(folder, "ready")
        os.mkfifo(fifo)
        # Open at both ends, so that neither side waits for the other.
        self._ready = os.open(fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        super().__init__("the host", argv + ["--ready-file", fifo], environment)
        self.port = None

    def wait_ready(self):
        readable, _, _ = select.select([self._ready, self.pidfd], [], [], PATIENCE_S)
        if self._ready not in readable:
            raise AssertionError(f"the host did not become ready:\n{self.text}")
        self.port = int(os.read(self._ready, 64))
        return self

    @property
    def control_socket(self):
        return os.path.join(self.state_dir, "control.sock")

    def was_killed(self):
        return self._popen.returncode == -signal.SIGKILL

    def ctl(self, *command):
        """What `punktfunk-host ctl` prints."""
        argv = [program("punktfunk-host"), "ctl", "--state-dir", self.state_dir, *map(str, command)]
        return subprocess.run(argv, env=self.environment, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S,
                              check=True).stdout

    def run_ctl(self, *command):
        """The same, whatever comes of it."""
        argv = [program("punktfunk-host"), "ctl", "--state-dir", self.state_dir, *map(str, command)]
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    def pending(self):
        return json.loads(self.ctl("--json", "pending"))["pending"]

    def arm_pairing(self):
        return self.ctl("pair").strip()

    def status(self):
        return json.loads(self.ctl("--json", "status"))

    def stop(self, number=signal.SIGTERM):
        self.signal(number)
        return self.wait()

    def kill(self):
        super().kill()
        os.close(self._ready)


class Probe(Process):
    def __init__(self, argv, environment, json_file):
        self.json_file = json_file
        super().__init__("the probe", argv, environment)

    @property
    def figures(self):
        with open(self.json_file, encoding="utf-8") as file:
            return json.load(file)


class Client:
    """A device: an identity and the hosts it knows."""

    def __init__(self, stage, name):
        self.stage = stage
        self.state_dir = os.path.join(stage.folder, name)
        self._runs = 0

    @property
    def hosts_file(self):
        return os.path.join(self.state_dir, "hosts.json")

    @property
    def identity_file(self):
        return os.path.join(self.state_dir, "identity.pem")

    def create_identity(self):
        subprocess.run([program("punktfunk-probe"), "--state-dir", self.state_dir, "--pair-only"], check=True,
                       timeout=PATIENCE_S, env=self.stage.environment())
        return fingerprint_of(self.identity_file)

    def know(self, host, address=LOOPBACK):
        """As after pairing, without it."""
        label = f"[{address}]:{host.port}" if ":" in address else f"{address}:{host.port}"
        write_pin_store(self.hosts_file, fingerprint_of(os.path.join(host.state_dir, "identity.pem")), label)

    def start(self, host, *options, port=None, address=LOOPBACK, json_file=None):
        self._runs += 1
        if json_file is None:
            json_file = os.path.join(self.stage.folder, f"{os.path.basename(self.state_dir)}-{self._runs}.json")
        argv = [program("punktfunk-probe"), "--host", address, "--port", str(port or host.port), "--state-dir",
                self.state_dir, "--json", json_file, *map(str, options)]
        return self.stage.track(Probe(argv, self.stage.environment(), json_file))

    def run(self, host, *options, seconds=60.0, **more):
        """Runs a probe to its end: its exit status and itself."""
        probe = self.start(host, *options, **more)
        return probe.wait(seconds), probe

    def pair(self, host, pin=None):
        return self.run(host, "--pair", pin or host.arm_pairing(), "--pair-only")


class FrameTap:
    """A FIFO for --dump that tells when the elementary stream flows."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._bytes = 0
        self._changed = threading.Condition()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while True:
            readable, _, _ = select.select([self._fd, self._wake], [], [])
            if self._wake in readable:
                return
            count = len(os.read(self._fd, 1 << 16))
            with self._changed:
                self._bytes += count
                self._changed.notify_all()

    @property
    def bytes(self):
        with self._changed:
            return self._bytes

    def wait_for(self, more=1, seconds=PATIENCE_S):
        with self._changed:
            goal = self._bytes + more
            if not self._changed.wait_for(lambda: self._bytes >= goal, seconds):
                raise AssertionError(f"only {self._bytes - goal + more} of {more} bytes of video within {seconds} s")

    def close(self):
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        os.close(self._fd)
        os.close(self._wake)


class Stage:
    """The private folder of one test and everything that runs in it."""

    def __init__(self):
        # Not in TMPDIR: the path of a Wayland socket may have at most 107 characters.
        self.folder = tempfile.mkdtemp(prefix="punktfunk-test-", dir="/tmp")
        self.runtime_dir = os.path.join(self.folder, "runtime")
        os.mkdir(self.runtime_dir, 0o700)
        self.pattern_log = os.path.join(self.folder, "pattern.log")
        self.typed_file = os.path.join(self.folder, "typed.txt")
        self._processes = []
        self._taps = []
        self._hosts = 0

    def environment(self, **changes):
        environment = dict(os.environ)
        environment["XDG_RUNTIME_DIR"] = self.runtime_dir
        environment["PATH"] = os.environ["PUNKTFUNK_BIN"] + ":" + environment.get("PATH", "/usr/bin:/bin")
        environment.update(changes)
        return environment

    def track(self, process):
        self._processes.append(process)
        return process

    def path(self, name):
        return os.path.join(self.folder, name)

    def tap(self):
        tap = FrameTap(self.path(f"tap-{len(self._taps)}"))
        self._taps.append(tap)
        return tap

    def client(self, name="client"):
        return Client(self, name)

    def start_host(self, *options, state_dir=None, port=0, bind=LOOPBACK, start=None, **environment):
        """A host that may still fail; wait_ready() is up to the caller."""
        self._hosts += 1
        folder = self.path(f"host-{self._hosts}")
        os.mkdir(folder)
        if start is None:
            start = [f"punktfunk-test-pattern --log {self.pattern_log}", "foot sh"]
        state_dir = state_dir or os.path.join(folder, "state")
        argv = [program("punktfunk-host"), "serve", "--bind", bind, "--port", str(port), "--state-dir", state_dir]
        # Hosts side by side, and beside one that somebody uses.
        if not any(str(option).startswith("--api-") for option in options):
            argv += ["--api-port", "0"]
        for command in start:
            argv += ["--start", command]
        return self.track(Host(folder, argv + list(map(str, options)), self.environment(**environment), state_dir))

    def host(self, *options, **more):
        return self.start_host(*options, **more).wait_ready()

    def serve(self, *options, clients=(), **more):
        """A ready host and clients that trust each other already."""
        clients = list(clients) or [self.client()]
        state_dir = self.path(f"state-{self._hosts + 1}")
        os.mkdir(state_dir, 0o700)
        peers = [{"fingerprint": client.create_identity(), "name": os.path.basename(client.state_dir),
                  "added_unix_s": 1700000000} for client in clients]
        with open(os.path.join(state_dir, "clients.json"), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            json.dump({"version": 1, "peers": peers}, file)
        host = self.host(*options, state_dir=state_dir, **more)
        for client in clients:
            client.know(host)
        return host, *clients

    def children(self):
        """What runs inside displays: {pid: command}."""
        return processes_with(self.runtime_dir + "/punktfunk-display-")

    def displays(self):
        return [name for name in os.listdir(self.runtime_dir) if name.startswith("punktfunk-display-")]

    def wait_no_display(self, seconds=PATIENCE_S):
        wait_until(lambda: not self.children() and not self.displays(), "the display is gone", seconds)

    def logs(self):
        return "\n".join(f"--- {process.name} (pid {process.pid})\n{process.text}" for process in self._processes)

    def close(self):
        """Ends what still runs, politely; the sentences that describe what was left behind."""
        problems = []
        # Clients first: a host whose client went has nothing more to say.
        for process in sorted(self._processes, key=lambda process: isinstance(process, Host)):
            if process.is_running():
                process.signal(signal.SIGCONT)
                process.signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except AssertionError as error:
                    problems.append(str(error))
        left = processes_with(self.folder)
        left = {pid: name for pid, name in left.items() if pid not in [process.pid for process in self._processes]}
        if left:
            problems.append(f"processes left behind: {left}")
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if os.listdir(self.runtime_dir):
            problems.append(f"left in the runtime folder: {os.listdir(self.runtime_dir)}")
        for process in self._processes:
            process.kill()
            # A killed host cannot clear it away, and takes it over at its next start.
            if isinstance(process, Host) and not process.was_killed() and os.path.exists(process.control_socket):
                problems.append("the control socket is still there")
            if "ThreadSanitizer" in process.text:
                problems.append(f"{process.name}: ThreadSanitizer found a fault")
        for tap in self._taps:
            tap.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return problems


class E2eTest(unittest.TestCase):
    """A test with a stage of its own, which must be empty at the end. On failure the programs' output is printed."""

    maxDiff = None

    def setUp(self):
        self.stage = Stage()

    def tearDown(self):
        problems = self.stage.close()
        if problems:
            self.fail("\n".join(problems))

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result is not None else 0
        super().run(result)
        if result is not None and len(result.failures) + len(result.errors) > before and hasattr(self, "stage"):
            print(f"=== {self.id()}\n{self.stage.logs()}\n===", file=sys.stderr)
        return result

    def assert_ok(self, status, probe):
        self.assertEqual(OK, status, probe.text)

    def assert_sentence(self, process, *parts):
        """It ended with one plain sentence, which contains `parts`."""
        programs = ("punktfunk-host: ", "punktfunk-probe: ")
        said = [line for line in process.text.splitlines() if line.startswith(programs)]
        self.assertEqual(1, len(said), f"one sentence was expected:\n{process.text}")
        self.assertRegex(said[0], r"^punktfunk-(host|probe): .{10,}[.]$")
        for part in parts:
            self.assertIn(part, said[0])
        return said[0]


def main():
    unittest.main(verbosity=2)

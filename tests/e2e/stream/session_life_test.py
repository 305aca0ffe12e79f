# SPDX-License-Identifier: MIT OR Apache-2.0
"""What becomes of a desktop when its client goes, comes back, or another one comes."""

import os
import select
import signal
import socket
import subprocess
import threading

import harness
from harness import E2eTest


class Displays(E2eTest):
    def start(self, client, host, *options):
        """A probe whose video flows."""
        tap = self.stage.tap()
        probe = client.start(host, "--dump", tap.path, *options)
        tap.wait_for(20_000)
        return probe

    def pattern(self):
        """The process of the program on the one desktop there is."""
        def only():
            found = [pid for pid, name in self.stage.children().items() if name.startswith("punktfunk-test")]
            return found if len(found) == 1 else None
        return harness.wait_until(only, "one test pattern runs")[0]

    def test_killed_client_comes_back_to_its_programs(self):
        # The host would notice the loss after a minute: the client is back long before.
        host, client = self.stage.serve("--idle-timeout-ms", 60_000)
        first = self.start(client, host, "--seconds", 60)
        pattern, displays = self.pattern(), self.stage.displays()
        for mode in ("1280x720@60", "800x600@30"):
            first.signal(signal.SIGKILL)
            first.wait()
            first = self.start(client, host, "--seconds", 60, "--mode", mode)
            host.wait_for_line("is back after a lost connection")
            self.assertEqual(displays, self.stage.displays())
            self.assertEqual(pattern, self.pattern())
            self.assertEqual(1, host.status()["sessions"], "the one it left behind ended first")
        first.signal(signal.SIGTERM)
        first.wait()
        self.assertEqual("800x600", first.figures["decoded_size"])
        self.stage.wait_no_display(seconds=5)

    def test_lost_client_leaves_its_desktop_for_a_while(self):
        host, client = self.stage.serve("--linger", 2, PUNKTFUNK_IDLE_TIMEOUT_MS="1000")
        first = self.start(client, host, "--seconds", 60)
        pattern = self.pattern()
        first.signal(signal.SIGKILL)
        host.wait_for_line("is over", seconds=5)
        status, probe = client.run(host, "--seconds", 0.5)
        self.assert_ok(status, probe)
        # It ended by quitting, which leaves nothing.
        self.stage.wait_no_display(seconds=5)
        self.assertFalse(os.path.exists(f"/proc/{pattern}"))
        # The same without coming back.
        first = self.start(client, host, "--seconds", 60)
        first.signal(signal.SIGKILL)
        host.wait_for_line("is over", seconds=5, count=3)
        self.assertEqual(1, len(self.stage.displays()))
        self.stage.wait_no_display(seconds=6)

    def test_kept_desktop_ends_with_the_host(self):
        host, client = self.stage.serve("--linger", "forever", "--idle-timeout-ms", 1000)
        probe = self.start(client, host, "--seconds", 60)
        probe.signal(signal.SIGKILL)
        host.wait_for_line("is over", seconds=5)
        self.assertEqual(1, len(self.stage.displays()))
        self.assertEqual(0, host.stop())
        self.assertEqual([], self.stage.displays())

    def test_kept_desktop_whose_compositor_dies_is_cleared_away(self):
        host, client = self.stage.serve("--linger", "forever", "--idle-timeout-ms", 1000)
        probe = self.start(client, host, "--seconds", 60)
        probe.signal(signal.SIGKILL)
        host.wait_for_line("is over", seconds=5)
        (sway,) = [pid for pid, name in self.stage.children().items() if name == "sway"]
        os.kill(sway, signal.SIGKILL)
        host.wait_for_line("kept for its client is gone", seconds=5)
        self.stage.wait_no_display(seconds=5)
        self.assert_ok(*client.run(host, "--seconds", 0.5))


class SecondClient(E2eTest):
    def serve(self, *options):
        host, first, second = self.stage.serve(
            *options, clients=[self.stage.client("living-room"), self.stage.client("laptop")])
        tap = self.stage.tap()
        probe = first.start(host, "--seconds", 60, "--mode", "640x480@30", "--dump", tap.path)
        tap.wait_for(20_000)
        return host, probe, second, tap

    def test_refused_with_the_reason(self):
        host, probe, second, tap = self.serve("--when-busy", "refuse")
        status, refused = second.run(host, "--seconds", 1)
        self.assertEqual(harness.REFUSED, status)
        sentence = self.assert_sentence(refused, '"living-room" has been streaming since ')
        self.assertRegex(sentence, r"since \d\d:\d\d\.")
        host.wait_for_line('"laptop" at .* was turned away')
        tap.wait_for(20_000)
        probe.signal(signal.SIGTERM)
        probe.wait()
        self.assert_ok(*second.run(host, "--seconds", 0.5))

    def test_joins_at_the_mode_of_the_first(self):
        host, probe, second, tap = self.serve("--when-busy", "join")
        status, guest = second.run(host, "--seconds", 1, "--mode", "1280x720@60")
        self.assert_ok(status, guest)
        self.assertEqual("640x480", guest.figures["decoded_size"])
        self.assertEqual(1, len(self.stage.displays()), "the end of one leaves the other its desktop")
        tap.wait_for(20_000)
        self.assertTrue(probe.is_running())

    def test_takes_over_with_the_programs(self):
        host, probe, second, _ = self.serve("--when-busy", "take-over")
        displays = self.stage.displays()
        tap = self.stage.tap()
        taker = second.start(host, "--seconds", 60, "--mode", "640x480@30", "--dump", tap.path)
        self.assertEqual(harness.REFUSED, probe.wait())
        self.assert_sentence(probe, '"laptop" took this session over')
        tap.wait_for(20_000)
        self.assertEqual(displays, self.stage.displays())
        taker.signal(signal.SIGTERM)
        taker.wait()
        self.stage.wait_no_display(seconds=5)

    def test_limits_count_sessions_and_encoders(self):
        host, probe, second, tap = self.serve("--max-encoders", 1)
        status, refused = second.run(host, "--seconds", 1)
        self.assertEqual(harness.REFUSED, status)
        self.assert_sentence(refused, "as many sessions as it may", '"living-room"')
        tap.wait_for(20_000)
        self.assertTrue(probe.is_running())


class Relay:
    """A NAT on the way: its side toward the host can move to another address."""

    def __init__(self, host_port):
        self._host = (harness.LOOPBACK, host_port)
        self._inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._inside.bind((harness.LOOPBACK, 0))
        self.port = self._inside.getsockname()[1]
        self._outside = self._open(harness.LOOPBACK)
        self._client = None
        self._lock = threading.Lock()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @staticmethod
    def _open(address):
        outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        outside.bind((address, 0))
        return outside

    def move(self, address):
        """What the host sent to the old address is lost from now on."""
        with self._lock:
            self._outside.close()
            self._outside = self._open(address)
        os.eventfd_write(self._wake, 1)

    def _run(self):
        while not self._stopping:
            with self._lock:
                outside = self._outside
            readable, _, _ = select.select([self._inside, outside, self._wake], [], [])
            with self._lock:
                if self._wake in readable:
                    os.eventfd_read(self._wake)
                    continue
                if self._inside in readable:
                    data, self._client = self._inside.recvfrom(65536)
                    self._outside.sendto(data, self._host)
                if outside in readable and outside is self._outside and self._client:
                    self._inside.sendto(outside.recv(65536), self._client)

    def close(self):
        self._stopping = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        self._inside.close()
        self._outside.close()
        os.close(self._wake)


class Moving(E2eTest):
    def test_video_follows_the_client_to_another_address(self):
        host, client = self.stage.serve("--source", "synthetic", "--idle-timeout-ms", 3000)
        relay = Relay(host.port)
        try:
            harness.write_pin_store(client.hosts_file,
                                    harness.fingerprint_of(os.path.join(host.state_dir, "identity.pem")),
                                    f"{harness.LOOPBACK}:{relay.port}")
            tap = self.stage.tap()
            probe = client.start(host, "--verify", "--seconds", 60, "--mode", "320x240@30", "--dump", tap.path,
                                 port=relay.port)
            for address in ("127.0.0.2", "127.0.0.3", harness.LOOPBACK):
                tap.wait_for(30_000)
                relay.move(address)
            tap.wait_for(30_000)
            self.assertEqual(1, host.status()["sessions"])
            probe.signal(signal.SIGTERM)
            probe.wait()
            self.assertEqual(0, probe.figures["verified"]["wrong"])
        finally:
            relay.close()


class Sleep(E2eTest):
    """With a bus and a logind of the test's own."""

    def setUp(self):
        super().setUp()
        config = self.stage.path("bus.conf")
        self.address = "unix:path=" + self.stage.path("bus")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"<busconfig><type>system</type><listen>{self.address}</listen><auth>EXTERNAL</auth>"
                       "<policy context='default'><allow send_destination='*'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>")
        self.bus = subprocess.Popen(["dbus-daemon", "--config-file=" + config, "--nofork", "--nopidfile",
                                     "--print-address=1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, self.bus)
        self.assertTrue(self.bus.stdout.readline(), "no bus")
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake_logind.py")
        self.logind = subprocess.Popen(["/usr/bin/python3", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.address))
        self.addCleanup(self.end, self.logind)
        self.said = b""
        self.expect("ready")

    def tearDown(self):
        self.end(self.logind)
        self.end(self.bus)
        super().tearDown()

    @staticmethod
    def end(process):
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()

    def expect(self, line):
        while b"\n" not in self.said:
            readable, _, _ = select.select([self.logind.stdout], [], [], harness.PATIENCE_S)
            self.assertTrue(readable, f"logind was to say {line!r}")
            more = os.read(self.logind.stdout.fileno(), 4096)
            self.assertTrue(more, "logind ended")
            self.said += more
        said, _, self.said = self.said.partition(b"\n")
        self.assertEqual(line, said.decode())

    def say(self, word):
        self.logind.stdin.write(word.encode() + b"\n")
        self.logind.stdin.flush()

    def test_clients_are_told_before_the_machine_sleeps(self):
        clients = [self.stage.client("first"), self.stage.client("second")]
        host, *_ = self.stage.serve("--source", "synthetic", clients=clients, DBUS_SYSTEM_BUS_ADDRESS=self.address)
        self.expect("lock sleep delay")
        taps, probes = [], []
        for client in clients:
            taps.append(self.stage.tap())
            probes.append(client.start(host, "--verify", "--seconds", 60, "--dump", taps[-1].path))
            taps[-1].wait_for(10_000)
        self.expect("lock idle block")
        self.say("sleep")
        # The closes have left when the machine may sleep.
        self.expect("unlock sleep delay")
        for probe in probes:
            self.assertEqual(harness.REFUSED, probe.wait(5), probe.text)
            self.assert_sentence(probe, "The host goes to sleep")
        self.expect("unlock idle block")
        self.say("wake")
        self.expect("lock sleep delay")
        self.assert_ok(*clients[0].run(host, "--verify", "--count", 5))
        self.assertEqual(0, host.stop())


if __name__ == "__main__":
    harness.main()

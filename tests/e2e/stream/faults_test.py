# SPDX-License-Identifier: MIT OR Apache-2.0
"""What goes wrong while a stream runs: hostile datagrams, killed programs, stopped clients."""

import os
import random
import signal
import socket

import harness
from harness import E2eTest


def connection_ids(rng):
    return b"\x08" + rng.randbytes(8) + b"\x08" + rng.randbytes(8)


def hostile_datagrams(rng, count):
    """Noise, and what looks like the beginning of QUIC or of a media packet; the first byte tells them apart."""
    for _ in range(count):
        kind = rng.randrange(6)
        noise = rng.randbytes(rng.choice((0, 1, 7, 25, 46, 200, 1200, 1454)))
        if kind == 0:
            yield noise
        elif kind == 1:
            # Initial of version 1 with connection ids of any length, the rest noise.
            lengths = (rng.randrange(256), rng.randrange(256))
            ids = b"".join(bytes([length]) + rng.randbytes(min(length, 20)) for length in lengths)
            yield bytes([0xC0 | rng.randrange(16)]) + b"\0\0\0\1" + ids + noise
        elif kind == 2:
            # A well-formed header of an Initial that is cut off somewhere.
            packet = b"\xc3\0\0\0\1" + connection_ids(rng) + b"\0\x44\x9e" + rng.randbytes(1178)
            yield packet[:rng.randrange(1, len(packet) + 1)]
        elif kind == 3:
            # Another version, long enough to be answered with Version Negotiation.
            yield b"\xc0" + rng.randbytes(4) + connection_ids(rng) + rng.randbytes(1180)
        elif kind == 4:
            # Short header of a connection nobody has.
            yield bytes([0x40 | rng.randrange(64)]) + noise
        else:
            # Media: the fixed bit is clear.
            yield bytes([rng.randrange(64)]) + noise


class HostileTraffic(E2eTest):
    def test_noise_on_the_port_does_not_touch_a_stream(self):
        seed = int(os.environ.get("PUNKTFUNK_TEST_SEED", "20240229"))
        print(f"seed {seed}")
        rng = random.Random(seed)
        host, client = self.stage.serve()
        tap = self.stage.tap()
        with harness.Neighbours(host) as neighbours:
            probe = client.start(host, "--seconds", 3, "--dump", tap.path)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.connect((harness.LOOPBACK, host.port))
                # In step with the stream, so that the noise meets all of it: a frame is some kilobytes.
                for _ in range(20):
                    tap.wait_for(20_000)
                    for datagram in hostile_datagrams(rng, 100):
                        sender.send(datagram)
            self.assert_ok(probe.wait(), probe)
        self.assertEqual(0, probe.figures["lost_frames"])
        if not neighbours.are_loud():
            self.assertGreaterEqual(probe.figures["fps"], 55)
        self.assertEqual(0, host.status()["connections"])
        self.assertLess(harness.resident_kib(host.pid), 300 * 1024)

    def test_noise_on_an_idle_host_costs_no_memory(self):
        rng = random.Random(1)
        host, client = self.stage.serve("--source", "synthetic")
        self.assert_ok(*client.run(host, "--verify", "--count", 5))
        before = harness.resident_kib(host.pid)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect((harness.LOOPBACK, host.port))
            for datagram in hostile_datagrams(rng, 20_000):
                sender.send(datagram)
        self.assertEqual(0, host.status()["connections"])
        self.assertLess(harness.resident_kib(host.pid), before * 1.2)
        self.assert_ok(*client.run(host, "--verify", "--count", 5))


class Killed(E2eTest):
    def start_streaming(self, *host_options, **more):
        host, client = self.stage.serve(*host_options, **more)
        tap = self.stage.tap()
        probe = client.start(host, "--seconds", 60, "--dump", tap.path)
        tap.wait_for(50_000)
        return host, client, probe, tap

    def test_host_killed_takes_its_displays_along(self):
        host, client, probe, _ = self.start_streaming("--idle-timeout-ms", 1000)
        self.assertTrue(self.stage.children())
        host.signal(signal.SIGKILL)
        host.wait()
        harness.wait_until(lambda: not self.stage.children(), "sway and its programs are gone", 5)
        self.assertEqual(harness.TIMED_OUT, probe.wait(15), probe.text)
        self.assert_sentence(probe, "lost")
        self.assertEqual(1, len(self.stage.displays()), "nobody could clear the folder away")
        self.assertTrue(os.path.exists(host.control_socket))
        again = self.stage.host(state_dir=host.state_dir, port=host.port)
        self.assertEqual([], self.stage.displays(), "the next host clears it away")
        self.assert_ok(*client.run(again, "--seconds", 0.5))

    def test_host_interrupted(self):
        host, _, probe, _ = self.start_streaming()
        self.assertEqual(0, host.stop(signal.SIGINT))
        # Code 0x6B and its words, at once.
        self.assertEqual(harness.REFUSED, probe.wait(2), probe.text)
        self.assert_sentence(probe, "The host was stopped")
        self.assertFalse(self.stage.children())
        self.assertFalse(self.stage.displays())

    def test_probe_killed(self):
        host, client, probe, _ = self.start_streaming("--idle-timeout-ms", 1000, "--linger", 0)
        probe.signal(signal.SIGKILL)
        probe.wait()
        host.wait_for_line("is over", seconds=5)
        self.stage.wait_no_display(seconds=5)
        self.assertEqual(0, host.status()["sessions"])
        self.assert_ok(*client.run(host, "--seconds", 0.5))

    def test_stopped_client_costs_no_memory_and_comes_back(self):
        host, _, probe, tap = self.start_streaming()
        before = harness.resident_kib(host.pid)
        probe.signal(signal.SIGSTOP)
        # Nobody takes part in these three seconds but the host: there is no event to wait for.
        with self.assertRaises(AssertionError):
            host.wait_for_line("never said", seconds=3)
        self.assertLess(harness.resident_kib(host.pid), before + 20 * 1024)
        probe.signal(signal.SIGCONT)
        tap.wait_for(200_000)
        probe.signal(signal.SIGTERM)
        probe.wait()
        # A gap between two pictures is only counted when the second one came.
        self.assertGreater(probe.figures["longest_gap_ms"], 2500)
        self.assertLess(probe.figures["longest_gap_ms"], 4500)

    def test_memory_is_the_same_after_every_session(self):
        host, client = self.stage.serve()
        resident = []
        for _ in range(6):
            self.assert_ok(*client.run(host, "--seconds", 1))
            self.stage.wait_no_display()
            resident.append(harness.resident_kib(host.pid))
        print(f"resident KiB after each session: {resident}")
        # The host gives memory back a moment after the display went.
        most = resident[0] * 1.2
        harness.wait_until(lambda: harness.resident_kib(host.pid) < most, f"resident memory below {most:.0f} KiB", 5)


if __name__ == "__main__":
    harness.main()

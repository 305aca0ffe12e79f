# SPDX-License-Identifier: MIT OR Apache-2.0
"""A desktop from a real compositor, through x264, the wire and a decoder, and input back."""

import os
import signal

import harness
from harness import E2eTest

# What users of --json may rely on.
KEYS = ["mode", "seconds", "frames", "fps", "mbps", "lost_frames", "recovered_shards", "keyframes", "latency_ms",
        "host_cpu_percent", "client_cpu_percent", "input_ok"]
STAGES = ["draw_to_decoded", "capture_to_decoded", "encode", "send", "network", "reassemble", "decode"]
# The goal of 59 is for a quiet machine; a test leaves some room.
LOWEST_FPS_SHARE = 55 / 60
LONGEST_GAP_MS = 300


class Streams(E2eTest):
    def stream(self, host, client, mode="1280x720@60", seconds=3, loss=0):
        """One complete measurement with input, everything that holds for all of them checked."""
        size, rate = mode.split("@")
        png = self.stage.path("picture.png")
        with harness.Neighbours(host) as neighbours:
            status, probe = client.run(host, "--mode", mode, "--seconds", seconds, "--loss", loss, "--drive-input",
                                       "--typed-file", self.stage.typed_file, "--host-pid", host.pid, "--png", png)
        self.assert_ok(status, probe)
        figures = probe.figures
        for key in KEYS:
            self.assertIn(key, figures)
            self.assertIsNotNone(figures[key], key)
        for stage in STAGES:
            for part in ("p50", "p95", "p99"):
                self.assertIsInstance(figures["latency_ms"][stage][part], (int, float), f"{stage} {part}")
            self.assertLessEqual(figures["latency_ms"][stage]["p50"], figures["latency_ms"][stage]["p99"], stage)
        self.assertEqual(mode, figures["mode"])
        self.assertEqual(size, figures["decoded_size"])
        self.assertEqual(tuple(map(int, size.split("x"))), harness.png_size(png))
        self.assertGreaterEqual(figures["seconds"], seconds - 0.2)
        self.assertIs(True, figures["input_ok"])
        self.assertEqual(harness.TYPED_TEXT, harness.read_bytes(self.stage.typed_file).decode())
        self.assertIn("pointer", harness.read_bytes(self.stage.pattern_log).decode().lower())
        # A clock that is drawn, captured, encoded, sent and decoded takes some time, and not much.
        self.assertGreater(figures["latency_ms"]["draw_to_decoded"]["p50"], 0)
        if not neighbours.are_loud():
            self.assertGreaterEqual(figures["fps"], int(rate) * LOWEST_FPS_SHARE)
            self.assertLess(figures["longest_gap_ms"], LONGEST_GAP_MS)
            self.assertLess(figures["latency_ms"]["draw_to_decoded"]["p50"], 100)
        return figures

    def test_pairs_then_streams_without_loss(self):
        host = self.stage.host()
        client = self.stage.client()
        self.assert_ok(*client.pair(host))
        figures = self.stream(host, client)
        self.assertEqual(0, figures["lost_frames"])
        self.assertEqual(0, figures["packets_refused"])
        self.assertEqual(0, figures["undecodable_frames"])
        self.assertEqual(1, figures["keyframes"], "only the first picture is a keyframe when nothing is lost")
        self.stage.wait_no_display()
        self.assertEqual(0, host.stop())

    def test_one_percent_loss(self):
        host, client = self.stage.serve()
        figures = self.stream(host, client, loss=1)
        self.assertGreater(figures["packets_dropped_for_test"], 0)
        self.assertGreater(figures["recovered_shards"], 0)

    def test_five_percent_loss(self):
        host, client = self.stage.serve()
        figures = self.stream(host, client, loss=5, seconds=5)
        self.assertGreater(figures["recovered_shards"], 0)

    def test_other_sizes(self):
        for mode in ("1280x800@90", "1366x768@60"):
            with self.subTest(mode):
                host, client = self.stage.serve()
                self.stream(host, client, mode)
                self.assertEqual(0, host.stop())
                os.remove(self.stage.typed_file)

    def test_terminated_probe_reports_and_host_serves_on(self):
        host, client = self.stage.serve()
        tap = self.stage.tap()
        probe = client.start(host, "--seconds", 60, "--dump", tap.path)
        tap.wait_for(100_000)
        probe.signal(signal.SIGTERM)
        self.assertEqual(harness.FAILED, probe.wait())
        self.assert_sentence(probe, "Stopped before")
        self.assertGreater(probe.figures["frames"], 0)
        # Closed with its own code, not left to the idle timeout.
        self.stage.wait_no_display(seconds=4)
        status, again = client.run(host, "--seconds", 0.5)
        self.assert_ok(status, again)
        self.assertEqual(0, again.figures["lost_frames"])

    def test_same_client_again_at_another_mode(self):
        host, client = self.stage.serve()
        for mode in ("640x480@30", "1280x720@60", "640x480@30"):
            status, probe = client.run(host, "--seconds", 0.5, "--mode", mode)
            self.assert_ok(status, probe)
            self.assertEqual(mode.split("@")[0], probe.figures["decoded_size"])

    def test_same_device_twice_at_once_shares_its_display(self):
        host, client = self.stage.serve()
        tap = self.stage.tap()
        with harness.Neighbours(host) as neighbours:
            first = client.start(host, "--seconds", 2, "--mode", "1280x720@30", "--dump", tap.path)
            tap.wait_for()
            second = client.start(host, "--seconds", 1, "--mode", "1280x720@30")
            host.wait_for_line("Streaming", count=2)
            self.assertEqual(1, len(self.stage.displays()))
            self.assert_ok(second.wait(), second)
            # The end of one leaves the other its display.
            self.assert_ok(first.wait(), first)
        if not neighbours.are_loud():
            self.assertGreaterEqual(first.figures["fps"], 30 * LOWEST_FPS_SHARE)
        self.stage.wait_no_display()

    def test_two_clients_at_once(self):
        host, first, second = self.stage.serve(clients=[self.stage.client("first"), self.stage.client("second")])
        taps = [self.stage.tap(), self.stage.tap()]
        with harness.Neighbours(host) as neighbours:
            probes = [first.start(host, "--seconds", 3, "--mode", "1280x720@30", "--dump", taps[0].path),
                      second.start(host, "--seconds", 3, "--mode", "800x600@30", "--dump", taps[1].path)]
            for tap in taps:
                tap.wait_for()
            self.assertEqual(2, host.status()["sessions"])
            self.assertEqual(2, len(self.stage.displays()), "each client has a display of its own")
            for probe in probes:
                self.assert_ok(probe.wait(), probe)
        for probe, size in zip(probes, ("1280x720", "800x600")):
            self.assertEqual(size, probe.figures["decoded_size"])
            self.assertEqual(0, probe.figures["lost_frames"])
            if not neighbours.are_loud():
                self.assertGreaterEqual(probe.figures["fps"], 30 * LOWEST_FPS_SHARE)


if __name__ == "__main__":
    harness.main()

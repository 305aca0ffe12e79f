# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every byte from the host's synthetic source to the probe's --verify; the elementary stream read by others."""

import json
import os
import subprocess

import harness
from harness import E2eTest

SEED = 7


class Synthetic(E2eTest):
    def verify(self, loss=0, bitrate=20000, seconds=2):
        host, client = self.stage.serve("--source", "synthetic", "--synthetic-seed", SEED)
        with harness.Neighbours(host) as neighbours:
            status, probe = client.run(host, "--verify", "--synthetic-seed", SEED, "--seconds", seconds, "--loss", loss,
                                       "--bitrate", bitrate)
        self.assert_ok(status, probe)
        figures = probe.figures
        self.assertEqual(0, figures["verified"]["wrong"])
        self.assertGreater(figures["verified"]["access_units"], 10)
        if not neighbours.are_loud():
            self.assertGreaterEqual(figures["fps"], 55)
        self.assertEqual([], self.stage.displays(), "a synthetic source needs no display")
        return figures

    def test_without_loss(self):
        figures = self.verify()
        self.assertEqual(0, figures["lost_frames"])
        self.assertEqual(0, figures["recovered_shards"])
        # 20 Mbit/s were asked for, for video, parity and framing together.
        # Less when the machine was too busy for every frame, never more.
        self.assertLess(figures["mbps"], 24)

    def test_one_percent_loss(self):
        figures = self.verify(loss=1)
        self.assertGreater(figures["recovered_shards"], 0)

    def test_five_percent_loss_at_50_mbit(self):
        figures = self.verify(loss=5, bitrate=50000)
        self.assertGreater(figures["recovered_shards"], 0)

    def test_verify_notices_another_seed(self):
        host, client = self.stage.serve("--source", "synthetic", "--synthetic-seed", SEED)
        status, probe = client.run(host, "--verify", "--synthetic-seed", SEED + 1, "--count", 10)
        self.assertEqual(harness.CHECK, status, probe.text)
        self.assert_sentence(probe)
        verified = probe.figures["verified"]
        self.assertEqual(verified["access_units"], verified["wrong"])

    def test_count_ends_the_probe(self):
        host, client = self.stage.serve("--source", "synthetic")
        status, probe = client.run(host, "--verify", "--count", 25, "--seconds", 60)
        self.assert_ok(status, probe)
        # What is on its way when the 25th arrives may still be counted.
        self.assertIn(probe.figures["verified"]["access_units"], range(25, 30))

    def test_frame_limit_of_the_host_ends_the_session(self):
        host, client = self.stage.serve("--source", "synthetic", "--frames", 30)
        status, probe = client.run(host, "--verify", "--seconds", 60)
        self.assert_ok(status, probe)
        self.assertEqual(30, probe.figures["verified"]["access_units"])


    def test_every_address_family_of_a_host_on_all_addresses(self):
        host, client = self.stage.serve("--source", "synthetic", bind="::")
        for address in (harness.LOOPBACK, "::1"):
            with self.subTest(address):
                client.know(host, address)
                status, probe = client.run(host, "--verify", "--count", 20, address=address)
                self.assert_ok(status, probe)
                self.assertEqual(0, probe.figures["verified"]["wrong"])
                self.assertEqual(0, probe.figures["packets_refused"])


class Dump(E2eTest):
    def test_other_decoders_read_the_elementary_stream(self):
        host, client = self.stage.serve()
        dump = self.stage.path("stream.h264")
        status, probe = client.run(host, "--seconds", 2, "--mode", "1366x768@60", "--dump", dump)
        self.assert_ok(status, probe)
        self.assertTrue(harness.read_bytes(dump).startswith((b"\0\0\0\1", b"\0\0\1")), "Annex B")
        shown = subprocess.run(["ffprobe", "-v", "error", "-f", "h264", "-count_frames", "-select_streams", "v",
                                "-show_streams", "-of", "json", dump],
                               capture_output=True, text=True, timeout=30, check=True)
        self.assertEqual("", shown.stderr)
        (stream,) = json.loads(shown.stdout)["streams"]
        self.assertEqual((1366, 768), (stream["width"], stream["height"]))
        self.assertEqual(0, stream["has_b_frames"])
        colour = ("color_space", "color_primaries", "color_transfer", "color_range")
        self.assertEqual(("bt709", "bt709", "bt709", "tv"), tuple(stream.get(key) for key in colour))
        self.assertEqual(probe.figures["frames"], int(stream["nb_read_frames"]))
        # An error anywhere in the stream makes this one fail.
        decoded = subprocess.run(["ffmpeg", "-v", "warning", "-xerror", "-err_detect", "explode", "-f", "h264", "-i", dump,
                                  "-f", "null", os.devnull], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual((0, ""), (decoded.returncode, decoded.stderr))


if __name__ == "__main__":
    harness.main()

# SPDX-License-Identifier: MIT OR Apache-2.0
"""One stuck or lossy client must not touch the others. Structure only: bench/isolation.py measures."""

import signal

import harness
from harness import E2eTest


class Isolation(E2eTest):
    def test_a_frozen_and_a_lossy_client_cost_the_others_no_frame(self):
        names = ("steady", "quick", "frozen", "lossy")
        clients = [self.stage.client(name) for name in names]
        host, *_ = self.stage.serve("--source", "synthetic", clients=clients)
        taps = [self.stage.tap() for _ in clients]

        def start(number, *options):
            probe = clients[number].start(host, "--verify", "--bitrate", 2000, "--dump", taps[number].path, *options)
            taps[number].wait_for(5_000)
            return probe

        frozen = start(2, "--mode", "640x480@60", "--seconds", 60)
        frozen.signal(signal.SIGSTOP)
        lossy = start(3, "--mode", "800x600@30", "--seconds", 60, "--loss", 10)
        steady = start(0, "--mode", "1280x720@30", "--count", 90)
        quick = start(1, "--mode", "320x240@90", "--count", 270)
        for probe, count in ((steady, 90), (quick, 270)):
            self.assert_ok(probe.wait(), probe)
            self.assertEqual({"access_units": count, "wrong": 0}, probe.figures["verified"])
            self.assertEqual(0, probe.figures["lost_frames"])
        # Nobody was ended for the sake of anybody: a frozen client ends by its own idle timeout, or comes back before.
        taps[3].wait_for(20_000)
        frozen.signal(signal.SIGCONT)
        for probe in (frozen, lossy):
            probe.signal(signal.SIGTERM)
        self.assertIn(frozen.wait(), (harness.FAILED, harness.TIMED_OUT), frozen.text)
        self.assertEqual(harness.FAILED, lossy.wait(), lossy.text)
        self.assert_sentence(lossy, "Stopped before")
        self.assertGreater(lossy.figures["packets_dropped_for_test"], 0)


if __name__ == "__main__":
    harness.main()

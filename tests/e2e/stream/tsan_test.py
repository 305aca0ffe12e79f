# SPDX-License-Identifier: MIT OR Apache-2.0
"""A short stream through every thread of the host and the probe: what a build with ThreadSanitizer runs.

It asks for no frame rate, because the sanitizer slows everything down several times. In other builds it is a
smoke test.
"""

import harness
from harness import E2eTest


class Threads(E2eTest):
    def test_desktop_with_input_and_loss(self):
        host = self.stage.host()
        client = self.stage.client()
        self.assert_ok(*client.pair(host))
        png = self.stage.path("picture.png")
        status, probe = client.run(host, "--mode", "640x360@30", "--seconds", 3, "--loss", 1, "--drive-input",
                                   "--typed-file", self.stage.typed_file, "--host-pid", host.pid, "--png", png)
        self.assert_ok(status, probe)
        self.assertIs(True, probe.figures["input_ok"])
        self.assertEqual((640, 360), harness.png_size(png))
        self.assertEqual(0, host.stop())

    def test_host_stopped_while_two_clients_stream(self):
        host, first, second = self.stage.serve("--source", "synthetic",
                                               clients=[self.stage.client("first"), self.stage.client("second")])
        taps = [self.stage.tap(), self.stage.tap()]
        probes = [client.start(host, "--verify", "--seconds", 60, "--bitrate", 2000, "--dump", tap.path)
                  for client, tap in zip((first, second), taps)]
        for tap in taps:
            tap.wait_for(50_000)
        self.assertEqual(0, host.stop())
        for probe in probes:
            self.assertEqual(harness.REFUSED, probe.wait(), probe.text)
            self.assertEqual(0, probe.figures["verified"]["wrong"])


if __name__ == "__main__":
    harness.main()

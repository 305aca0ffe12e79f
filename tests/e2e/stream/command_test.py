# SPDX-License-Identifier: MIT OR Apache-2.0
"""punktfunk, the client command: what it does, what it says, and its exit statuses, against real hosts."""

import json
import os
import signal
import subprocess

import harness
from harness import E2eTest, Process, read_bytes

NOT_FOUND, INTERRUPTED = 7, 130
# Enough for a stream to be lost and found within a test.
QUICK = ("--idle-timeout-ms", "1000")


class Command(E2eTest):
    def setUp(self):
        super().setUp()
        self.client = self.stage.client()

    def argv(self, *arguments):
        return [harness.program("punktfunk"), "--state-dir", self.client.state_dir, *map(str, arguments)]

    def start(self, *arguments):
        return self.stage.track(Process("punktfunk", self.argv(*arguments), self.stage.environment()))

    def run_to_end(self, *arguments, status=harness.OK, stdin=""):
        """What it printed: standard output, standard error."""
        done = subprocess.run(self.argv(*arguments), input=stdin, capture_output=True, text=True, timeout=60,
                              env=self.stage.environment(), check=False)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        if status not in (harness.OK, harness.USAGE):
            said = [line for line in done.stderr.splitlines() if line.startswith("punktfunk: ")]
            self.assertEqual(1, len(said), f"one sentence was expected:\n{done.stderr}")
            self.assertRegex(said[0], r"^punktfunk: .{10,}[.]$")
        return done.stdout, done.stderr

    def json_of(self, *arguments, **more):
        return json.loads(self.run_to_end("--json", *arguments, **more)[0])

    def hosts(self):
        return self.json_of("hosts")["hosts"]

    @staticmethod
    def address(host):
        return f"{harness.LOOPBACK}:{host.port}"

    def pair(self, host, **more):
        return self.run_to_end("pair", self.address(host), "--pin", host.arm_pairing(), **more)

    def serve(self, *options, **more):
        """A host that knows this device, and this device the host."""
        host, _ = self.stage.serve("--source", "synthetic", *options, clients=[self.client], **more)
        return host


class Trust(Command):
    def test_pairing_with_the_wrong_and_the_right_pin(self):
        host = self.stage.host("--source", "synthetic")
        _, said = self.run_to_end("connect", self.address(host), status=harness.TRUST)
        self.assertIn("punktfunk pair", said)
        harness.wait_until(lambda: self.spend_wrong_pin(host), "the wrong PIN is looked at")
        self.assertEqual([], self.hosts())
        self.assertEqual(0, host.status()["paired_devices"])

        def try_right_pin():
            # Attempts that follow one another closely are turned away before the PIN is looked at.
            pin = host.arm_pairing()
            done = subprocess.run(self.argv("pair", self.address(host), "--name", "My laptop"), input=pin + "\n",
                                  capture_output=True, text=True, timeout=60, env=self.stage.environment(), check=False)
            self.assertIn(done.returncode, (harness.OK, harness.REFUSED), done.stderr)
            return done if done.returncode == harness.OK else None
        done = harness.wait_until(try_right_pin, "the right PIN is taken")
        fingerprint = harness.fingerprint_of(os.path.join(host.state_dir, "identity.pem"))
        self.assertIn(fingerprint, done.stdout)
        self.assertEqual([fingerprint], [saved["fingerprint"] for saved in self.hosts()])
        self.assertEqual(1, host.status()["paired_devices"])
        self.assertEqual(0o600, os.stat(self.client.hosts_file).st_mode & 0o777)

    def spend_wrong_pin(self, host):
        pin = host.arm_pairing()
        wrong = f"{(int(pin) + 1) % 10 ** len(pin):0{len(pin)}}"
        answer = subprocess.run(self.argv("--json", "pair", self.address(host), "--pin", wrong), capture_output=True,
                                text=True, timeout=60, env=self.stage.environment(), check=False)
        self.assertIn(answer.returncode, (harness.TRUST, harness.REFUSED), answer.stderr)
        if answer.returncode != harness.TRUST:
            return False
        self.assertIn("PIN", json.loads(answer.stdout)["message"])
        return True

    def test_changed_identity_needs_forgetting(self):
        host = self.serve()
        self.run_to_end("rename", self.address(host), "Living room")
        known = read_bytes(self.client.hosts_file)
        self.assertEqual(0, host.stop())
        os.remove(os.path.join(host.state_dir, "identity.pem"))
        other = self.stage.host("--source", "synthetic", state_dir=host.state_dir, port=host.port)
        _, said = self.run_to_end("connect", "Living room", status=harness.TRUST)
        self.assertIn("changed", said)
        self.assertIn("punktfunk forget 'Living room'", said)
        # Not even the right PIN replaces the identity.
        _, said = self.pair(other, status=harness.TRUST)
        self.assertIn("changed", said)
        self.assertEqual(known, read_bytes(self.client.hosts_file))
        self.run_to_end("forget", "Living room")
        self.assertEqual([], self.hosts())
        harness.wait_until(lambda: self.try_to_pair(other), "pairing attempts are looked at again")
        self.run_to_end("connect", self.address(other), "--seconds", 0.3, "--output", "/dev/null")

    def try_to_pair(self, host):
        return subprocess.run(self.argv("pair", self.address(host), "--pin", host.arm_pairing()), timeout=60,
                              capture_output=True, env=self.stage.environment(), check=False).returncode == 0

    def test_without_a_pin_the_operator_is_asked(self):
        host = self.stage.host("--source", "synthetic")
        answer = self.json_of("pair", self.address(host), "--pin", "1", status=harness.REFUSED)
        self.assertEqual((False, "refused", 0x60), (answer["ok"], answer["error"], answer["close_code"]))
        request = self.start("--json", "request-access", self.address(host), "--name", "Knocker")
        request.wait_for_line("Waiting for approval")
        (knock,) = host.pending()
        self.assertEqual("Knocker", knock["name"])
        self.assertIn(knock["fingerprint"], request.text)
        request.signal(signal.SIGINT)
        self.assertEqual(INTERRUPTED, request.wait(), request.text)
        self.assertEqual([], self.hosts())

        denied = self.start("--json", "request-access", self.address(host))
        denied.wait_for_line("Waiting for approval")
        harness.wait_until(lambda: [k for k in host.pending() if k["waiting"]], "the knock is there")
        host.ctl("deny", next(k for k in host.pending() if k["waiting"])["id"])
        self.assertEqual(harness.REFUSED, denied.wait(), denied.text)
        denied.wait_for_line('"close_code": 100')

        _, said = self.run_to_end("request-access", self.address(host), "--fingerprint", "ab" * 32, status=harness.TRUST)
        self.assertIn("fingerprint given", said)

        allowed = self.start("request-access", self.address(host), "--fingerprint",
                             harness.fingerprint_of(os.path.join(host.state_dir, "identity.pem")))
        allowed.wait_for_line("Waiting for approval")
        harness.wait_until(lambda: [k for k in host.pending() if k["waiting"]], "the knock is there")
        host.ctl("approve", next(k for k in host.pending() if k["waiting"])["id"])
        self.assertEqual(harness.OK, allowed.wait(), allowed.text)
        self.run_to_end("connect", self.address(host), "--seconds", 0.3, "--output", "/dev/null")
        self.assertEqual(0, host.status()["sessions"])


class Stream(Command):
    def test_connects_again_when_the_host_was_killed(self):
        host = self.serve()
        stream = self.start("connect", self.address(host), "--stats-json", "--output", self.stage.path("out"), *QUICK)
        stream.wait_for_line('"event":"connected"')
        stream.wait_for_line('"event":"statistics"')
        host.signal(signal.SIGKILL)
        host.wait()
        stream.wait_for_line('"event":"interrupted"')
        stream.wait_for_line("Trying again")
        self.stage.host("--source", "synthetic", state_dir=host.state_dir, port=host.port)
        stream.wait_for_line('"again":true')
        size = os.path.getsize(self.stage.path("out"))
        harness.wait_until(lambda: os.path.getsize(self.stage.path("out")) > size, "the file grows again")
        stream.signal(signal.SIGINT)
        self.assertEqual(harness.OK, stream.wait(), stream.text)
        stream.wait_for_line("Reconnected 1 times")

    def test_a_host_that_stays_away(self):
        host = self.serve()
        stream = self.start("connect", self.address(host), "--output", "/dev/null", "--give-up-after", 1, "--stats-json",
                            "--timeout", 1, *QUICK)
        stream.wait_for_line('"event":"connected"')
        self.assertEqual(0, host.stop())
        self.assertEqual(harness.TIMED_OUT, stream.wait(), stream.text)
        once = self.start("connect", self.address(host), "--output", "/dev/null", "--timeout", 0.5)
        self.assertEqual(harness.TIMED_OUT, once.wait(), once.text)

    def test_desktop_is_decoded_and_the_mode_is_remembered(self):
        host, _ = self.stage.serve(clients=[self.client])
        answer = self.json_of("connect", self.address(host), "--seconds", 1, "--mode", "1024x600@30")
        self.assertGreater(answer["frames"], 10)
        self.assertGreater(answer["capture_to_decoded_ms"], 0)
        self.assertEqual("1024x600@30", self.hosts()[0]["last_mode"])
        self.stage.wait_no_display()

    def test_a_player_gets_the_stream_and_its_end_ends_it(self):
        host = self.serve()
        played = self.stage.path("played")
        self.run_to_end("connect", self.address(host), "--seconds", 0.3, "--player", f"cat >{played}")
        self.assertGreater(os.path.getsize(played), 10_000)
        # A player that its user closes: that is no failure.
        out, _ = self.run_to_end("connect", self.address(host), "--player", "head -c 5000 >/dev/null")
        self.assertIn("frames", out)
        _, said = self.run_to_end("connect", self.address(host), "--player", "no-such-player", status=harness.FAILED)
        self.assertIn("no-such-player", said)

    def test_standard_output(self):
        host = self.serve()
        argv = self.argv("--json", "connect", self.address(host), "--seconds", 0.3, "--output", "-")
        done = subprocess.run(argv, capture_output=True, timeout=60, env=self.stage.environment(), check=True)
        self.assertGreater(len(done.stdout), 10_000)
        self.assertTrue(json.loads(done.stderr.partition(b"\n")[2])["ok"], "figures go where no video is")

    def test_speed_test(self):
        host = self.serve()
        answer = self.json_of("speed-test", self.address(host))
        self.assertGreater(answer["safe_kbps"], 0)
        self.assertRegex(answer["sentence"], "carries .* is safe")


class List(Command):
    def test_exit_statuses_without_a_host(self):
        self.run_to_end(status=harness.USAGE)
        self.run_to_end("connect", status=harness.USAGE)
        self.run_to_end("connect", "[::1", status=harness.USAGE)
        self.run_to_end("pair", "127.0.0.1:9", "--pin", "12x4", status=harness.USAGE)
        self.run_to_end("pair", "127.0.0.1:9", status=harness.USAGE)
        self.run_to_end("pair", "127.0.0.1:9", "--pin", "1", "--timeout", 0.3, status=harness.TIMED_OUT)
        self.run_to_end("forget", "nobody", status=NOT_FOUND)
        self.run_to_end("wake", "nobody", status=NOT_FOUND)
        out, _ = self.run_to_end("hosts")
        self.assertIn("punktfunk discover", out)
        out, _ = self.run_to_end("--help")
        self.assertIn("Exit status", out)

    def test_a_damaged_list_is_kept_until_the_user_starts_over(self):
        os.mkdir(self.client.state_dir, 0o700)
        with open(self.client.hosts_file, "wb") as file:
            file.write(b"{\"version\": 2, ")
        _, said = self.run_to_end("hosts", status=harness.FAILED)
        self.assertIn("--start-over", said)
        self.run_to_end("connect", "127.0.0.1", status=harness.FAILED)
        self.assertEqual(b"{\"version\": 2, ", read_bytes(self.client.hosts_file))
        moved = self.json_of("hosts", "--start-over")["moved_to"]
        self.assertEqual(b"{\"version\": 2, ", read_bytes(moved))
        self.assertEqual([], self.hosts())
        self.run_to_end("hosts", "--start-over", status=harness.FAILED)


if __name__ == "__main__":
    harness.main()

# SPDX-License-Identifier: MIT OR Apache-2.0
"""The operator's tools against a real host: every command of ctl, the API by curl, events and metrics as things happen."""

import json
import os
import re
import shutil
import subprocess
import unittest

import harness
from harness import E2eTest

OK, FAILED, USAGE, NO_HOST, NOT_FOUND, NOT_NOW = range(6)
# Neither of them a device that exists.
NOBODY = "ab" * 32


class Watch:
    """`ctl watch --json` and what it printed."""

    def __init__(self, host, stage):
        argv = [harness.program("punktfunk-host"), "ctl", "--state-dir", host.state_dir, "--json", "watch"]
        self.process = stage.track(harness.Process("ctl watch", argv, stage.environment()))

    def wait_for(self, kind, count=1):
        line = self.process.wait_for_line(rf'"type":"{kind}"', count=count)
        return json.loads(line)["data"]

    def stop(self):
        self.process.signal(harness.signal.SIGINT)
        return self.process.wait()


class Management(E2eTest):
    def host_with_api(self, *options, **more):
        host = self.stage.host("--source", "synthetic", "--api-port", 0, *options, **more)
        line = host.wait_for_line("The management API is on")
        self.base = re.search(r"https://[^;]+", line).group(0)
        self.token = harness.read_bytes(os.path.join(host.state_dir, "api-token")).decode().strip()
        return host

    def curl(self, path, *options, token=True):
        """Status and body."""
        argv = ["curl", "-sk", "-w", "\n%{http_code}", *options]
        if token:
            argv += ["-H", f"Authorization: Bearer {self.token}"]
        done = subprocess.run(argv + [self.base + path], capture_output=True, text=True, timeout=harness.PATIENCE_S,
                              check=True)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def expect_ctl(self, status, *command):
        """Its output; where it fails, its one sentence."""
        done = self.host.run_ctl(*command)
        self.assertEqual(status, done.returncode, f"{command}: {done.stdout}{done.stderr}")
        if status in (FAILED, NO_HOST, NOT_FOUND, NOT_NOW):
            self.assertRegex(done.stderr, r"^punktfunk-host: .{10,}[.]\n$")
            return done.stderr
        return done.stdout

    def json_ctl(self, *command):
        return json.loads(self.expect_ctl(OK, "--json", *command))

    def knock(self, client):
        probe = client.start(self.host, "--first-contact", "--verify", "--seconds", 60)
        probe.wait_for_line("Waiting for approval")
        return probe

    def test_a_day_of_an_operator(self):
        self.host = self.host_with_api()
        watch = Watch(self.host, self.stage)
        # The watcher listens from when it is connected: what it is to see must come after that.
        harness.wait_until(lambda: self.curl("/api/v1/settings", "-X", "PATCH", "-H", "Content-Type: application/json",
                                             "-d", '{"max_encoders": 7}')[0] == 200
                           and any("settings_changed" in line for line in watch.process.lines), "the watcher listens")
        status = self.expect_ctl(OK, "status")
        self.assertIn(harness.fingerprint_of(os.path.join(self.host.state_dir, "identity.pem")), status)
        self.assertIn("no PIN is armed", status)
        for listing, nothing in (("sessions", "No sessions"), ("displays", "No displays"), ("clients", "No device"),
                                 ("pending", "Nobody asks")):
            self.assertIn(nothing, self.expect_ctl(OK, listing))
            self.assertEqual([], self.json_ctl(listing)[listing])

        # By PIN.
        tablet = self.stage.client("tablet")
        self.assert_ok(*tablet.pair(self.host, self.expect_ctl(OK, "pair", "--rights", "view").strip()))
        self.assertEqual("PIN", watch.wait_for("paired")["by"])
        fingerprint = harness.fingerprint_of(tablet.identity_file)
        (device,) = self.json_ctl("clients")["clients"]
        self.assertEqual((fingerprint, "view"), (device["fingerprint"], device["rights"]["preset"]))
        self.assertRegex(self.expect_ctl(OK, "clients"), rf"(?m)^FINGERPRINT .*\n{fingerprint[:12]}  .+  view$")

        # By name, by the beginning of the fingerprint, and by what nobody has.
        self.assertIn('"Big tablet"', self.expect_ctl(OK, "rename", fingerprint[:6], "Big tablet"))
        self.assertEqual("Big tablet", watch.wait_for("client_changed")["name"])
        self.assertIn("pointer,keyboard until", self.expect_ctl(OK, "rights", "Big tablet", "keyboard,pointer", "--for", "2h"))
        self.assertIn("full\n", self.expect_ctl(OK, "rights", "Big tablet", "full", "--for", "never"))
        self.assertEqual("always", self.json_ctl("rights", "Big tablet")["rights"]["lasts"])
        self.expect_ctl(NOT_FOUND, "rename", "Nobody's", "x")
        self.expect_ctl(NOT_FOUND, "rights", fingerprint[:5])
        self.expect_ctl(USAGE, "rights", "Big tablet", "everything")

        # By the operator's word, for a while.
        phone = self.stage.client("phone")
        probe = self.knock(phone)
        self.assertEqual(harness.fingerprint_of(phone.identity_file), watch.wait_for("knock")["fingerprint"])
        (asking,) = self.json_ctl("pending")["pending"]
        self.assertRegex(self.expect_ctl(OK, "pending"), rf"(?m)^{asking['id']}  .*  waiting  {asking['fingerprint']}$")
        self.assertIn("1 waiting", self.expect_ctl(OK, "status"))
        self.assertIn("its connection goes on", self.expect_ctl(OK, "approve", asking["id"], "--for", "1h"))
        self.assertEqual("until", watch.wait_for("approved")["rights"]["lasts"])
        started = watch.wait_for("session_started")
        session = harness.wait_until(
            lambda: next((s for s in self.json_ctl("sessions")["sessions"] if s["figures"]["frames"] > 10), None),
            "frames flow")
        self.assertEqual((started["session"], "streaming"), (session["id"], session["state"]))
        self.assertRegex(self.expect_ctl(OK, "sessions"), rf"(?m)^{session['id']}  .*streaming.* full until ")
        self.assertIn("keyframe", self.expect_ctl(OK, "keyframe", session["id"]))
        harness.wait_until(lambda: self.json_ctl("sessions")["sessions"][0]["figures"]["keyframes"] > 1, "a keyframe comes")
        self.assertIn("no sound", self.refused("PUT", f"/api/v1/sessions/{session['id']}/mute", '{"muted": true}', 409))
        self.metrics_while_streaming()

        # Ended by the operator; then forgotten while it streams again.
        self.assertIn("ends", self.expect_ctl(OK, "stop", session["id"]))
        self.assertEqual(harness.REFUSED, probe.wait(), probe.text)
        self.assert_sentence(probe, "operator")
        self.assertEqual(session["id"], watch.wait_for("session_ended")["session"])
        self.expect_ctl(NOT_FOUND, "stop", session["id"])
        probe = phone.start(self.host, "--verify", "--seconds", 60)
        watch.wait_for("session_started", count=2)
        self.assertIn("forgotten", self.expect_ctl(OK, "unpair", asking["fingerprint"][:8]))
        self.assertEqual(harness.REFUSED, probe.wait(), probe.text)
        watch.wait_for("session_ended", count=2)
        self.assertEqual(asking["fingerprint"], watch.wait_for("unpaired")["fingerprint"])
        self.assertEqual(1, self.json_ctl("unpair", "--all")["unpaired"])
        self.assertEqual(OK, watch.stop(), watch.process.text)

    def refused(self, method, path, body, status):
        got, answer = self.curl(path, "-X", method, "-H", "Content-Type: application/json", "-d", body)
        self.assertEqual(status, got, answer)
        return json.loads(answer)["error"]["message"]

    def metrics_while_streaming(self):
        status, text = self.curl("/metrics", token=False)
        self.assertEqual(200, status)
        self.assertIn('punktfunk_sessions{state="streaming"} 1\n', text)
        self.assertIn("punktfunk_approvals_total 1\n", text)
        self.assertIn("punktfunk_pairings_total 1\n", text)
        frames = int(re.search(r"(?m)^punktfunk_frames_sent_total (\d+)$", text).group(1))
        self.assertGreater(frames, 10)
        sent = int(re.search(r'(?m)^punktfunk_stage_seconds_count\{stage="send"\} (\d+)$', text).group(1))
        self.assertGreater(sent, 10)
        if shutil.which("promtool") is None:
            print("promtool is not installed: tools/install_packages.sh metrics brings it", flush=True)
            return
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        self.assertEqual((0, "", ""), (checked.returncode, checked.stdout, checked.stderr))

    def test_settings_hold_and_the_command_line_wins(self):
        self.host = self.host_with_api("--max-sessions", 3)
        shown = self.expect_ctl(OK, "settings")
        self.assertRegex(shown, r"(?m)^max_sessions +3 +fixed by the command line$")
        self.assertRegex(shown, r"(?m)^linger_s +10(\.0)?$")
        self.expect_ctl(NOT_NOW, "settings", "set", "max_sessions", 5)
        self.expect_ctl(OK, "settings", "set", "linger_s", "forever")
        self.expect_ctl(OK, "settings", "set", "approval", "off")
        self.expect_ctl(OK, "settings", "set", "bitrate_kbps", 8000)
        self.expect_ctl(FAILED, "settings", "set", "bitrate_kbps", 1)
        self.expect_ctl(NOT_FOUND, "settings", "set", "volume", 11)
        self.assertEqual("forever\n", self.expect_ctl(OK, "settings", "get", "linger_s"))
        # At once: nobody may knock any more.
        status, probe = self.stage.client().run(self.host, "--first-contact", "--verify", "--count", 5)
        self.assertEqual(harness.REFUSED, status, probe.text)
        self.assertEqual(0, self.host.stop())
        self.host = self.stage.host("--source", "synthetic", "--approval", "on", state_dir=self.host.state_dir)
        values = self.json_ctl("settings")
        self.assertEqual((None, True, 8000, 8), tuple(values["values"][name] for name in
                                                      ("linger_s", "approval", "bitrate_kbps", "max_sessions")))
        self.assertEqual(["approval"], values["fixed"])

    def test_pairing_for_one_device(self):
        self.host = self.host_with_api()
        pin = self.expect_ctl(OK, "pair", "--for", NOBODY).strip()
        self.assertRegex(pin, r"^\d{4}$")
        status, body = self.curl("/api/v1/pairing")
        self.assertEqual((200, True, NOBODY), (status, json.loads(body)["armed"], json.loads(body)["only_for"]))
        self.assertNotIn(pin, body)
        self.expect_ctl(OK, "pair", "--disarm")
        self.assertFalse(json.loads(self.curl("/api/v1/pairing")[1])["armed"])
        self.expect_ctl(FAILED, "pair", "--for", "abc")
        # Neither PIN nor token in what the host says.
        log = self.expect_ctl(OK, "log", "--lines", 500)
        self.assertIn("Ready on UDP port", log)
        for secret in (pin, self.token):
            self.assertNotRegex(log, rf"\b{secret}\b")
            self.assertNotRegex(self.host.text, rf"\b{secret}\b")
        lines = self.json_ctl("log", "--lines", 1)
        self.assertEqual(1, len(lines["lines"]))

    def test_wrong_usage_and_no_host(self):
        self.host = self.host_with_api()
        for command in ((), ("no-such",), ("stop",), ("unpair",), ("unpair", "x", "--all"), ("log", "--lines", 0),
                        ("settings", "set", "linger_s"), ("approve", "1", "--rights", "everything")):
            done = self.host.run_ctl(*command)
            self.assertEqual(USAGE, done.returncode, f"{command}: {done.stdout}{done.stderr}")
        refused = self.host.run_ctl("--json", "stop", 99)
        self.assertEqual((NOT_FOUND, "not_found"), (refused.returncode, json.loads(refused.stdout)["error"]["code"]))
        self.expect_ctl(NOT_FOUND, "approve", 1)
        self.expect_ctl(NOT_FOUND, "end-display", 1)
        self.assertEqual(0, self.host.stop())
        self.assertIn("start one with punktfunk-host serve", self.expect_ctl(NO_HOST, "status"))
        self.assertEqual("no_host", json.loads(self.host.run_ctl("--json", "status").stdout)["error"]["code"])

    def test_the_log_is_followed(self):
        self.host = self.host_with_api()
        argv = [harness.program("punktfunk-host"), "ctl", "--state-dir", self.host.state_dir, "log", "--follow"]
        follower = self.stage.track(harness.Process("ctl log", argv, self.stage.environment()))
        follower.wait_for_line("Ready on UDP port")
        self.knock_and_leave()
        follower.wait_for_line("asks to be let in")
        follower.signal(harness.signal.SIGTERM)
        self.assertEqual(OK, follower.wait())
        self.assertEqual(1, sum("Ready on UDP port" in line for line in follower.lines))

    def knock_and_leave(self):
        probe = self.knock(self.stage.client())
        probe.signal(harness.signal.SIGTERM)
        probe.wait()

    def test_a_display_that_waits_is_ended(self):
        self.host, client = self.stage.serve("--linger", "forever", "--api-port", 0)
        probe = client.start(self.host, "--seconds", 60)
        session = harness.wait_until(
            lambda: next((s for s in self.json_ctl("sessions")["sessions"] if s["state"] == "streaming"), None), "it streams")
        (display,) = self.json_ctl("displays")["displays"]
        self.assertEqual((session["display"], "in_use"), (display["id"], display["state"]))
        self.expect_ctl(NOT_NOW, "end-display", display["id"])
        probe.signal(harness.signal.SIGKILL)
        probe.wait()
        harness.wait_until(lambda: self.json_ctl("displays")["displays"][0]["state"] == "lingering", "the display waits", 30)
        self.assertRegex(self.expect_ctl(OK, "displays"), r"(?m)lingering +0 +when somebody ends it$")
        self.assertIn("ends", self.expect_ctl(OK, "end-display", display["id"]))
        self.stage.wait_no_display()
        self.assertEqual([], self.json_ctl("displays")["displays"])


if __name__ == "__main__":
    harness.main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Talks to our management server (the http_peer program) with curl and with Python's own HTTP and TLS."""

import hashlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
import warnings

PATIENCE_S = 30
HOST = "127.0.0.1"


class Peer:
    def __init__(self, program, folder):
        self.folder = folder
        self.log = open(os.path.join(folder, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([program, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env={**os.environ, "PUNKTFUNK_LOG": "trace"})
        self.ready = json.loads(self.process.stdout.readline())
        self.port = self.ready["port"]
        with open(self.path("api-token"), encoding="ascii") as file:
            self.token = file.read().strip()

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def publish(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.stdin.close()
        if self.process.wait(PATIENCE_S) != 0:  # a sanitizer, too
            raise AssertionError("http_peer failed: " + open(self.path("log"), encoding="utf-8").read())
        self.process.stdout.close()
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        return text


def tls_context(certificate=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate)
    return context


class HttpClients(unittest.TestCase):
    program = None

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.peer = Peer(self.program, self.scratch.name)
        self.stopped = False
        self.addCleanup(self.stop)

    def stop(self):
        if not self.stopped:
            self.stopped = True
            self.log = self.peer.stop()
        return self.log

    def curl(self, *arguments, path="/api/v1/things", base=None):
        """(status, body)."""
        url = (base or f"https://{HOST}:{self.peer.port}") + path
        command = ["curl", "--silent", "--show-error", "--max-time", str(PATIENCE_S), "--insecure", "--write-out", "\n%{http_code}", *arguments, url]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=2 * PATIENCE_S)
        self.assertEqual(result.returncode, 0, result.stderr)
        body, _, status = result.stdout.rpartition("\n")
        return int(status), body

    def bearer(self):
        return ["--header", f"Authorization: Bearer {self.peer.token}"]

    def test_curl_with_each_credential(self):
        identity = lambda name: ["--cert", self.peer.path(name, "identity.pem")]
        socket_path = ["--unix-socket", self.peer.path("control.sock")]
        self.assertEqual(self.curl()[0], 401)
        self.assertEqual(self.curl(*identity("stranger"))[0], 401)
        self.assertEqual(self.curl(*identity("device")), (200, '{"limit":-1}\n'))
        self.assertEqual(self.curl("--tlsv1.2", "--tls-max", "1.2", *identity("device"))[0], 200)
        self.assertEqual(self.curl(*self.bearer())[0], 200)
        self.assertEqual(self.curl(*socket_path, base="http://localhost")[0], 200)
        change = ["--header", "Content-Type: application/json", "--data", '{"id":3}']
        self.assertEqual(self.curl(*identity("device"), *change, path="/api/v1/things/3")[0], 403)
        self.assertEqual(self.curl(*self.bearer(), *change, path="/api/v1/things/3"), (200, '{"id":3}\n'))
        self.assertEqual(self.curl(*socket_path, *change, path="/api/v1/things/3", base="http://localhost")[0], 200)

    def test_curl_as_a_page_of_another_site(self):
        form = ["--data", "id=3"]
        self.assertEqual(self.curl(*self.bearer(), *form, path="/api/v1/things/3")[0], 415)
        origin = ["--header", "Origin: https://evil.example"]
        self.assertEqual(self.curl(*self.bearer(), *origin)[0], 403)
        preflight = ["--request", "OPTIONS", "--header", "Access-Control-Request-Method: POST", "--include"]
        status, text = self.curl(*preflight)
        self.assertEqual(status, 405)
        self.assertNotIn("access-control", text.lower())
        rebound = ["--resolve", f"evil.example:{self.peer.port}:{HOST}"]
        self.assertEqual(self.curl(*self.bearer(), *rebound, base=f"https://evil.example:{self.peer.port}")[0], 421)

    def test_curl_asks_for_other_protocols(self):
        self.assertEqual(self.curl("--http2", path="/api/v1/health")[0], 200)  # falls back by ALPN
        self.assertEqual(self.curl("--no-alpn", "--http1.0", path="/api/v1/health")[0], 505)
        self.assertEqual(self.curl("--header", "Transfer-Encoding: chunked", "--data", "{}", path="/api/v1/things/3")[0], 411)
        self.assertEqual(self.curl("--head", path="/api/v1/health")[0], 200)
        self.assertEqual(self.curl("--path-as-is", path="/api/v1/../v1/health")[0], 400)
        self.assertEqual(self.curl(*self.bearer(), path="/api/v1/large")[1], "x" * 8 * 1024 * 1024)

    def test_python_keeps_a_connection_and_knows_the_host(self):
        connection = http.client.HTTPSConnection(HOST, self.peer.port, timeout=PATIENCE_S, context=tls_context())
        for _ in range(20):
            connection.request("GET", "/api/v1/health")
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.read()), (200, b'{"ok":true}\n'))
        shown = connection.sock.getpeercert(binary_form=True)
        self.assertEqual(hashlib.sha256(shown).hexdigest(), self.peer.ready["fingerprint"])
        connection.close()

    def test_python_sends_a_large_body_and_still_gets_the_answer(self):
        connection = http.client.HTTPSConnection(HOST, self.peer.port, timeout=PATIENCE_S, context=tls_context())
        connection.request("POST", "/api/v1/things/3", body=b"x" * 70_000, headers={"Content-Type": "application/json"})
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()

    def test_old_tls_is_refused(self):
        context = tls_context()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection((HOST, self.peer.port), PATIENCE_S) as tcp, self.assertRaises(ssl.SSLError):
            context.wrap_socket(tcp)

    def test_another_protocol_by_alpn_is_refused(self):
        context = tls_context()
        context.set_alpn_protocols(["ftp"])
        with socket.create_connection((HOST, self.peer.port), PATIENCE_S) as tcp, self.assertRaises(ssl.SSLError):
            context.wrap_socket(tcp)

    def test_curl_watches_events(self):
        command = ["curl", "--silent", "--no-buffer", "--insecure", "--max-time", str(PATIENCE_S), "--cert", self.peer.path("device", "identity.pem"),
                   f"https://{HOST}:{self.peer.port}/api/v1/events"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
            read = lambda count: [curl.stdout.readline() for _ in range(count)]
            self.assertEqual(read(3), ["retry: 2000\n", "id: 0\n", "\n"])
            self.peer.publish("hello")
            lines = []
            while "data: \"hello\"\n" not in lines:  # comments may come before
                lines.append(curl.stdout.readline())
                self.assertTrue(lines[-1])
            self.assertIn("id: 1\n", lines)
            curl.terminate()
        self.peer.publish("while away")
        connection = http.client.HTTPSConnection(HOST, self.peer.port, timeout=PATIENCE_S,
                                                 context=tls_context(self.peer.path("device", "identity.pem")))
        connection.request("GET", "/api/v1/events", headers={"Last-Event-ID": "1"})
        answer = connection.getresponse()
        self.assertEqual(answer.getheader("Content-Type"), "text/event-stream")
        text = b""
        while b'data: "while away"\n' not in text:
            text += answer.readline()
        self.assertIn(b"id: 2\n", text)
        connection.close()

    def test_no_credential_is_logged(self):
        self.curl(*self.bearer())
        self.curl(*self.bearer(), path="/api/v1/broken")
        wrong = "f" * 64 if self.peer.token[0] != "f" else "e" * 64
        for _ in range(12):
            self.curl("--header", f"Authorization: Bearer {wrong}")
        self.curl("--header", f"Authorization: Bearer {self.peer.token}x", path="/%00")
        log = self.stop()
        self.assertIn("Too many wrong tokens", log)
        self.assertNotIn(self.peer.token, log)
        self.assertNotIn(wrong, log)


if __name__ == "__main__":
    HttpClients.program = sys.argv.pop(1)
    unittest.main()

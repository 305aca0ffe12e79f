# SPDX-License-Identifier: MIT OR Apache-2.0
"""The management API of a running host, as its OpenAPI document describes it: every route with every credential, over the sockets."""

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess

import harness
from harness import E2eTest, LOOPBACK, PATIENCE_S
from jsonschema import Draft202012Validator

METHODS = ("get", "post", "put", "patch", "delete")
LEVELS = ("open", "device", "admin")
# Answered for as long as the caller listens.
EVENTS = "/api/v1/events"


def tls_context(certificate=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate)
    return context


class LocalConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(self.path)


class Api(E2eTest):
    def setUp(self):
        super().setUp()
        self.host, self.client = self.stage.serve("--source", "synthetic")
        line = self.host.wait_for_line(r"management API is on https://")
        self.port = int(re.search(r"https://[^ ]*:(\d+);", line).group(1))
        with open(os.path.join(self.host.state_dir, "api-token"), encoding="ascii") as file:
            self.token = file.read().strip()
        document = subprocess.run([harness.program("punktfunk-host"), "openapi"], capture_output=True, check=True, timeout=PATIENCE_S).stdout
        self.document = json.loads(document)

    def ask(self, method, path, certificate=None, token=None, local=False):
        """(status, content type, body)."""
        if local:
            connection = LocalConnection(self.host.control_socket)
        else:
            connection = http.client.HTTPSConnection(LOOPBACK, self.port, timeout=PATIENCE_S, context=tls_context(certificate))
        connection.request(method.upper(), path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        body = b"" if path == EVENTS and answer.status == 200 else answer.read()
        connection.close()
        return answer.status, answer.getheader("Content-Type"), body

    def operations(self):
        """(path with values in it, method, operation)."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                target = path
                for parameter in operation.get("parameters", []):
                    if parameter["in"] == "path":
                        number = parameter["schema"].get("type") == "integer"
                        target = target.replace("{" + parameter["name"] + "}", "4000000" if number else "0" * 64)
                yield target, method, operation

    def test_each_route_asks_for_its_credential(self):
        stranger = self.stage.client("stranger")
        stranger.create_identity()
        callers = [("open", "nobody", {}), ("open", "a stranger", {"certificate": stranger.identity_file}),
                   ("device", "a paired device", {"certificate": self.client.identity_file}),
                   ("admin", "the token", {"token": self.token}), ("admin", "the control socket", {"local": True})]
        for level, who, credential in callers:  # whoever may change things comes last
            for path, method, operation in self.operations():
                with self.subTest(who=who, method=method, path=path):
                    status, _, body = self.ask(method, path, **credential)
                    if LEVELS.index(level) < LEVELS.index(operation["x-access"]):
                        self.assertEqual(401 if level == "open" else 403, status)
                        continue
                    self.assertNotIn(status, (401, 403, 405, 500), body)
                    if status >= 400:
                        self.assertNotEqual("not_found", json.loads(body)["error"]["code"])

    def test_what_is_not_in_the_document_is_not_there(self):
        for path, item in self.document["paths"].items():
            target = re.sub(r"{\w+}", "4000000", path)
            for method in METHODS + ("options", "trace"):
                if method not in item:
                    with self.subTest(method=method, path=path):
                        self.assertEqual(405, self.ask(method, target, local=True)[0])
            with self.subTest(path=path):
                self.assertEqual(404, self.ask("get", target + "/no/such/thing", local=True)[0])

    def test_answers_have_the_shape_that_the_document_says(self):
        shapes = 0
        for path, method, operation in self.operations():
            if method != "get" or path == EVENTS:
                continue
            with self.subTest(path=path):
                status, kind, body = self.ask(method, path, local=True)
                responses = operation["responses"]
                content = responses.get(str(status), {}).get("content", {})
                if status >= 400:
                    content = self.document["components"]["responses"]["Problem"]["content"]
                self.assertIn(kind, content)
                if kind == "application/json":
                    # Relative references lead into the document, which is given along.
                    shape = {**content[kind]["schema"], "components": self.document["components"]}
                    Draft202012Validator(shape).validate(json.loads(body))
                    shapes += 1
        self.assertGreater(shapes, 5)

    def test_unpairing_is_felt_at_once_and_nothing_secret_is_logged(self):
        device = {"certificate": self.client.identity_file}
        self.assertEqual(200, self.ask("get", "/api/v1/status", **device)[0])
        self.assertEqual(401, self.ask("get", "/api/v1/status", token=self.token[:-1] + ("0" if self.token[-1] != "0" else "1"))[0])
        self.assertLess(self.ask("delete", "/api/v1/clients", token=self.token)[0], 300)
        self.assertEqual(401, self.ask("get", "/api/v1/status", **device)[0])
        log = self.ask("get", "/api/v1/log", local=True)[2].decode()
        self.assertNotIn(self.token, log + self.host.text)
        self.assertNotIn(self.token[:-1], log + self.host.text)

    def test_a_taken_port_costs_the_api_over_the_network_only(self):
        taken = socket.socket()
        self.addCleanup(taken.close)
        with contextlib.suppress(OSError):  # somebody else has it, which serves as well
            taken.bind((LOOPBACK, 47990))
            taken.listen()
        # An option of the API keeps the harness from choosing another port.
        host = self.stage.host("--source", "synthetic", "--api-name", "elsewhere.example")
        line = host.wait_for_line("was not opened on TCP")
        self.assertIn("47990", line)
        self.assertIn("works all the same", line)
        self.assertIn("0 clients connected", host.ctl("status"))
        chosen = self.stage.start_host("--source", "synthetic", "--api-port", 47990)
        self.assertEqual(1, chosen.wait())
        self.assert_sentence(chosen, "47990", "--api-port")


if __name__ == "__main__":
    harness.main()

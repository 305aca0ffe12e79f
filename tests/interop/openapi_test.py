#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks what `punktfunk-host openapi` prints: OpenAPI 3.1 by its structure, every schema in it by the jsonschema package."""

import json
import re
import subprocess
import sys
import unittest

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit("The python jsonschema package is missing, so nothing was tested. Install the package python3-jsonschema.")

METHODS = {"get", "post", "put", "patch", "delete"}


class OpenApi(unittest.TestCase):
    program = None

    @classmethod
    def setUpClass(cls):
        cls.document = json.loads(subprocess.run([cls.program, "openapi"], capture_output=True, check=True, timeout=60).stdout)

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                yield path, method, operation

    def test_fixed_parts(self):
        self.assertEqual(self.document["openapi"], "3.1.0")
        self.assertLessEqual({"title", "version"}, self.document["info"].keys())
        self.assertLessEqual(self.document.keys(), {"openapi", "info", "servers", "paths", "components"})
        self.assertEqual(self.document["components"]["securitySchemes"]["token"]["type"], "http")
        self.assertEqual(self.document["components"]["securitySchemes"]["deviceCertificate"]["type"], "mutualTLS")

    def test_operations(self):
        names = set()
        for path, method, operation in self.operations():
            with self.subTest(path=path, method=method):
                self.assertIn(method, METHODS)
                self.assertNotIn(operation["operationId"], names)
                names.add(operation["operationId"])
                self.assertTrue(operation["summary"])
                parameters = operation.get("parameters", [])
                in_path = {p["name"] for p in parameters if p["in"] == "path"}
                self.assertEqual(in_path, set(re.findall(r"{(\w+)}", path)))
                self.assertTrue(all(p["required"] for p in parameters if p["in"] == "path"))
                self.assertEqual(len({(p["in"], p["name"]) for p in parameters}), len(parameters))
                self.assertTrue(any(re.fullmatch("2[0-9][0-9]", status) for status in operation["responses"]))
                for response in operation["responses"].values():
                    self.assertTrue("$ref" in response or response["description"])
        self.assertGreater(len(names), 10)

    def test_every_operation_is_classed_and_only_the_operator_changes_things(self):
        schemes = {"open": [], "device": [{"token": []}, {"deviceCertificate": []}], "admin": [{"token": []}]}
        for path, method, operation in self.operations():
            with self.subTest(path=path, method=method):
                self.assertEqual(operation["security"], schemes[operation["x-access"]])
                self.assertTrue(method == "get" or operation["x-access"] == "admin")

    def test_schemas_are_json_schema(self):
        for name, schema in self.document["components"]["schemas"].items():
            with self.subTest(name=name):
                Draft202012Validator.check_schema(schema)

        def inner(value):
            if isinstance(value, dict):
                if "schema" in value and isinstance(value["schema"], dict):
                    yield value["schema"]
                for child in value.values():
                    yield from inner(child)
            elif isinstance(value, list):
                for child in value:
                    yield from inner(child)

        for schema in inner(self.document["paths"]):
            Draft202012Validator.check_schema(schema)

    def test_references_lead_somewhere_and_everything_is_referred_to(self):
        references = set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(self.document)))
        for reference in references:
            value = self.document
            for step in reference.removeprefix("#/").split("/"):
                value = value[step]
        self.assertEqual({f"#/components/schemas/{name}" for name in self.document["components"]["schemas"]},
                         {reference for reference in references if "/schemas/" in reference})


if __name__ == "__main__":
    OpenApi.program = sys.argv.pop(1)
    unittest.main()

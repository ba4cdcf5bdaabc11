"""Runs against the server at FALCO_ADDRESS; FALCO_CERTS is set when that is TCP (see tests/e2e/grpc)."""

import json
import os
import threading
import unittest

from falco_client import FalcoClient, FalcoError, RulesRefused

ADDRESS = os.environ["FALCO_ADDRESS"]
CERTS = os.environ.get("FALCO_CERTS", "")
RULE = """
- rule: {name}
  desc: d
  condition: {condition}
  output: "%py.user came"
  priority: ERROR
  source: py
  tags: [python]
"""
FIELDS = {"py.user": "string", "py.count": "uint64", "py.tags": "string[]"}


def connect(name="operator") -> FalcoClient:
    return FalcoClient(ADDRESS, cert=f"{CERTS}/{name}.crt", key=f"{CERTS}/{name}.key", ca=f"{CERTS}/ca.crt")


def rule(name: str, condition: str) -> str:
    return RULE.format(name=name, condition=condition)


def text_of(alert) -> str:
    """The output without time and priority in front."""
    return alert.output.partition(": Error ")[2]


class Client(unittest.TestCase):
    def setUp(self) -> None:
        self.falco = connect()
        self.addCleanup(self.falco.close)

    def test_version(self) -> None:
        reply = self.falco.version()
        self.assertEqual(reply.version.split(".")[0], str(reply.major))
        self.assertRegex(reply.engine_version, r"^\d+\.\d+\.\d+$")

    def test_alerts_reach_sub_get_and_subscribe_in_order(self) -> None:
        list(self.falco.get())
        self.falco.create_rules(rule("PyOrder", "py.user startswith u"))
        self.addCleanup(lambda: self.clean("PyOrder"))
        subscribers = [self.falco.sub(), self.falco.subscribe(), connect().sub()]
        seen = [[], [], []]

        def read(stream, into):
            for alert in stream:
                into.append(text_of(alert))
                if len(into) == 1000:
                    stream.close()
                    return

        threads = [threading.Thread(target=read, args=pair, daemon=True) for pair in zip(subscribers, seen)]
        for thread in threads:
            thread.start()
        threading.Event().wait(0.5)
        with self.falco.input("py", FIELDS) as events:
            for number in range(1000):
                events.send({"py.user": f"u{number}", "py.count": number})
        for thread in threads:
            thread.join(20)
        for outputs in seen:
            self.assertEqual(outputs, [f"u{number} came" for number in range(1000)])
        threading.Event().wait(0.3)
        with self.falco.input("py", FIELDS) as events:
            events.send({"py.user": "u-late"})
        threading.Event().wait(0.3)
        self.assertEqual([text_of(alert) for alert in self.falco.get()], ["u-late came"])

    def clean(self, name: str) -> None:
        with connect() as falco:
            falco.delete_rules([name])

    def test_rules(self) -> None:
        revision = self.falco.create_rules(rule("PyRule", "evt.num > 0")).revision
        self.assertEqual(self.falco.get_rule("PyRule").tags, ["python"])
        with self.assertRaises(RulesRefused) as refused:
            self.falco.update_rules(rule("PyRule", "no.such.field = 1"))
        self.assertFalse(json.loads(refused.exception.result)["falco_load_results"][0]["successful"])
        self.falco.disable_rules(["PyRule"])
        self.assertFalse(self.falco.get_rule("PyRule").enabled)
        with self.assertRaises(FalcoError) as conflict:
            self.falco.delete_rules(["PyRule"], revision=revision)
        self.assertEqual(conflict.exception.code, "ABORTED")
        self.falco.delete_rules(["PyRule"])
        self.assertNotIn("PyRule", [one.name for one in self.falco.list_rules().rules])

    def test_refused_events_are_told_and_the_input_goes_on(self) -> None:
        refusals = []
        with self.falco.input("py", FIELDS, refusals.append) as events:
            events.send({"py.user": "a", "py.tags": ["x", "y"]})
            events.send({"py.user": 1})
            events.send({"py.count": 2})
        self.assertEqual((events.accepted, events.refused), (2, 1))
        self.assertEqual([(one.id, one.field) for one in refusals], [(2, "py.user")])
        with self.assertRaises(FalcoError):
            self.falco.input("syscall", FIELDS).close()

    def test_drops(self) -> None:
        drops = self.falco.drops()
        drops.close()

    @unittest.skipUnless(CERTS, "certificates are for TCP")
    def test_certificates(self) -> None:
        with connect("client") as reader:
            reader.version()
            with self.assertRaises(FalcoError) as denied:
                reader.disable_rules(["x"])
            self.assertEqual(denied.exception.code, "PERMISSION_DENIED")
        files = {"cert": f"{CERTS}/other/client.crt", "key": f"{CERTS}/other/client.key", "ca": f"{CERTS}/ca.crt"}
        with FalcoClient(ADDRESS, **files) as foreign:
            with self.assertRaises(FalcoError) as refused:
                foreign._unary("falco.version.service", "version", timeout=3)
            self.assertIn(refused.exception.code, ("UNAVAILABLE", "DEADLINE_EXCEEDED"))


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""Alerts as clients handle them."""

from dataclasses import dataclass
from datetime import datetime, timezone

PRIORITIES = ("Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug")


@dataclass(frozen=True)
class Alert:
    """A rule that matched an event. ``time_ns`` is nanoseconds since the epoch."""

    time_ns: int
    priority: str
    rule: str
    source: str
    output: str
    output_fields: dict
    hostname: str
    tags: list

    @property
    def time(self) -> datetime:
        """The time in UTC, to the microsecond."""
        return datetime.fromtimestamp(self.time_ns // 1000 / 1e6, timezone.utc)


@dataclass(frozen=True)
class NumberedAlert(Alert):
    """An alert with its position in the server's stream; ``missed`` alerts before it are lost to this client."""

    sequence: int
    missed: int


def fields_of(message) -> dict:
    """The keyword arguments of an ``Alert`` from a ``falco.outputs.response``."""
    return {
        "time_ns": message.time.seconds * 1_000_000_000 + message.time.nanos,
        "priority": PRIORITIES[message.priority],
        "rule": message.rule,
        "source": message.source,
        "output": message.output,
        "output_fields": dict(message.output_fields),
        "hostname": message.hostname,
        "tags": list(message.tags),
    }

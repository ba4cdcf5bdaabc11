"""Events of a client's own source."""

import queue
import threading
import time
from dataclasses import dataclass

import grpc

from .errors import FalcoError
from .messages import message

TYPES = {"string": 0, "uint64": 1, "bool": 2, "reltime": 3, "abstime": 4, "ipaddr": 5}
# Events that may be sent and not yet acknowledged before send() waits.
WINDOW = 4096

_Request = message("falco.api.v1.inputs_request")
_Event = message("falco.api.v1.event")
_END = object()


@dataclass(frozen=True)
class Refusal:
    """An event that the server refused; the input goes on."""

    id: int
    field: str
    reason: str


def _set(value, given) -> None:
    if isinstance(given, bool):
        value.truth = given
    elif isinstance(given, int):
        value.number = given
    elif isinstance(given, str):
        value.text = given
    elif isinstance(given, (list, tuple)):
        value.list.SetInParent()
        for part in given:
            _set(value.list.values.add(), part)
    else:
        raise TypeError(f"not a text, number, bool or list: {given!r}")


class Input:
    """An open source. Made by ``FalcoClient.input``; a context manager, whose end waits for acknowledgement."""

    def __init__(self, call, source, fields, on_refusal):
        self.accepted = 0
        self.refused = 0
        self._through = 0
        self._next = 1
        self._error = None
        self._ended = False
        self._on_refusal = on_refusal
        self._state = threading.Condition()
        self._requests = queue.Queue()
        declaration = _Request()
        declaration.declare.source = source
        for name, kind in fields.items():
            field = declaration.declare.fields.add(name=name)
            field.list = kind.endswith("[]")
            field.type = TYPES[kind[:-2] if field.list else kind]
        self._requests.put(declaration)
        self._replies = call(iter(self._requests.get, _END))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        error = None
        try:
            for reply in self._replies:
                with self._state:
                    self._through, self.accepted, self.refused = reply.through, reply.accepted, reply.refused
                    self._state.notify_all()
                if self._on_refusal is not None:
                    for one in reply.refusals:
                        self._on_refusal(Refusal(one.id, one.field, one.reason))
        except grpc.RpcError as failure:
            error = FalcoError.of(failure)
        with self._state:
            self._error, self._ended = error, True
            self._state.notify_all()

    def send(self, fields: dict, time_ns: int = None) -> int:
        """Sends an event and returns its id; waits while the server is behind."""
        with self._state:
            self._state.wait_for(lambda: self._ended or self._next - self._through <= WINDOW)
            if self._ended:
                raise self._error or FalcoError("CANCELLED", "The input is closed")
            number = self._next
            self._next += 1
        request = _Request()
        event = request.events.add(id=number)
        at = time.time_ns() if time_ns is None else time_ns
        event.time.seconds, event.time.nanos = divmod(at, 1_000_000_000)
        for name, value in fields.items():
            _set(event.fields[name], value)
        self._requests.put(request)
        return number

    def close(self) -> None:
        """Ends the input when everything sent is acknowledged; raises what ended it otherwise."""
        self._requests.put(_END)
        self._reader.join()
        if self._error is not None:
            raise self._error

    def __enter__(self) -> "Input":
        return self

    def __exit__(self, kind, _value, _trace) -> None:
        if kind is None:
            self.close()
        else:
            self._replies.cancel()

"""The client."""

import json
import threading
import time
from pathlib import Path

import grpc

from .alert import Alert, NumberedAlert, fields_of
from .errors import FalcoError, RulesRefused
from .inputs import Input
from .messages import method

DEFAULT_ADDRESS = "unix:///run/falco/falco.sock"
CERTS = "/etc/falco/certs"
API = "falco.api.v1.api"
OUTPUTS = "falco.outputs.service"
VERSION = "falco.version.service"
# Another attempt may succeed: the server is away or at its limit.
PASSING = {"UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED"}
OPTIONS = [
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
]


class FalcoClient:
    """A connection to falco's gRPC API.

    ``address`` is ``unix:///path``, or ``host:port`` with mutual TLS by the PEM files ``cert``, ``key``, ``ca``.
    """

    def __init__(self, address=DEFAULT_ADDRESS, cert=None, key=None, ca=None):
        if address.startswith("unix:"):
            self._channel = grpc.insecure_channel(address, OPTIONS)
        else:
            credentials = grpc.ssl_channel_credentials(
                Path(ca or f"{CERTS}/ca.crt").read_bytes(),
                Path(key or f"{CERTS}/client.key").read_bytes(),
                Path(cert or f"{CERTS}/client.crt").read_bytes(),
            )
            self._channel = grpc.secure_channel(address, credentials, OPTIONS)

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> "FalcoClient":
        return self

    def __exit__(self, *_exc) -> None:
        self.close()

    def version(self):
        """The versions of falco and of its rule engine."""
        return self._unary(VERSION, "version")

    # -- alerts

    def get(self):
        """Yields the alerts that are queued at the server now."""
        path, request, response = method(OUTPUTS, "get")
        call = self._channel.unary_stream(path, request.SerializeToString, response.FromString)(request())
        for message in _read(call):
            yield Alert(**fields_of(message))

    def sub(self):
        """Yields alerts by the published service, until the generator is closed or the connection breaks."""
        path, request, response = method(OUTPUTS, "sub")
        done = threading.Event()

        def requests():
            yield request()
            done.wait()

        call = self._channel.stream_stream(path, request.SerializeToString, response.FromString)(requests())
        try:
            for message in _read(call):
                yield Alert(**fields_of(message))
        finally:
            done.set()

    def subscribe(self, on_reconnect=None, max_backoff=5.0):
        """Yields alerts until the generator is closed: reconnects, and goes on where it stopped."""
        path, request, response = method(API, "outputs")
        call_method = self._channel.unary_stream(path, request.SerializeToString, response.FromString)
        instance, after, failures = "", 0, 0
        while True:
            reason = None
            try:
                for message in _read(call_method(request(instance=instance, after=after))):
                    failures, after = 0, message.sequence
                    instance = message.instance or instance
                    if message.HasField("alert"):
                        numbers = {"sequence": message.sequence, "missed": message.missed}
                        yield NumberedAlert(**fields_of(message.alert), **numbers)
            except FalcoError as error:
                if error.code not in PASSING:
                    raise
                reason = error
            if on_reconnect is not None:
                on_reconnect(reason)
            time.sleep(min(max_backoff, 0.1 * 2**failures))
            failures += 1

    def drops(self):
        """Yields what the server lost: the totals first, then each further loss."""
        path, request, response = method(API, "drops")
        yield from _read(self._channel.unary_stream(path, request.SerializeToString, response.FromString)(request()))

    # -- rules; changes raise RulesRefused when the validator finds errors

    def list_rules(self):
        return self._unary(API, "list_rules")

    def get_rule(self, name):
        return self._unary(API, "get_rule", name=name)

    def validate_rules(self, content):
        return self._unary(API, "validate_rules", content=content)

    def create_rules(self, content, revision=""):
        return _accepted(self._unary(API, "create_rules", content=content, revision=revision))

    def update_rules(self, content, revision=""):
        return _accepted(self._unary(API, "update_rules", content=content, revision=revision))

    def delete_rules(self, rules=(), macros=(), lists=(), revision=""):
        return _accepted(
            self._unary(API, "delete_rules", rules=rules, macros=macros, lists=lists, revision=revision)
        )

    def enable_rules(self, rules=(), tags=(), revision=""):
        return _accepted(self._unary(API, "enable_rules", rules=rules, tags=tags, revision=revision))

    def disable_rules(self, rules=(), tags=(), revision=""):
        return _accepted(self._unary(API, "disable_rules", rules=rules, tags=tags, revision=revision))

    # -- configuration; values are Python values, and changes return the keys that they changed

    def get_configs(self, *keys):
        return _values(self._unary(API, "get_configs", keys=keys))

    def set_config(self, key, value):
        return _values(self._unary(API, "set_config", key=key, value=json.dumps(value)))

    def patch_configs(self, patch):
        return _values(self._unary(API, "patch_configs", content=json.dumps(patch)))

    def reset_configs(self, *keys):
        return _values(self._unary(API, "reset_configs", keys=keys))

    # -- inputs

    def input(self, source, fields, on_refusal=None) -> Input:
        """Declares a source: ``fields`` maps names to types, ``string`` or ``string[]`` and so on."""
        path, request, response = method(API, "inputs")
        call = self._channel.stream_stream(path, request.SerializeToString, response.FromString)
        return Input(call, source, fields, on_refusal)

    def _unary(self, service, rpc, /, timeout=30, **fields):
        path, request, response = method(service, rpc)
        call = self._channel.unary_unary(path, request.SerializeToString, response.FromString)
        try:
            return call(request(**fields), timeout=timeout)
        except grpc.RpcError as error:
            raise FalcoError.of(error) from error


def _read(call):
    try:
        yield from call
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.CANCELLED:
            raise FalcoError.of(error) from error
    finally:
        call.cancel()


def _accepted(change):
    if not change.applied:
        raise RulesRefused(change)
    return change


def _values(reply) -> dict:
    """Values by key; a secret's value is never sent and reads as None."""
    return {one.key: json.loads(one.value) if one.value else None for one in reply.configs}

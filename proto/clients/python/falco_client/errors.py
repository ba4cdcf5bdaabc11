"""What can go wrong, as exceptions."""

import grpc


class FalcoError(Exception):
    """The server refused, or could not be reached. ``code`` is gRPC's name, for example ``PERMISSION_DENIED``."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code

    @classmethod
    def of(cls, error: grpc.RpcError) -> "FalcoError":
        return cls(error.code().name, error.details() or error.code().name)


class RulesRefused(FalcoError):
    """The validator found errors in the rules; nothing has changed. ``result`` is its JSON."""

    def __init__(self, change):
        errors = [f"{one.item}: {one.message}" for one in change.findings if one.severity == "error"]
        super().__init__("INVALID_ARGUMENT", "\n".join(errors) or "The rules are invalid")
        self.findings = list(change.findings)
        self.result = change.result

"""Client of falco's gRPC API."""

from .alert import Alert, NumberedAlert
from .client import FalcoClient
from .errors import FalcoError, RulesRefused
from .inputs import Input, Refusal

__all__ = ["Alert", "FalcoClient", "FalcoError", "Input", "NumberedAlert", "Refusal", "RulesRefused"]

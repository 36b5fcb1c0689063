"""Requests and refusals of XRPC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


class XrpcError(Exception):
    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message


class InvalidRequest(XrpcError):
    def __init__(self, message: str, error: str = "InvalidRequest") -> None:
        super().__init__(400, error, message)


class AuthRequired(XrpcError):
    def __init__(self, message: str = "Authentication Required", error: str = "AuthenticationRequired") -> None:
        super().__init__(401, error, message)


NAMES: Mapping[int, tuple[str, str]] = {
    400: ("InvalidRequest", "Invalid Request"),
    401: ("AuthenticationRequired", "Authentication Required"),
    403: ("Forbidden", "Forbidden"),
    413: ("PayloadTooLarge", "request entity too large"),
    429: ("RateLimitExceeded", "Rate Limit Exceeded"),
    500: ("InternalServerError", "Internal Server Error"),
    501: ("MethodNotImplemented", "Method Not Implemented"),
    502: ("UpstreamFailure", "Upstream Failure"),
    503: ("NotEnoughResources", "Not Enough Resources"),
    504: ("UpstreamTimeout", "Upstream Timeout"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read; `headers` are those its answer will carry."""

    nsid: str
    address: str
    base_url: str
    token: str | None
    params: Mapping[str, list[str]]
    body: Json
    raw: bytes = b""
    mime: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A required string of the body."""
        value = self.body.get(name)
        if value is None:
            raise InvalidRequest(f'Input must have the property "{name}"')
        if not isinstance(value, str):
            raise InvalidRequest(f"Input/{name} must be a string")
        return value

    def param(self, name: str) -> str:
        values = self.params.get(name)
        if not values:
            raise InvalidRequest(f'Params must have the property "{name}"')
        return values[0]

    def number(self, name: str, default: int, most: int) -> int:
        written = self.params.get(name, [str(default)])[0]
        if not written.isdecimal():
            raise InvalidRequest(f"{name} must be an integer")
        if not 1 <= int(written) <= most:
            word = "greater" if int(written) > most else "less"
            raise InvalidRequest(f"{name} can not be {word} than {most if word == 'greater' else 1}")
        return int(written)

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
    params: Json
    """As the schema types them, with its defaults."""
    body: Json
    """Held against the schema before a method sees it."""
    raw: bytes = b""
    mime: str = ""
    again: bool = False
    """The platform does a request a second time by itself: a key of ours makes no one post of two."""
    headers: dict[str, str] = field(default_factory=dict)

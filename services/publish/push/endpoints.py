"""Which push services may be written to: an endpoint comes from whoever calls itself a browser, so only hosts of a list
are, over https. Pure; who connects also checks the address behind the name (libs/common/http.py)."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

MOST_LETTERS = 2048
HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")
LOOPBACK = re.compile(r"http://127\.0\.0\.1:\d{1,5}")
"""A push service on this machine: the sandbox."""


class EndpointRefused(ValueError):
    """It leads to no push service of the list. Says nothing of the address but the host."""


@dataclass(frozen=True)
class PushServices:
    """`listed`: hosts; `*.host` stands for any host below it; `http://127.0.0.1:port` for one on this machine."""

    listed: tuple[str, ...]

    @property
    def has_loopback(self) -> bool:
        return any(LOOPBACK.fullmatch(each) for each in self.listed)

    def origin_of(self, endpoint: str) -> str:
        """`https://host`, as tokens name it; raises EndpointRefused."""
        try:
            parts = urlsplit(endpoint)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise EndpointRefused("no address") from None
        plain = len(endpoint) <= MOST_LETTERS and endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
        if not plain or parts.username is not None or parts.password is not None or parts.fragment or "\\" in endpoint:
            raise EndpointRefused("no plain address")
        if (origin := f"{parts.scheme}://{parts.netloc}") in self.listed and LOOPBACK.fullmatch(origin):
            return origin
        if parts.scheme != "https" or port not in (None, 443) or not self._knows(host):
            raise EndpointRefused(f"not a push service of the list: {host[:100]}")
        return f"https://{host}"

    def _knows(self, host: str) -> bool:
        return any(host.endswith(each[1:]) if each.startswith("*.") else host == each for each in self.listed)


def is_listable(written: str) -> bool:
    return bool(HOST.fullmatch(written) or LOOPBACK.fullmatch(written))

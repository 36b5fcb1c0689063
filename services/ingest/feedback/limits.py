"""How often one client may send: a token bucket each, in this process, by a hash that nobody else can make."""

import hashlib
import math
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

MOST_KNOWN = 10_000
Network = IPv4Network | IPv6Network


def client_of(peer: str, forwarded: str, proxies: Sequence[Network]) -> str:
    """Who asks, as far as it can be believed: from the right of X-Forwarded-For, the first that is no proxy of ours.

    An IPv6 client is the /64 that its provider gave it. What is no address counts as it is written.
    """
    client = peer
    for hop in reversed(forwarded.split(",")):
        if not _is_ours(client, proxies) or _address(hop) is None:
            break
        client = hop.strip()
    address = _address(client)
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else client


def _address(written: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(written.strip().strip("[]"))
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_ours(written: str, proxies: Sequence[Network]) -> bool:
    address = _address(written)
    return address is not None and any(address.version == one.version and address in one for one in proxies)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime


class Buckets:
    """`burst` at once, then `per_hour`, evenly. Addresses are hashed with a key that dies with the process."""

    def __init__(self, per_hour: float, burst: int) -> None:
        self._rate, self._burst = per_hour / 3600, burst
        self._key = secrets.token_bytes(16)
        self._known: OrderedDict[bytes, _Bucket] = OrderedDict()

    def take(self, client: str, now: datetime) -> int:
        """0, and one is taken; else the seconds until there is one."""
        name = hashlib.blake2b(client.encode(), digest_size=8, key=self._key).digest()
        bucket = self._known.setdefault(name, _Bucket(float(self._burst), now))
        self._known.move_to_end(name)
        passed = max(0.0, (now - bucket.at).total_seconds())
        bucket.tokens, bucket.at = min(self._burst, bucket.tokens + passed * self._rate), now
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0
        return math.ceil((1 - bucket.tokens) / self._rate)

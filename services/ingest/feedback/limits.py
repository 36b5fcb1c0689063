"""How often one client may send: a token bucket each, in this process, by a hash that nobody else can make."""

import hashlib
import math
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

MOST_KNOWN = 10_000


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

"""How often one network address signs somebody up: counted in this process for an hour, by a hash only it can make."""

import hashlib
import secrets
from collections import OrderedDict, deque
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
MOST_KNOWN = 10_000


class Doorman:
    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._seen: OrderedDict[bytes, deque[datetime]] = OrderedDict()

    def lets_in(self, address: str, most: int, now: datetime) -> bool:
        """Whether this one more is within `most` an hour; counted only then."""
        name = hashlib.blake2b(address.encode(), digest_size=8, key=self._key).digest()
        times = self._seen.setdefault(name, deque())
        self._seen.move_to_end(name)
        while times and now - times[0] >= HOUR:
            times.popleft()
        if len(self._seen) > MOST_KNOWN:
            self._seen.popitem(last=False)
        if len(times) >= most:
            return False
        times.append(now)
        return True

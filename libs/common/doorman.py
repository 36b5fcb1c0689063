"""How often one network address signs somebody up: counted in this process for an hour, by a hash only it can make."""

import hashlib
import secrets
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

HOUR = timedelta(hours=1)
MOST_KNOWN = 10_000


class Doorman:
    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._seen: OrderedDict[bytes, deque[datetime]] = OrderedDict()

    def lets_in(self, address: str, most: int, now: datetime) -> bool:
        """Whether this one more is within `most` an hour; counted only then."""
        return self.wait(address, most, now) is None

    def wait(self, address: str, most: int, now: datetime) -> timedelta | None:
        """None, and counted, where it is within `most` an hour; else how long until one more is."""
        name = hashlib.blake2b(address.encode(), digest_size=8, key=self._key).digest()
        times = self._seen.setdefault(name, deque())
        self._seen.move_to_end(name)
        while times and now - times[0] >= HOUR:
            times.popleft()
        if len(self._seen) > MOST_KNOWN:
            self._seen.popitem(last=False)
        if len(times) >= most:
            return HOUR - (now - times[0])
        times.append(now)
        return None


def network_of(address: str) -> str:
    """The network an address lies in, as far as it is one household's or one office's: /24, or /48 of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    inner = getattr(found, "ipv4_mapped", None) or found
    return str(ip_network((inner, 24 if inner.version == 4 else 48), strict=False))

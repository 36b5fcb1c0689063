"""UUIDv7 keys (RFC 9562, section 5.7), made in Python because Postgres has them only from 18 on.

Within one process, ids made for the same millisecond grow (section 6.2, method 2: monotonic random), so a
batch keeps the order in which it was written.
"""

import secrets
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_COUNTER_BITS = 74
_RANDOM_BITS = 60

_lock = threading.Lock()
_last: int = 0


def _compose(milliseconds: int, tail: int) -> int:
    """128 bits: 48 of time, then 74 bits of tail around version and variant."""
    high, low = tail >> 62, tail & ((1 << 62) - 1)
    return milliseconds << 80 | _VERSION | high << 64 | _VARIANT | low


def _milliseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("an id needs an aware datetime")
    return (at - _EPOCH) // _MILLISECOND


def new_id(now: datetime) -> UUID:
    """A fresh UUIDv7 for this instant, greater than those made here before it for the same millisecond."""
    global _last
    fresh = _milliseconds(now) << _COUNTER_BITS | secrets.randbits(_RANDOM_BITS)
    with _lock:
        if fresh >> _COUNTER_BITS == _last >> _COUNTER_BITS:
            fresh = _last + 1 + secrets.randbits(20)
        _last = fresh
    return UUID(int=_compose(fresh >> _COUNTER_BITS, fresh & ((1 << _COUNTER_BITS) - 1)))


def floor_id(at: datetime) -> UUID:
    """The smallest UUIDv7 of an instant: the edge of a partition or of a time range over ids."""
    return UUID(int=_compose(_milliseconds(at), 0))


def id_time(value: UUID) -> datetime:
    """The instant, to the millisecond, that a UUIDv7 carries."""
    return _EPOCH + (value.int >> 80) * _MILLISECOND

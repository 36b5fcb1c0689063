"""How a source is, told from what it brought. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from libs.common.models.enums import SourceState

SILENT_AFTER = timedelta(days=3)


class Health(StrEnum):
    """A source at a glance: `new` was never read, `silent` answers but has brought nothing for days."""

    NEW = "new"
    OK = "ok"
    SILENT = "silent"
    FAILING = "failing"
    PAUSED = "paused"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the health of a source is told from."""

    state: str
    failures: int
    created_at: datetime
    last_ok_at: datetime | None
    last_item_at: datetime | None


def health_of(pulse: Pulse, now: datetime) -> Health:
    """A source that is not read says why; one that is read is silent when its newest item is days old."""
    if pulse.state != SourceState.ACTIVE:
        return Health(pulse.state)
    if pulse.failures:
        return Health.FAILING
    if pulse.last_ok_at is None and pulse.last_item_at is None:
        return Health.NEW
    newest = max(pulse.created_at, pulse.last_item_at or pulse.created_at)
    return Health.SILENT if now - newest > SILENT_AFTER else Health.OK

"""Events about what rises. For the city's own services only; never granted to outside subscribers."""

from typing import ClassVar
from uuid import UUID

from libs.common.events.base import Event


class BurstDetected(Event):
    """A burst was found, told once for each event; what it is about stands in the row of `burst_id`."""

    subject: ClassVar[str] = "lantoa.burst.detected.v1"
    burst_id: UUID
    series_id: UUID
    story_ids: list[UUID]
    """Stories that contribute most, so that several bursts of one cause can be told together."""
    seen: int
    expected: float
    surprise: float

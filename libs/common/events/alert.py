"""Events about alerts. `alert.raised` is one of the few that outside subscribers may be granted: it holds codes, times
and counts of public rules, never a text, an id of a content, or a verdict."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.events.base import Event


class AlertRaised(Event):
    """An alert of a public rule was raised, once for each event."""

    subject: ClassVar[str] = "lantoa.alert.raised.v1"
    alert_id: UUID
    rule_kind: str
    severity: str
    field: str | None
    place: str | None
    """Only where at least ten contents count."""
    count: int
    first_at: datetime

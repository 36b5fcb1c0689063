"""Events about feedback cases. `feedback.resolved` is one of the few that outside subscribers may be granted: it holds
codes, times and counts, never a word of what was reported or of who did."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.events.base import Event


class FeedbackResolved(Event):
    """A case was closed after an answer; once each time, so once more (a greater `version`) after it was reopened."""

    subject: ClassVar[str] = "lantoa.feedback.resolved.v1"
    case_id: UUID
    reference: str
    version: int
    """1, and one more for each time it was reopened: an older one is overtaken."""
    kind: str
    topic: str | None
    service_code: str | None
    unit_code: str | None
    received_at: datetime
    answered_at: datetime
    is_in_time: bool
    """Whether it was accepted, and dealt with, before its limits."""

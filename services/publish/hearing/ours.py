"""Whose words a platform shows us, where it does not say that they are our own. Pure.

Between the sending of an answer of ours and its being seen there, a list that is read may show it. By its id it is
ours; without an id its words alone are known, which a reader may have repeated: such words wait until the answer's end
is known, and come with a later reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from services.publish import measure

CLOCKS_APART = timedelta(minutes=5)


class Whose(Enum):
    READERS = auto()
    OURS = auto()
    UNSETTLED = auto()
    """It may be an answer of ours of which nobody knows yet whether it is there."""


@dataclass(frozen=True)
class Answer:
    """One from here. `body` as it would be stored of a reader; `is_told`: a person said that it stands there."""

    id: UUID
    body: str
    sent_at: datetime
    platform_id: str | None
    is_told: bool


def whose(platform_id: str, body: str, at: datetime | None, answers: Sequence[Answer]) -> tuple[Whose, Answer | None]:
    """And the answer that it is, or may be. `at`: when it was written, where the platform tells."""
    for answer in answers:
        if answer.platform_id == platform_id:
            return Whose.OURS, answer
    for answer in answers:
        is_it = answer.platform_id is None and measure.squeezed(answer.body) == measure.squeezed(body)
        if is_it and (at is None or at >= answer.sent_at - CLOCKS_APART):
            return (Whose.OURS if answer.is_told else Whose.UNSETTLED), answer
    return Whose.READERS, None

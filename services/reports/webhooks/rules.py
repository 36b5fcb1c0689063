"""What an event becomes for others, whom it is for, and when a delivery is tried again. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from libs.common.events import alert, feedback, publication, report
from libs.common.events.base import Event
from libs.common.events.outside import EXAMPLES, OUTSIDE

CLAIMED_FOR = timedelta(minutes=2)
"""A worker that has not said after this what became of it is taken for dead; longer than any request may take."""
RETRIES: Final = tuple(timedelta(seconds=each) for each in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""After the first, second … try that failed (the specification's schedule); after these the delivery has failed."""
JITTER = 0.2
"""A pause grows by up to so much of itself, so that those who failed together do not come back together."""
GIVEN_UP_AFTER = timedelta(days=5)
"""A subscription that has taken nothing for so long is disabled."""
GONE = 410
REPLAY_DAYS = 7
"""As long as the outbox keeps events."""
MOST_REPLAYED = 5000
MOST_OF_A_UNIT = 20
ANSWER_LETTERS = 500
LEFT_ALONE = frozenset({429, 503})
"""With these an answer may say until when (RFC 6585, 4; RFC 9110, 15.6.4)."""


@dataclass(frozen=True)
class Facets:
    """What of an event can be chosen by. () where events of its type have no such thing; ("",) where it has none."""

    unit: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    field: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What a subscription chose; empty: all."""

    unit_codes: Sequence[str]
    kinds: Sequence[str]
    fields: Sequence[str]

    def takes(self, facets: Facets) -> bool:
        """An event that has no such thing at all is not held back by what was chosen."""
        pairs = ((self.unit_codes, facets.unit), (self.kinds, facets.kind), (self.fields, facets.field))
        return all(not chosen or not told or told[0] in chosen for chosen, told in pairs)


PUBLICATIONS = (
    publication.PublicationApproved,
    publication.PublicationPublished,
    publication.PublicationWithdrawn,
    publication.CorrectionPublished,
)
"""Their unit and their kind are the publication's own."""


def facets_of(event: Event, unit_code: str | None = None, kind: str | None = None) -> Facets:
    """`unit_code` and `kind`: of the publication, for events about one."""
    match event:
        case feedback.FeedbackResolved():
            return Facets((event.unit_code or "",), (event.kind,), (event.topic or "",))
        case alert.AlertRaised():
            return Facets(kind=(event.rule_kind,), field=(event.field or "",))
        case report.ReportReady():
            return Facets(kind=(event.kind,))
        case _:
            return Facets((unit_code or "",), (kind or "",))


def filters_of(subject: str) -> list[str]:
    """By which of a subscription's choices events of this type can be narrowed."""
    facets = facets_of(next(each for each in EXAMPLES if each.subject == subject))
    named = (("unit_codes", facets.unit), ("kinds", facets.kind), ("fields", facets.field))
    return [name for name, told in named if told]


def event_of(subject: str, payload: Mapping[str, Any]) -> Event:
    return OUTSIDE[subject].model_validate(payload)


def document(
    event_id: UUID, subject: str, source: str, at: datetime, data: Mapping[str, Any], *, is_test: bool = False
) -> dict[str, Any]:
    """CloudEvents 1.0 in structured mode; a test says so in an attribute of its own."""
    told = {
        "specversion": "1.0",
        "id": str(event_id),
        "source": f"/{source}",
        "type": subject,
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "data": dict(data),
    }
    return {**told, "test": True} if is_test else told


def retry_at(tries: int, now: datetime, chance: float, asked: datetime | None = None) -> datetime | None:
    """When it is tried again after so many tries, all of which failed; None: it has failed. `chance`: 0 to 1; `asked`:
    until when the receiver asks to be left alone, which is heeded where it is longer."""
    if tries > len(RETRIES):
        return None
    ours = now + RETRIES[tries - 1] * (1 + JITTER * chance)
    return max(ours, asked) if asked is not None else ours

"""When an alert is raised, told, held and over: pure functions of data and `now`."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from libs.common.clock import quiet_end
from libs.common.models.alerts import AlertGrouping, AlertHold, AlertSeverity, AlertState
from libs.common.text import canonical_tone, fold, words
from services.classify.alerts.conditions import FirstAppearance, Scope, Threshold

TOO_OLD = timedelta(hours=24)
"""What was published so long before it came in is an archive being read in, and raises nothing."""
_RANK = {severity: rank for rank, severity in enumerate(AlertSeverity)}


class Item(NamedTuple):
    """A labelled content. `words` only where a rule asks for them."""

    content_id: UUID
    at: datetime
    field: str
    kind: str
    tone: str
    places: Sequence[str]
    source_group: str
    words: "Wording | None" = None


class Wording(NamedTuple):
    """A text as runs of words between spaces, with its marks and without."""

    marked: str
    folded: str


def wording(text: str) -> Wording:
    return Wording(_spaced(canonical_tone(text).lower()), _spaced(fold(text)))


@lru_cache(maxsize=4096)
def _phrase(phrase: str) -> Wording:
    """A rule's phrases are looked for in every text."""
    return wording(phrase)


def _spaced(text: str) -> str:
    return f" {' '.join(words(text))} "


# --- what an item counts for ---------------------------------------------------------------------------------


def is_recent(published_at: datetime | None, first_seen_at: datetime, now: datetime) -> bool:
    told = min(published_at or first_seen_at, first_seen_at)
    return now - told <= TOO_OLD


def in_scope(scope: Scope, item: Item) -> bool:
    return (
        (not scope.fields or item.field in scope.fields)
        and (not scope.kinds or item.kind in scope.kinds)
        and (not scope.tones or item.tone in scope.tones)
        and (not scope.source_groups or item.source_group in scope.source_groups)
        and (not scope.places or not set(scope.places).isdisjoint(item.places))
    )


def threshold_keys(condition: Threshold, item: Item) -> list[str]:
    """The groups of a rule in which an item counts, each once."""
    if not in_scope(condition, item):
        return []
    match condition.by:
        case "all":
            return ["all"]
        case "field":
            return [item.field]
        case "source_group":
            return [item.source_group]
        case "place":
            return _places(condition, item)
        case "place_field":
            return [f"{place}:{item.field}" for place in _places(condition, item)]
        case "story":
            return []  # the story of a content is known only a little later: a job counts these


def appearance_keys(condition: FirstAppearance, item: Item) -> list[str]:
    if not in_scope(condition, item):
        return []
    if condition.of == "place_field":
        return [f"{place}:{item.field}" for place in _places(condition, item)]
    return [fold(phrase) for phrase in condition.phrases if item.words and says(item.words, phrase)]


def _places(scope: Scope, item: Item) -> list[str]:
    return sorted(set(item.places) & set(scope.places) if scope.places else set(item.places))


def says(text: Wording, phrase: str) -> bool:
    """Marks count where both have them: `vỡ đê` is not `vô đề`, but `vo de` in a text without marks may be."""
    looked_for = _phrase(phrase)
    if looked_for.folded not in text.folded:
        return False
    is_unmarked = looked_for.marked == looked_for.folded or text.marked == text.folded
    return is_unmarked or looked_for.marked in text.marked


def subject_of_key(by: str, key: str) -> tuple[str | None, str | None]:
    """(field, place) that a group is about."""
    match by:
        case "field":
            return key, None
        case "place":
            return None, key
        case "place_field":
            place, _, field = key.rpartition(":")
            return field, place
        case _:
            return None, None


def bundle_of(group_by: str, event_key: str, field: str | None, place: str | None, story_id: UUID | None) -> str:
    match AlertGrouping(group_by):
        case AlertGrouping.RULE:
            return "rule"
        case AlertGrouping.FIELD:
            return f"field:{field}"
        case AlertGrouping.PLACE:
            return f"place:{place}"
        case AlertGrouping.STORY:
            return f"story:{story_id or event_key}"
        case AlertGrouping.ALERT:
            return f"alert:{event_key}"


# --- when it is over -----------------------------------------------------------------------------------------


def lull(count: int) -> int:
    """Fewer than this in the window, and the event is over; half of what raised it, so that it does not flap."""
    return max(1, (count + 1) // 2)


class Episode(NamedTuple):
    """One event of a group, as a rule would have told it."""

    raised_at: datetime
    items: int
    last_at: datetime


def episodes(times: Iterable[datetime], count: int, window: timedelta) -> Iterator[Episode]:
    """The events in sorted times: raised by `count` within the window, over when fewer than the lull are left."""
    recent: deque[datetime] = deque()
    going_on: Episode | None = None
    for at in times:
        while recent and recent[0] <= at - window:
            recent.popleft()
        if going_on and len(recent) < lull(count):
            yield going_on
            going_on = None
        recent.append(at)
        if going_on:
            going_on = Episode(going_on.raised_at, going_on.items + 1, at)
        elif len(recent) >= count:
            going_on = Episode(at, len(recent), at)
    if going_on:
        yield going_on


# --- when it is told -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Manners:
    """How a rule wants its alerts told."""

    severity: str
    quiet_from: str | None
    quiet_to: str | None
    breaks_quiet: str
    mute_until: datetime | None
    group_minutes: int


@dataclass(frozen=True)
class Pending:
    """An alert somebody is to be told of."""

    state: str
    is_settled_by_a_person: bool
    next_level: int


@dataclass(frozen=True)
class Verdict:
    """Exactly one: told now, held until then, or not told any more."""

    is_told: bool = False
    hold: AlertHold | None = None
    until: datetime | None = None


TOLD, DROPPED = Verdict(is_told=True), Verdict()


def held(manners: Manners, now: datetime) -> Verdict | None:
    """Whether nobody may be told now, why, and until when."""
    if manners.mute_until is not None and now < manners.mute_until:
        return Verdict(hold=AlertHold.MUTE, until=manners.mute_until)
    if manners.quiet_from is None or manners.quiet_to is None or _breaks_quiet(manners):
        return None
    ends = quiet_end(time.fromisoformat(manners.quiet_from), time.fromisoformat(manners.quiet_to), now)
    return Verdict(hold=AlertHold.QUIET, until=ends) if ends else None


def _breaks_quiet(manners: Manners) -> bool:
    return _RANK[AlertSeverity(manners.severity)] >= _RANK[AlertSeverity(manners.breaks_quiet)]


def decide(alert: Pending, manners: Manners, now: datetime) -> Verdict:
    """What is over before anybody was told of it is told all the same, once nothing holds it: a mute puts off and hides
    nothing. Only a reminder of what is over is let go, and what a person has settled."""
    is_open = alert.state == AlertState.OPEN
    if alert.is_settled_by_a_person or (not is_open and alert.next_level > 0):
        return DROPPED
    return held(manners, now) or TOLD


def first_due(manners: Manners, told_before: datetime | None, now: datetime) -> datetime:
    """When a new alert is due: at the end of its group's window; an urgent one at once, if its group was not just told
    of another."""
    window = timedelta(minutes=manners.group_minutes)
    if manners.severity != AlertSeverity.URGENT:
        return now + window
    return max(now, told_before + window) if told_before else now


def next_due(escalation: Sequence[Any], level: int, told_at: datetime, now: datetime) -> datetime | None:
    """When the level after this one is due, counted from when it was first told; None above the last."""
    if level >= len(escalation):
        return None
    due: datetime = told_at + timedelta(minutes=escalation[level]["after_minutes"])
    return max(due, now)

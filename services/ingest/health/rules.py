"""The health of a source, judged from what is known of it; with hysteresis, so that it does not flap. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from libs.common.models.catalogue import HealthCause, SourceHealth
from libs.common.models.enums import SourceState
from services.ingest.health import wording
from services.ingest.health.volume import LEAST_DAYS, Judgement, Norm, judge_flood, judge_silence

Health = SourceHealth
Cause = HealthCause

SILENT_AFTER = timedelta(days=3)
"""For a source whose rhythm is not known yet."""
FAILURES = 3
"""Fewer in a row are a hiccup of the network: shown, and not told to anybody."""
EMPTY_READS = 3
"""So many good answers in a row without any entry, from a source that had some."""
DWELL = timedelta(minutes=15)
"""A trouble lasts at least this long in the books."""
CATCHING_UP = timedelta(hours=6)
"""What waited during a trouble arrives at once when it ends, and is no flood."""
UNREADABLE = frozenset({"not_parsable", "too_large"})
TROUBLES = frozenset({Health.SILENT, Health.FLOODING, Health.FAILING, Health.BLOCKED, Health.BROKEN})
_FOUND = frozenset({Cause.PAGE_CHANGED, Cause.READER_BROKE, Cause.LOGIN, Cause.CAPTCHA})
_NOT_ANSWERING = frozenset({Health.FAILING, Health.BLOCKED, Health.BROKEN})


# --- at a glance -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the health of a source is told from where nothing was learned of it."""

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


def shown_health(stored: str, pulse: Pulse, now: datetime, *, is_known: bool) -> Health:
    """The health to show now: what was judged last, unless the newest poll already says otherwise.

    `is_known`: it was judged at least once.
    """
    plain, judged = health_of(pulse, now), Health(stored)
    if not is_known or pulse.state != SourceState.ACTIVE or plain is Health.NEW:
        return plain
    if pulse.failures:
        return judged if judged in _NOT_ANSWERING else Health.FAILING
    return judged if judged in (Health.SILENT, Health.FLOODING, Health.BROKEN) else Health.OK


# --- judged ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LastPoll:
    """What the newest poll came to."""

    outcome: str
    status: int | None
    error: str | None
    empty_in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class Vitals:
    """All that a source's health is judged from. `read_until`: to when we know that nothing else was there."""

    pulse: Pulse
    was: Health
    since: datetime | None
    read_until: datetime | None
    state_reason: str | None = None
    cause: Cause | None = None
    last: LastPoll | None = None
    norm: Norm | None = None
    last_hour: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A health with its cause, a sentence for people, and the numbers the sentence was written from."""

    health: Health
    cause: Cause
    reason: str
    facts: dict[str, Any] = field(default_factory=dict)


def judge(vitals: Vitals, now: datetime) -> Verdict:
    """Where the source is now; the one it was in where nothing says that it has left it."""
    verdict = _judge(vitals, now)
    is_leaving = vitals.was in TROUBLES and verdict.health not in TROUBLES and vitals.pulse.state == SourceState.ACTIVE
    if is_leaving and vitals.since is not None and now - vitals.since < DWELL:
        return _unchanged(vitals)
    return verdict


def _judge(vitals: Vitals, now: datetime) -> Verdict:
    pulse = vitals.pulse
    if pulse.state != SourceState.ACTIVE:
        cause = Cause.PERSON if pulse.state == SourceState.PAUSED else Cause.ENDED
        return Verdict(Health(pulse.state), cause, vitals.state_reason or wording.stopped(pulse.state))
    if pulse.failures:
        return _unanswered(vitals)
    if pulse.last_ok_at is None and pulse.last_item_at is None:
        return Verdict(Health.NEW, Cause.REGISTERED, wording.REGISTERED)
    if vitals.was is Health.BROKEN and vitals.cause is Cause.THIN:
        return _unchanged(vitals)  # its texts tell when it is over
    return _empty(vitals) or _silent(vitals, now) or _flooding(vitals, now) or _well(vitals)


def _unchanged(vitals: Vitals) -> Verdict:
    return Verdict(vitals.was, vitals.cause or Cause.READ, "")


def _unanswered(vitals: Vitals) -> Verdict:
    last = vitals.last or LastPoll("error", None, None)
    health, cause = cause_of(last)
    if last.outcome in UNREADABLE and vitals.was in (Health.BROKEN, Health.BLOCKED) and vitals.cause in _FOUND:
        return _unchanged(vitals)  # why it can't be read was found by looking at its document
    needed = 1 if cause in (Cause.ROBOTS, Cause.LOGIN) else FAILURES
    if vitals.pulse.failures < needed and vitals.was not in _NOT_ANSWERING:
        return _unchanged(vitals)
    facts = {"failures": vitals.pulse.failures, "outcome": last.outcome, "status": last.status}
    return Verdict(
        health,
        cause,
        wording.unanswered(cause, vitals.pulse.failures, last.error, by_us=last.outcome == "refused"),
        facts,
    )


def cause_of(last: LastPoll) -> tuple[Health, Cause]:
    """Of a poll that went wrong."""
    if last.outcome == "robots":
        return Health.BLOCKED, Cause.ROBOTS
    if last.outcome in UNREADABLE:
        return Health.BROKEN, Cause.READER_BROKE
    if last.outcome == "refused":  # by us: it leads to where nothing is ever asked
        return Health.FAILING, Cause.MOVED
    match last.status:
        case 401:
            return Health.BLOCKED, Cause.LOGIN
        case 403 | 429 | 451:
            return Health.BLOCKED, Cause.REFUSED
        case 404 | 410:
            return Health.FAILING, Cause.MOVED
        case _:
            return Health.FAILING, Cause.SERVER


def _empty(vitals: Vitals) -> Verdict | None:
    """Good answers with nothing in them: whether the page changed or our reader broke is found by looking."""
    last = vitals.last
    if last is None or last.empty_in_a_row < EMPTY_READS or vitals.pulse.last_item_at is None:
        return None
    if vitals.was is Health.BROKEN:
        return _unchanged(vitals)
    facts = {"empty_reads": last.empty_in_a_row}
    return Verdict(Health.BROKEN, Cause.READER_BROKE, wording.empty(last.empty_in_a_row), facts)


def _silent(vitals: Vitals, now: datetime) -> Verdict | None:
    pulse = vitals.pulse
    newest = max(pulse.created_at, pulse.last_item_at or pulse.created_at)
    if not _is_learned(vitals.norm):
        if now - newest <= SILENT_AFTER:
            return None
        facts: dict[str, Any] = {"hours": round((now - newest) / timedelta(hours=1), 1)}
        return Verdict(Health.SILENT, Cause.QUIET, wording.quiet(newest, now, None), facts)
    assert vitals.norm is not None
    found = judge_silence(vitals.norm, newest, vitals.read_until or now)
    stays = vitals.was in (Health.SILENT, Health.BROKEN) and not found.is_over
    if not (found.is_unusual or stays):
        return None
    if vitals.was is Health.BROKEN:
        return _unchanged(vitals)  # silent, and we know why
    hours = round((now - newest) / timedelta(hours=1), 1)
    return Verdict(
        Health.SILENT, Cause.QUIET, wording.quiet(newest, now, found.expected), _numbers(found) | {"hours": hours}
    )


def _flooding(vitals: Vitals, now: datetime) -> Verdict | None:
    if not _is_learned(vitals.norm) or vitals.norm is None:
        return None
    if vitals.was in (Health.OK, Health.NEW) and vitals.since is not None and now - vitals.since < CATCHING_UP:
        return None
    if vitals.was in TROUBLES and vitals.was is not Health.FLOODING:
        return None
    found = judge_flood(vitals.norm, vitals.last_hour, now - timedelta(hours=1), now)
    stays = vitals.was is Health.FLOODING and not found.is_over
    if not (found.is_unusual or stays):
        return None
    return Verdict(Health.FLOODING, Cause.FLOOD, wording.flood(found.seen, found.expected), _numbers(found))


def _well(vitals: Vitals) -> Verdict:
    if vitals.was in (Health.NEW, Health.PAUSED, Health.GONE, Health.OK):
        return Verdict(Health.OK, Cause.READ, wording.READ)
    return Verdict(Health.OK, Cause.RECOVERED, wording.recovered(vitals.was))


def _is_learned(norm: Norm | None) -> bool:
    return norm is not None and norm.days >= LEAST_DAYS


def _numbers(found: Judgement) -> dict[str, Any]:
    return {"expected": round(found.expected, 2), "seen": found.seen, "probability": float(f"{found.probability:.2e}")}


# --- texts ---------------------------------------------------------------------------------------------------

LEAST_TEXTS, LEAST_BEFORE = 10, 30
_MOSTLY, _HARDLY, _HALF = 0.8, 0.3, 0.5


def is_thin(thin: int, texts: int) -> bool:
    """Whether new texts are mostly no more than their summaries: extraction fell back."""
    return texts >= LEAST_TEXTS and thin >= _MOSTLY * texts


def was_thick(thin: int, texts: int) -> bool:
    """Whether that is new: a source that never gave more than summaries has lost nothing."""
    return texts >= LEAST_BEFORE and thin <= _HARDLY * texts


def is_thick_again(thin: int, texts: int) -> bool:
    return texts > 0 and thin < _HALF * texts

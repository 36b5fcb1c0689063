"""The life of a case: which step may follow which, and when it is overdue. Pure.

received → accepted → assigned → in progress → answered → closed; its sender may reopen what is finished; it may be
rejected, or merged into another, as long as it is open. A case given on before anybody accepted it still waits to be
accepted, and its clock goes on: passing it round gains no time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from libs.common.models.enums import PROTECTED_KINDS, CaseState, TextKind, Urgency
from libs.common.working_time import Clocks, Limits


class Action(StrEnum):
    OPENED = "opened"
    ACCEPTED = "accepted"
    FORWARDED = "forwarded"
    STARTED = "started"
    ANSWERED = "answered"
    CLOSED = "closed"
    REJECTED = "rejected"
    MERGED = "merged"
    REOPENED = "reopened"
    RELABELLED = "relabelled"
    URGENCY_CHANGED = "urgency_changed"
    SOLVED_TOLD = "solved_told"
    ASKED = "asked"
    ERASED = "erased"
    PASSED_ON = "passed_on"
    """To another city's or body's own system, which deals with its part; the case stays with its unit."""
    HEARD = "heard"
    """What that system says of it."""


UNACCEPTED = frozenset({CaseState.RECEIVED, CaseState.REOPENED})
UNDER_WAY = frozenset({CaseState.ACCEPTED, CaseState.ASSIGNED, CaseState.IN_PROGRESS})
OPEN = UNACCEPTED | UNDER_WAY
FINISHED = frozenset({CaseState.ANSWERED, CaseState.CLOSED, CaseState.REJECTED})
"""What its sender may reopen. A merged case is none of these: it lives on in another."""
CASE_LABELS = PROTECTED_KINDS | {TextKind.REPORT_OF_PROBLEM, TextKind.QUESTION, TextKind.PRAISE}
"""What a case may be called; all are answered."""

_AFTER: dict[Action, dict[CaseState, CaseState]] = {
    Action.ACCEPTED: dict.fromkeys(UNACCEPTED, CaseState.ACCEPTED),
    Action.FORWARDED: {one: one for one in UNACCEPTED} | dict.fromkeys(UNDER_WAY, CaseState.ASSIGNED),
    Action.STARTED: dict.fromkeys((CaseState.ACCEPTED, CaseState.ASSIGNED), CaseState.IN_PROGRESS),
    Action.ANSWERED: dict.fromkeys(UNDER_WAY, CaseState.ANSWERED),
    Action.CLOSED: {CaseState.ANSWERED: CaseState.CLOSED},
    Action.REJECTED: dict.fromkeys(OPEN, CaseState.REJECTED),
    Action.MERGED: dict.fromkeys(OPEN, CaseState.MERGED),
    Action.REOPENED: dict.fromkeys(FINISHED, CaseState.REOPENED),
    Action.URGENCY_CHANGED: {one: one for one in OPEN},
}


def after(state: CaseState, action: Action) -> CaseState | None:
    """The state that a step leads to; None where it cannot be taken now."""
    return _AFTER[action].get(state)


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a case, what its rules ask about."""

    state: CaseState
    urgency: Urgency
    received_at: datetime
    accept_due_at: datetime
    due_at: datetime | None
    finished_at: datetime | None
    """When it was last answered, or rejected."""
    reopened: int = 0


def may_reopen(case: Standing, limits: Limits, now: datetime | None) -> bool:
    """Not too often, and not too late; `now` None: whether it is too late is left open."""
    if after(case.state, Action.REOPENED) is None or case.reopened >= limits.reopen_times:
        return False
    return now is None or case.finished_at is None or now <= case.finished_at + timedelta(days=limits.reopen_days)


def is_unaccepted_too_long(case: Standing, now: datetime) -> bool:
    return case.state in UNACCEPTED and case.accept_due_at < now


def is_undone_too_long(case: Standing, now: datetime) -> bool:
    return case.state in OPEN and case.due_at is not None and case.due_at < now


def is_overdue(case: Standing, now: datetime) -> bool:
    return is_unaccepted_too_long(case, now) or is_undone_too_long(case, now)


def expected_at(case: Standing) -> datetime | None:
    """By when the sender may expect the next step."""
    if case.state in UNACCEPTED:
        return case.accept_due_at
    return case.due_at if case.state in UNDER_WAY else None


def due_after_change(
    case: Standing, urgency: Urgency, service_code: str | None, clocks: Clocks, now: datetime
) -> datetime | None:
    """Of a changed urgency. One that turns urgent has the urgent limit from now on, but never more time than before;
    one that turns normal has its service's limit from when it was received."""
    if urgency == Urgency.URGENT:
        urgent_by = clocks.due_times(now, urgent=True).handle_by
        return min((one for one in (urgent_by, case.due_at) if one is not None), default=None)
    return clocks.due_times(case.received_at, urgent=False, service_code=service_code).handle_by


def needs_second_person(before: TextKind, to: TextKind, *, was_relabelled: bool) -> bool:
    """Away from criticism, opinion or complaint, or from what was ever taken away from them. The same rule stands in
    0008_rules.sql; a test holds both together."""
    return to not in PROTECTED_KINDS and to != before and (before in PROTECTED_KINDS or was_relabelled)

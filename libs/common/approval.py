"""Who may approve what waits, and whose word together releases it. Pure; the database judges the same (0002_rules.sql).

One rule for the desk that approves and for whoever is shown what waits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from libs.common.models.enums import PublicationKind, PublicationState


def approvals_needed(kind: str, is_urgent: bool = False) -> int:
    """A correction needs two people besides its editors; what is urgent two on duty, one of them perhaps its author."""
    return 2 if is_urgent or kind == PublicationKind.CORRECTION else 1


def others_needed(kind: str) -> int:
    """How many of those who approve may have touched nothing of it."""
    return 2 if kind == PublicationKind.CORRECTION else 1


def is_enough(kind: str, is_urgent: bool, approvers: Iterable[UUID], editors: Iterable[UUID]) -> bool:
    """Whether these people together release it; the database judges the same (`is_approved`)."""
    given = set(approvers)
    return len(given) >= approvals_needed(kind, is_urgent) and len(given - set(editors)) >= others_needed(kind)


class Refusal(StrEnum):
    """Why a person may not approve."""

    NOT_SPOKESPERSON = "not_spokesperson"
    NOT_ON_DUTY = "not_on_duty"
    OWN_WORK = "own_work"
    NOT_IN_REVIEW = "not_in_review"
    CHANGED = "changed"


@dataclass(frozen=True)
class ApprovalAttempt:
    approver_id: UUID
    speaks_for_unit: bool
    editors: frozenset[UUID]
    state: PublicationState
    current_hash: bytes
    seen_hash: bytes
    kind: str = PublicationKind.ANNOUNCEMENT
    is_urgent: bool = False
    is_on_duty: bool = False
    """As a spokesperson of some unit, at this instant."""


def refusal(attempt: ApprovalAttempt) -> Refusal | None:
    """None where the approval stands; the first reason against it otherwise. The database judges the same."""
    if attempt.is_urgent and not attempt.is_on_duty:
        return Refusal.NOT_ON_DUTY
    if not attempt.is_urgent and not attempt.speaks_for_unit:
        return Refusal.NOT_SPOKESPERSON
    may_be_own = attempt.is_urgent and attempt.kind != PublicationKind.CORRECTION
    if attempt.approver_id in attempt.editors and not may_be_own:
        return Refusal.OWN_WORK
    if attempt.state is not PublicationState.IN_REVIEW:
        return Refusal.NOT_IN_REVIEW
    if attempt.seen_hash != attempt.current_hash:
        return Refusal.CHANGED
    return None

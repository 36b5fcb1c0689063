"""The pure rules of classification: what may be suggested, who may relabel, what outsiders may see."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from libs.common.models.enums import PROTECTED_KINDS, MatchState, RiskClass, Role, SourceGroup, TextKind, Verdict

SAFETY_RISKS = frozenset({RiskClass.EXPOSED_PERSONAL_DATA, RiskClass.THREAT_OF_VIOLENCE})
"""What in lawful criticism still endangers somebody: it becomes a safety task, never a legal case."""

_NEVER_BY_MODEL = frozenset({RiskClass.FALSE_EMERGENCY, RiskClass.REPORTED_DEFAMATION})
"""The first needs a claim with a published verdict, the second a report by the person harmed."""

_INSIDE_ROLES = frozenset({Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN})
_PUBLIC_VERDICTS = frozenset({Verdict.TIN_GIA, Verdict.TIN_SAI_SU_THAT, Verdict.TIN_XAC_THUC})


@dataclass(frozen=True, slots=True)
class Guarded:
    """What of a model's findings may be suggested to the legal desk, and what is a safety task."""

    risk: tuple[RiskClass, ...]
    safety: tuple[RiskClass, ...]


def guard(kind: TextKind, found: Sequence[RiskClass], ever: Collection[str] = (), *, proven: bool = False) -> Guarded:
    """The firewall: a text that is, or ever was, criticism, opinion or complaint has no legal risk. `proven`: a person
    confirmed that it repeats a claim published as false, without which no false emergency is suggested."""
    if kind in PROTECTED_KINDS or not PROTECTED_KINDS.isdisjoint(ever):
        return Guarded((), tuple(risk for risk in found if risk in SAFETY_RISKS))
    never = _NEVER_BY_MODEL - {RiskClass.FALSE_EMERGENCY} if proven else _NEVER_BY_MODEL
    return Guarded(tuple(risk for risk in found if risk not in never), ())


class Relabelling(StrEnum):
    """What has to happen for a person's new label to count."""

    NOTHING = "nothing"
    AT_ONCE = "at_once"
    SECOND_PERSON = "second_person"


def relabelling(before: TextKind | None, after: TextKind, ever: Collection[str] = ()) -> Relabelling:
    """Moving a text away from what protects it needs a second person; anything else counts at once."""
    if before == after:
        return Relabelling.NOTHING
    was_protected = before in PROTECTED_KINDS or not PROTECTED_KINDS.isdisjoint(ever)
    if was_protected and after not in PROTECTED_KINDS:
        return Relabelling.SECOND_PERSON
    return Relabelling.AT_ONCE


def may_confirm(proposed_by: UUID, confirming: UUID) -> bool:
    """The second person is another person."""
    return proposed_by != confirming


def visible_verdict(
    verdict: Verdict | None, published: bool, state: MatchState | None, roles: Collection[Role]
) -> Verdict | None:
    """The verdict a reader may see: outsiders only a published one, and only on a confirmed match.

    `state` is None for the claim itself, seen without a match.
    """
    if not _INSIDE_ROLES.isdisjoint(roles):
        return verdict
    confirmed = state in (None, MatchState.CONFIRMED)
    return verdict if confirmed and published and verdict in _PUBLIC_VERDICTS else None


@dataclass(frozen=True, slots=True)
class Past:
    """What a content was labelled before: the kind in force, every kind it ever had, and who gave the last."""

    kind: TextKind | None = None
    ever: frozenset[str] = frozenset()
    by_person: bool = False


def settled_kind(found: TextKind, past: Past) -> TextKind:
    """A model never undoes a person's label, and never takes from a text what protects it."""
    if past.kind is None:
        return found
    loses_protection = past.kind in PROTECTED_KINDS and found not in PROTECTED_KINDS
    return past.kind if past.by_person or loses_protection else found


def is_remembered(kind: TextKind, past: Past) -> bool:
    """Whether a model's label belongs in the history: the firewall needs each kind that ever protected a text."""
    return kind in PROTECTED_KINDS and (kind != past.kind or kind not in past.ever)


PUBLISHING_GROUPS = frozenset({SourceGroup.PRESS, SourceGroup.PORTAL, SourceGroup.AGGREGATOR, SourceGroup.OFFICIAL})
"""Who publishes; what these say tells a story, whatever a model made of its kind."""

NOT_STORIES = frozenset({TextKind.ADVERT, TextKind.SCAM_SUSPECT})
FORUM_STORIES = frozenset({TextKind.NEWS, TextKind.ANNOUNCEMENT, TextKind.QUESTION, TextKind.OTHER})
"""What on a forum passes news (or a rumour) on; a voice about it (opinion, criticism, thanks) is not the event."""


def joins_stories(group: SourceGroup, kind: TextKind) -> bool:
    """What citizens send through the city's own doors is a feedback case with its own number, never a story."""
    if group in PUBLISHING_GROUPS:
        return kind not in NOT_STORIES
    return group == SourceGroup.FORUM and kind in FORUM_STORIES

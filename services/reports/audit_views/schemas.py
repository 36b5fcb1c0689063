"""Bodies of the views of the audit log."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row

from libs.common import models as m
from libs.common.audit import Fault
from libs.common.models.inspection import CheckScope, ExportState
from services.reports.audit_views.acts import ACTS, CLASSES, OBJECTS, ActClass, class_of, words_of
from services.reports.audit_views.checking import FAULTS, Standing


class ActOut(BaseModel):
    action: str
    act: ActClass
    act_name: str
    words: str

    @classmethod
    def all(cls) -> list[Self]:
        return [
            cls(action=action, act=act.kind, act_name=CLASSES[act.kind], words=act.words)
            for action, act in sorted(ACTS.items())
        ]


class EntryOut(BaseModel):
    """`actor_id` is null where a service did it by itself; `act` where a release that is not this one wrote the entry.
    `actor_name` is how the official is called today; the log itself holds the id alone."""

    id: UUID
    at: datetime
    service: str
    day: date
    seq: int
    act: ActClass | None
    action: str
    words: str
    actor_id: UUID | None
    actor_name: str | None
    object_type: str
    object_name: str
    object_id: UUID
    facts: dict[str, Any]
    hash: str

    @classmethod
    def of(cls, row: Row[m.AuditEntry, str | None]) -> Self:
        entry, actor_name = row
        return cls(
            id=entry.id,
            at=entry.at,
            service=entry.service,
            day=entry.day,
            seq=entry.seq,
            act=class_of(entry.action),
            action=entry.action,
            words=words_of(entry.action),
            actor_id=entry.actor_id,
            actor_name=actor_name,
            object_type=entry.object_type,
            object_name=OBJECTS.get(entry.object_type, entry.object_type),
            object_id=entry.object_id,
            facts=entry.facts,
            hash=entry.hash.hex(),
        )


class Counts(BaseModel):
    """`entries` may be more than the four together: acts that this release does not know."""

    model_config = ConfigDict(from_attributes=True)

    entries: int
    saw: int
    changed: int
    approved: int
    sent: int
    last_at: datetime


class PersonCounts(Counts):
    """`actor_id` is null for what services did by themselves."""

    actor_id: UUID | None
    actor_name: str | None


class ObjectCounts(Counts):
    object_type: str
    object_id: UUID
    people: int


class BreakOut(BaseModel):
    """The first row of a chain that does not fit; without a service it is the sealed day itself."""

    service: str | None
    day: date
    seq: int
    entry_id: UUID | None
    fault: Fault
    words: str
    why: str

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        return cls.model_validate(kept | {"words": FAULTS[Fault(kept["fault"])]})


class CheckOut(BaseModel):
    id: UUID
    scope: CheckScope
    day_from: date | None
    day_to: date | None
    chains: int
    entries: int
    broken: int
    breaks: list[BreakOut]
    started_at: datetime
    finished_at: datetime

    @classmethod
    def of(cls, check: m.AuditCheck) -> Self:
        plain = {name: getattr(check, name) for name in cls.model_fields if name != "breaks"}
        return cls(**plain, breaks=[BreakOut.of(each) for each in check.breaks])


class StandingOut(BaseModel):
    """`is_sound` is null until the log was checked whole once. Kept elsewhere, `sealed_digest` proves the log up to
    that day."""

    is_sound: bool | None
    is_overdue: bool
    checked_at: datetime | None
    checked_whole_at: datetime | None
    breaks: list[BreakOut]
    sealed_until: date | None
    sealed_digest: str | None

    @classmethod
    def of(cls, found: Standing) -> Self:
        return cls(
            is_sound=found.is_sound,
            is_overdue=found.is_overdue,
            checked_at=found.last.started_at if found.last else None,
            checked_whole_at=found.last_full.started_at if found.last_full else None,
            breaks=[BreakOut.of(each) for each in found.breaks],
            sealed_until=found.sealed.day if found.sealed else None,
            sealed_digest=found.sealed.digest.hex() if found.sealed else None,
        )


class DayOut(BaseModel):
    """A sealed day: what each chain came to, and the digest that follows the day before."""

    day: date
    chains: list[dict[str, Any]]
    prev_digest: str
    digest: str
    sealed_at: datetime

    @classmethod
    def all(cls, days: Sequence[m.AuditDay]) -> list[Self]:
        return [
            cls(
                day=each.day,
                chains=each.chains,
                prev_digest=each.prev_digest.hex(),
                digest=each.digest.hex(),
                sealed_at=each.sealed_at,
            )
            for each in days
        ]


class ExportIn(BaseModel):
    """Days of Hà Nội, both included."""

    model_config = ConfigDict(extra="forbid")

    day_from: date
    day_to: date


class ExportOut(BaseModel):
    """`done` of `entries` are written. `digest`: SHA-256 of the file; `broken`: how much in it does not hold."""

    id: UUID
    day_from: date
    day_to: date
    state: ExportState
    entries: int
    done: int
    broken: int | None
    size: int | None
    digest: str | None
    error: str | None
    requested_by: UUID
    requested_at: datetime
    made_at: datetime | None
    signed_by: UUID | None
    signed_at: datetime | None

    @classmethod
    def of(cls, export: m.AuditExport) -> Self:
        plain = {name: getattr(export, name) for name in cls.model_fields if name != "digest"}
        return cls(**plain, digest=export.digest.hex() if export.digest else None)

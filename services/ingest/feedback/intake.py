"""The one way in for what citizens report, and what their senders may do afterwards. Every door calls these.

How a door uses it:

    desk = desk_of(settings)                                       # cheap: files are read once per process
    opened = await open_report(session, desk, report, now=now)     # idempotent per (channel, external_id)
    view = await status(session, desk, reference)                  # without the code: how far it is, never what it says
    case_id = await admit(database, desk, reference, code, now=now)  # counts wrong codes in a transaction of its own
    view = await full_status(session, desk, case_id)               # with the code: all that the sender may see
    await reopen(session, desk, case_id, reason, now=now)
    await confirm_solved(session, desk, case_id, solved, now=now)

A code is told once, in `Opened.code`; it never stands in an address (send it in a body), a log or an event.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.models.enums import CaseState, Field, TextKind
from libs.common.models.feedback import ReportChannel
from services.ingest.feedback.desk import FeedbackDesk


@dataclass(frozen=True, slots=True)
class Contact:
    """Who may be answered. It is sealed at once, and lies nowhere but in `case_contacts`."""

    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.phone or self.email)


@dataclass(frozen=True, slots=True)
class NewReport:
    """What came in by a door, not masked yet. `external_id`: the door's own id of it, kept only as a keyed digest.

    `service_code`: one of the desk's catalogue (`desk.catalogue.services`); None: not said. `kind`, `topic` (a field):
    told by whoever knows better than the service does. `unit_code`: of the unit it is for, where the door knows.
    """

    title: str
    description: str
    channel: ReportChannel
    place_text: str | None = None
    lat: float | None = None
    lon: float | None = None
    service_code: str | None = None
    contact: Contact | None = field(default=None, repr=False)
    external_id: str | None = None
    media_urls: tuple[str, ...] = ()
    kind: TextKind | None = None
    topic: Field | None = None
    unit_code: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """`code`: given to the sender once; None where it was opened before, and where no key is set."""

    case_id: UUID
    reference: str
    code: str | None = field(repr=False)
    is_new: bool


@dataclass(frozen=True, slots=True)
class Update:
    """One step of a case as its sender sees it."""

    state: CaseState
    at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class CaseStatusView:
    """How far a case is. The second half is told only to whoever has the code; without it all of that is None."""

    reference: str
    state: CaseState
    service_code: str | None
    received_at: datetime
    updated_at: datetime
    expected_at: datetime | None
    """By when it is accepted, or once accepted dealt with, where there is a limit."""
    main_reference: str | None = None
    """Of the case into which this one was merged: what happens there is what is shown here."""
    subject: str | None = None
    description: str | None = None
    unit: str | None = None
    place: str | None = None
    updates: tuple[Update, ...] | None = None
    can_reopen: bool | None = None
    may_say_solved: bool | None = None
    """Answered, and the sender has not said yet whether it was solved."""
    is_solved: bool | None = None


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A report that may be the same: told before sending, so without a word of what it says."""

    case_id: UUID
    reference: str
    state: CaseState
    service_code: str | None
    unit: str | None
    received_at: datetime
    score: float
    """0..1: similarity of the texts' trigrams, unmarked."""


async def open_report(session: AsyncSession, desk: FeedbackDesk, report: NewReport, *, now: datetime) -> Opened:
    """Open a case: masked, routed, its clocks set, its contact sealed. Raises NotAccepted for a report without words,
    UnknownService for a code that is not in the catalogue, NoFeedbackKey for a contact that could not be sealed."""
    raise NotImplementedError


async def status(session: AsyncSession, desk: FeedbackDesk, reference: str) -> CaseStatusView:
    """What anybody who has the reference sees. Raises FeedbackNotFound."""
    raise NotImplementedError


async def admit(database: Database, desk: FeedbackDesk, reference: str, code: str, *, now: datetime) -> UUID:
    """The case whose code this is. Raises CodeNotAccepted (also for a reference that is not there), or CodeLocked
    after too many wrong ones. In a transaction of its own, because a wrong try counts although it is refused."""
    raise NotImplementedError


async def full_status(session: AsyncSession, desk: FeedbackDesk, case_id: UUID) -> CaseStatusView:
    """What the sender sees. Raises FeedbackNotFound."""
    raise NotImplementedError


async def updates(session: AsyncSession, case_id: UUID) -> tuple[Update, ...]:
    """The steps of a case with their public notes, oldest first; of a merged one its main case's too."""
    raise NotImplementedError


async def similar(session: AsyncSession, desk: FeedbackDesk, report: NewReport, *, now: datetime) -> list[SimilarCase]:
    """At most five recent open cases that may be the same, most alike first."""
    raise NotImplementedError


async def reopen(session: AsyncSession, desk: FeedbackDesk, case_id: UUID, reason: str, *, now: datetime) -> None:
    """By its sender. Raises NotPossibleNow where it is not finished, or was finished too long ago or too often."""
    raise NotImplementedError


async def confirm_solved(
    session: AsyncSession, desk: FeedbackDesk, case_id: UUID, solved: bool, *, now: datetime
) -> None:
    """The sender's word on whether it was solved; the last word counts. Raises NotPossibleNow before an answer."""
    raise NotImplementedError

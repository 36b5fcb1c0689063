"""The one way in for what citizens report, and what their senders may do afterwards. Every door calls these.

How a door uses it:

    desk = desk_of(settings)                                       # cheap: files are read once per process
    opened = await open_report(session, desk, report, now=now)     # idempotent per (channel, external_id)
    view = await status(session, desk, reference)                  # without the code: how far it is, never what it says
    case_id = await admit(database, desk, reference, code, now=now)  # counts wrong codes in a transaction of its own
    view = await full_status(session, desk, case_id, now=now)      # with the code: all that the sender may see
    await reopen(session, desk, case_id, reason, now=now)
    await confirm_solved(session, desk, case_id, solved, now=now)

A code is told once, in `Opened.code`; it never stands in an address (send it in a body), a log or an event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.models import CaseEvent, FeedbackCase, OrganizationUnit
from libs.common.models.enums import CaseState
from services.ingest.feedback import codes, lifecycle, queries, reading, sender_queries, steps
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.lifecycle import Action
from services.ingest.feedback.opening import codes_of, open_case, today
from services.ingest.feedback.problems import (
    CodeLocked,
    CodeNotAccepted,
    FeedbackNotFound,
    NoFeedbackKey,
    NotPossibleNow,
)
from services.ingest.feedback.reports import Contact as Contact
from services.ingest.feedback.reports import NewReport as NewReport
from services.ingest.feedback.steps import Step


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
    """0..1: how alike the words are."""


async def open_report(session: AsyncSession, desk: FeedbackDesk, report: NewReport, *, now: datetime) -> Opened:
    """Open a case: masked, routed, its clocks set, its contact sealed. Raises NotAccepted for a report without words or
    with a contact that is none, UnknownService for a code that the catalogue does not have, NoFeedbackKey for a contact
    that could not be sealed."""
    contact = reading.contact_of(report)
    if contact and desk.keys is None:
        raise NoFeedbackKey("Hãy đặt LANTOA_FEEDBACK__KEY (ít nhất 32 ký tự).")
    origins = reading.origins(report, desk)
    if origins and (known := await queries.find_by_origin(session, report.channel, origins)) is not None:
        return Opened(known.id, known.reference, None, is_new=False)
    case = reading.case_of(report, desk, await reading.ward_of(session, report, now))
    units = await queries.units_by_code(session, {*codes_of(case, desk), case.ward or ""}, today(now))
    opened = await open_case(session, desk, case, units, now=now)
    if not opened.is_new:  # the same report came in by another connection meanwhile
        return await open_report(session, desk, report, now=now)
    code = await _give_code(session, desk, opened.id)
    if contact and desk.keys is not None:
        vault = desk.keys.vault
        await sender_queries.add_contact(session, opened.id, vault.seal(opened.id, contact), vault.key_id)
    return Opened(opened.id, opened.reference, code, is_new=True)


async def _give_code(session: AsyncSession, desk: FeedbackDesk, case_id: UUID) -> str | None:
    if desk.keys is None:
        return None
    code, key = codes.new_code(), desk.keys.digests[0]
    await sender_queries.add_code(session, case_id, key.of_code(case_id, codes.normal(code) or ""), key.id)
    return code


# --- what is shown ------------------------------------------------------------------------------------------


async def status(session: AsyncSession, desk: FeedbackDesk, reference: str) -> CaseStatusView:
    """What anybody who has the reference sees. Raises FeedbackNotFound."""
    case = await queries.get_by_reference(session, reading.reference_of(reference))
    if case is None:
        raise FeedbackNotFound("Xin kiểm tra lại mã phản ánh, ví dụ PA-2026-000123.")
    return _coarse(case, await _main(session, case))


async def full_status(
    session: AsyncSession, desk: FeedbackDesk, case_id: UUID, *, now: datetime | None = None
) -> CaseStatusView:
    """What the sender sees; `now` None: whether it is too late to reopen is left open. Raises FeedbackNotFound."""
    case = await _require(session, case_id)
    main = await _main(session, case)
    unit = await session.get(OrganizationUnit, main.unit_id) if main.unit_id else None
    answered = main.state in (CaseState.ANSWERED, CaseState.CLOSED)
    return replace(
        _coarse(case, main),
        subject=case.subject,
        description=case.body,
        unit=unit.name if unit else None,
        place=case.place_told or case.place,
        updates=await updates(session, case_id),
        can_reopen=lifecycle.may_reopen(steps.standing(main), desk.clocks.limits, now),
        may_say_solved=answered and case.is_solved is None,
        is_solved=case.is_solved,
    )


async def updates(session: AsyncSession, case_id: UUID) -> tuple[Update, ...]:
    """The steps of a case with their public notes, oldest first; of a merged one its main case's too, from then on."""
    case = await _require(session, case_id)
    own = await queries.list_events(session, [case.id])
    if case.merged_into is None:
        return _shown(own)
    since = next((one.at for one in own if one.action == Action.MERGED), case.received_at)
    joined = [one for one in await queries.list_events(session, [case.merged_into]) if one.at >= since]
    return _shown([*own, *joined])


SHOWN = frozenset(Action) - {Action.RELABELLED, Action.ASKED, Action.SOLVED_TOLD, Action.URGENCY_CHANGED}


def _shown(events: Sequence[CaseEvent]) -> tuple[Update, ...]:
    told = (one for one in events if one.action in SHOWN or one.public_note)
    return tuple(Update(CaseState(one.state), one.at, one.public_note) for one in told)


def _coarse(case: FeedbackCase, main: FeedbackCase) -> CaseStatusView:
    return CaseStatusView(
        reference=case.reference,
        state=CaseState(main.state),
        service_code=case.service_code,
        received_at=case.received_at,
        updated_at=max(case.updated_at, main.updated_at),
        expected_at=lifecycle.expected_at(steps.standing(main)),
        main_reference=main.reference if main is not case else None,
    )


async def _require(session: AsyncSession, case_id: UUID) -> FeedbackCase:
    case = await queries.get_case(session, case_id)
    if case is None:
        raise FeedbackNotFound(f"Không có phản ánh {case_id}.")
    return case


async def _main(session: AsyncSession, case: FeedbackCase) -> FeedbackCase:
    """The case that it is dealt with under: itself, or the one it was merged into (never a merged one itself)."""
    return case if case.merged_into is None else await _require(session, case.merged_into)


async def similar(session: AsyncSession, desk: FeedbackDesk, report: NewReport, *, now: datetime) -> list[SimilarCase]:
    """At most five recent open cases that may be the same, most alike first."""
    ward = await reading.ward_of(session, report, now)
    case = reading.case_of(report, desk, ward)
    units = await queries.units_by_code(session, codes_of(case, desk), today(now))
    unit = next((units[code] for code in codes_of(case, desk) if code in units), None)
    rows = await sender_queries.list_similar(
        session,
        f"{case.title} {case.body}",
        since=now - timedelta(days=desk.clocks.limits.similar_days),
        service_code=case.service_code,
        unit_id=unit.id if unit else None,
        position=reading.position_of(report),
    )
    return [
        SimilarCase(row.id, row.reference, CaseState(row.state), row.service_code, row.unit, row.received_at, row.score)
        for row in rows
    ]


# --- what its sender may do ---------------------------------------------------------------------------------


async def admit(database: Database, desk: FeedbackDesk, reference: str, code: str, *, now: datetime) -> UUID:
    """The case whose code this is. Raises CodeNotAccepted (also for a reference that is not there), or CodeLocked
    after too many wrong ones. In a transaction of its own, because a wrong try counts although it is refused."""
    async with database.transaction() as session:
        outcome = await _try_code(session, desk, reading.reference_of(reference), code, now)
    if isinstance(outcome, UUID):
        return outcome
    raise outcome


async def _try_code(
    session: AsyncSession, desk: FeedbackDesk, reference: str, code: str, now: datetime
) -> UUID | CodeNotAccepted | CodeLocked:
    wrong = CodeNotAccepted("Xin kiểm tra lại cả hai mã đã được cấp khi gửi phản ánh.")
    kept = await sender_queries.lock_code(session, reference)
    if kept is None or desk.keys is None:
        return wrong
    if kept.locked_until is not None and now < kept.locked_until:
        wait = int((kept.locked_until - now).total_seconds()) + 1
        return CodeLocked("Xin thử lại sau ít phút.", retry_after=wait)
    if codes.fits(desk.keys.digests, kept.key_id, kept.case_id, code, kept.digest):
        kept.wrong_tries, kept.locked_until = 0, None
        return kept.case_id
    kept.wrong_tries += 1
    if kept.wrong_tries >= codes.MOST_TRIES:
        kept.wrong_tries, kept.locked_until = 0, now + codes.LOCKED_FOR
    return wrong


async def _locked_with_main(session: AsyncSession, case_id: UUID) -> tuple[FeedbackCase, FeedbackCase]:
    """A case and the one it is dealt with under (maybe itself), locked in the order in which a merge locks them: the
    main one first. Whoever merged it meanwhile is followed."""
    own = await _require(session, case_id)
    while True:
        main = await steps.require_locked(session, own.merged_into or own.id)
        if main.merged_into is None:
            own = main if main.id == case_id else await steps.require_locked(session, case_id)
            if own is main or own.merged_into == main.id:
                return own, main
        else:
            await session.refresh(own)


async def reopen(session: AsyncSession, desk: FeedbackDesk, case_id: UUID, reason: str, *, now: datetime) -> None:
    """By its sender. Raises NotPossibleNow where it is not finished, or was finished too long ago or too often.

    The reason is for those who deal with it: senders of duplicates read the same steps and not each other's words.
    """
    _, case = await _locked_with_main(session, case_id)
    if not lifecycle.may_reopen(steps.standing(case), desk.clocks.limits, now):
        limits = desk.clocks.limits
        raise NotPossibleNow(
            f"Có thể yêu cầu xử lý lại trong {limits.reopen_days} ngày sau khi có trả lời, "
            f"tối đa {limits.reopen_times} lần."
        )
    note = "Người gửi đề nghị xử lý lại."
    await steps.take(session, desk, case, Step(Action.REOPENED, public_note=note, internal_note=reason), now=now)


async def confirm_solved(
    session: AsyncSession, desk: FeedbackDesk, case_id: UUID, solved: bool, *, now: datetime
) -> None:
    """The sender's word on whether it was solved; the last word counts. Raises NotPossibleNow before an answer.

    A yes closes what was answered; a no leaves it to the sender whether to reopen it.
    """
    own, main = await _locked_with_main(session, case_id)
    if main.state not in (CaseState.ANSWERED, CaseState.CLOSED):
        raise NotPossibleNow("Phản ánh chưa được trả lời.")
    own.is_solved, own.ask_solved_at, own.updated_at = solved, None, now
    await session.flush()
    await steps.record(session, desk, own, Step(Action.SOLVED_TOLD), now=now)
    if solved and main is own and own.state == CaseState.ANSWERED:
        await steps.take(session, desk, own, Step(Action.CLOSED), now=now)

"""Pausing: one spokesperson stops everything that is scheduled; two let it go again, in the order it had."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.notifications import add_notification
from services.publish import approval_queries, pause_queries, queries
from services.publish.desk_problems import AlreadyPaused, NotSpeaking, PauseEnded, PauseNotFound, WordGiven
from services.publish.pause_queries import HeldRow
from services.publish.service.publications import SEES
from services.publish.service.tasks import open_publication_task

RESUMED_BY = 2


@dataclass(frozen=True)
class Held:
    """A publication that waits for the pause to end; `is_stale` where its time is long past."""

    publication_id: UUID
    unit_id: UUID
    title: str
    is_urgent: bool
    scheduled_at: datetime | None
    due_at: datetime
    is_due: bool
    is_stale: bool
    channels: int


@dataclass(frozen=True)
class Word:
    person_id: UUID
    name: str
    given_at: datetime


@dataclass(frozen=True)
class PauseView:
    """A pause, who agreed to its end, and what it holds in the order in which it will go out."""

    id: UUID
    unit_id: UUID | None
    reason: str
    paused_by: UUID
    paused_at: datetime
    resumed_at: datetime | None
    words: list[Word]
    words_missing: int
    held: list[Held]
    stale: int


async def pause(
    session: AsyncSession,
    unit_id: UUID | None,
    reason: str,
    who: Principal,
    now: datetime,
    stale_after: timedelta,
) -> PauseView:
    """From the answer on, nothing of the unit (of nobody, without a unit) is armed."""
    await _require_speaker(session, unit_id, who, now)
    begun = m.Pause(
        id=new_id(now), unit_id=unit_id, reason=reason, paused_by=who.person_id, paused_at=now, resumed_at=None
    )
    try:
        async with session.begin_nested():
            session.add(begun)
    except IntegrityError as error:
        if "uq_pauses_open" not in str(error.orig):
            raise
        raise AlreadyPaused("Hãy xem lệnh tạm dừng đang có hiệu lực.") from None
    await _audit(session, begun, "pause.begun", who, now)
    await _tell(session, begun, "pause_begun", f"Tạm dừng đăng tin: {reason}", now)
    return await view(session, begun, now, stale_after)


async def resume(
    session: AsyncSession, pause_id: UUID, who: Principal, now: datetime, stale_after: timedelta
) -> PauseView:
    """The first word shows what is stale and what will go out; the second ends the pause."""
    lasting = await _require_lasting(session, pause_id, who)
    await _require_speaker(session, lasting.unit_id, who, now)
    if any(word.person_id == who.person_id for word in await pause_queries.words_of(session, [pause_id])):
        raise WordGiven()
    session.add(m.PauseResumption(pause_id=pause_id, person_id=who.person_id, given_at=now))
    await session.flush()
    shown = await view(session, lasting, now, stale_after)
    if not shown.words_missing:
        await pause_queries.keep_order(session, lasting, now)  # deliveries before the audit log, as everybody
    await _ask_about_stale(session, shown.held, now)
    await _audit(session, lasting, "pause.resumption_agreed", who, now)
    if shown.words_missing:
        return shown
    lasting.resumed_at = now
    await session.flush()
    await _audit(session, lasting, "pause.ended", who, now)
    await _tell(session, lasting, "pause_ended", "Đăng tin trở lại, theo thứ tự đã lên lịch", now)
    return _as_ended(shown, now)


def _as_ended(shown: PauseView, now: datetime) -> PauseView:
    """What it held until now is what goes out now."""
    return PauseView(**{**shown.__dict__, "resumed_at": now})


async def view(session: AsyncSession, lasting: m.Pause, now: datetime, stale_after: timedelta) -> PauseView:
    words = await pause_queries.words_of(session, [lasting.id])
    names = await approval_queries.names_of(session, [word.person_id for word in words])
    valid = [word for word in words if await pause_queries.speaks(session, word.person_id, lasting.unit_id, now)]
    held = await held_by(session, lasting, now, stale_after) if lasting.resumed_at is None else []
    return PauseView(
        id=lasting.id,
        unit_id=lasting.unit_id,
        reason=lasting.reason,
        paused_by=lasting.paused_by,
        paused_at=lasting.paused_at,
        resumed_at=lasting.resumed_at,
        words=[Word(word.person_id, names.get(word.person_id, ""), word.given_at) for word in words],
        words_missing=max(RESUMED_BY - len(valid), 0) if lasting.resumed_at is None else 0,
        held=held,
        stale=sum(each.is_stale for each in held),
    )


async def held_by(session: AsyncSession, lasting: m.Pause, now: datetime, stale_after: timedelta) -> list[Held]:
    return [_held(row, now, stale_after) for row in await pause_queries.list_held(session, lasting)]


def _held(row: HeldRow, now: datetime, stale_after: timedelta) -> Held:
    due_at = row.scheduled_at or row.approved_at
    return Held(
        publication_id=row.publication_id,
        unit_id=row.unit_id,
        title=row.title,
        is_urgent=row.is_urgent,
        scheduled_at=row.scheduled_at,
        due_at=due_at,
        is_due=due_at <= now,
        is_stale=due_at <= now - stale_after,
        channels=row.channels,
    )


async def require_pause(session: AsyncSession, pause_id: UUID, who: Principal) -> m.Pause:
    return _seen(await session.get(m.Pause, pause_id), pause_id, who)


async def _require_lasting(session: AsyncSession, pause_id: UUID, who: Principal) -> m.Pause:
    lasting = _seen(await pause_queries.lock_pause(session, pause_id), pause_id, who)
    if lasting.resumed_at is not None:
        raise PauseEnded(f"Đã kết thúc lúc {lasting.resumed_at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}.")
    return lasting


def _seen(found: m.Pause | None, pause_id: UUID, who: Principal) -> m.Pause:
    if found is None or (found.unit_id is not None and found.unit_id not in who.units(*SEES)):
        raise PauseNotFound(f"Không có lệnh tạm dừng {pause_id} trong đơn vị của bạn.")
    return found


async def _require_speaker(session: AsyncSession, unit_id: UUID | None, who: Principal, now: datetime) -> None:
    if not await pause_queries.speaks(session, who.person_id, unit_id, now):
        raise NotSpeaking()


async def _ask_about_stale(session: AsyncSession, held: Iterable[Held], now: datetime) -> None:
    for each in held:
        publication = await queries.get_publication(session, each.publication_id) if each.is_stale else None
        if publication is not None:
            at = f"{each.due_at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"
            title = f"Tin giữ lại đã quá giờ đăng ({at}): hãy xem còn đúng không, hủy nếu không còn"
            await open_publication_task(session, "stale_publication", publication, title, now)


async def _tell(session: AsyncSession, about: m.Pause, kind: str, subject: str, now: datetime) -> None:
    """The editors of the unit; of every unit, where all are paused."""
    for unit_id in await _units_of(session, about, now):
        values = {
            "id": new_id(now),
            "kind": kind,
            "role": Role.EDITOR,
            "unit_id": unit_id,
            "object_type": "pause",
            "object_id": about.id,
            "subject": subject,
            "body": f"Lý do tạm dừng: {about.reason}",
            "dedupe": f"{kind}:{about.id}:{unit_id}",
            "created_at": now,
            "sent_at": None,
        }
        await add_notification(session, values)


async def _units_of(session: AsyncSession, about: m.Pause, now: datetime) -> Sequence[UUID]:
    return [about.unit_id] if about.unit_id else await approval_queries.units_with(session, Role.EDITOR, now)


async def _audit(session: AsyncSession, about: m.Pause, action: str, who: Principal, now: datetime) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="pause",
        object_id=about.id,
        now=now,
        facts={"unit_id": str(about.unit_id) if about.unit_id else None},
    )

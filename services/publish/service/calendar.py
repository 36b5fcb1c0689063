"""The calendar of publications: what stands where, and moving it, which is an edit like any other."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.models.enums import PublicationState, Role
from libs.common.pagination import PageRequest
from services.publish import calendar_queries as queries
from services.publish import plans_problems as wrong
from services.publish.calendar_queries import Asked
from services.publish.calendar_rules import LONGEST, Entry, Hint, hints
from services.publish.queries import approvals_of, deliveries_of
from services.publish.resources import PublishResources
from services.publish.service import plans, publications
from services.publish.service.publications import SEES

MOVES = (Role.EDITOR, Role.SPOKESPERSON)
"""Who may edit may move."""
MOST = 2000
"""Items of one file; a calendar of more is exported in parts."""


def asked_for(
    who: Principal,
    since: datetime,
    until: datetime,
    unit_id: UUID | None = None,
    campaign_id: UUID | None = None,
    channel_id: UUID | None = None,
    states: Iterable[PublicationState] = (),
) -> Asked:
    """The question, for whoever asks it: one's own units, and at most a quarter."""
    mine = who.units(*SEES)
    if unit_id is not None and unit_id not in mine:
        raise wrong.NotOfUnit("Lịch chỉ xem được trong các đơn vị mà bạn có vai trò.")
    if until <= since:
        raise wrong.CalendarRangeRefused("“to” phải sau “from”.")
    if until - since > LONGEST:
        raise wrong.CalendarRangeRefused(f"Mỗi lần xem nhiều nhất {LONGEST.days} ngày: hãy chia thành nhiều khoảng.")
    units = frozenset({unit_id}) if unit_id is not None else frozenset(mine)
    return Asked(units, since, until, campaign_id, channel_id, frozenset(states))


async def list_entries(session: AsyncSession, asked: Asked, page: PageRequest) -> list[Entry]:
    """`limit + 1` entries in time order, each with its hints."""
    entries = await queries.list_entries(session, asked, page.limit + 1, page.after)
    return await _with_hints(session, entries, asked.units)


async def all_entries(session: AsyncSession, asked: Asked) -> list[Entry]:
    """For a file: everything at once, or a refusal."""
    entries = await queries.list_entries(session, asked, MOST + 1)
    if len(entries) > MOST:
        raise wrong.ExportTooLong(f"Một tệp có nhiều nhất {MOST} mục: hãy chọn khoảng ngắn hơn hoặc lọc theo kênh.")
    return await _with_hints(session, entries, asked.units)


async def _with_hints(session: AsyncSession, entries: list[Entry], units: Iterable[UUID]) -> list[Entry]:
    found = hints(entries, await queries.neighbours_of(session, entries, units))
    return [replace(entry, conflicts=found.get(entry.publication_id, ())) for entry in entries]


# --- moving -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Voided:
    """What an edit takes away: approvals of the revision, and deliveries that waited for their time."""

    approvals: int
    deliveries: int


@dataclass(frozen=True)
class Moved:
    publication_id: UUID
    is_preview: bool
    is_changed: bool
    state: PublicationState
    revision: int
    scheduled_at: datetime
    state_before: PublicationState
    revision_before: int
    scheduled_before: datetime | None
    voided: Voided
    conflicts: tuple[Hint, ...]

    @property
    def message(self) -> str:
        at = f"{self.scheduled_at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"
        if not self.is_changed:
            return f"Tin đã ở đúng giờ {at}; không có gì thay đổi."
        done = "Nếu dời, tin sẽ" if self.is_preview else "Đã dời: tin"
        if self.voided.approvals:
            lost = f"{self.voided.approvals} lượt duyệt của bản {self.revision_before} mất hiệu lực"
            return f"{done} đăng lúc {at}; {lost}. Bản {self.revision} là bản nháp: hãy gửi duyệt lại."
        if self.state_before is PublicationState.IN_REVIEW:
            return f"{done} đăng lúc {at} và rời hàng chờ duyệt. Bản {self.revision} là bản nháp: hãy gửi duyệt lại."
        return f"{done} đăng lúc {at}, ở bản {self.revision}."


async def move_publication(
    session: AsyncSession,
    publication_id: UUID,
    scheduled_at: datetime,
    revision: int,
    who: Principal,
    now: datetime,
    res: PublishResources,
    *,
    is_preview: bool = False,
) -> Moved:
    """An edit of the time alone. A preview is the same edit, taken back: it tells and refuses what the move would."""
    if scheduled_at <= now:
        raise wrong.TimeHasPassed(
            f"Bây giờ là {now.astimezone(HANOI):%H:%M ngày %d/%m/%Y} (giờ Hà Nội): hãy chọn giờ sau đó, "
            "hoặc bỏ giờ hẹn để đăng ngay khi được duyệt."
        )
    async with session.begin_nested() as trial:
        moved = await _move(session, publication_id, scheduled_at, revision, who, now, res, is_preview=is_preview)
        if is_preview:
            await trial.rollback()
    return moved


async def _move(
    session: AsyncSession,
    publication_id: UUID,
    scheduled_at: datetime,
    revision: int,
    who: Principal,
    now: datetime,
    res: PublishResources,
    *,
    is_preview: bool,
) -> Moved:
    before = await publications.require_locked(session, publication_id, who)
    state, seen, at = PublicationState(before.state), before.revision, before.scheduled_at
    voided = Voided(len(await approvals_of(session, before)), len(await deliveries_of(session, publication_id)))
    fields = {"scheduled_at": scheduled_at, "revision": revision}
    after = await publications.edit_publication(session, publication_id, fields, who, now, res)
    is_changed = after.revision != seen
    if is_changed:
        await _record(session, after, at, who, now)
    return Moved(
        publication_id=publication_id,
        is_preview=is_preview,
        is_changed=is_changed,
        state=PublicationState(after.state),
        revision=after.revision,
        scheduled_at=scheduled_at,
        state_before=state,
        revision_before=seen,
        scheduled_before=at,
        voided=voided if is_changed else Voided(0, 0),
        conflicts=await _hints_at(session, publication_id),
    )


async def _hints_at(session: AsyncSession, publication_id: UUID) -> tuple[Hint, ...]:
    """What is worth a look at the new time."""
    await session.flush()
    entry = await queries.get_entry(session, publication_id)
    if entry is None:
        return ()
    return (await _with_hints(session, [entry], {entry.unit_id}))[0].conflicts


async def _record(
    session: AsyncSession, publication: m.Publication, was: datetime | None, who: Principal, now: datetime
) -> None:
    facts = {"revision": publication.revision, "from": _told(was), "to": _told(publication.scheduled_at)}
    await plans.record(session, "publication", publication.id, "publication.rescheduled", who, now, facts)


def _told(at: datetime | None) -> str | None:
    return at.isoformat() if at else None

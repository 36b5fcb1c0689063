"""The nightly check: the day before is sealed and its chains walked, once a week all there are; what breaks is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit_days
from libs.common import models as m
from libs.common.audit import Break, Chain, Fault
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.models.inspection import CheckScope
from libs.common.notifications import add_notification
from services.reports.audit_views import domain, queries
from services.reports.audit_views.domain import Rhythm, local_day

TOLD = (Role.AUDITOR, Role.ADMIN)
NAMED = 100
"""Breaks that a check names; it counts them all."""
FAULTS: Mapping[Fault, str] = {
    Fault.GAP: "thiếu dòng ngay trước dòng này",
    Fault.UNLINKED: "không nối tiếp dòng trước nó",
    Fault.CHANGED: "đã bị sửa sau khi ghi",
    Fault.CUT: "các dòng từ đây đã bị xóa sau khi niêm phong",
    Fault.ADDED: "các dòng từ đây được thêm sau khi niêm phong",
    Fault.DAY_BROKEN: "ngày niêm phong bị sửa hoặc bị thiếu",
}


@dataclass(frozen=True)
class Standing:
    """What is known of the log now."""

    last: m.AuditCheck | None
    last_full: m.AuditCheck | None
    breaks: Sequence[dict[str, Any]]
    """Found by the last full check or since."""
    sealed: m.AuditDay | None
    is_overdue: bool
    age: timedelta
    """Since the last check; since the first entry where there was none."""

    @property
    def is_sound(self) -> bool | None:
        """None where the log was never checked whole."""
        return None if self.last_full is None else not self.breaks


async def standing(session: AsyncSession, rhythm: Rhythm, now: datetime) -> Standing:
    last, last_full = await queries.last_check(session), await queries.last_check(session, CheckScope.FULL)
    first = await queries.first_entry_at(session) if last is None else None
    reference = _begun(last) or first
    return Standing(
        last=last,
        last_full=last_full,
        breaks=domain.open_breaks([check.breaks for check in await queries.checks_since(session, last_full)]),
        sealed=await audit_days.last_day(session),
        is_overdue=domain.is_overdue(rhythm, _begun(last), first, now),
        age=now - reference if reference is not None else timedelta(0),
    )


def _begun(check: m.AuditCheck | None) -> datetime | None:
    return check.started_at if check is not None else None


async def check_when_due(db: Database, rhythm: Rhythm, clock: Clock) -> m.AuditCheck | None:
    """One check a day, however many workers ask; None where none is due or another makes it."""
    async with db.transaction() as held:
        if not await queries.is_mine(held):
            return None
        last, last_full = await queries.last_check(held), await queries.last_check(held, CheckScope.FULL)
        scope = domain.due_scope(rhythm, _begun(last), _begun(last_full), clock.now())
        if scope is None:
            return None
        async with db.transaction() as session:
            _ = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            check = await _check(session, scope, clock)
            if check.broken:
                await _tell_broken(session, check)
    return check


async def _check(session: AsyncSession, scope: CheckScope, clock: Clock) -> m.AuditCheck:
    started = clock.now()
    yesterday = local_day(started) - audit_days.DAY
    since = await audit_days.first_unsealed(session) if scope is CheckScope.DAILY else None
    until = yesterday if scope is CheckScope.DAILY else None
    await audit_days.seal(session, yesterday, started)
    breaks = [found async for found in audit_days.verify_days(session)]
    days: list[date] = []
    chains = entries = 0
    async for found in audit_days.verify_log(session, min(since, yesterday) if since else since, until):
        days.append(found.day)
        if isinstance(found, Chain):
            chains, entries = chains + 1, entries + found.entries
        else:
            breaks.append(found)
    check = m.AuditCheck(
        id=new_id(started),
        scope=scope.value,
        day_from=min(days, default=None),
        day_to=max(days, default=None),
        chains=chains,
        entries=entries,
        broken=len(breaks),
        breaks=[told(each) for each in breaks[:NAMED]],
        started_at=started,
        finished_at=clock.now(),
    )
    session.add(check)
    await session.flush()
    return check


def told(found: Break) -> dict[str, Any]:
    """A break as it is kept and shown."""
    return {
        "service": found.service,
        "day": str(found.day),
        "seq": found.seq,
        "entry_id": str(found.entry_id) if found.entry_id else None,
        "fault": found.fault.value,
        "why": found.why,
    }


# --- telling ------------------------------------------------------------------------------------------------


async def tell_when_overdue(session: AsyncSession, found: Standing, now: datetime) -> None:
    """Once a day, while the log is not checked."""
    if not found.is_overdue:
        return
    hours = int(found.age.total_seconds() // 3600)
    subject = f"Nhật ký kiểm toán chưa được kiểm tra từ {hours} giờ"
    body = (
        f"{subject}.\n\nViệc kiểm tra hằng đêm không chạy được. Hãy báo người vận hành xem tiến trình reports-worker, "
        "hoặc chạy: lantoa audit verify"
    )
    await _tell(session, "audit_unverified", f"{local_day(now)}", subject, body, found.last, now)


async def _tell_broken(session: AsyncSession, check: m.AuditCheck) -> None:
    lines = [f"- {where(each)}: {FAULTS[Fault(each['fault'])]}" for each in check.breaks[:10]]
    subject = f"Nhật ký kiểm toán: {check.broken} chuỗi không nguyên vẹn"
    body = (
        f"{subject}.\n\n" + "\n".join(lines) + "\n\nKhông ai có thể sửa lại nhật ký. Hãy giữ nguyên máy chủ cơ sở dữ "
        "liệu, trích xuất những ngày có lỗi và so với bản sao lưu."
    )
    await _tell(session, "audit_broken", str(check.id), subject, body, check, check.finished_at)


def where(found: dict[str, Any]) -> str:
    """Which row, in the words of a letter."""
    if found["service"] is None:
        return f"ngày niêm phong {found['day']}"
    return f"{found['service']}, ngày {found['day']}, dòng {found['seq']} ({found['entry_id'] or 'không còn'})"


async def _tell(
    session: AsyncSession, kind: str, key: str, subject: str, body: str, check: m.AuditCheck | None, now: datetime
) -> None:
    for role in TOLD:
        values = {
            "id": new_id(now),
            "kind": kind,
            "role": role.value,
            "unit_id": None,
            "object_type": "audit_check",
            "object_id": check.id if check is not None else new_id(now),
            "subject": subject,
            "body": body,
            "level": 0,
            "dedupe": f"{kind}:{key}:{role.value}",
            "created_at": now,
            "sent_at": None,
        }
        await add_notification(session, values)

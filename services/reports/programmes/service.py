"""What people do in the register: load a programme, say how far a row is, set what shows it."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models import Assignment, AssignmentProgress, OrganizationUnit, Programme
from libs.common.models.enums import AssignmentState, ProgrammeState
from libs.common.programme_evidence import EvidenceRule
from libs.common.programme_file import ProgrammeFile
from libs.common.programme_store import find_owner, store_programme
from libs.common.units import load_stored_register
from services.reports.programmes import problems as wrong
from services.reports.programmes import queries
from services.reports.programmes.importing.grid import FileRefused
from services.reports.programmes.importing.reading import FileRead, Given, read_file
from services.reports.programmes.views import REPORTS, RowView, is_keeper, leads_of, row_view, today_of, unit_ids

SOURCE = "reports"


async def read_apart(data: bytes, given: Given, now: datetime) -> FileRead:
    """On a thread, and outside of any transaction: it is work, and the file is a stranger's."""
    try:
        return await asyncio.to_thread(read_file, data, given, today_of(now))
    except FileRefused as error:
        raise wrong.AnnexNotReadable(str(error)) from error


def require_whole(read: FileRead) -> ProgrammeFile:
    """The programme of a file that has no error."""
    if read.programme is None or read.errors:
        errors = [{"where": each.where, "row_no": each.row_no, "detail": each.text} for each in read.errors]
        raise wrong.AnnexRefused("Hãy sửa các chỗ dưới đây rồi gửi lại tệp.", errors=errors)
    return read.programme


async def import_programme(
    session: AsyncSession, spec: ProgrammeFile, *, replace: bool, now: datetime, who: Principal | None = None
) -> Programme:
    """Store what a file says. `who`: None is the operator at the machine itself; by HTTP, a keeper of the owner."""
    owner = await find_owner(session, spec.owner_unit)
    if owner is None:
        text = f"owner_unit: không có đơn vị nào mang mã {spec.owner_unit}."
        raise wrong.AnnexRefused(text, errors=[{"where": "owner_unit", "detail": text}])
    known = await queries.programme_of_number(session, spec.number)
    if who is not None:
        await _require_keeper(session, owner, who, now)
        await _require_keeper_of(session, known, who, now)
    if known is not None and not replace:
        raise wrong.ProgrammeExists(f"{spec.number}; hãy gửi lại với replace=true để thay nội dung và giữ tiến độ.")
    programme = await store_programme(session, spec, now=now, replace=replace)
    facts = {"rows": len(list(spec.numbered_rows())), "replace": replace}
    await _note(session, "programme.imported", who, ("programme", programme.id), now, facts)
    return programme


async def set_state(
    session: AsyncSession, programme_id: UUID, state: ProgrammeState, who: Principal, now: datetime
) -> Programme:
    """A draft is not started; a running one may be late; an ended one raises nothing any more."""
    found = await queries.get_programme(session, programme_id)
    if found is None:
        raise wrong.ProgrammeNotFound(f"Mã chương trình: {programme_id}.")
    programme, owner = found
    await _require_keeper(session, owner, who, now)
    facts = {"from": programme.state, "to": state.value}
    programme.state = state.value
    await _note(session, "programme.state_set", who, ("programme", programme.id), now, facts)
    return programme


async def set_rules(
    session: AsyncSession, assignment_id: UUID, given: tuple[EvidenceRule, ...], who: Principal, now: datetime
) -> Assignment:
    row, programme = await require_assignment(session, assignment_id)
    found = await queries.get_programme(session, programme.id)
    await _require_keeper(session, found[1] if found else None, who, now)
    row.evidence = [rule.stored() for rule in given]
    facts = {"kinds": sorted({rule.kind.value for rule in given}), "rules": len(given)}
    await _note(session, "assignment.rules_set", who, ("assignment", row.id), now, facts)
    return row


@dataclass(frozen=True)
class Said:
    """What a person of the lead unit says of a row. `version`: the newest one they had seen, where they say."""

    state: AssignmentState
    percent: int | None
    note: str
    version: int | None = None


async def report_progress(
    session: AsyncSession, assignment_id: UUID, said: Said, who: Principal, now: datetime
) -> AssignmentProgress:
    """Added to the row's history, and what the row shows from now on."""
    row, programme = await require_assignment(session, assignment_id)
    await require_of_lead(session, row, programme, who, now)
    if row.withdrawn_at is not None or programme.state == ProgrammeState.DRAFT:
        raise wrong.ProgressNotPossible("Dòng này không còn trong phụ lục, hoặc chương trình chưa bắt đầu.")
    await queries.lock_assignment(session, row.id)
    version = await queries.last_version(session, row.id)
    if said.version is not None and said.version != version:
        raise wrong.ProgressChanged(f"Bản mới nhất là {version}; hãy xem lại rồi ghi.")
    percent = 100 if said.state is AssignmentState.DONE else said.percent
    told = AssignmentProgress(
        id=new_id(now),
        assignment_id=row.id,
        version=version + 1,
        state=said.state.value,
        percent=percent,
        note=said.note,
        reported_by=who.person_id,
        reported_at=now,
    )
    session.add(told)
    row.state, row.percent = said.state.value, percent
    await session.flush()
    facts = {"version": told.version, "state": told.state, "percent": percent}
    await _note(session, "assignment.progress", who, ("assignment", row.id), now, facts)
    return told


async def require_assignment(session: AsyncSession, assignment_id: UUID) -> tuple[Assignment, Programme]:
    found = await queries.get_assignment(session, assignment_id)
    if found is None:
        raise wrong.AssignmentNotFound(f"Mã dòng: {assignment_id}.")
    return found[0], found[1]


async def require_row(session: AsyncSession, assignment_id: UUID, now: datetime) -> RowView:
    row, programme = await require_assignment(session, assignment_id)
    latest = await queries.latest_progress(session, programme.id)
    return row_view(programme, row, latest.get(row.id), await load_stored_register(session), today_of(now))


async def require_of_lead(
    session: AsyncSession, row: Assignment, programme: Programme, who: Principal, now: datetime
) -> None:
    """Someone of a unit that leads the row today; where the annex names no known unit, a keeper of the programme."""
    today: date = today_of(now)
    register = await load_stored_register(session)
    leads = await unit_ids(session, leads_of(row.lead, row.lead_unit_code, today, register), today)
    if any(who.has_within(unit, *REPORTS) for unit in leads):
        return
    found = await queries.get_programme(session, programme.id)
    if leads or not await is_keeper(session, found[1] if found else None, who, now):
        raise wrong.NotOfLeadUnit(f"Đơn vị chủ trì: {row.lead or 'chưa rõ'}.")


async def _require_keeper(session: AsyncSession, owner: OrganizationUnit | None, who: Principal, now: datetime) -> None:
    if not await is_keeper(session, owner, who, now):
        raise wrong.NotProgrammeKeeper(f"Đơn vị chủ quản: {owner.name if owner else 'chưa rõ'}.")


async def _require_keeper_of(session: AsyncSession, known: Programme | None, who: Principal, now: datetime) -> None:
    """A programme that is there is not taken over by naming another owner."""
    if known is not None and (found := await queries.get_programme(session, known.id)) is not None:
        await _require_keeper(session, found[1], who, now)


async def _note(
    session: AsyncSession,
    action: str,
    who: Principal | None,
    of: tuple[str, UUID],
    now: datetime,
    facts: dict[str, Any],
) -> None:
    await audit.append(
        session,
        service=SOURCE,
        action=action,
        actor_id=who.person_id if who else None,
        object_type=of[0],
        object_id=of[1],
        now=now,
        facts=facts,
    )

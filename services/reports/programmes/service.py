"""Use cases of the register of programmes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.clock import HANOI
from libs.common.models import Assignment, OrganizationUnit, Programme
from libs.common.programme_file import ProgrammeFile
from libs.common.programme_store import store_programme
from services.reports.programmes import queries, rules
from services.reports.programmes.problems import ProgrammeNotFound

SOURCE = "reports"


@dataclass(frozen=True)
class ProgrammeView:
    programme: Programme
    owner: OrganizationUnit | None
    rows: list[tuple[Assignment, bool]]


async def require_programme(session: AsyncSession, programme_id: UUID, now: datetime) -> ProgrammeView:
    """A programme with its rows, each with whether it is overdue."""
    found = await queries.get_programme(session, programme_id)
    if found is None:
        raise ProgrammeNotFound(f"Mã chương trình: {programme_id}.")
    programme, owner = found
    rows = await queries.assignments(session, programme_id)
    return ProgrammeView(programme, owner, [(row, _is_overdue(programme, row, now)) for row in rows])


def _is_overdue(programme: Programme, row: Assignment, now: datetime) -> bool:
    return rules.is_overdue(
        programme_state=programme.state,
        period_to=programme.period_to,
        row_state=row.state,
        today=now.astimezone(HANOI).date(),
    )


async def import_programme(session: AsyncSession, spec: ProgrammeFile, *, replace: bool, now: datetime) -> Programme:
    programme = await store_programme(session, spec, now=now, replace=replace)
    facts = {"rows": len(list(spec.numbered_rows())), "replace": replace}
    await audit.append(
        session,
        service=SOURCE,
        action="programme.imported",
        actor_id=None,
        object_type="programme",
        object_id=programme.id,
        now=now,
        facts=facts,
    )
    return programme

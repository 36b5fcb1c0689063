"""Whose front page it is: of which units somebody sees what. The desks that own the rows judge the same."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import libs.common
from libs.common.auth import Principal
from libs.common.models import OrganizationUnit
from libs.common.models.enums import Role, UnitKind
from services.reports.issuing.access import READERS

CASE_READERS = (Role.FEEDBACK_OFFICER, Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)
"""Who reads reports of citizens one by one."""
ROUTES = Path(libs.common.__file__).parent / "data" / "routes.yaml"


@dataclass(frozen=True)
class Sight:
    """`units`: in which the caller works; drafts, tasks and take-downs are seen in exactly these. `desks`: those of
    them that pass reports of citizens on, and so see all. `codes`: of the caller's units, as places are named by."""

    who: Principal
    units: frozenset[UUID]
    desks: frozenset[UUID]
    codes: frozenset[str]
    is_city: bool

    def cases_of(self, *roles: Role) -> frozenset[UUID] | None:
        """Whose reports of citizens somebody sees who holds these roles: of these units, or of all (None)."""
        units = self.who.units(*roles)
        return None if units & self.desks else frozenset(units)


async def sight_of(session: AsyncSession, who: Principal) -> Sight:
    unit = OrganizationUnit
    units = frozenset(who.units(*READERS))
    rows = (await session.execute(select(unit.id, unit.code, unit.kind).where(unit.id.in_(units)))).all()
    desks = {unit_id for unit_id, code, kind in rows if kind == UnitKind.CITY or code == duty_desk()}
    is_city = any(kind == UnitKind.CITY for _, _, kind in rows)
    return Sight(who, units, frozenset(desks), frozenset(code for _, code, _ in rows), is_city)


@cache
def duty_desk() -> str:
    """Code of the unit that reports of citizens go to which fit nobody else."""
    routes: dict[str, Any] = yaml.safe_load(ROUTES.read_text(encoding="utf-8"))
    return str(routes["duty_desk"])

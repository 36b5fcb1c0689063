"""What every installation starts from: the units with their names, the programmes and alert rules that are shipped, and
the schedule of the daily brief.

Safe to run again: units and names are brought up to the shipped lists, a programme or rule that is there is left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.models.sending import Cadence, SentForm
from libs.common.programme_file import PROGRAMMES_DIR, read_programme
from libs.common.programme_store import store_programme
from libs.common.text import fold
from libs.common.units import (
    BEFORE_RECORDS,
    CITY_CODE,
    Alias,
    Unit,
    load_aliases,
    load_units,
)

ALERT_RULES = Path(__file__).parent / "data" / "alert_rules.yaml"
_TOLD_BY_DEFAULT: dict[str, Any] = {
    "quiet_from": None,
    "quiet_to": None,
    "breaks_quiet": "urgent",
    "escalation": [],
    "is_enabled": True,
}


@dataclass(frozen=True)
class Seeded:
    units: int
    aliases: int
    programmes: int
    alert_rules: int
    """New ones."""


async def seed(session: AsyncSession, now: datetime) -> Seeded:
    """Load the shipped units, names and programmes; needs the role that owns the schema."""
    units, aliases = load_units(), load_aliases()
    unit_ids = await seed_units(session, units, now)
    await seed_aliases(session, aliases, unit_ids, now)
    files = sorted(PROGRAMMES_DIR.glob("*.yaml"))
    for path in files:
        await store_programme(session, read_programme(path), now=now)
    rules = await seed_alert_rules(session, now)
    await seed_report_schedule(session, unit_ids[CITY_CODE], now)
    return Seeded(len(unit_ids), len(aliases), len(files), rules)


async def seed_alert_rules(session: AsyncSession, now: datetime) -> int:
    """Add the shipped rules that are not there; the city owns them. How many were added."""
    given = yaml.safe_load(ALERT_RULES.read_text(encoding="utf-8"))["rules"]
    made: dict[str, Any] = {"id": None, "created_at": now, "updated_at": now, **_TOLD_BY_DEFAULT}
    rows = [{**made, **rule, "id": new_id(now), "kind": rule["condition"]["kind"]} for rule in given]
    statement = insert(m.AlertRule).values(rows).on_conflict_do_nothing(index_elements=["slug"])
    return len((await session.scalars(statement.returning(m.AlertRule.id))).all())


async def seed_report_schedule(session: AsyncSession, city_id: UUID, now: datetime) -> None:
    """The daily brief, on and without recipients, where no schedule is there yet; the city owns it."""
    if await session.scalar(select(m.ReportSchedule.id).limit(1)) is not None:
        return
    brief = m.ReportSchedule(
        id=new_id(now),
        title="Tin nhanh trong ngày",
        kind="daily",
        unit_id=city_id,
        cadence=Cadence.DAILY.value,
        form=SentForm.PDF.value,
        filing="Lưu: VT",
        on_since=now,
        version=1,
        created_at=now,
        updated_at=now,
    )
    session.add(brief)
    await session.flush()


async def seed_units(session: AsyncSession, units: Sequence[Unit], now: datetime) -> dict[str, UUID]:
    """Insert or correct the units, the city first; the id of each code."""
    city = [unit for unit in units if unit.code == CITY_CODE]
    ids = await _upsert_units(session, city, None, now)
    parts = [unit for unit in units if unit.code != CITY_CODE]
    return ids | await _upsert_units(session, parts, ids.get(CITY_CODE), now)


async def _upsert_units(
    session: AsyncSession, units: Sequence[Unit], parent_id: UUID | None, now: datetime
) -> dict[str, UUID]:
    if not units:
        return {}
    statement = insert(m.OrganizationUnit).values([_unit_values(unit, parent_id, now) for unit in units])
    corrected = {
        name: statement.excluded[name] for name in ("kind", "name", "name_folded", "parent_id", "valid_to", "source")
    }
    rows = await session.execute(
        statement.on_conflict_do_update(index_elements=["code", "valid_from"], set_=corrected).returning(
            m.OrganizationUnit.code, m.OrganizationUnit.id
        )
    )
    return dict(rows.all())


def _unit_values(unit: Unit, parent_id: UUID | None, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(now),
        "code": unit.code,
        "kind": unit.kind,
        "name": unit.name,
        "name_folded": fold(unit.name),
        "parent_id": parent_id,
        "valid_from": unit.valid_from or BEFORE_RECORDS,
        "valid_to": unit.valid_to,
        "source": unit.source,
    }


async def seed_aliases(
    session: AsyncSession,
    aliases: Sequence[Alias],
    unit_ids: dict[str, UUID],
    now: datetime,
) -> None:
    statement = insert(m.UnitAlias).values([_alias_values(alias, unit_ids, now) for alias in aliases])
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["alias_folded", "unit_id", "valid_from"],
            set_={name: statement.excluded[name] for name in ("alias", "valid_to", "source")},
        )
    )


def _alias_values(alias: Alias, unit_ids: dict[str, UUID], now: datetime) -> dict[str, Any]:
    first: date = alias.valid_from or BEFORE_RECORDS
    return {
        "id": new_id(now),
        "alias": alias.alias,
        "alias_folded": fold(alias.alias),
        "unit_id": unit_ids[alias.unit_code],
        "valid_from": first,
        "valid_to": alias.valid_to,
        "source": alias.source,
    }


class UnknownUnitCode(ValueError):
    """No unit that is there today has this code."""


async def seed_person(
    session: AsyncSession, subject: str, name: str, roles: Sequence[Role], now: datetime, unit_code: str = CITY_CODE
) -> bool:
    """A person of a unit with these roles; False where this `sub` is known already, and nothing is changed."""
    if await session.scalar(select(m.Person.id).where(m.Person.subject == subject)) is not None:
        return False
    there = or_(m.OrganizationUnit.valid_to.is_(None), m.OrganizationUnit.valid_to >= now.astimezone(HANOI).date())
    of_code = select(m.OrganizationUnit.id).where(m.OrganizationUnit.code == unit_code, there)
    unit = await session.scalar(of_code.order_by(m.OrganizationUnit.valid_from.desc()).limit(1))
    if unit is None:
        raise UnknownUnitCode(unit_code)
    person = {"id": new_id(now), "subject": subject, "display_name": name, "unit_id": unit, "created_at": now}
    await session.execute(insert(m.Person).values(person))
    grants = [
        {"id": new_id(now), "person_id": person["id"], "role": role, "unit_id": unit, "valid_from": now}
        for role in roles
    ]
    await session.execute(insert(m.RoleGrant).values(grants))
    return True

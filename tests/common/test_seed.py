"""What every installation starts from, and that starting twice changes nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.seed import seed
from libs.common.testing.plugin import NOON

COUNTED = (m.OrganizationUnit, m.UnitAlias, m.Programme, m.Assignment, m.ReportSchedule)


async def counts(session: AsyncSession) -> list[int]:
    return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in COUNTED]


@pytest.mark.mission("M35")
async def test_seed_brings_the_units_of_today_and_of_before(session: AsyncSession) -> None:
    done = await seed(session, NOON)
    kinds = await session.execute(
        select(m.OrganizationUnit.kind, func.count(), func.count(m.OrganizationUnit.valid_to)).group_by(
            m.OrganizationUnit.kind
        )
    )
    found = {kind: (total, ended) for kind, total, ended in kinds}
    assert found["ward"][0] + found["commune"][0] == 126
    assert found["district"] == (30, 30)
    assert found["city"] == (1, 0)
    units, aliases, programmes, _, schedules = await counts(session)
    assert schedules == 1
    assert (done.units, done.programmes) == (units, programmes)
    assert 0 < aliases <= done.aliases
    orphans = select(func.count()).where(m.OrganizationUnit.kind != "city", m.OrganizationUnit.parent_id.is_(None))
    assert await session.scalar(orphans) == 0


async def test_seeding_again_corrects_units_and_leaves_programmes_alone(session: AsyncSession) -> None:
    await seed(session, NOON)
    before = await counts(session)
    await session.execute(update(m.OrganizationUnit).values(name="sai"))
    await session.execute(update(m.Programme).values(title="Tên đã sửa tại chỗ"))
    await seed(session, NOON + timedelta(days=1))
    assert await counts(session) == before
    wrong = select(func.count()).where(m.OrganizationUnit.name == "sai")
    assert await session.scalar(wrong) == 0
    session.expire_all()
    assert set(await session.scalars(select(m.Programme.title))) == {"Tên đã sửa tại chỗ"}


@pytest.mark.mission("M32")
async def test_seed_marks_what_is_made_up_and_what_has_ended(session: AsyncSession) -> None:
    await seed(session, NOON)
    rows = await session.execute(select(m.Programme.number, m.Programme.state, m.Programme.is_fictional))
    assert {tuple(row) for row in rows} == {("3550/QĐ-UBND", "ended", False), ("01/QĐ-HC", "running", True)}

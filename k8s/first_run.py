"""Once, after the first install: load the shipped units and programmes, and make the first administrator.

kubectl exec -i lantoa-operator -- python - SUBJECT "Họ và tên" < k8s/first_run.py

SUBJECT is the `sub` that the identity provider puts into this person's tokens. Safe to run again.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.seed import seed
from libs.common.units import CITY_CODE


async def make_admin(session: AsyncSession, subject: str, name: str, now: datetime) -> bool:
    """A person with the role of administrator for the city; False where this subject is known already."""
    if await session.scalar(select(m.Person.id).where(m.Person.subject == subject)) is not None:
        return False
    city = (await session.scalars(select(m.OrganizationUnit.id).where(m.OrganizationUnit.code == CITY_CODE))).one()
    person = new_id(now)
    told = {"id": person, "subject": subject, "display_name": name, "unit_id": city, "created_at": now}
    await session.execute(insert(m.Person).values(told))
    grant = {"id": new_id(now), "person_id": person, "role": Role.ADMIN, "unit_id": city, "valid_from": now}
    await session.execute(insert(m.RoleGrant).values(grant))
    return True


async def main(subject: str, name: str) -> None:
    now, db = datetime.now(UTC), Database(os.environ["LANTOA_DB__URL"], pool_size=1)
    try:
        async with db.transaction() as session:
            seeded = await seed(session, now)
        async with db.transaction() as session:
            made = await make_admin(session, subject, name, now)
    finally:
        await db.dispose()
    print(f"{seeded.units} units, {seeded.programmes} programmes; {subject}: {'made' if made else 'known already'}")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))

"""The people of a one-machine installation: one for each desk, known to the development issuer alone."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.units import CITY_CODE

EDITOR, SPOKESPERSON, ADMIN = "bien-tap", "phat-ngon", "quan-tri"

DESKS: Mapping[str, tuple[str, tuple[Role, ...]]] = {
    EDITOR: ("Biên tập viên trực (thử)", (Role.EDITOR,)),
    SPOKESPERSON: ("Người phát ngôn (thử)", (Role.SPOKESPERSON,)),
    "phat-ngon-2": ("Người phát ngôn thứ hai (thử)", (Role.SPOKESPERSON,)),
    "kiem-chung": ("Bàn kiểm chứng (thử)", (Role.FACT_CHECKER,)),
    "tiep-dan": ("Bàn tiếp nhận phản ánh (thử)", (Role.FEEDBACK_OFFICER,)),
    ADMIN: ("Quản trị (thử)", (Role.ADMIN,)),
    "tich-hop": ("Hệ thống kết nối (thử)", (Role.INTEGRATOR,)),
}
"""Name at sign-in → what the person is called, and what they may do for the city."""


async def seed_people(session: AsyncSession, now: datetime) -> int:
    """Make the desks' people and grants that are not there yet; needs the role that owns the schema."""
    city = (await session.scalars(select(m.OrganizationUnit.id).where(m.OrganizationUnit.code == CITY_CODE))).one()
    known = set(await session.scalars(select(m.Person.subject).where(m.Person.subject.in_(DESKS))))
    for subject, (name, roles) in DESKS.items():
        if subject in known:
            continue
        person = {"id": new_id(now), "subject": subject, "display_name": name, "unit_id": city, "created_at": now}
        await session.execute(insert(m.Person).values(person))
        grants = [
            {"id": new_id(now), "person_id": person["id"], "role": role, "unit_id": city, "valid_from": now}
            for role in roles
        ]
        await session.execute(insert(m.RoleGrant).values(grants))
    return len(DESKS) - len(known)

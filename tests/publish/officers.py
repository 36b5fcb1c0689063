"""Officials with their token and their shifts, for tests in which it matters who somebody is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from libs.common import models as m
from libs.common.auth.dev import dev_token
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.make import Make


@dataclass(frozen=True)
class Officer:
    person: m.Person
    headers: dict[str, str]

    @property
    def id(self) -> str:
        return str(self.person.id)


@dataclass
class Officers:
    make: Make
    issuer: Path
    clock: FrozenClock

    async def sign_in(self, *roles: Role, unit_id: UUID | None = None, **values: Any) -> Officer:
        person = await self.make.person(*roles, unit_id=unit_id, **values)
        return Officer(person, self.token(person))

    def token(self, person: m.Person) -> dict[str, str]:
        return {"Authorization": f"Bearer {dev_token(self.issuer, person.subject, self.clock.now())}"}

    async def on_duty(
        self,
        *roles: Role,
        unit_id: UUID | None = None,
        hours: tuple[float, float] = (-1, 7),
    ) -> Officer:
        """A spokesperson (and what else is asked) on duty from the first hour to the second, counted from now."""
        officer = await self.sign_in(Role.SPOKESPERSON, *roles, unit_id=unit_id)
        await self.shift(officer.person, officer.person.unit_id, hours)
        return officer

    async def shift(self, person: m.Person, unit_id: UUID, hours: tuple[float, float]) -> None:
        now = self.clock.now()
        begins, ends = (now + timedelta(hours=each) for each in hours)
        await self.make.add(
            m.DutyRoster(
                id=new_id(now),
                person_id=person.id,
                unit_id=unit_id,
                role=Role.SPOKESPERSON,
                starts_at=begins,
                ends_at=ends,
                created_by=person.id,
                created_at=now,
            )
        )

    async def grant(
        self, person: m.Person, unit_id: UUID, begins: datetime, ends: datetime | None, role: Role = Role.SPOKESPERSON
    ) -> None:
        await self.make.add(
            m.RoleGrant(
                id=new_id(begins), person_id=person.id, role=role, unit_id=unit_id, valid_from=begins, valid_to=ends
            )
        )

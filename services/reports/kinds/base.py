"""What a kind of report is: how its figures are read, what its paper is called, which pictures it has.

One file here and one template of the same name are a kind; nothing else names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.enums import Role
from libs.common.models.totals import Measure
from libs.common.papers.content import Picture
from libs.common.registry import Registry
from services.reports.domain import Period, figure
from services.reports.filings.installation import Installation
from services.reports.periods import Cadence
from services.reports.problems import AboutNotFound
from services.reports.totals import reading
from services.reports.totals.origin import origin
from services.reports.totals.rules import Cover, rows_alone

Data = dict[str, Any]


class About(StrEnum):
    """What a report that is not periodic is about; `about` then holds its id."""

    STORY = "story"
    CAMPAIGN = "campaign"
    CORRECTION = "correction"
    SITUATION = "situation"
    LEGAL_CASE = "legal_case"


@dataclass(frozen=True)
class Gather:
    """One reading of the database: for which period, as of when, and about what."""

    session: AsyncSession
    period: Period
    as_of: datetime
    silent_after: timedelta
    installation: Installation
    about: str | None = None
    cover: Cover | None = None
    """Which days are read from totals; None: every figure is read from the rows."""

    async def covered(self) -> "Gather":
        """The same, with what the period brought read from totals where its days were counted."""
        kept_since = self.as_of - timedelta(days=self.installation.contents_days)
        return replace(self, cover=await reading.cover_of(self.session, self.period, kept_since))

    @property
    def read_by(self) -> Cover:
        return self.cover or rows_alone(self.period)

    async def counts(self, measure: Measure) -> Mapping[str, int]:
        """Key → what the period brought of it."""
        return await reading.counts(self.session, self.read_by, measure)

    def brought(self, value: float | None, source: str, formula: str, unit: str) -> Data:
        """A figure of what the period brought; it says whether it comes from totals and how many days it does not
        know. Blank where it knows none."""
        told = origin(self.read_by, source, formula, self.as_of)
        known = None if self.read_by.is_unknown else value
        return figure(known, as_of=told.as_of, source=told.source, formula=told.formula, unit=unit)

    def count(self, value: float | None, source: str, formula: str, unit: str) -> Data:
        return figure(value, as_of=self.as_of, source=source, formula=formula, unit=unit)


class Kind(Protocol):
    """title: `Báo cáo tuần`. cadence: which period it has by default. about: None for a periodic one."""

    title: ClassVar[str]
    cadence: ClassVar[Cadence]
    about: ClassVar[About | None]

    async def gather(self, gather: Gather) -> Data:
        """Plain JSON data with figures of `domain.figure`; nothing personal. Raises AboutNotFound."""
        ...

    def subject(self, data: Data, period: Period) -> str:
        """The paper's trích yếu."""
        ...

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        """By name, as the template's `![…](chart:name)` asks for them; drawn from the frozen data alone."""
        ...


@runtime_checkable
class Restricted(Protocol):
    """A kind that is not for everybody who makes or reads reports."""

    roles: ClassVar[tuple[Role, ...]]

    def unit_of(self, data: Data) -> UUID | None:
        """In whose unit one of the roles has to be held; None where any unit will do."""
        ...

    def codes(self, data: Data) -> dict[str, str]:
        """What the audit log keeps of it beside its digest: ids and codes, never words."""
        ...


@runtime_checkable
class Named(Protocol):
    """A kind that is another paper than a report: `HỒ SƠ`."""

    type_name: ClassVar[str]


def id_of(about: str | None) -> UUID:
    """Raises AboutNotFound: what is no id is the id of nothing."""
    try:
        return UUID(about or "")
    except ValueError as error:
        raise AboutNotFound(f"Mã đối tượng không hợp lệ: {about}.") from error


KINDS: Registry[type[Kind]] = Registry("kind of report")

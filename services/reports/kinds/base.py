"""What a kind of report is: how its figures are read, what its paper is called, which pictures it has.

One file here and one template of the same name are a kind; nothing else names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.papers.content import Picture
from libs.common.registry import Registry
from services.reports.domain import Period, figure
from services.reports.periods import Cadence

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
    about: str | None = None

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


KINDS: Registry[type[Kind]] = Registry("kind of report")

"""One look at the database for one caller; where a part of it takes too long, that part is left out and says so.

Guarantee: no statement takes longer than `PATIENCE`, and one that is cut off leaves the other parts whole. Parts are
kept apart (by savepoints, two statements each) only once one of them was cut off.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.enums import Role
from services.reports import labels
from services.reports.dashboards.schemas import Actor, Dashboard, FigureOut
from services.reports.dashboards.sight import Sight

log = logging.getLogger("lantoa.dashboards")
T = TypeVar("T")
D = TypeVar("D", bound=Dashboard)
PATIENCE = timedelta(milliseconds=800)
SHOWN = 20
"""Lines of a list; the figure beside it says how many there are."""
LATE = "Chưa đọc được phần này, xin tải lại sau ít phút."
_LIMIT = text(f"SET LOCAL statement_timeout = {PATIENCE // timedelta(milliseconds=1)}")
"""Of every statement up to the end of the transaction, with what it waits for locks."""
_CUT_OFF = "57014"
"""SQLSTATE query_canceled: the limit of a statement ran out."""


@dataclass
class Look:
    """On which session, for whom, as of when. `is_apart`: each part in a savepoint of its own; `is_cut`: one of them
    could not be read."""

    session: AsyncSession
    sight: Sight
    as_of: datetime
    is_apart: bool = False
    is_cut: bool = False

    def figure(
        self, value: float | None, source: str, formula: str, unit: str, as_of: datetime | None = None
    ) -> FigureOut:
        """None is not known, and stays null."""
        return FigureOut(value=value, as_of=as_of or self.as_of, source=source, formula=formula, unit=unit)

    async def tried(self, reading: Awaitable[T]) -> T | None:
        """What was read; None where it took too long."""
        if not self.is_apart:
            return await reading
        try:
            async with self.session.begin_nested():
                return await reading
        except DBAPIError as error:
            _require_cut_off(error)
            log.warning("a part of a dashboard was cut off after %s", PATIENCE)
            self.is_cut = True
            return None


async def looked(look: Look, part: Callable[[Look], Awaitable[D]]) -> D:
    """The whole part of the page; where something in it was cut off, once more with its parts kept apart."""
    await look.session.execute(_LIMIT)
    try:
        async with look.session.begin_nested():
            return await part(look)
    except DBAPIError as error:
        _require_cut_off(error)
    look.is_apart = True
    told = await part(look)
    return told.model_copy(update={"note": LATE}) if look.is_cut else told


def _require_cut_off(error: DBAPIError) -> None:
    if getattr(error.orig, "sqlstate", None) != _CUT_OFF:
        raise error


def actor(role: Role, unit: str | None) -> Actor:
    return Actor(role=role, role_name=labels.ROLES[role], unit=unit)

"""What a partner may read of a channel now, and where its cursor stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.press import PressStatus
from services.publish.presskit import queries
from services.publish.presskit.partners import Partner

MAY_OPEN_WITHIN = timedelta(days=1)
"""So long what is not open yet (seen on its way out, paused) holds back the cursor, so that nothing is passed over."""


@dataclass(frozen=True)
class ReadPage:
    """`versions`: the newest of each item, by position; `held_at`: the first position that may open yet."""

    versions: list[m.PressVersion]
    held_at: int | None

    def cursor(self, since: int, taken: Sequence[m.PressVersion], has_more: bool) -> int:
        """After what was taken, but before what may open yet: that is then given twice rather than never."""
        last = taken[-1].position if taken else since
        if has_more or self.held_at is None:
            return last
        return max(since, min(last, self.held_at - 1))


async def read(session: AsyncSession, channel_id: UUID, partner: Partner, after: int, now: datetime) -> ReadPage:
    is_open, is_not = await queries.list_newest(session, channel_id, after)
    kills = [each.id for each in is_open if each.status == PressStatus.CANCELED]
    mine = await queries.list_told(session, kills, partner.id)
    held = [each for each in is_open if _is_held(each, partner, now)]
    shown = [each for each in is_open if each not in held and (each.id not in kills or each.id in mine)]
    waiting = [each for each in is_not if now - each.created_at < MAY_OPEN_WITHIN]
    return ReadPage(shown, min((each.position for each in (*held, *waiting)), default=None))


def _is_held(version: m.PressVersion, partner: Partner, now: datetime) -> bool:
    return version.embargoed_until is not None and version.embargoed_until > now and not partner.may_hold

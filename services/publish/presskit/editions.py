"""From rows to editions: what a version says, with the masthead of its channel."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.press import PressStatus
from libs.common.web import Site
from services.publish.presskit import queries
from services.publish.presskit.edition import Edition, Masthead

PREFIX = "/api/publish/v1/press"


def masthead_of(channel: m.Channel, site: Site) -> Masthead:
    base = site.url(f"{PREFIX}/{channel.id}")
    return Masthead.of(site.publisher, site.contact, base, channel.settings)


async def editions_of(session: AsyncSession, versions: Sequence[m.PressVersion], masthead: Masthead) -> list[Edition]:
    """In the order given."""
    first = await queries.first_created(session, [each.item for each in versions])
    return [
        Edition(
            item=each.item,
            version=each.version,
            status=PressStatus(each.status),
            payload=each.payload,
            created_at=each.created_at,
            first_created_at=first[each.item],
            embargoed_until=each.embargoed_until,
            masthead=masthead,
        )
        for each in versions
    ]

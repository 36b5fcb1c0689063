"""Search on the bulletin: words with marks find what is written so, words without marks find either.

A page's words are written when its file is, and go when it is withdrawn.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.lexemes import asked_of, lexemes_of
from services.publish import markup
from services.publish.bulletin import Entry

T = m.BulletinText
SHOWN = 50


async def find(session: AsyncSession, question: str) -> Sequence[m.BulletinText]:
    """The newest first; one more than is shown where there are more."""
    asked = asked_of(question)
    if not asked:
        return ()
    query = select(T).where(T.lexemes.contains(asked)).order_by(T.published_at.desc(), T.slug)
    return (await session.scalars(query.limit(SHOWN + 1))).all()


async def keep(session: AsyncSession, entries: Sequence[Entry]) -> None:
    """As the pages say it now."""
    for entry in entries:
        if entry.is_withdrawn:
            await forget(session, entry.publication_id)
            continue
        values = _row(entry)
        query = insert(T).values(values).on_conflict_do_update(index_elements=["publication_id"], set_=values)
        await session.execute(query)


async def forget(session: AsyncSession, publication_id: UUID) -> None:
    await session.execute(delete(T).where(T.publication_id == publication_id))


def _row(entry: Entry) -> dict[str, Any]:
    alts = [figure.alt for figure in entry.media]
    return {
        "publication_id": entry.publication_id,
        "slug": entry.slug,
        "title": entry.title,
        "lead": entry.lead,
        "language": entry.language,
        "unit_name": entry.unit_name,
        "is_about_rights": entry.affects_rights,
        "published_at": entry.published_at,
        "lexemes": lexemes_of(entry.title, entry.summary, markup.to_text(entry.body), entry.unit_name, *alts),
    }

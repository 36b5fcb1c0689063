"""Comments become contents under their channel's source; what an officer escalated becomes a case.

Guarantee: whatever is told, however often and in whatever order, what is stored is what publish keeps at that instant.
No author, handle or digest of one ever reaches this service: the only name of a comment here is publish's own id of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.content import ContentsIngested
from libs.common.models.enums import SourceGroup, SourceKind, SourceState
from libs.common.models.feedback import ReportChannel
from libs.common.outbox import emit
from services.ingest import service
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.intake import NewReport, open_report
from services.ingest.handover import queries
from services.ingest.handover.rules import Heard, content_of, key_of, source_name
from services.ingest.settings import IntakeSettings


@dataclass(frozen=True, slots=True)
class Received:
    stored: int
    erased: int


async def receive_comments(
    session: AsyncSession, comment_ids: Sequence[UUID], *, limits: IntakeSettings, now: datetime
) -> Received:
    """Store what these comments say now; of those that were taken back nothing remains."""
    heard = await queries.comments_of_readers(session, comment_ids)
    if not heard:
        return Received(0, 0)
    await queries.insert_sources(session, list({one.channel_id: _source(one, now) for one in heard}.values()))
    mask = service.masker(limits)
    contents = [content for one in heard if (content := content_of(one, now=now, mask=mask)) is not None]
    stored = await service.store_contents(session, contents, now=now, keep=timedelta(days=limits.keep_days))
    erased = await queries.erase_words(session, [key_of(one) for one in heard if one.body is None])
    if erased:
        await emit(session, ContentsIngested(content_ids=erased), now=now, source="ingest")
    return Received(len(stored), len(erased))


def _source(heard: Heard, now: datetime) -> dict[str, Any]:
    """One for each channel. It is citizens' speech: masked, open to cases, and no part of what is published as news."""
    return {
        "id": heard.channel_id,
        "kind": SourceKind.CONVERSATION,
        "name": source_name(heard),
        "group": SourceGroup.CITIZEN,
        "state": SourceState.ACTIVE,
        "created_at": now,
    }


async def open_case_of_comment(
    session: AsyncSession, desk: FeedbackDesk, comment_id: UUID, *, limits: IntakeSettings, now: datetime
) -> UUID | None:
    """The case of a comment that an officer escalated: the one that its words have opened already, or a new one.
    None where the comment was taken back meanwhile, or where it has its case."""
    if await queries.is_linked(session, comment_id):
        return None
    await receive_comments(session, [comment_id], limits=limits, now=now)
    heard = await queries.comments_of_readers(session, [comment_id])
    if not heard or not heard[0].body:
        return None
    content_id = (await queries.contents_under(session, [key_of(heard[0])])).get(key_of(heard[0]))
    case_id = await queries.case_of_content(session, content_id) if content_id else None
    if case_id is None:
        case_id = await _opened(session, desk, heard[0], now)
        if content_id:
            await queries.case_is_of(session, case_id, content_id)
    await queries.link_case(session, comment_id, case_id)
    return case_id


async def _opened(session: AsyncSession, desk: FeedbackDesk, heard: Heard, now: datetime) -> UUID:
    body = heard.body or ""
    report = NewReport("", body, ReportChannel.CONVERSATION, external_id=str(heard.id))
    return (await open_report(session, desk, report, now=now)).case_id

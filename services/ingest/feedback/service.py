"""Cases that public texts open: a citizen's criticism, complaint, opinion or report of a problem, once each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.content import ClassifiedItem
from libs.common.models import Content
from libs.common.models.enums import PROTECTED_KINDS
from libs.common.models.feedback import ReportChannel
from services.ingest.feedback import queries, steps
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.lifecycle import Action
from services.ingest.feedback.opening import NewCase, codes_of, open_case, today
from services.ingest.feedback.rules import opens_case
from services.ingest.feedback.steps import Step


async def open_feedback_cases(
    session: AsyncSession, items: Sequence[ClassifiedItem], *, now: datetime, desk: FeedbackDesk
) -> int:
    """Open a case for each of these texts that is a citizen's matter; once for each content. How many were opened."""
    told = {item.content_id: item for item in items}
    await _protect(session, told, desk, now)
    found = [
        row
        for row in await queries.texts_without_case(session, list(told))
        if opens_case(told[row[0].id].kind, row[1], row[0].kind)
    ]
    places = {code for row in found for code in row[2] or []}
    wards = {code for code, unit in (await queries.units_by_code(session, places, today(now))).items() if unit.is_place}
    cases = [_case_of(row, told[row[0].id], wards, desk) for row in found]
    units = await queries.units_by_code(session, {c for one in cases for c in codes_of(one, desk)} | wards, today(now))
    return sum([(await open_case(session, desk, one, units, now=now)).is_new for one in cases])


def _case_of(
    row: Row[Content, str, list[str], str | None], item: ClassifiedItem, wards: set[str], desk: FeedbackDesk
) -> NewCase:
    """Of the places that its words name, the first that is a ward or commune today."""
    content, _, places, topic = row
    return NewCase(
        title=desk.mask(content.title),
        body=desk.mask(content.text),
        kind=item.kind,
        channel=ReportChannel.CONTENT,
        topic=topic,
        ward=next((code for code in places or [] if code in wards), None),
        more={"source_id": content.source_id, "content_id": content.id},
    )


async def _protect(
    session: AsyncSession, told: Mapping[UUID, ClassifiedItem], desk: FeedbackDesk, now: datetime
) -> None:
    """A text that turns out to be criticism, opinion or complaint makes its case one; never the other way, and not
    where two people took that name away (an event may come again)."""
    protected = [one for one, item in told.items() if item.kind in PROTECTED_KINDS]
    for case in await queries.lock_unprotected(session, protected) if protected else ():
        case.kind, case.updated_at = told[case.content_id].kind, now  # type: ignore[index]  # they were found by it
        await session.flush()
        await steps.record(session, desk, case, Step(Action.RELABELLED), now=now)

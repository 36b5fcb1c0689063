"""Use cases of classification: labels for what came in, and the firewall between feedback and legal risk."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.content import ClassifiedItem, ContentsClassified
from libs.common.ids import new_id
from libs.common.models import Story
from libs.common.models.enums import ContentKind, TextKind
from libs.common.outbox import emit
from libs.common.pagination import InvalidCursor, PageRequest
from services.classify import queries
from services.classify.adapters.base import Document, Labels
from services.classify.domain import Guarded, Past, guard, is_remembered, settled_kind
from services.classify.problems import StoryNotFound
from services.classify.queries import NewAnnotation, NewCase, NewLabel, StoryFilter, ToAnnotate
from services.classify.resources import Resources

STORY_CONTENTS = 200
SAFETY_SUBJECT = "Nội dung có dữ liệu cá nhân hoặc lời đe dọa"
SAFETY_BODY = "Ý kiến này vẫn là phản ánh cần trả lời; hãy che phần gây nguy hiểm và giúp người bị hại."


async def annotate_contents(session: AsyncSession, ids: Sequence[UUID], held: Resources, now: datetime) -> None:
    """Label a batch: one read, one call of the model, a few writes of whole arrays, one event."""
    contents = await queries.contents_to_annotate(session, ids)
    if not contents:
        return
    labels = held.classifier.annotate([_document(content) for content in contents])
    pasts = await queries.lock_pasts(session, [content.content_id for content in contents])
    judged = [
        _judge(content, found, pasts.get(content.content_id, Past()), held)
        for content, found in zip(contents, labels, strict=True)
    ]
    stored = await queries.upsert_annotations(session, [one.annotation for one in judged], now)
    counted = [one for one in judged if one.annotation.content_id in stored]
    await _remember(session, counted, now)
    await _suggest_matches(session, contents, held, now)
    items = [_event_item(one.annotation) for one in counted]
    if items:
        await emit(session, ContentsClassified(items=items), now=now, source="classify")


@dataclass(frozen=True, slots=True)
class _Judged:
    """A content's labels after the rules: what is stored, what is remembered, what is suggested to people."""

    annotation: NewAnnotation
    found: Labels
    past: Past
    guarded: Guarded


def _document(content: ToAnnotate) -> Document:
    return Document(content.title, content.text, ContentKind(content.kind))


def _judge(content: ToAnnotate, found: Labels, past: Past, held: Resources) -> _Judged:
    kind = settled_kind(found.kind, past)
    guarded = guard(kind, found.risk, past.ever)
    annotation = NewAnnotation(
        content.content_id,
        content.source_id,
        found.field,
        found.field_score,
        found.tone,
        found.tone_score,
        kind,
        found.kind_score,
        guarded.risk,
        held.gazetteer.find(content.title, content.text),
        found.language,
        json.dumps({held.classifier.name: held.classifier.version}),
        content.revision,
    )
    return _Judged(annotation, found, past, guarded)


async def _remember(session: AsyncSession, judged: Sequence[_Judged], now: datetime) -> None:
    """Labels before cases, so that the database's own firewall has seen them when a case comes."""
    history = [
        NewLabel(new_id(now), one.annotation.content_id, one.annotation.kind, one.past.kind)
        for one in judged
        if is_remembered(TextKind(one.annotation.kind), one.past)
    ]
    cases = [NewCase(new_id(now), one.annotation.content_id, risk) for one in judged for risk in one.guarded.risk]
    safety = [(new_id(now), one.annotation.content_id) for one in judged if one.guarded.safety]
    if history:
        await queries.remember_labels(session, history, now)
    if cases:
        await queries.suggest_cases(session, cases, now)
    if safety:
        await queries.ask_for_safety(session, safety, SAFETY_SUBJECT, SAFETY_BODY, now)


async def _suggest_matches(
    session: AsyncSession, contents: Sequence[ToAnnotate], held: Resources, now: datetime
) -> None:
    rows = [
        (UUID(str(one.claim_id)), content.content_id, one.score)
        for content in contents
        for one in held.book.suggest(content.title, content.text)
    ]
    if rows:
        await queries.suggest_matches(session, rows, now)


def _event_item(row: NewAnnotation) -> ClassifiedItem:
    return ClassifiedItem(content_id=row.content_id, kind=row.kind, field=row.field, tone=row.tone)


async def list_stories(
    session: AsyncSession, wanted: StoryFilter, page: PageRequest, *, by_sources: bool
) -> Sequence[Story]:
    """Most told first, or newest first."""
    after: tuple[Any, UUID] | None = None
    if page.after is not None:
        key = page.after.key
        if not isinstance(key, int if by_sources else str):
            raise InvalidCursor("Con trỏ này thuộc một cách sắp xếp khác.")
        after = (key if by_sources else _instant(str(key)), page.after.id)
    sort = Story.sources if by_sources else Story.last_at
    return await queries.list_stories(session, wanted, sort, after, page.limit + 1)


def _instant(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except ValueError as error:
        raise InvalidCursor("Hãy dùng nguyên giá trị next_cursor của trang trước.") from error


async def read_story(session: AsyncSession, story_id: UUID) -> tuple[Story, Sequence[Row[Any]]]:
    story = await queries.get_story(session, story_id)
    if story is None:
        raise StoryNotFound
    return story, await queries.list_story_contents(session, story_id, STORY_CONTENTS)

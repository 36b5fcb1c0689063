"""What happens to contents that came in: labels, the history that protects them, guarded suggestions, the event."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import telemetry
from libs.common.clock import HANOI
from libs.common.events.content import BATCH_LIMIT, ClassifiedItem, ContentsClassified
from libs.common.ids import new_id
from libs.common.models.enums import ContentKind, TextKind
from libs.common.outbox import emit_all
from services.classify import queries
from services.classify.adapters.base import Classifier, Document, Labels
from services.classify.domain import Guarded, Past, guard, is_remembered, settled_kind
from services.classify.models import queries as model_queries
from services.classify.models.corrections import with_people
from services.classify.naming.rules import read_told
from services.classify.places import Gazetteer
from services.classify.queries import NewAnnotation, NewCase, NewLabel, ToAnnotate
from services.classify.text.language import identify
from services.classify.text.mentions import dates, quantities
from services.classify.text.streets import streets

SAFETY_SUBJECT = "Phản ánh có chi tiết gây nguy hiểm cho người khác"
SAFETY_BODY = (
    "Văn bản này là góp ý, phê bình hoặc khiếu nại, được trả lời như mọi phản ánh. Trong đó có thông tin cá nhân bị lộ "
    "hoặc lời đe dọa một người: xin kiểm tra và che chi tiết ấy."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A content with its labels, under the kind that is in force, and what of its risks may be suggested."""

    content: ToAnnotate
    labels: Labels
    places: tuple[str, ...]
    past: Past
    kind: TextKind
    guarded: Guarded
    language: str
    mentions: Mapping[str, object]
    by_people: tuple[str, ...] = ()
    """The heads whose label a person gave, and `places` where a person gave those."""


class Read(NamedTuple):
    """What is read of a text without any model's memory of it."""

    labels: Labels
    places: tuple[str, ...]
    language: str
    mentions: Mapping[str, object]


async def classify_contents(
    session: AsyncSession, ids: Iterable[UUID], classifier: Classifier, gazetteer: Gazetteer, *, now: datetime
) -> int:
    """Annotate these contents as they are now; how many counted. All statements are for the whole batch."""
    contents = await queries.contents_to_annotate(session, sorted(set(ids)))
    if not contents:
        return 0
    with telemetry.step("annotate", items=len(contents)):
        return await _classify(session, contents, classifier, gazetteer, now)


async def _classify(
    session: AsyncSession, contents: Sequence[ToAnnotate], classifier: Classifier, gazetteer: Gazetteer, now: datetime
) -> int:
    read = await asyncio.to_thread(_read, contents, classifier, gazetteer)
    pasts = await queries.lock_pasts(session, [content.content_id for content in contents])
    # What was never labelled was never corrected either: fresh contents cost no look.
    people = await model_queries.labels_in_force(session, list(pasts)) if pasts else {}
    judged = [
        _judge(content, one, pasts.get(content.content_id, Past()), people.get(content.content_id, {}))
        for content, one in zip(contents, read, strict=True)
    ]
    version = f"{classifier.name} {classifier.version}"
    counted = await queries.upsert_annotations(session, [_annotation(one, version) for one in judged], now)
    await _record(session, [one for one in judged if one.content.content_id in counted], now)
    return len(counted)


def _read(contents: Sequence[ToAnnotate], classifier: Classifier, gazetteer: Gazetteer) -> list[Read]:
    documents = [Document(one.title, one.text, ContentKind(one.kind)) for one in contents]
    return [
        Read(
            labels,
            gazetteer.find(one.title, one.text, _day(content.published_at)),
            identify(f"{one.title}. {one.text}").code,
            mentions_of(one),
        )
        for content, one, labels in zip(contents, documents, classifier.annotate(documents), strict=True)
    ]


def _day(at: datetime | None) -> date | None:
    """The day on which it was published, as the city's clocks said."""
    return at.astimezone(HANOI).date() if at else None


def mentions_of(document: Document) -> dict[str, object]:
    """The dates, quantities and streets that a text names, as they are stored; empty where it names none."""
    told = f"{document.title}. {document.text}"
    days, numbers = dates(told), quantities(told)
    found: dict[str, object] = {"dates": [day.iso for day in days]} if days else {}
    if numbers:
        found["quantities"] = [{"words": one.words, "value": str(one.value), "unit": one.unit} for one in numbers]
    if roads := streets(told):
        found["streets"] = roads
    return found


def _judge(content: ToAnnotate, read: Read, past: Past, by_people: Mapping[str, str]) -> Judged:
    labels = with_people(read.labels, by_people)
    kind = settled_kind(labels.kind, past)
    # Whatever the model itself calls criticism is guarded too, even where a person's label stands.
    ever = past.ever | {labels.kind.value} | ({past.kind.value} if past.kind else set())
    guarded = guard(kind, labels.risk, ever)
    places = read_told(by_people["places"]) if "places" in by_people else read.places
    return Judged(content, labels, places, past, kind, guarded, read.language, read.mentions, tuple(by_people))


def _annotation(one: Judged, version: str) -> NewAnnotation:
    labels, content = one.labels, one.content
    versions: Mapping[str, str] = {"classifier": version, **dict.fromkeys(one.by_people, "person")}
    kept = one.kind != labels.kind
    if kept:
        versions = {**versions, "kind": "person" if one.past.by_person else "kept"}
    return NewAnnotation(
        content.content_id,
        content.source_id,
        labels.field,
        labels.field_score,
        labels.tone,
        labels.tone_score,
        one.kind,
        1.0 if kept else labels.kind_score,
        one.guarded.risk,
        one.places,
        one.language,
        labels.toxicity,
        labels.abstained,
        json.dumps(one.mentions, ensure_ascii=False),
        json.dumps(versions, ensure_ascii=False),
        content.revision,
    )


async def _record(session: AsyncSession, judged: Sequence[Judged], now: datetime) -> None:
    """The history before the suggestions, so that the database itself sees what it has to refuse."""
    labels = [
        NewLabel(new_id(now), one.content.content_id, one.kind, one.past.kind)
        for one in judged
        if is_remembered(one.kind, one.past)
    ]
    cases = [NewCase(new_id(now), one.content.content_id, risk) for one in judged for risk in one.guarded.risk]
    unsafe = [(new_id(now), one.content.content_id) for one in judged if one.guarded.safety]
    if labels:
        await queries.remember_labels(session, labels, now)
    if cases:
        await queries.suggest_cases(session, cases, now)
    if unsafe:
        await queries.ask_for_safety(session, unsafe, SAFETY_SUBJECT, SAFETY_BODY, now)
    items = [
        ClassifiedItem(content_id=one.content.content_id, kind=one.kind, field=one.labels.field, tone=one.labels.tone)
        for one in judged
    ]
    batches = [items[start : start + BATCH_LIMIT] for start in range(0, len(items), BATCH_LIMIT)]
    if batches:
        await emit_all(session, [ContentsClassified(items=batch) for batch in batches], now=now, source="classify")

"""SQL of annotations, labels and the legal-risk queue; the hot path writes whole batches by arrays."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import (
    Annotation,
    Content,
    LabelProposal,
    LabelRecord,
    LegalRiskCase,
    OrganizationUnit,
)
from libs.common.models.enums import RiskState, TextKind, UnitKind
from libs.common.pagination import PageRequest
from libs.common.units import PlaceName
from services.classify.domain import Past

TITLE_CHARS = 300

# --- places -------------------------------------------------------------------------------------------------


async def place_names(session: AsyncSession) -> list[PlaceName]:
    """The stored places: wards and communes first, then what ended before them."""
    places = (UnitKind.WARD, UnitKind.COMMUNE, UnitKind.DISTRICT)
    unit = OrganizationUnit
    query = (
        select(unit.name, unit.code, unit.valid_from, unit.valid_to)
        .where(unit.kind.in_(places))
        .order_by(unit.kind == UnitKind.DISTRICT, unit.valid_to.is_not(None), unit.code)
    )
    return [PlaceName(*row) for row in await session.execute(query)]


# --- annotation: the hot path -------------------------------------------------------------------------------


class ToAnnotate(NamedTuple):
    content_id: UUID
    source_id: UUID
    kind: str
    title: str
    text: str
    revision: int
    published_at: datetime | None = None


class NewAnnotation(NamedTuple):
    content_id: UUID
    source_id: UUID
    field: str
    field_score: float
    tone: str
    tone_score: float
    kind: str
    kind_score: float
    risk: Sequence[str]
    places: Sequence[str]
    language: str
    toxicity: float | None
    abstained: Sequence[str]
    mentions: str
    model_versions: str
    revision: int


class NewLabel(NamedTuple):
    id: UUID
    content_id: UUID
    kind: str
    from_kind: str | None


class NewCase(NamedTuple):
    id: UUID
    content_id: UUID
    risk_class: str


async def contents_to_annotate(session: AsyncSession, ids: Sequence[UUID]) -> list[ToAnnotate]:
    """These contents as they are now, in the order of their ids; those that are gone are left out."""
    body = func.coalesce(func.nullif(Content.text, ""), Content.summary, "")
    query = (
        select(Content.id, Content.source_id, Content.kind, Content.title, body, Content.revision, Content.published_at)
        .where(Content.id.in_(ids))
        .order_by(Content.id)
    )
    return [ToAnnotate(*row) for row in await session.execute(query)]


async def lock_pasts(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Past]:
    """What these contents were labelled before. Their annotations stay locked, in the order of their ids, so that
    a person's label and a model's never overlook each other."""
    locked = select(Annotation.content_id, Annotation.kind).where(Annotation.content_id.in_(ids))
    rows = await session.execute(locked.order_by(Annotation.content_id).with_for_update())
    kinds: dict[UUID, str] = dict(rows.all())
    history = await session.execute(
        select(LabelRecord.content_id, LabelRecord.kind, LabelRecord.from_kind, LabelRecord.labelled_by)
        .where(LabelRecord.content_id.in_(ids))
        .order_by(LabelRecord.id)
    )
    ever: dict[UUID, set[str]] = {}
    by_person: dict[UUID, bool] = {}
    for content_id, kind, from_kind, labelled_by in history:
        ever.setdefault(content_id, set()).update(label for label in (kind, from_kind) if label)
        by_person[content_id] = labelled_by is not None
    return {
        content_id: Past(
            TextKind(kinds[content_id]) if content_id in kinds else None,
            frozenset(ever.get(content_id, ())),
            by_person.get(content_id, False),
        )
        for content_id in kinds.keys() | ever.keys()
    }


_UPSERT_ANNOTATIONS = text(
    """
    INSERT INTO annotations AS old (content_id, source_id, field, field_score, tone, tone_score, kind, kind_score,
                                    risk, places, language, toxicity, abstained, mentions, model_versions,
                                    content_revision, annotated_at)
    SELECT content_id, source_id, field, field_score, tone, tone_score, kind, kind_score,
           string_to_array(risk, ','), string_to_array(places, ','), language, toxicity,
           string_to_array(abstained, ','), CAST(mentions AS jsonb), CAST(versions AS jsonb), revision,
           CAST(:now AS timestamptz)
    FROM unnest(CAST(:content_ids AS uuid[]), CAST(:source_ids AS uuid[]), CAST(:fields AS text[]),
                CAST(:field_scores AS float8[]), CAST(:tones AS text[]), CAST(:tone_scores AS float8[]),
                CAST(:kinds AS text[]), CAST(:kind_scores AS float8[]), CAST(:risks AS text[]),
                CAST(:places AS text[]), CAST(:languages AS text[]), CAST(:toxicities AS float8[]),
                CAST(:abstentions AS text[]), CAST(:mentions AS text[]), CAST(:versions AS text[]),
                CAST(:revisions AS int[]))
         AS new (content_id, source_id, field, field_score, tone, tone_score, kind, kind_score, risk, places,
                 language, toxicity, abstained, mentions, versions, revision)
    ORDER BY content_id
    ON CONFLICT (content_id) DO UPDATE
        SET field = excluded.field, field_score = excluded.field_score, tone = excluded.tone,
            tone_score = excluded.tone_score, kind = excluded.kind, kind_score = excluded.kind_score,
            risk = excluded.risk, places = excluded.places, language = excluded.language,
            toxicity = excluded.toxicity, abstained = excluded.abstained, mentions = excluded.mentions,
            model_versions = excluded.model_versions, content_revision = excluded.content_revision,
            annotated_at = excluded.annotated_at
        WHERE old.content_revision <= excluded.content_revision
    RETURNING content_id
    """
)


async def upsert_annotations(session: AsyncSession, rows: Sequence[NewAnnotation], now: datetime) -> set[UUID]:
    """Store them; the ids of those that counted. One of an older version of its content is ignored."""
    columns = list(zip(*rows, strict=True))
    names = (
        "content_ids", "source_ids", "fields", "field_scores", "tones", "tone_scores", "kinds", "kind_scores",
        "risks", "places", "languages", "toxicities", "abstentions", "mentions", "versions", "revisions",
    )  # fmt: skip
    values: dict[str, Any] = {name: list(column) for name, column in zip(names, columns, strict=True)}
    values["risks"] = [",".join(row.risk) for row in rows]
    values["places"] = [",".join(row.places) for row in rows]
    values["abstentions"] = [",".join(row.abstained) for row in rows]
    stored = await session.execute(_UPSERT_ANNOTATIONS, {**values, "now": now})
    return set(stored.scalars())


_INSERT_LABELS = text(
    """
    INSERT INTO label_history (id, content_id, kind, from_kind, labelled_by, second_by, reason, labelled_at)
    SELECT id, content_id, kind, from_kind, NULL, NULL, NULL, CAST(:now AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:content_ids AS uuid[]), CAST(:kinds AS text[]),
                CAST(:from_kinds AS text[])) AS new (id, content_id, kind, from_kind)
    """
)
_SUGGEST_CASES = text(
    """
    INSERT INTO legal_risk_cases (id, content_id, risk_class, state, created_at)
    SELECT id, content_id, risk_class, 'suggested', CAST(:now AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:content_ids AS uuid[]), CAST(:classes AS text[]))
         AS new (id, content_id, risk_class)
    ON CONFLICT (content_id, risk_class) DO NOTHING
    """
)
_ASK_FOR_SAFETY = text(
    """
    INSERT INTO notifications (id, kind, role, unit_id, object_type, object_id, subject, body, created_at, sent_at)
    SELECT id, 'safety', 'feedback_officer', NULL, 'content', content_id, :subject, :body,
           CAST(:now AS timestamptz), NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:content_ids AS uuid[])) AS new (id, content_id)
    WHERE NOT EXISTS (
        SELECT FROM notifications AS told
        WHERE told.kind = 'safety' AND told.object_type = 'content' AND told.object_id = new.content_id
    )
    """
)


async def remember_labels(session: AsyncSession, rows: Sequence[NewLabel], now: datetime) -> None:
    """Add a model's labels to the history."""
    ids, content_ids, kinds, from_kinds = (list(column) for column in zip(*rows, strict=True))
    values = {"ids": ids, "content_ids": content_ids, "kinds": kinds, "from_kinds": from_kinds, "now": now}
    await session.execute(_INSERT_LABELS, values)


async def suggest_cases(session: AsyncSession, rows: Sequence[NewCase], now: datetime) -> None:
    """Suggest each (content, class) once; one that was decided or released stays so."""
    ids, content_ids, classes = (list(column) for column in zip(*rows, strict=True))
    await session.execute(_SUGGEST_CASES, {"ids": ids, "content_ids": content_ids, "classes": classes, "now": now})


async def ask_for_safety(
    session: AsyncSession, pairs: Sequence[tuple[UUID, UUID]], subject: str, body: str, now: datetime
) -> None:
    """Tell the feedback desk, once for each content: (notification id, content id)."""
    ids, content_ids = (list(column) for column in zip(*pairs, strict=True))
    values = {"ids": ids, "content_ids": content_ids, "subject": subject, "body": body, "now": now}
    await session.execute(_ASK_FOR_SAFETY, values)


# --- labels -------------------------------------------------------------------------------------------------


async def get_annotation(session: AsyncSession, content_id: UUID) -> Annotation | None:
    return await session.get(Annotation, content_id)


async def set_kind(session: AsyncSession, content_id: UUID, kind: str, now: datetime) -> None:
    """A person's label: certain, and without the risks that a model saw under another."""
    values = {"kind": kind, "kind_score": 1.0, "risk": [], "annotated_at": now}
    await session.execute(update(Annotation).where(Annotation.content_id == content_id).values(values))


async def record_label(session: AsyncSession, row: Mapping[str, Any]) -> None:
    await session.execute(insert(LabelRecord).values(row))


async def open_proposal_once(session: AsyncSession, row: Mapping[str, Any]) -> bool:
    """False when the content already has one that waits."""
    query = upsert(LabelProposal).values(row)
    query = query.on_conflict_do_nothing(index_elements=["content_id"], index_where=LabelProposal.decided_at.is_(None))
    return await session.scalar(query.returning(LabelProposal.id)) is not None


async def lock_proposal(session: AsyncSession, proposal_id: UUID) -> LabelProposal | None:
    return await session.get(LabelProposal, proposal_id, with_for_update=True)


async def list_proposals(session: AsyncSession, page: PageRequest) -> Sequence[LabelProposal]:
    query = select(LabelProposal).where(LabelProposal.decided_at.is_(None))
    return (await session.scalars(newest_first(query, LabelProposal.id, page))).all()


# --- the legal-risk queue -----------------------------------------------------------------------------------


async def list_cases(session: AsyncSession, state: RiskState | None, page: PageRequest) -> Sequence[Row[Any]]:
    """Suggestions with the title and link of their content; no author, because none is kept."""
    query = select(
        *LegalRiskCase.__table__.columns, func.left(Content.title, TITLE_CHARS).label("title"), Content.url
    ).join(Content, Content.id == LegalRiskCase.content_id, isouter=True)
    if state is not None:
        query = query.where(LegalRiskCase.state == state)
    rows: Sequence[Row[Any]] = (await session.execute(newest_first(query, LegalRiskCase.id, page))).all()
    return rows


async def lock_case(session: AsyncSession, case_id: UUID) -> LegalRiskCase | None:
    return await session.get(LegalRiskCase, case_id, with_for_update=True)


def newest_first(query: Select[Any], key: Any, page: PageRequest) -> Select[Any]:
    """Ids are UUIDv7, so their order is the order of arrival."""
    query = query.order_by(key.desc()).limit(page.limit + 1)
    return query.where(key < page.after.id) if page.after else query

"""Every SQL statement of the classify service. The hot paths write whole batches by arrays, never row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, insert, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import floor_id
from libs.common.models import (
    Annotation,
    Claim,
    ClaimMatch,
    Content,
    ContentRevision,
    LabelProposal,
    LabelRecord,
    Lease,
    LegalRiskCase,
    OrganizationUnit,
    SearchDocument,
    Source,
    Story,
    StoryItem,
)
from libs.common.models.enums import ClaimState, MatchState, RiskState, TextKind, UnitKind
from libs.common.pagination import PageRequest
from services.classify.domain import FORUM_STORIES, NOT_STORIES, PUBLISHING_GROUPS, Past

STORIES_LEASE = "stories"
TITLE_CHARS = 300

# --- places -------------------------------------------------------------------------------------------------


async def place_names(session: AsyncSession) -> list[tuple[str, str]]:
    """(name, code) of the stored places: wards and communes first, then what ended before them."""
    places = (UnitKind.WARD, UnitKind.COMMUNE, UnitKind.DISTRICT)
    unit = OrganizationUnit
    query = (
        select(unit.name, unit.code)
        .where(unit.kind.in_(places))
        .order_by(unit.kind == UnitKind.DISTRICT, unit.valid_to.is_not(None), unit.code)
    )
    return [(name, code) for name, code in await session.execute(query)]


# --- annotation: the hot path -------------------------------------------------------------------------------


class ToAnnotate(NamedTuple):
    content_id: UUID
    source_id: UUID
    kind: str
    title: str
    text: str
    revision: int


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
        select(Content.id, Content.source_id, Content.kind, Content.title, body, Content.revision)
        .where(Content.id.in_(ids))
        .order_by(Content.id)
    )
    return [ToAnnotate(*row) for row in await session.execute(query)]


async def lock_pasts(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Past]:
    """What these contents were labelled before. Their annotations stay locked, in the order of their ids, so that
    a person's label and a model's never overlook each other."""
    locked = select(Annotation.content_id, Annotation.kind).where(Annotation.content_id.in_(ids))
    rows = await session.execute(locked.order_by(Annotation.content_id).with_for_update())
    kinds: dict[UUID, str] = {content_id: kind for content_id, kind in rows}
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
                                    risk, places, language, model_versions, content_revision, annotated_at)
    SELECT content_id, source_id, field, field_score, tone, tone_score, kind, kind_score,
           string_to_array(risk, ','), string_to_array(places, ','), language, CAST(versions AS jsonb), revision,
           CAST(:now AS timestamptz)
    FROM unnest(CAST(:content_ids AS uuid[]), CAST(:source_ids AS uuid[]), CAST(:fields AS text[]),
                CAST(:field_scores AS float8[]), CAST(:tones AS text[]), CAST(:tone_scores AS float8[]),
                CAST(:kinds AS text[]), CAST(:kind_scores AS float8[]), CAST(:risks AS text[]),
                CAST(:places AS text[]), CAST(:languages AS text[]), CAST(:versions AS text[]),
                CAST(:revisions AS int[]))
         AS new (content_id, source_id, field, field_score, tone, tone_score, kind, kind_score, risk, places,
                 language, versions, revision)
    ORDER BY content_id
    ON CONFLICT (content_id) DO UPDATE
        SET field = excluded.field, field_score = excluded.field_score, tone = excluded.tone,
            tone_score = excluded.tone_score, kind = excluded.kind, kind_score = excluded.kind_score,
            risk = excluded.risk, places = excluded.places, language = excluded.language,
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
        "risks", "places", "languages", "versions", "revisions",
    )  # fmt: skip
    values: dict[str, Any] = {name: list(column) for name, column in zip(names, columns, strict=True)}
    values["risks"] = [",".join(row.risk) for row in rows]
    values["places"] = [",".join(row.places) for row in rows]
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


# --- the assigner's seat ------------------------------------------------------------------------------------

_TAKE_LEASE = text(
    """
    INSERT INTO leases AS held (name, epoch, holder, expires_at)
    VALUES (:name, 1, :holder, CAST(:expires_at AS timestamptz))
    ON CONFLICT (name) DO UPDATE
        SET epoch = held.epoch + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END,
            holder = excluded.holder, expires_at = excluded.expires_at
        WHERE held.holder = excluded.holder OR held.expires_at <= CAST(:now AS timestamptz)
    RETURNING epoch
    """
)


async def take_lease(session: AsyncSession, name: str, holder: str, now: datetime, expires_at: datetime) -> int | None:
    """The epoch of this holder's turn, or None while another has it. A rival never waits behind a write."""
    lock = select(func.pg_try_advisory_xact_lock(func.hashtextextended(f"lease:{name}", 0)))
    if not await session.scalar(lock):
        return None
    values = {"name": name, "holder": holder, "now": now, "expires_at": expires_at}
    epoch: int | None = (await session.execute(_TAKE_LEASE, values)).scalar()
    return epoch


async def renew_lease(session: AsyncSession, name: str, holder: str, epoch: int, expires_at: datetime) -> bool:
    """Lock the row until this transaction ends; False when the turn is over."""
    mine = and_(Lease.name == name, Lease.holder == holder, Lease.epoch == epoch)
    renewed = update(Lease).where(mine).values(expires_at=expires_at).returning(Lease.epoch)
    return await session.scalar(renewed) is not None


async def release_lease(session: AsyncSession, name: str, holder: str, now: datetime) -> None:
    mine = and_(Lease.name == name, Lease.holder == holder)
    await session.execute(update(Lease).where(mine).values(expires_at=now))


# --- stories ------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """A content in its first version, as the clusterer reads it."""

    content_id: UUID
    source_id: UUID
    field: str
    title: str
    text: str
    published_at: datetime | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Assigned:
    told: Told
    story_id: UUID
    score: float


def _told() -> Select[Any]:
    first = and_(ContentRevision.content_id == Content.id, ContentRevision.revision == 1)
    title, body = func.coalesce(ContentRevision.title, Content.title), (ContentRevision.text, Content.text)
    summary = func.coalesce(ContentRevision.summary, Content.summary, "")
    return (
        select(
            Annotation.content_id,
            Annotation.source_id,
            Annotation.field,
            title,
            func.coalesce(func.nullif(func.coalesce(*body), ""), summary),
            Content.published_at,
            Content.first_seen_at,
        )
        .join(Content, Content.id == Annotation.content_id)
        .join(ContentRevision, first, isouter=True)
    )


async def list_unassigned(session: AsyncSession, floor: UUID, settled: datetime, limit: int) -> list[Told]:
    """Annotated contents that tell a story and have none yet, in the order in which they came in."""
    joins = or_(
        and_(Source.group.in_(PUBLISHING_GROUPS), Annotation.kind.not_in(NOT_STORIES)),
        and_(Source.group == "forum", Annotation.kind.in_(FORUM_STORIES)),
    )
    query = (
        _told()
        .join(Source, Source.id == Annotation.source_id)
        .join(StoryItem, StoryItem.content_id == Annotation.content_id, isouter=True)
        .where(Annotation.content_id >= floor, Annotation.annotated_at <= settled)
        .where(StoryItem.content_id.is_(None), joins)
        .order_by(Annotation.content_id)
        .limit(limit)
    )
    return [Told(*row) for row in await session.execute(query)]


async def newest_assigned(session: AsyncSession) -> UUID | None:
    query = select(StoryItem.content_id).order_by(StoryItem.content_id.desc()).limit(1)
    newest: UUID | None = await session.scalar(query)
    return newest


async def list_assigned(session: AsyncSession, after: UUID, limit: int) -> list[tuple[Told, UUID]]:
    query = (
        _told()
        .add_columns(StoryItem.story_id)
        .join(StoryItem, StoryItem.content_id == Annotation.content_id)
        .where(StoryItem.content_id > after, Annotation.content_id > after)
        .order_by(StoryItem.content_id)
        .limit(limit)
    )
    return [(Told(*row[:-1]), row[-1]) for row in await session.execute(query)]


_OPEN_STORIES = text(
    """
    INSERT INTO stories (id, title, field, first_at, last_at, items, sources, version)
    SELECT id, title, field, at, at, 0, 0, 0
    FROM unnest(CAST(:ids AS uuid[]), CAST(:titles AS text[]), CAST(:fields AS text[]),
                CAST(:times AS timestamptz[])) AS new (id, title, field, at)
    """
)
_INSERT_STORY_ITEMS = text(
    """
    INSERT INTO story_items (content_id, story_id, source_id, score, epoch, assigned_at)
    SELECT content_id, story_id, source_id, score, :epoch, CAST(:now AS timestamptz)
    FROM unnest(CAST(:content_ids AS uuid[]), CAST(:story_ids AS uuid[]), CAST(:source_ids AS uuid[]),
                CAST(:scores AS float8[])) AS new (content_id, story_id, source_id, score)
    """
)
_RECOUNT_STORIES = text(
    """
    WITH told AS (
        SELECT i.story_id, i.content_id, i.source_id, a.field,
               left(coalesce(nullif(c.title, ''), c.text), 300) AS title,
               coalesce(c.published_at, c.first_seen_at) AS at, s."group" = ANY(CAST(:publishing AS text[])) AS is_public
        FROM story_items i
        JOIN contents c ON c.id = i.content_id
        JOIN annotations a ON a.content_id = i.content_id
        JOIN sources s ON s.id = i.source_id
        WHERE i.story_id = ANY(CAST(:ids AS uuid[]))
    ), counted AS (
        SELECT story_id, count(*) AS items, count(DISTINCT source_id) AS sources, min(at) AS first_at,
               max(at) AS last_at, mode() WITHIN GROUP (ORDER BY field) AS field,
               (array_agg(title ORDER BY is_public DESC, content_id))[1] AS title
        FROM told GROUP BY story_id
    )
    UPDATE stories AS old
    SET items = new.items, sources = new.sources, first_at = least(old.first_at, new.first_at),
        last_at = greatest(old.last_at, new.last_at), field = new.field, title = new.title, version = old.version + 1
    FROM counted AS new
    WHERE old.id = new.story_id
    """
)


async def open_stories(session: AsyncSession, given: Sequence[Assigned]) -> None:
    """The stories that these contents are the first of."""
    if not given:
        return
    told = [one.told for one in given]
    values = {
        "ids": [one.story_id for one in given],
        "titles": [(one.title or one.text)[:TITLE_CHARS] for one in told],
        "fields": [one.field for one in told],
        "times": [one.published_at or one.first_seen_at for one in told],
    }
    await session.execute(_OPEN_STORIES, values)


async def insert_story_items(session: AsyncSession, given: Sequence[Assigned], epoch: int, now: datetime) -> None:
    values = {
        "content_ids": [one.told.content_id for one in given],
        "story_ids": [one.story_id for one in given],
        "source_ids": [one.told.source_id for one in given],
        "scores": [one.score for one in given],
        "epoch": epoch,
        "now": now,
    }
    await session.execute(_INSERT_STORY_ITEMS, values)


async def recount_stories(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """What a story shows, counted anew from its items: its title is that of the first who published it."""
    values = {"ids": list(ids), "publishing": [group.value for group in PUBLISHING_GROUPS]}
    await session.execute(_RECOUNT_STORIES, values)


async def get_story(session: AsyncSession, story_id: UUID) -> Story | None:
    return await session.get(Story, story_id)


class StoryFilter(NamedTuple):
    field: str | None = None
    min_sources: int = 1
    since: datetime | None = None


async def list_stories(
    session: AsyncSession, wanted: StoryFilter, sort: Any, after: tuple[Any, UUID] | None, limit: int
) -> Sequence[Story]:
    """Largest sort key first; `sort` is Story.last_at or Story.sources."""
    query = select(Story).where(Story.sources >= wanted.min_sources).order_by(sort.desc(), Story.id.desc())
    if wanted.field is not None:
        query = query.where(Story.field == wanted.field)
    if wanted.since is not None:
        query = query.where(Story.last_at >= wanted.since)
    if after is not None:
        query = query.where(tuple_(sort, Story.id) < after)
    return (await session.scalars(query.limit(limit))).all()


async def list_story_contents(session: AsyncSession, story_id: UUID, limit: int) -> Sequence[Row[Any]]:
    query = (
        select(
            Content.id.label("content_id"),
            func.left(Content.title, TITLE_CHARS).label("title"),
            Content.url,
            Source.name.label("source"),
            Source.group,
            Content.published_at,
            Annotation.kind,
            Annotation.tone,
            StoryItem.score,
        )
        .select_from(StoryItem)
        .join(Content, Content.id == StoryItem.content_id)
        .join(Source, Source.id == StoryItem.source_id)
        .join(Annotation, Annotation.content_id == StoryItem.content_id)
        .where(StoryItem.story_id == story_id)
        .order_by(StoryItem.content_id)
        .limit(limit)
    )
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


# --- search -------------------------------------------------------------------------------------------------

_INDEX_CONTENTS = text(
    """
    INSERT INTO search_documents (content_id, title, published_at, tsv)
    SELECT id, left(title, 300), published_at,
           setweight(to_tsvector('vi_simple', title), 'A')
           || to_tsvector('vi_simple', left(coalesce(nullif(text, ''), summary, ''), 50000))
    FROM contents WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id
    ON CONFLICT (content_id) DO UPDATE
        SET title = excluded.title, published_at = excluded.published_at, tsv = excluded.tsv
    """
)


async def list_unindexed(session: AsyncSession, since: datetime, limit: int) -> list[UUID]:
    """Annotated contents that the index lacks, newest first: what people look for is new."""
    query = (
        select(Annotation.content_id)
        .join(SearchDocument, SearchDocument.content_id == Annotation.content_id, isouter=True)
        .where(Annotation.content_id >= floor_id(since), SearchDocument.content_id.is_(None))
        .order_by(Annotation.content_id.desc())
        .limit(limit)
    )
    return list(await session.scalars(query))


async def index_contents(session: AsyncSession, ids: Sequence[UUID]) -> None:
    await session.execute(_INDEX_CONTENTS, {"ids": list(ids)})


class SearchFilter(NamedTuple):
    q: str
    field: str | None = None
    kind: str | None = None


async def search(session: AsyncSession, wanted: SearchFilter, page: PageRequest) -> Sequence[Row[Any]]:
    """Newest first. Marks and tone placement do not matter: both sides go through the same text configuration."""
    asked = func.websearch_to_tsquery(text("'vi_simple'"), wanted.q)
    query = (
        select(
            SearchDocument.content_id,
            SearchDocument.title,
            Content.url,
            Source.name.label("source"),
            SearchDocument.published_at,
            Annotation.field,
            Annotation.kind,
            Annotation.tone,
            StoryItem.story_id,
            func.left(func.coalesce(Content.summary, Content.text), TITLE_CHARS).label("snippet"),
        )
        .join(Content, Content.id == SearchDocument.content_id)
        .join(Source, Source.id == Content.source_id)
        .join(Annotation, Annotation.content_id == SearchDocument.content_id)
        .join(StoryItem, StoryItem.content_id == SearchDocument.content_id, isouter=True)
        .where(SearchDocument.tsv.op("@@")(asked))
        .order_by(SearchDocument.content_id.desc())
        .limit(page.limit + 1)
    )
    if wanted.field is not None:
        query = query.where(Annotation.field == wanted.field)
    if wanted.kind is not None:
        query = query.where(Annotation.kind == wanted.kind)
    if page.after:
        query = query.where(SearchDocument.content_id < page.after.id)
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


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
    return (await session.scalars(_newest_first(query, LabelProposal.id, page))).all()


# --- the legal-risk queue -----------------------------------------------------------------------------------


async def list_cases(session: AsyncSession, state: RiskState | None, page: PageRequest) -> Sequence[Row[Any]]:
    """Suggestions with the title and link of their content; no author, because none is kept."""
    query = select(
        *LegalRiskCase.__table__.columns, func.left(Content.title, TITLE_CHARS).label("title"), Content.url
    ).join(Content, Content.id == LegalRiskCase.content_id, isouter=True)
    if state is not None:
        query = query.where(LegalRiskCase.state == state)
    rows: Sequence[Row[Any]] = (await session.execute(_newest_first(query, LegalRiskCase.id, page))).all()
    return rows


async def lock_case(session: AsyncSession, case_id: UUID) -> LegalRiskCase | None:
    return await session.get(LegalRiskCase, case_id, with_for_update=True)


# --- claims -------------------------------------------------------------------------------------------------


async def get_claim(session: AsyncSession, claim_id: UUID, *, lock: bool = False) -> Claim | None:
    return await session.get(Claim, claim_id, with_for_update=lock or None)


async def insert_claim(session: AsyncSession, row: Mapping[str, Any]) -> Claim:
    claim = await session.scalar(insert(Claim).values(row).returning(Claim))
    assert claim is not None
    return claim


async def list_claims(
    session: AsyncSession, state: ClaimState | None, page: PageRequest, *, only_published: bool
) -> Sequence[Claim]:
    query = select(Claim)
    if state is not None:
        query = query.where(Claim.state == state)
    if only_published:
        query = query.where(Claim.state == ClaimState.PUBLISHED)
    return (await session.scalars(_newest_first(query, Claim.id, page))).all()


async def claim_texts(session: AsyncSession, limit: int = 2000) -> dict[UUID, str]:
    """The newest claims that are not closed: what new contents are held against."""
    query = select(Claim.id, Claim.text).where(Claim.state != ClaimState.CLOSED).order_by(Claim.id.desc())
    return {claim_id: words for claim_id, words in await session.execute(query.limit(limit))}


async def contents_with_pairs(
    session: AsyncSession, pairs: Sequence[tuple[str, str]], floor: UUID, limit: int = 300
) -> list[ToAnnotate]:
    """Newest contents that hold one of these pairs of words side by side."""
    asked = " | ".join(f"({first} <-> {second})" for first, second in pairs)
    query = (
        select(Content.id, Content.source_id, Content.kind, Content.title, Content.text, Content.revision)
        .join(SearchDocument, SearchDocument.content_id == Content.id)
        .where(SearchDocument.tsv.op("@@")(func.to_tsquery(text("'vi_simple'"), asked)), Content.id >= floor)
        .order_by(Content.id.desc())
        .limit(limit)
    )
    return [ToAnnotate(*row) for row in await session.execute(query)]


_SUGGEST_MATCHES = text(
    """
    INSERT INTO claim_matches AS old (claim_id, content_id, score, state, decided_by, created_at)
    SELECT claim_id, content_id, score, 'suggested', NULL, CAST(:now AS timestamptz)
    FROM unnest(CAST(:claim_ids AS uuid[]), CAST(:content_ids AS uuid[]), CAST(:scores AS float8[]))
         AS new (claim_id, content_id, score)
    ORDER BY claim_id, content_id
    ON CONFLICT (claim_id, content_id) DO UPDATE SET score = excluded.score WHERE old.state = 'suggested'
    """
)


async def suggest_matches(session: AsyncSession, rows: Sequence[tuple[UUID, UUID, float]], now: datetime) -> None:
    """(claim, content, score); what a person decided stays as it is."""
    claim_ids, content_ids, scores = (list(column) for column in zip(*rows, strict=True))
    values = {"claim_ids": claim_ids, "content_ids": content_ids, "scores": scores, "now": now}
    await session.execute(_SUGGEST_MATCHES, values)


async def lock_match(session: AsyncSession, claim_id: UUID, content_id: UUID) -> ClaimMatch | None:
    return await session.get(ClaimMatch, (claim_id, content_id), with_for_update=True)


class MatchFilter(NamedTuple):
    claim_id: UUID | None = None
    content_id: UUID | None = None
    state: MatchState | None = None


async def list_matches(session: AsyncSession, wanted: MatchFilter, page: PageRequest) -> Sequence[Row[Any]]:
    """Newest content first, best claim first; the cursor's key is the claim."""
    query = (
        select(
            ClaimMatch.claim_id,
            ClaimMatch.content_id,
            ClaimMatch.score,
            ClaimMatch.state,
            Claim.verdict,
            Claim.state.label("claim_state"),
            Claim.text.label("claim_text"),
            func.left(Content.title, TITLE_CHARS).label("title"),
            Content.url,
        )
        .join(Claim, Claim.id == ClaimMatch.claim_id)
        .join(Content, Content.id == ClaimMatch.content_id, isouter=True)
        .order_by(ClaimMatch.content_id.desc(), ClaimMatch.claim_id.desc())
        .limit(page.limit + 1)
    )
    for column, value in zip((ClaimMatch.claim_id, ClaimMatch.content_id, ClaimMatch.state), wanted, strict=True):
        if value is not None:
            query = query.where(column == value)
    if page.after:
        seen = (page.after.id, UUID(str(page.after.key)))
        query = query.where(tuple_(ClaimMatch.content_id, ClaimMatch.claim_id) < seen)
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


def _newest_first(query: Select[Any], key: Any, page: PageRequest) -> Select[Any]:
    """Ids are UUIDv7, so their order is the order of arrival."""
    query = query.order_by(key.desc()).limit(page.limit + 1)
    return query.where(key < page.after.id) if page.after else query

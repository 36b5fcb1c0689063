"""SQL of installed models and of people's corrections."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Annotation, Content, InstalledModel, LabelCorrection


class Correction(NamedTuple):
    content_id: UUID
    head: str
    model_label: str
    label: str
    text: str


class Words(NamedTuple):
    title: str
    text: str
    kind: str


# --- corrections --------------------------------------------------------------------------------------------


async def words_of(session: AsyncSession, content_id: UUID) -> Words | None:
    """What a content says now, and how it came in."""
    body = func.coalesce(func.nullif(Content.text, ""), Content.summary, "")
    row = (await session.execute(select(Content.title, body, Content.kind).where(Content.id == content_id))).first()
    return Words(*row) if row else None


async def add_correction(session: AsyncSession, row: dict[str, Any]) -> None:
    await session.execute(insert(LabelCorrection).values(row))


async def set_labels(session: AsyncSession, content_id: UUID, labels: dict[str, str], now: datetime) -> None:
    """A person's field or tone: certain, and no head of these abstains any more."""
    values: dict[str, Any] = {"annotated_at": now}
    abstained: Any = Annotation.abstained
    versions: Any = Annotation.model_versions
    for head, label in labels.items():
        values |= {head: label, f"{head}_score": 1.0}
        abstained = func.array_remove(abstained, head)
        versions = versions.op("||")(func.jsonb_build_object(head, "person"))
    values |= {"abstained": abstained, "model_versions": versions}
    query = update(Annotation).where(Annotation.content_id == content_id).values(values)
    await session.execute(query.execution_options(synchronize_session=False))


async def labels_in_force(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """The field, the tone and the places that people gave these contents, the newest of each."""
    kept = LabelCorrection
    query = (
        select(kept.content_id, kept.head, kept.label)
        .where(kept.content_id.in_(ids), kept.head.in_(("field", "tone", "places")))
        .order_by(kept.id)
    )
    found: dict[UUID, dict[str, str]] = {}
    for content_id, head, label in await session.execute(query):
        found.setdefault(content_id, {})[head] = label
    return found


async def list_corrections(session: AsyncSession) -> list[Correction]:
    """The newest of each content and head, in the order of contents."""
    kept = LabelCorrection
    query = (
        select(kept.content_id, kept.head, kept.model_label, kept.label, kept.text)
        .ext(distinct_on(kept.content_id, kept.head))
        .order_by(kept.content_id, kept.head, kept.id.desc())
    )
    return [Correction(*row) for row in await session.execute(query)]


async def forget_corrections(session: AsyncSession, before: datetime) -> int:
    done = await session.execute(delete(LabelCorrection).where(LabelCorrection.labelled_at < before))
    return int(done.rowcount)  # type: ignore[attr-defined]


# --- models -------------------------------------------------------------------------------------------------


_INSTALLS = text("SELECT pg_advisory_xact_lock(hashtextextended('classify:models', 0))")


async def install(session: AsyncSession, name: str, version: str, card: dict[str, Any], now: datetime) -> None:
    """Make this the current model. Its card is replaced where it was known already.

    One at a time (advisory lock): two workers that start at once would else both find no current model and insert
    one each, which `uq_models_current` refuses.
    """
    await session.execute(_INSTALLS)
    model = InstalledModel
    is_other = (model.name != name) | (model.version != version)
    await session.execute(update(model).where(model.is_current, is_other).values(is_current=False))
    row = upsert(model).values(name=name, version=version, card=card, is_current=True, installed_at=now)
    changed = {"card": row.excluded.card, "is_current": True}
    await session.execute(row.on_conflict_do_update(index_elements=["name", "version"], set_=changed))


async def list_models(session: AsyncSession) -> Sequence[InstalledModel]:
    query = (
        select(InstalledModel).order_by(InstalledModel.is_current.desc(), InstalledModel.installed_at.desc()).limit(50)
    )
    return (await session.scalars(query)).all()


_PARK_AGAIN = text(
    """
    INSERT INTO late_contents (content_id, reason, tries, parked_at)
    SELECT content_id, 'again', 0, CAST(:now AS timestamptz) FROM annotations
    WHERE content_id >= CAST(:floor AS uuid) AND model_versions ->> 'classifier' <> :version
    ON CONFLICT (content_id) DO NOTHING
    """
)


async def park_again(session: AsyncSession, floor: UUID, version: str, now: datetime) -> int:
    """Into the slow lane: what came since then and was labelled by another model."""
    done = await session.execute(_PARK_AGAIN, {"floor": floor, "version": version, "now": now})
    return int(done.rowcount)  # type: ignore[attr-defined]

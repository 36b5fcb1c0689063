"""People correct labels. Theirs are in force from then on, and are kept, masked, as training data of the next model."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.content import ClassifiedItem, ContentsClassified
from libs.common.ids import new_id
from libs.common.masking import mask_personal_data
from libs.common.models import Annotation
from libs.common.models.enums import Field, TextKind, Tone
from libs.common.models.models import CORRECTION_CHARS
from libs.common.outbox import emit
from libs.common.text import nfc
from services.classify.adapters.base import Labels
from services.classify.models import queries
from services.classify.service import trail

DISMISSED = "none"
"""The label of a risk that a person dismissed."""


async def keep(
    session: AsyncSession, annotation: Annotation, head: str, before: str, label: str, *, by: UUID, now: datetime
) -> None:
    """Remember what a person said instead of the model; a content that is gone teaches nothing."""
    words = await queries.words_of(session, annotation.content_id)
    told = f"{words.title}. {words.text}" if words and words.title else words.text if words else ""
    row = {
        "id": new_id(now),
        "content_id": annotation.content_id,
        "head": head,
        "model_label": before,
        "label": label,
        "text": mask_personal_data(nfc(told))[:CORRECTION_CHARS],
        "model": str(annotation.model_versions.get("classifier", "")),
        "labelled_by": by,
        "labelled_at": now,
    }
    await queries.add_correction(session, row)


async def correct_labels(
    session: AsyncSession, annotation: Annotation, field: Field | None, tone: Tone | None, *, by: UUID, now: datetime
) -> None:
    """A person's field, tone or both. The annotation is locked by whoever calls."""
    given = {"field": field, "tone": tone}
    before = {head: getattr(annotation, head) for head in given}
    changed = {head: label.value for head, label in given.items() if label is not None}
    if not changed:
        return
    for head, label in changed.items():
        await keep(session, annotation, head, before[head], label, by=by, now=now)
    await queries.set_labels(session, annotation.content_id, changed, now)
    await session.refresh(annotation)
    facts = {head: [before[head], label] for head, label in changed.items()}
    await trail.record(session, "label.corrected", by, ("content", annotation.content_id), now, facts)
    item = ClassifiedItem(
        content_id=annotation.content_id,
        kind=TextKind(annotation.kind),
        field=Field(annotation.field),
        tone=Tone(annotation.tone),
    )
    await emit(session, ContentsClassified(items=[item]), now=now, source="classify")


def with_people(labels: Labels, kept: Mapping[str, str]) -> Labels:
    """A model's labels, where people did not say otherwise."""
    if not kept:
        return labels
    field, tone = kept.get("field"), kept.get("tone")
    return Labels(
        Field(field) if field else labels.field,
        1.0 if field else labels.field_score,
        Tone(tone) if tone else labels.tone,
        1.0 if tone else labels.tone_score,
        labels.kind,
        labels.kind_score,
        labels.risk,
        labels.toxicity,
        tuple(head for head in labels.abstained if head not in kept),
    )

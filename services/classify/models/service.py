"""Which model labels here: known by its card from its first use on; and texts labelled by another, labelled anew."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import floor_id, new_id
from libs.common.models.enums import ContentKind
from services.classify.adapters.base import Classifier, Document
from services.classify.adapters.linear import LinearClassifier
from services.classify.learner.storage import card_of
from services.classify.models import queries
from services.classify.models.explaining import explain
from services.classify.models.problems import ModelCannotExplain, NoModelLoaded
from services.classify.problems import AnnotationNotFound
from services.classify.service import trail


async def install(session: AsyncSession, classifier: Classifier, now: datetime) -> None:
    """Tell which model is in use from now on."""
    await queries.install(session, classifier.name, classifier.version, told(classifier), now)


def told(classifier: Classifier) -> dict[str, Any]:
    """The card of a model, the whole of it where it has a directory."""
    if isinstance(classifier, LinearClassifier):
        return card_of(classifier.folder)
    card = classifier.card
    return {"title": card.title, "data": card.data, "licence": card.licence, "limits": card.limits}


async def explain_content(session: AsyncSession, content_id: UUID, classifier: Classifier | None) -> dict[str, Any]:
    """Why a content has its labels, by the model in use and the words it has now."""
    words = await queries.words_of(session, content_id)
    if words is None:
        raise AnnotationNotFound(f"Không có nội dung {content_id}.")
    if classifier is None:
        raise NoModelLoaded("Nội dung sẽ được gán nhãn khi có mô hình.")
    if not isinstance(classifier, LinearClassifier):
        raise ModelCannotExplain(f"Mô hình đang dùng: {classifier.name}.")
    document = Document(words.title, words.text, ContentKind(words.kind))
    return await asyncio.to_thread(explain, classifier, document)


async def label_again(session: AsyncSession, classifier: Classifier, days: int, *, by: UUID, now: datetime) -> int:
    """Put what the last days brought, and another model labelled, into the slow lane; how many."""
    version = f"{classifier.name} {classifier.version}"
    queued = await queries.park_again(session, floor_id(now - timedelta(days=days)), version, now)
    await trail.record(
        session, "model.label_again", by, ("model", new_id(now)), now, {"model": classifier.version, "queued": queued}
    )
    return queued

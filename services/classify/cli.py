"""`lantoa content annotate`, `lantoa stories cluster`, `lantoa claims match`: the rules of the service on files."""

from datetime import UTC, datetime
from typing import Any

import typer

from libs.common.cli.main import group
from libs.common.cli.rows import (
    BadRow,
    DataOption,
    JsonOption,
    OutOption,
    Record,
    answer_rows,
    text_of,
)
from libs.common.clock import HANOI
from libs.common.text import nfc
from libs.common.units import load_gazetteer
from services.classify import adapters  # noqa: F401  (registers the models)
from services.classify.adapters.base import CLASSIFIERS, Document, Labels
from services.classify.alerts import cli as alerts
from services.classify.claims import cli as claims
from services.classify.domain import guard
from services.classify.learner import cli as learner
from services.classify.models import cli as models
from services.classify.places import Gazetteer
from services.classify.service.annotating import mentions_of
from services.classify.stories import Item, StoryIndex
from services.classify.text.language import identify
from services.classify.trends import cli as trends


def register(app: typer.Typer) -> None:
    """Add the verbs of classification to the `lantoa` command."""
    group(app, "content").command("annotate")(annotate_content)
    group(app, "stories").command("cluster")(cluster_stories)
    claims.register(group(app, "claims"))
    trends.register(app)
    alerts.register(app)
    learner.register(app)
    models.register(app)


def annotate_content(data: DataOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Gán lĩnh vực, sắc thái, loại, rủi ro và địa danh cho từng văn bản (label texts)."""
    classifier, gazetteer = CLASSIFIERS.get("linear")(), Gazetteer(load_gazetteer())

    def answer(rows: list[Record]) -> list[Record]:
        documents = [Document(text_of(row, "title", ""), text_of(row, "text")) for row in rows]
        found = zip(rows, documents, classifier.annotate(documents), strict=True)
        return [annotation_row(row["id"], doc, labels, gazetteer) for row, doc, labels in found]

    answer_rows("Phân loại", data, out, as_json, answer)


def annotation_row(row_id: Any, document: Document, labels: Labels, gazetteer: Gazetteer) -> Record:
    return {
        "id": row_id,
        "field": labels.field,
        "field_score": labels.field_score,
        "tone": labels.tone,
        "tone_score": labels.tone_score,
        "risk": list(guard(labels.kind, labels.risk).risk),
        "places": list(gazetteer.find(document.title, document.text)),
        "kind": labels.kind,
        "kind_score": labels.kind_score,
        "toxicity": labels.toxicity,
        "abstained": list(labels.abstained),
        "language": identify(f"{document.title}. {document.text}").code,
        "mentions": mentions_of(document),
    }


def cluster_stories(data: DataOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Gom tin về cùng một việc thành câu chuyện, một lượt theo thời gian (one pass, in time order)."""
    index = StoryIndex()

    def answer(rows: list[Record]) -> list[Record]:
        return [{"id": row["id"], "story_id": index.assign(_item(row)).story_id} for row in rows]

    answer_rows("Gom câu chuyện", data, out, as_json, answer)


def _item(row: Record) -> Item:
    at = _instant(text_of(row, "published_at"))
    return Item(str(row["id"]), nfc(text_of(row, "title", "")), nfc(text_of(row, "text", "")), at, at)


def _instant(written: str) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise BadRow(f"published_at không phải thời điểm ISO 8601 (not ISO 8601): {written!r}") from error
    return (at if at.tzinfo else at.replace(tzinfo=HANOI)).astimezone(UTC)

"""What a model's card says of its error, as rows. A card that tells of no measure gives none. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

FROZEN, FOLDS, OUTSIDE = "văn bản thử đã khóa", "ngoài phần học", "báo thật, không học"
HEADS = {
    "field": "Lĩnh vực", "kind": "Loại bài viết", "tone": "Sắc thái", "risk": "Rủi ro", "toxicity": "Lời lẽ xúc phạm",
}  # fmt: skip
SUCCESSES = {"macro_f1": "macro-F1", "f1": "F1", "precision": "độ đúng", "recall": "độ đủ"}
ERRORS = {"accuracy": "sai, kể cả bỏ trống", "accuracy_where_said": "sai khi nói", "coverage": "bỏ trống"}
"""What the card tells as a success, told as what is left of one."""


def measures_of(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """{head, measured_on, measure, value} of each figure there is."""
    return [
        {"head": head, "measured_on": on, "measure": measure, "value": value}
        for on, head, figures in _told(card)
        for measure, value in _figures(figures)
    ]


def _told(card: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for name, on in (("frozen", FROZEN), ("metrics", FOLDS)):
        for head, label in HEADS.items():
            figures = (card.get(name) or {}).get(head)
            if isinstance(figures, Mapping):
                yield on, label, figures
    for place, figures in (card.get("outside") or {}).items():
        yield f"{OUTSIDE}: {place}", HEADS["field"], figures


def _figures(figures: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Error rather than success where both can be said: that is what a reader asks for."""
    for name, measure in SUCCESSES.items():
        if _is_number(figures.get(name)):
            yield measure, round(float(figures[name]), 4)
    for name, measure in ERRORS.items():
        if _is_number(figures.get(name)):
            yield measure, round(1 - float(figures[name]), 4)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

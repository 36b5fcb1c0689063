"""What is told of a model: card.json for programs, CARD.md for people, made from the same figures."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from services.classify.models.texts import Example
from services.classify.models.training import Outcome

TITLE = "Mô hình nhãn của Lan Tỏa (the labels of Lan Tỏa)"
DATA = (
    "Văn bản ngắn do dự án tự viết cho việc này, không lấy của ai; không có bài báo, không có người thật "
    "(short texts written for the project; no press texts, no real people)"
)
LICENCE = "Apache-2.0"
LIMITS = (
    "Không hiểu mỉa mai và ngữ cảnh như người; văn bản học đều ngắn; loại và lĩnh vực của bài dài kém chắc hơn; "
    "rủi ro chỉ là gợi ý cho người; xúc phạm chỉ để tham khảo (no irony, short training texts; risks are suggestions "
    "for people; toxicity only advises)"
)
SPLIT = (
    "Số đo khi học: 5 phần, mỗi phần là những đoạn 30 dòng viết liền nhau, không đoạn nào ở cả hai bên "
    "(out of fold by blocks of 30 neighbours); số đo cuối: văn bản thử do người khác viết trước, khóa bằng sha256. "
    "Số đo cuối được xem bảy lần khi sửa luật và thêm văn bản học, văn bản thử thì không ai đọc để sửa: nên hiểu là "
    "hơi lạc quan; 48 văn bản không thuộc lĩnh vực nào được viết thêm sau khi có bản này "
    "(the frozen figures were looked at seven times while rules and training texts were changed, the "
    "texts themselves never: take them as slightly optimistic; 48 texts of no field were written after this version)"
)


def card_for(
    outcome: Outcome, learnt: Sequence[Example], day: date, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "name": "linear",
        "title": TITLE,
        "data": DATA,
        "licence": LICENCE,
        "limits": LIMITS,
        "split": SPLIT,
        "date": day.isoformat(),
        "texts": {
            "hash": outcome.texts,
            "written": sum(not one.is_phrase for one in learnt),
            "phrases": sum(one.is_phrase for one in learnt),
        },
        "metrics": outcome.metrics,
        **(more or {}),
    }


def write_readable(card: Mapping[str, Any], folder: Path) -> None:
    (folder / "CARD.md").write_text("\n".join(_lines(card)) + "\n", encoding="utf-8")


def _lines(card: Mapping[str, Any]) -> Iterable[str]:
    yield f"# {card['title']}"
    yield ""
    yield f"Phiên bản (version) `{card['version']}` · {card['date']} · {card['licence']}"
    for name, told in (("Dữ liệu / Data", "data"), ("Chia / Split", "split"), ("Giới hạn / Limits", "limits")):
        yield from ("", f"**{name}.** {card[told]}")
    texts = card["texts"]
    yield from ("", f"{texts['written']} văn bản, {texts['phrases']} cụm từ (texts and phrases), `{texts['hash']}`.")
    if "frozen" in card:
        yield from _frozen(card["frozen"])
    if "outside" in card:
        yield from _outside(card["outside"])
    yield from ("", "## Ngoài phần học / Out of fold", "")
    for head, figures in card["metrics"].items():
        yield from _head(head, figures)


def _head(head: str, figures: Mapping[str, Any]) -> Iterable[str]:
    yield from (f"### {head}", "", str(figures["headline"]), "")
    if "curve" in figures:
        yield "| xác suất từ (from) | tỷ lệ có nhãn (coverage) | đúng (accuracy) |"
        yield "|---|---|---|"
        yield from (f"| {row['from']} | {row['coverage']:.1%} | {row['accuracy']:.1%} |" for row in figures["curve"])
        yield ""
    yield from _table(figures["labels"])


def _frozen(frozen: Mapping[str, Any]) -> Iterable[str]:
    """As labels are given: a head that abstains counts as wrong there."""
    yield from ("", "## Trên văn bản thử đã khóa / On the frozen texts", "")
    for head in ("field", "kind", "tone"):
        one = frozen[head]
        yield from (
            f"### {head}: macro-F1 {one['macro_f1']:.3f}", "",
            f"Có nhãn (said) {one['coverage']:.1%}, đúng khi nói (right where said) {one['accuracy_where_said']:.1%}; "
            f"nếu không bao giờ để trống (never abstaining): macro-F1 {one['macro_f1_always']:.3f}", "",
        )  # fmt: skip
        yield from _table(one["labels"])
    yield from ("### risk", "", "Sau tường lửa: điều được gợi ý cho người (after the firewall).", "")
    yield from _table(frozen["risk"])
    ordinary = sum(one["false_alarms"] for one in frozen["ordinary"].values())
    yield f"Báo nhầm trên văn bản thường (false alarms on ordinary texts): {ordinary}."
    yield ""
    yield from ("### toxicity", "", *_table({"toxic": frozen["toxicity"]}))
    told = frozen["criticism"]
    queued = f"{told['suggested']} vào hàng chờ (in the queue)"
    yield f"Phê bình hợp pháp (lawful criticism): {told['texts']} văn bản, {queued}."


def _outside(outside: Mapping[str, Any]) -> Iterable[str]:
    yield from ("", "## Báo thật, không học / Real press, never learnt from", "")
    for name, told in outside.items():
        yield from (
            f"**{name}**: {told['texts']} bài, đúng (accuracy) {told['accuracy']:.1%}, "
            f"có nhãn (said) {told['coverage']:.1%}, "
            f"đúng khi nói (right where said) {told['accuracy_where_said']:.1%}.", "",
            "Chuyên mục → lĩnh vực (section → fields): "
            + "; ".join(f"{section} → {', '.join(fields)}" for section, fields in told["map"].items()), "",
        )  # fmt: skip


def _table(labels: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    yield "| nhãn (label) | đúng (precision) | đủ (recall) | F1 | văn bản (texts) |"
    yield "|---|---|---|---|---|"
    for label, one in labels.items():
        yield f"| {label} | {one['precision']:.3f} | {one['recall']:.3f} | {one['f1']:.3f} | {one['texts']} |"
    yield ""

"""The model against texts it has never seen: figures only, no text is shown. Nobody trains on frozen texts."""

import json
import lzma
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from libs.common.models.enums import PROTECTED_KINDS, ContentKind, Field, TextKind, Tone
from services.classify.adapters.base import Classifier, Document, Labels
from services.classify.adapters.linear import LinearClassifier
from services.classify.domain import guard
from services.classify.models.measuring import figures_of, macro_f1, per_label
from services.classify.models.texts import SUGGESTED_RISKS

BATCH = 200
Row = dict[str, Any]


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def judge(classifier: LinearClassifier, folder: Path) -> dict[str, Any]:
    """The figures of every head on every frozen set."""
    fields, risky = read(folder / "fields.jsonl"), read(folder / "risk.jsonl")
    said = labels_of(classifier, fields)
    always = labels_of(unsure(classifier), fields)
    return {
        "field": _one("field", fields, said, always, [one.value for one in Field]),
        "kind": _one("kind", fields, said, always, [one.value for one in TextKind]),
        "tone": _one("tone", fields, said, always, [one.value for one in Tone]),
        "risk": judge_risk(risky, labels_of(classifier, risky)),
        "ordinary": {
            risk.value: {"false_alarms": sum(risk in guard(one.kind, one.risk).risk for one in said)}
            for risk in SUGGESTED_RISKS
        },
        "toxicity": _toxicity(classifier, read(folder / "toxicity.jsonl")),
        "criticism": _criticism(classifier, read(folder / "criticism.jsonl")),
    }


def labels_of(classifier: Classifier, rows: Sequence[Row]) -> list[Labels]:
    return labelled(classifier, [Document(row.get("title", ""), row["text"]) for row in rows])


def labelled(classifier: Classifier, documents: Sequence[Document]) -> list[Labels]:
    return [
        labels
        for start in range(0, len(documents), BATCH)
        for labels in classifier.annotate(documents[start : start + BATCH])
    ]


def _one(
    head: str, rows: Sequence[Row], said: Sequence[Labels], always: Sequence[Labels], names: list[str]
) -> dict[str, Any]:
    """As labels are given, an abstention counting as wrong; and where the head speaks."""
    true = np.array([names.index(row[head]) for row in rows])
    given = np.array([names.index(getattr(labels, head)) for labels in said])
    spoke = np.array([head not in labels.abstained for labels in said])
    each = per_label(names, true, given)
    never_silent = per_label(names, true, np.array([names.index(getattr(labels, head)) for labels in always]))
    return {
        "macro_f1": macro_f1(each, without=("khac", "other")),
        "macro_f1_always": macro_f1(never_silent, without=("khac", "other")),
        "macro_f1_with_other": macro_f1(each),
        "accuracy": round(float((true == given).mean()), 4),
        "coverage": round(float(spoke.mean()), 4),
        "accuracy_where_said": round(float((true == given)[spoke].mean()), 4) if spoke.any() else 0.0,
        "labels": {label: figures for label, figures in each.items() if figures["texts"]},
    }


def unsure(classifier: LinearClassifier) -> Classifier:
    """The same model, that never abstains."""
    made = copy(classifier)
    heads = tuple(replace(head, floor=0.0) for head in classifier.model.heads)
    made.model = replace(classifier.model, heads=heads)
    return made


def judge_risk(rows: Sequence[Row], said: Sequence[Labels]) -> dict[str, Any]:
    """What would be suggested to a person, after the firewall."""
    found = [guard(labels.kind, labels.risk).risk for labels in said]
    return {
        risk.value: figures_of(
            np.array([risk.value in row.get("risk", ()) for row in rows]), np.array([risk in one for one in found])
        )
        for risk in SUGGESTED_RISKS
    }


def _toxicity(classifier: Classifier, rows: Sequence[Row]) -> dict[str, Any]:
    scores = np.array([labels.toxicity or 0.0 for labels in labels_of(classifier, rows)])
    return figures_of(np.array([bool(row["toxic"]) for row in rows]), scores >= 0.5)


def _criticism(classifier: Classifier, rows: Sequence[Row]) -> dict[str, Any]:
    said = labels_of(classifier, rows)
    return {
        "texts": len(rows),
        "protected": sum(labels.kind in PROTECTED_KINDS for labels in said),
        "risk_fired": sum(bool(labels.risk) for labels in said),
        "suggested": sum(bool(guard(labels.kind, labels.risk).risk) for labels in said),
        "suggested_classes": sorted({risk for labels in said for risk in guard(labels.kind, labels.risk).risk}),
    }


SECTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "unc_dantri": {
        "business": ("kinh_te", "dat_dai_xay_dung"),
        "education": ("giao_duc",),
        "entertainment": ("van_hoa_du_lich",),
        "health": ("y_te",),
        "science": ("khoa_hoc_cong_nghe", "moi_truong"),
        "sport": ("the_thao",),
        "tech": ("khoa_hoc_cong_nghe",),
        "travel": ("van_hoa_du_lich", "giao_thong"),
        "world": ("chinh_tri", "an_ninh_trat_tu"),
    },
    "vntc10": {
        "Khoa hoc": ("khoa_hoc_cong_nghe", "moi_truong"),
        "Kinh doanh": ("kinh_te", "dat_dai_xay_dung"),
        "Phap luat": ("an_ninh_trat_tu",),
        "Suc khoe": ("y_te",),
        "The gioi": ("chinh_tri", "an_ninh_trat_tu"),
        "The thao": ("the_thao",),
        "Van hoa": ("van_hoa_du_lich",),
        "Vi tinh": ("khoa_hoc_cong_nghe",),
    },
}
"""Sections of newspapers, and the fields expected in each; sections that hold everything are left out."""


def judge_outside(classifier: Classifier, folder: Path, most: int = 2000) -> dict[str, Any]:
    """Real articles of real sections, as far as the folder has them."""
    return {
        name: _section(classifier, folder / name / "train.jsonl.xz", sections, most)
        for name, sections in SECTIONS.items()
        if (folder / name / "train.jsonl.xz").exists()
    }


def _section(classifier: Classifier, path: Path, sections: Mapping[str, tuple[str, ...]], most: int) -> dict[str, Any]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["label"] in sections]
    rows = rows[:: max(1, len(rows) // most)][:most]
    documents = [Document("", row["text"], ContentKind.ARTICLE) for row in rows]
    said = [
        one for start in range(0, len(rows), BATCH) for one in classifier.annotate(documents[start : start + BATCH])
    ]
    right = np.array([one.field in sections[row["label"]] for one, row in zip(said, rows, strict=True)])
    spoke = np.array(["field" not in one.abstained for one in said])
    return {
        "texts": len(rows),
        "accuracy": round(float(right.mean()), 4),
        "coverage": round(float(spoke.mean()), 4),
        "accuracy_where_said": round(float(right[spoke].mean()), 4),
        "map": {section: list(fields) for section, fields in sections.items()},
    }

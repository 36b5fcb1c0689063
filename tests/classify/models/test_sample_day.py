"""The fictional day that `make run` shows, read as it comes in: how often the labels are what a careful reader says."""

import json

from libs.common.local.paths import checkout
from libs.common.models.enums import ContentKind
from services.classify.adapters.base import Document
from services.classify.adapters.linear import LinearClassifier

DAY = checkout() / "sandbox" / "newsstand" / "sample_day" / "items.jsonl"
FORMS = {"official": ContentKind.RELEASE, "forum": ContentKind.POST, "citizen": ContentKind.REPORT}


def test_the_labels_of_the_sample_day(shipped: LinearClassifier) -> None:
    items = [json.loads(line) for line in DAY.read_text(encoding="utf-8").splitlines()]
    documents = [
        Document(item["title"] or "", item["text"], FORMS.get(item["group"], ContentKind.ARTICLE)) for item in items
    ]
    said = shipped.annotate(documents)
    hits = {
        head: sum(getattr(one, head) == item["gold"][head] for one, item in zip(said, items, strict=True))
        for head in ("field", "kind", "tone")
    }
    assert len(items) == 121
    assert hits["field"] >= 95, hits
    assert hits["kind"] >= 110, hits
    assert hits["tone"] >= 80, hits
    critical = [one for one, item in zip(said, items, strict=True) if item["gold"]["kind"] == "criticism"]
    assert all(one.risk == () for one in critical)

"""Articles of about 2.3 KB: sentences of the fictional sample day in new orders, each with its own URL."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from libs.common.local.paths import checkout

SIZE_BYTES = 2300


def sentences() -> list[str]:
    file = checkout() / "sandbox" / "newsstand" / "sample_day" / "items.jsonl"
    texts = [json.loads(line)["text"] for line in Path(file).read_text(encoding="utf-8").splitlines() if line.strip()]
    return [one.strip() for text in texts for one in re.split(r"(?<=[.!?])\s+", text) if len(one) > 30]


def articles(count: int, run: str, seed: int = 3550) -> Iterator[dict[str, Any]]:
    """Rows for the push API, all different; `run` keeps two passes apart, by address and by text."""
    chance, pool = random.Random(seed), sentences()  # noqa: S311 - repeatable text, nothing secret
    for n in range(count):
        parts, size = [], 0
        while size < SIZE_BYTES:
            parts.append(chance.choice(pool))
            size += len(parts[-1].encode()) + 1
        yield {
            "source": "Đo tốc độ",
            "url": f"https://bench.example.vn/{run}/{n}.html",
            "title": f"{parts[0][:90]} ({run} {n})",
            "text": " ".join(parts),
        }

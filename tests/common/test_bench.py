"""A benchmark that can't be trusted is refused before it starts."""

from pathlib import Path

import pytest

from bench.articles import SIZE_BYTES, articles
from bench.stage import refuse_without_disk
from libs.common.local.process import StartFailed


def test_without_enough_disk_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"Cần .* GB trống"):
        refuse_without_disk(tmp_path, needed=1 << 62)
    refuse_without_disk(tmp_path, needed=1)


def test_its_articles_are_all_different_and_of_the_size_told() -> None:
    rows = list(articles(50, "x"))
    assert len({row["url"] for row in rows}) == len({row["text"] for row in rows}) == 50
    assert all(SIZE_BYTES - 1 <= len(row["text"].encode()) < 2 * SIZE_BYTES for row in rows)

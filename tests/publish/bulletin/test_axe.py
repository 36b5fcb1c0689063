"""axe-core in a real Chromium over the bulletin's pages: no violation, on a phone and on a desk, in light and in dark;
and nothing is wider than the screen."""

from pathlib import Path

import pytest

from tests.publish.axe import SCHEMES, SCREENS, violations
from tests.publish.bulletin.test_editions import PAGES

pytestmark = pytest.mark.slow


@pytest.mark.mission("M36")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("screen", SCREENS)
async def test_axe_finds_nothing(tmp_path: Path, screen: str, scheme: str) -> None:
    pages = {f"{code} {name}": page for (code, name), page in PAGES.items()}
    assert await violations(tmp_path, pages, screen, scheme) == {}

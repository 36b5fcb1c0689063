"""The register and open data in a real Chromium, in both languages: axe-core finds nothing, on a phone and on a desk,
in light and in dark."""

from pathlib import Path

import httpx
import pytest

from libs.common.clock import FrozenClock
from tests.publish.axe import SCHEMES, SCREENS, violations
from tests.reports.city import City
from tests.reports.open_data.conftest import Publish
from tests.reports.open_data.test_changes import model
from tests.reports.open_data.test_publishing import KINDS, lively

pytestmark = [pytest.mark.slow, pytest.mark.mission("M40"), pytest.mark.mission("M36")]
PATHS = {"register": "/minh-bach", "catalogue": "/du-lieu-mo", "set": f"/du-lieu-mo/{KINDS}"}


async def test_axe_finds_nothing(
    client: httpx.AsyncClient, city: City, clock: FrozenClock, publish: Publish, tmp_path: Path
) -> None:
    await lively(city, clock)
    await model(city, "aaa", 0.9)
    await publish()
    pages = {
        f"{prefix or 'vi'} {name}".lstrip("/"): (await client.get(prefix + path)).content
        for prefix in ("", "/en")
        for name, path in PATHS.items()
    }
    for screen in SCREENS:
        for scheme in SCHEMES:
            folder = tmp_path / f"{screen}-{scheme}"
            folder.mkdir()
            assert await violations(folder, pages, screen, scheme) == {}, (screen, scheme)

"""axe-core in a real Chromium over the bulletin's pages: no violation, on a phone and on a desk, in light and in dark;
and nothing is wider than the screen."""

import json
from pathlib import Path

import pytest

from tests.publish import chromium
from tests.publish.bulletin.test_editions import PAGES
from tests.sandbox import npm

pytestmark = pytest.mark.slow
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SCREENS = {"phone": (360, 780), "desk": (1280, 900)}
RUN = """axe.run(document, {runOnly: %s}).then(({violations}) => violations.map(
  (one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' | ')))"""


@pytest.mark.mission("M36")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
async def test_axe_finds_nothing(tmp_path: Path, screen: str, scheme: str) -> None:
    folder = await npm.installed("axe-core-4.10.3", "axe-core@4.10.3")
    axe = (folder / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    width, height = SCREENS[screen]
    found: dict[str, list[str]] = {}
    async with chromium.running(tmp_path / "profile") as browser:
        await browser.ask("Page.setBypassCSP", enabled=True)
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": screen == "phone"}
        await browser.ask("Emulation.setDeviceMetricsOverride", **metrics)
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        await browser.ask("Emulation.setEmulatedMedia", features=wanted)
        for (code, name), page in sorted(PAGES.items()):
            file = tmp_path / f"{code}-{name.replace(' ', '-')}.html"
            file.write_bytes(page)
            await browser.ask("Page.navigate", url=file.as_uri())
            await browser.until("document.readyState === 'complete' && !!document.querySelector('main')")
            await browser.run(axe + ";0")
            violations = await browser.run(RUN % json.dumps(RULES))
            if await browser.run("document.documentElement.scrollWidth > window.innerWidth"):
                violations.append("wider than the screen")
            if violations:
                found[f"{code} {name}"] = violations
    assert found == {}

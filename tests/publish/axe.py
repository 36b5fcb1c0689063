"""axe-core in a real Chromium over pages: no violation, and nothing wider than the screen."""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.publish import chromium
from tests.sandbox import npm

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SCREENS = {"phone": (360, 780), "desk": (1280, 900)}
SCHEMES = ("light", "dark")
RUN = """axe.run(document, {runOnly: %s}).then(({violations}) => violations.map(
  (one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' | ')))"""


async def violations(folder: Path, pages: Mapping[str, bytes], screen: str, scheme: str) -> dict[str, list[str]]:
    """What is wrong, by page; `folder`: where the pages and the browser's profile may lie."""
    installed = await npm.installed("axe-core-4.10.3", "axe-core@4.10.3")
    axe = (installed / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    width, height = SCREENS[screen]
    found: dict[str, list[str]] = {}
    async with chromium.running(folder / "profile") as browser:
        await browser.ask("Page.setBypassCSP", enabled=True)
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": screen == "phone"}
        await browser.ask("Emulation.setDeviceMetricsOverride", **metrics)
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        await browser.ask("Emulation.setEmulatedMedia", features=wanted)
        for name, page in sorted(pages.items()):
            file = folder / f"{name.replace(' ', '-')}.html"
            file.write_bytes(page)
            await browser.ask("Page.navigate", url=file.as_uri())
            await browser.until("document.readyState === 'complete' && !!document.querySelector('main')")
            await browser.run(axe + ";0")
            wrong = await browser.run(RUN % json.dumps(RULES))
            if await browser.run("document.documentElement.scrollWidth > window.innerWidth"):
                wrong.append("wider than the screen")
            if wrong:
                found[name] = wrong
    return found

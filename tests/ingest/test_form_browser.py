"""The public form in a real browser, with scripts off, at the width of a phone: filled in, sent, followed, reopened."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr

from services.ingest.settings import FeedbackSettings, IntakeSettings
from tests.ingest.citizens import FEEDBACK_KEY, FORM, Citizen
from tests.ingest.conftest import DeskWith
from tests.publish import chromium
from tests.publish.chromium import Chromium

pytestmark = pytest.mark.slow
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


@asynccontextmanager
async def served(app: Any, door: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning", ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[door]))
    while not server.started:
        await asyncio.sleep(0.02)
    yield
    server.should_exit = True
    await serving


@pytest.fixture
async def online(desk_with: DeskWith) -> AsyncIterator[tuple[Citizen, str]]:
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{door.getsockname()[1]}"
    key, patient = FeedbackSettings(key=SecretStr(FEEDBACK_KEY)), IntakeSettings(pending_seconds=10**6)
    desk = await desk_with(public_url=origin, feedback=key, intake=patient)
    async with served(desk.client._transport.app, door):  # type: ignore[attr-defined]
        yield Citizen(desk), origin


async def typed(browser: Chromium, **values: str) -> None:
    for name, value in values.items():
        await browser.run(f"document.querySelector('[name={name}]').value = {json.dumps(value)}")


async def pressed(browser: Chromium, words: str) -> None:
    buttons = "[...document.querySelectorAll('button')]"
    await browser.run(f"{buttons}.find((one) => one.textContent.trim() === {json.dumps(words)}).click()")


async def fits(browser: Chromium) -> None:
    """Nothing is wider than the phone, and whatever one types into or presses is large enough for a thumb."""
    assert await browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    shown = "[...document.querySelectorAll('main input:not([type=hidden]), main select, main textarea, main button')]"
    small = f"{shown}.filter((one) => !one.closest('.trap') && one.type !== 'checkbox' && one.offsetHeight < 40)"
    assert await browser.run(f"{small}.map((one) => one.outerHTML)") == []


async def test_a_citizen_with_a_phone_and_without_scripts_reports_follows_and_reopens(
    online: tuple[Citizen, str], tmp_path: Path
) -> None:
    citizen, origin = online
    await citizen.desk.make.unit("Phường Hoàn Kiếm", "ward", code="00070")
    async with chromium.running(tmp_path) as browser:
        await browser.ask("Network.enable")
        await browser.ask("Emulation.setDeviceMetricsOverride", **PHONE)
        await browser.ask("Emulation.setScriptExecutionDisabled", value=True)
        await browser.ask("Page.navigate", url=f"{origin}{FORM}")
        await browser.until("document.querySelector('h1')?.textContent === 'Gửi phản ánh, kiến nghị'")
        await fits(browser)

        citizen.desk.clock.advance(timedelta(seconds=30))
        await typed(browser, description="Ngắn")
        await pressed(browser, "Gửi phản ánh")
        await browser.until("document.querySelector('[role=alert]') !== null")
        await fits(browser)
        assert await browser.run("document.querySelector('[name=description]').value") == "Ngắn"
        assert await browser.run("document.querySelector('[role=alert] a').hash") == "#service"

        words = "Rác để ba ngày chưa thu gom trước cổng trường.\nMùi rất khó chịu."
        await typed(browser, service="rac-thai", place="12 phố Hàng Bài", ward="00070", description=words)
        await pressed(browser, "Gửi phản ánh")
        await browser.until("document.querySelector('h1').textContent === 'Đã nhận phản ánh của bạn'")
        await fits(browser)
        reference, code = await browser.run("[...document.querySelectorAll('dd.code')].map((one) => one.textContent)")
        (case,) = await citizen.desk.cases()
        assert (case.reference, case.body) == (reference, words)

        await citizen.answered(reference)
        await browser.ask("Page.navigate", url=f"{origin}{FORM}/theo-doi")
        await browser.until("document.querySelector('[name=code]') !== null")
        await typed(browser, reference=reference.lower(), code=code.lower())
        await pressed(browser, "Xem tình trạng")
        await browser.until("document.querySelector('.timeline') !== null")
        await fits(browser)
        assert await browser.run("location.pathname + location.search") == f"{FORM}/theo-doi"
        await typed(browser, reason="Chiều nay lại có rác.")
        await pressed(browser, "Mở lại phản ánh")
        await browser.until("document.querySelector('[role=status]')?.textContent.includes('Đã mở lại')")
        assert [one.state for one in await citizen.desk.cases()] == ["reopened"]
        forbidden = [one for one in browser.complaints() if not one.startswith("network: ")]
        assert forbidden == [], "the pages ask for nothing that their own policy forbids"
        asked = [e["params"]["request"]["url"] for e in browser.events if e["method"] == "Network.requestWillBeSent"]
        elsewhere = [url for url in asked if not url.startswith((origin, "data:", "about:"))]
        assert elsewhere == []
        assert not [url for url in asked if code in url or reference in url]

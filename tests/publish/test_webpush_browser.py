"""The page and the service worker in a real Chromium: what a reader presses, and what stands on the screen.

Only the browser's own push service is played: a browser offline gets no subscription, so the page is given that of a
browser of the sandbox; what the sandbox opened with its key is handed to the service worker as Chromium itself would.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr

from services.publish import push as publish_push
from services.publish.main import SERVICE
from services.publish.settings import PublishGroup, PushSettings
from tests.publish import chromium
from tests.publish.chromium import Chromium
from tests.publish.newsroom import KEY
from tests.publish.pushing import SUBJECT, TOPIC, VAPID_KEY, PushRoom

pytestmark = pytest.mark.slow
SUBSCRIPTION = """
const told = %s;
let now = null;
const made = {
  endpoint: told.endpoint, options: {}, toJSON: () => told,
  unsubscribe: async () => { now = null; return true; },
};
PushManager.prototype.subscribe = async (options) => {
  window.asked = [options.userVisibleOnly, options.applicationServerKey.length];
  return (now = made);
};
PushManager.prototype.getSubscription = async () => now;
"""
SHOWN = """
navigator.serviceWorker.getRegistration('/thong-bao/').then((one) => one.getNotifications()).then((all) =>
  all.map(({ title, body, tag, lang, silent, data }) => ({ title, body, tag, lang, silent, navigate: data.navigate })))
"""

WORKER = Path(publish_push.__file__).parent / "static" / "sw.js"
READ = """(() => {
  %s
  const told = %s;
  return read({ json: () => { if (told instanceof Error) throw told; return told; } }).title;
})()"""
"""What the worker's own code makes of a message that says nothing it knows, read where a browser runs it."""


@asynccontextmanager
async def served(app: Any, door: socket.socket) -> AsyncIterator[None]:
    """The very application of the test, over a real socket."""
    config = uvicorn.Config(app, lifespan="off", log_level="warning", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    while not server.started:
        await asyncio.sleep(0.02)
    yield
    server.should_exit = True
    await serving


@pytest.fixture
async def online(pushroom: PushRoom, client_for: Any) -> AsyncIterator[tuple[PushRoom, str]]:
    """The newsroom under an address of this machine, which a browser trusts as it trusts https."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{door.getsockname()[1]}"
    push = PushSettings(vapid_private_key=SecretStr(VAPID_KEY), subject=SUBJECT, services=[pushroom.url])
    group = PublishGroup(credentials_key=SecretStr(KEY), push=push)
    client = await client_for(SERVICE, public_url=origin, publish=group)
    app = client._transport.app
    async with served(app, door):
        yield replace(pushroom, room=replace(pushroom.room, client=client, resources=app.state.resources)), origin


async def pushed(browser: Chromium, origin: str, data: str) -> None:
    seen = [e for e in browser.events if e["method"] == "ServiceWorker.workerRegistrationUpdated"]
    [registration] = {one["registrationId"] for e in seen for one in e["params"]["registrations"]}
    await browser.ask("ServiceWorker.deliverPushMessage", origin=origin, registrationId=registration, data=data)


async def test_a_reader_signs_up_sees_it_replaced_and_leaves(online: tuple[PushRoom, str], tmp_path: Path) -> None:
    pushroom, origin = online
    subscription = await pushroom.browser("may")
    async with chromium.running(tmp_path) as browser:
        await browser.ask("Browser.grantPermissions", origin=origin, permissions=["notifications"])
        script = SUBSCRIPTION % json.dumps(subscription)
        await browser.ask("Page.addScriptToEvaluateOnNewDocument", source=script)
        await browser.ask("Page.navigate", url=f"{origin}/thong-bao")
        await browser.until("document.getElementById('nhan')?.offsetParent != null")
        assert not await pushroom.subscriptions(), "nothing is asked before a button is pressed"
        await browser.run("document.getElementById('nhan').click()")
        await browser.until("document.getElementById('ket-qua').textContent.startsWith('Đã đăng ký')")
        assert await browser.run("window.asked") == [True, 65]
        assert [row.topics for row in await pushroom.subscriptions()] == [[TOPIC]]

        made = await pushroom.published(title="Cầu Chương Dương cấm xe tải")
        await pushroom.turn()
        await _relay(pushroom, browser, origin)
        [shown] = await browser.until(f"{SHOWN}.then((all) => all.length ? all : null)")
        assert (shown["title"], shown["lang"], shown["silent"]) == ("Cầu Chương Dương cấm xe tải", "vi", False)
        assert shown["navigate"].startswith("http")
        await _relay(pushroom, browser, origin)
        [again] = await browser.until(f"{SHOWN}.then((all) => all[0].silent ? all : null)")
        assert again["title"] == shown["title"], "the same notice twice makes no second sound"

        await pushroom.withdraw(made)
        await pushroom.turn()
        await _relay(pushroom, browser, origin)
        [instead] = await browser.until(f"{SHOWN}.then((all) => all[0].title.startsWith('Thông báo đã') ? all : null)")
        assert instead["tag"] == shown["tag"]

        for strange in ("new Error('không phải JSON')", "null", "[]", "{notification: {title: 1}}"):
            assert await browser.run(READ % (WORKER.read_text(), strange)) == "Thông báo của thành phố"

        await browser.run("document.getElementById('thoi').click()")
        await browser.until("document.getElementById('ket-qua').textContent.startsWith('Đã thôi nhận')")
        assert not await pushroom.subscriptions()
        assert await browser.run(SHOWN) == []
        assert not browser.complaints()


async def _relay(pushroom: PushRoom, browser: Chromium, origin: str) -> None:
    """What the sandbox's browser opened last, to the service worker."""
    data = (await pushroom.entries("show"))[-1]["data"]
    await pushed(browser, origin, json.dumps({"web_push": 8030, "notification": data, "mutable": True}))


async def test_a_browser_that_blocks_is_told_how_to_allow(online: tuple[PushRoom, str], tmp_path: Path) -> None:
    _, origin = online
    async with chromium.running(tmp_path) as browser:
        denied = {"name": "notifications"}
        await browser.ask("Browser.setPermission", origin=origin, permission=denied, setting="denied")
        await browser.ask("Page.navigate", url=f"{origin}/thong-bao/")
        words = await browser.until("document.querySelector('[data-khi=bi-chan]:not([hidden])')?.innerText")
        assert "Thông báo đang bị chặn" in words
        assert not await browser.run("document.getElementById('nhan').offsetParent")
        assert not browser.complaints()

"""A real Chromium, told what to do over a pipe (the DevTools protocol), without a window and without the network."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-pipe",
    "about:blank",
)
PATIENCE = 30.0


def program() -> str:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("cần Chromium (apt install chromium) / Chromium is needed")
    return found


class Refused(AssertionError):
    """The browser did not do what it was asked: between two pages, say, there is nothing to run a script in."""


@dataclass
class Chromium:
    """`events`: everything that it told by itself."""

    _reader: asyncio.StreamReader
    _write: int
    events: list[Json] = field(default_factory=list)
    _waiting: dict[int, "asyncio.Future[Json]"] = field(default_factory=dict)
    _number: int = 0
    session: str | None = None

    async def ask(self, method: str, **params: Any) -> Json:
        self._number += 1
        told = {"id": self._number, "method": method, "params": params}
        if self.session is not None and not method.startswith(("Target.", "Browser.")):
            told["sessionId"] = self.session
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        os.write(self._write, json.dumps(told).encode() + b"\0")
        found = await asyncio.wait_for(answer, PATIENCE)
        if "error" in found:
            raise Refused(f"{method}: {found['error']}")
        return dict(found["result"])

    async def listen(self) -> None:
        while True:
            try:
                raw = await self._reader.readuntil(b"\0")
            except asyncio.IncompleteReadError:
                return
            told = json.loads(raw[:-1])
            if "id" in told and (answer := self._waiting.pop(told["id"], None)) is not None:
                answer.set_result(told)
            else:
                self.events.append(told)

    async def open(self) -> None:
        target = (await self.ask("Target.createTarget", url="about:blank"))["targetId"]
        self.session = (await self.ask("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Page", "Runtime", "Log", "ServiceWorker"):
            await self.ask(f"{domain}.enable")

    async def run(self, script: str) -> Any:
        """The value of an expression of the page; a promise is waited for, as if somebody had pressed a button."""
        told = await self._evaluated(script)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, script: str) -> Any:
        """Its value, once it is true; what throws is not so yet: a page that is still coming has no elements."""
        last: object = None
        for _ in range(int(PATIENCE / 0.1)):
            try:
                told = await self._evaluated(script)
            except Refused as between:
                last = between
            else:
                last = told.get("exceptionDetails")
                if last is None and (found := told["result"].get("value")):
                    return found
            await asyncio.sleep(0.1)
        shown = await self.run("document.body?.innerText")
        raise AssertionError(f"never so: {script}; {last}; {shown}; {self.complaints()}")

    async def _evaluated(self, script: str) -> Json:
        return await self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )

    def complaints(self) -> list[str]:
        """What the page threw, and what its policy forbade."""
        thrown = [e["params"]["exceptionDetails"] for e in self.events if e["method"] == "Runtime.exceptionThrown"]
        logged = [e["params"]["entry"] for e in self.events if e["method"] == "Log.entryAdded"]
        return [json.dumps(one) for one in thrown] + [
            f"{one['source']}: {one['text']}" for one in logged if one["level"] == "error"
        ]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Chromium]:
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    command = ("bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash", program(), *FLAGS)
    process = await asyncio.create_subprocess_exec(
        *command,
        f"--user-data-dir={folder}",
        pass_fds=(theirs_in, theirs_out),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    reader = asyncio.StreamReader(limit=1 << 24)
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(ours_in, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    chromium = Chromium(reader, ours_out)
    listening = asyncio.create_task(chromium.listen())
    try:
        await chromium.open()
        yield chromium
    finally:
        os.close(ours_out)
        transport.close()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
        process._transport.close()  # type: ignore[attr-defined]  # else its end is noticed after the loop has gone

"""Plays the planned faults between the wire and the platforms.

A lost response is a broken connection, not a status code: the socket is aborted without a byte of an answer. Where
there is no socket (an in-process client) the gate raises what httpx itself would raise in that place.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import Fault, FaultBook, FaultKind, HeldRequest
from sandbox.platforms.base import Platform

AGAIN = "sandbox.again"
"""In the scope of a request that the platform does a second time by itself: keys against doubles count for nothing."""


class FaultGate:
    def __init__(self, app: ASGIApp, platforms: Sequence[Platform], faults: FaultBook) -> None:
        self.app, self.platforms, self.faults = app, platforms, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        platform, operation = self._aim(scope)
        if platform is None:
            await self.app(scope, receive, send)
            return
        await self._do_held(platform.name, operation)
        fault = self.faults.take(platform.name, operation)
        if fault is None:
            await self.app(scope, receive, send)
        else:
            await self._play(fault, platform, operation, scope, receive, send)

    def _aim(self, scope: Scope) -> tuple[Platform | None, str]:
        if scope["type"] == "http":
            for platform in self.platforms:
                prefix = f"/{platform.name}"
                if scope["path"].startswith(prefix + "/"):
                    operation = platform.operation(scope["method"], scope["path"].removeprefix(prefix))
                    return (platform, operation) if operation else (None, "")
        return None, ""

    async def _play(
        self, fault: Fault, platform: Platform, operation: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        match fault.kind:
            case FaultKind.LATENCY:
                await asyncio.sleep(fault.seconds)
                await self.app(scope, receive, send)
            case FaultKind.EXECUTED_RESPONSE_LOST:
                await self.app(scope, receive, _into_the_void)
                await _cut(receive)
            case FaultKind.EXECUTED_TWICE_ON_RETRY:
                self.faults.hold(platform.name, operation, HeldRequest(dict(scope), await _body(receive)))
                await _cut(receive)
            case FaultKind.EXECUTED_TWICE:
                await self._do_twice(scope, await _body(receive), receive, send)
            case FaultKind.NOT_EXECUTED_TIMEOUT:
                await _keep_waiting(receive, fault.seconds)
            case FaultKind.HTTP_STATUS | FaultKind.THROTTLE | FaultKind.TOKEN_EXPIRED:
                if fault.executed:
                    await self.app(scope, receive, _into_the_void)
                await platform.failure(fault)(scope, receive, send)

    async def _do_twice(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        """The answer of the first doing is held back until the second is done; what was refused is not done again."""
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self.app(dict(scope), _replay(body, receive), keep)
        if answer and 200 <= answer[0].get("status", 0) < 300:
            await self.app({**scope, AGAIN: True}, _replay(body, receive), _into_the_void)
        for message in answer:
            await send(message)

    async def _do_held(self, platform: str, operation: str) -> None:
        for held in self.faults.release(platform, operation):
            await self.app(dict(held.scope), _replay(held.body), _into_the_void)


async def _into_the_void(message: Message) -> None:
    pass


def _replay(body: bytes, further: Receive | None = None) -> Receive:
    """The body in one piece, then what the connection says (where there still is one)."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return await further() if further else {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _transport(receive: Receive) -> Any:
    """The socket below uvicorn's receive, or None where the client is in this process."""
    return getattr(getattr(receive, "__self__", None), "transport", None)


async def _cut(receive: Receive) -> None:
    transport = _transport(receive)
    if transport is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    transport.abort()
    await _until_gone(receive)


async def _keep_waiting(receive: Receive, seconds: float) -> None:
    """Silent until the caller hangs up, or until it has been silent for long enough."""
    if _transport(receive) is None:
        raise httpx.ReadTimeout("The sandbox keeps silent.")
    try:
        await asyncio.wait_for(_until_gone(receive), seconds)
    except TimeoutError:
        await _cut(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

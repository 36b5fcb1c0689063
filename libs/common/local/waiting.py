"""Looking again and again until something is done."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

PATIENCE_SECONDS = 240.0
"""How long nothing may move before the run says so and goes on with what there is; longer than all retries together."""


async def until(
    look: Callable[[], Awaitable[tuple[Any, bool]]], *, still: float, patience: float = PATIENCE_SECONDS
) -> bool:
    """Look until it is done, and has not changed for `still` seconds; False when nothing has moved for `patience`."""
    before, since = object(), time.monotonic()
    while True:
        seen, done = await look()
        now = time.monotonic()
        if seen != before:
            before, since = seen, now
        if done and now - since >= still:
            return True
        if now - since > patience:
            return False
        await asyncio.sleep(0.4)

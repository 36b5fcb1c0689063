"""Named points between the steps of relay and consumer, so that a test can end the process exactly there."""

from collections.abc import Awaitable, Callable

Checkpoint = Callable[[str], Awaitable[None]]


async def no_checkpoint(point: str) -> None:
    """What runs in production: nothing."""

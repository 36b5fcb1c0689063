"""Reading what platforms answer: nothing is believed to have the type that the documentation promises."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from services.publish.adapters.base import ChannelError, Deleted, Json, Reason, Removal, StillLive


def instant(written: object) -> datetime | None:
    """A time in ISO 8601; None where it is none."""
    try:
        return datetime.fromisoformat(str(written))
    except ValueError:
        return None


def whole_number(value: object) -> int | None:
    """A whole number; None where it is none: what is missing is never 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


async def delete_and_read(
    ask: Awaitable[object], absence: Callable[[], Awaitable[Json | None]], refused: Callable[[ChannelError], StillLive]
) -> Removal:
    """Gone means: read again after asking, and not there, whatever was answered to the asking.

    `absence`: the proof that it is not there, None while it is; `refused`: what an error means for the removal.
    """
    trouble: ChannelError | None = None
    try:
        await ask
    except ChannelError as error:
        trouble = error
    try:
        if (proof := await absence()) is not None:
            return Deleted(proof=proof)
    except ChannelError as error:
        trouble = trouble or error
    if trouble is None:
        return StillLive(Reason("Đã yêu cầu xóa nhưng bài vẫn còn", "still readable after delete"))
    return refused(trouble)

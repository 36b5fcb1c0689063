"""The same answer to the same request, however often and however close together it is sent.

Guarantee: the effect of a request and the answer to it are stored in one transaction. Whatever dies in between, either
both are there and the answer is given again, or neither is and the request may be made again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import zstandard
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingest.idempotency import queries
from services.ingest.idempotency.problems import IdempotencyKeyInUse, IdempotencyKeyReused
from services.ingest.idempotency.rules import KEPT_FOR, Call

MOST_BYTES = 64 * 1024**2
"""No answer of ours is longer."""
RETRY_AFTER = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body as sent; `is_again`: it was given before."""

    status: int
    body: bytes
    is_again: bool = False


async def answer_once(
    session: AsyncSession, call: Call | None, work: Callable[[], Awaitable[Answer]], *, now: datetime
) -> Answer:
    """The answer of `work`, or the one that was kept. What raises is not kept: the request may be made again.

    Raises IdempotencyKeyInUse while the same key is at work, IdempotencyKeyReused for another body under it.
    """
    if call is None:
        return await work()
    if not await queries.take_turn(session, call):
        raise IdempotencyKeyInUse("Xin chờ yêu cầu trước có kết quả rồi gửi lại.", retry_after=RETRY_AFTER)
    kept = await queries.get_answer(session, call, now)
    if kept is not None and kept.body_hash != call.body_hash:
        raise IdempotencyKeyReused("Nội dung khác thì dùng khóa mới.")
    if kept is not None:
        body = zstandard.ZstdDecompressor().decompress(kept.answer, max_output_size=MOST_BYTES)
        return Answer(kept.status, body, is_again=True)
    answer = await work()
    await queries.keep_answer(session, _row(call, answer, now))
    return answer


def _row(call: Call, answer: Answer, now: datetime) -> dict[str, object]:
    return {
        "key_hash": call.key_hash,
        "body_hash": call.body_hash,
        "status": answer.status,
        "answer": zstandard.ZstdCompressor(level=3).compress(answer.body),
        "answered_at": now,
        "expires_at": now + KEPT_FOR,
    }

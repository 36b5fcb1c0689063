"""Results of a bulk: whole, or row by row as they are stored where the caller accepts NDJSON, with the summary last."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

NDJSON = "application/x-ndjson"
R = TypeVar("R", bound=BaseModel)


def whole(told: BaseModel) -> Response:
    return Response(told.model_dump_json(), media_type="application/json")


async def answer(
    request: Request, batches: AsyncIterator[list[R]], summary: Callable[[list[R]], BaseModel]
) -> Response:
    """`summary` tells of all rows; its field `results` holds them, and is left out where they were told one by one."""
    if NDJSON in request.headers.get("accept", ""):
        return StreamingResponse(_lines(batches, summary), media_type=NDJSON)
    return whole(summary([one async for batch in batches for one in batch]))


async def _lines(batches: AsyncIterator[list[R]], summary: Callable[[list[R]], BaseModel]) -> AsyncIterator[str]:
    results: list[R] = []
    async for batch in batches:
        results += batch
        yield "".join(f"{one.model_dump_json()}\n" for one in batch)
    yield f'{{"summary": {summary(results).model_dump_json(exclude={"results"})}}}\n'

"""Answers for who asks again and again: the same data, the same tag, and then no body.

The tag is weak (RFC 9110, section 8.8.1): it leaves out when the figures were read, since that alone changes each time.
"""

from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from libs.common.conditional import etag_of, is_known
from services.reports.domain import canonical

PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


def answer(request: Request, told: BaseModel) -> Response:
    """The data as JSON; 304 where the asker holds it. It is then as of the Date of this answer."""
    etag = f"W/{etag_of(canonical(_timeless(told.model_dump(mode='json'))))}"
    headers = {**PRIVATE, "ETag": etag}
    if is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(told.model_dump_json(), headers=headers, media_type="application/json")


def _timeless(data: Any) -> Any:
    match data:
        case dict():
            return {name: _timeless(value) for name, value in data.items() if name != "as_of"}
        case list():
            return [_timeless(value) for value in data]
        case _:
            return data

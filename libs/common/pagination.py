"""Lists are pages: keyset over (sort key, id), at most 100 rows, no COUNT."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel

from libs.common.errors import Problem

T = TypeVar("T")
MAX_LIMIT = 100


class InvalidCursor(Problem):
    status = 422
    title_vi = "Con trỏ trang không hợp lệ"
    title_en = "Invalid page cursor"


class Page(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True)
class Cursor:
    """The last row a reader has seen: its sort key (text or number) and its id."""

    key: str | int | float | None
    id: UUID

    def encode(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.key, str(self.id)]).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        try:
            key, row_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if not _is_sort_key(key):
                raise ValueError("no sort key")
            return cls(key, UUID(row_id))
        except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidCursor("Hãy dùng nguyên giá trị next_cursor của trang trước.") from error


def _is_sort_key(key: object) -> bool:
    """What a reader sends back may be anything; only what a column can be compared with goes on."""
    match key:
        case None:
            return True
        case bool():
            return False
        case str():
            return "\0" not in key and key == key.encode(errors="ignore").decode()
        case int():
            return abs(key) < 1 << 63
        case float():
            return isfinite(key)
        case _:
            return False


@dataclass(frozen=True)
class PageRequest:
    limit: int
    after: Cursor | None


def page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    cursor: Annotated[str | None, Query()] = None,
) -> PageRequest:
    return PageRequest(limit, Cursor.decode(cursor) if cursor else None)


PageDep = Annotated[PageRequest, Depends(page_request)]


def page_of(rows: Sequence[Any], limit: int, cursor_of: Callable[[Any], Cursor]) -> dict[str, Any]:
    """A page from `limit + 1` rows: the extra row only tells that there is a next page."""
    shown = list(rows[:limit])
    more = len(rows) > limit
    return {
        "items": shown,
        "next_cursor": cursor_of(shown[-1]).encode() if more else None,
    }

"""Lists are pages: keyset over (sort key, id), at most 100 rows, no COUNT."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
            return cls(key, UUID(row_id))
        except (binascii.Error, ValueError, TypeError, AttributeError) as error:
            raise InvalidCursor("Hãy dùng nguyên giá trị next_cursor của trang trước.") from error


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

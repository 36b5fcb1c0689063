"""The route of search."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from libs.common.app import resources
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Field, Role, SourceGroup, TextKind, Tone
from libs.common.pagination import Cursor, Page, PageDep
from services.classify.searching import service
from services.classify.searching.language import Bound, Filter, Name, Node
from services.classify.searching.problems import QueryUnreadable
from services.classify.searching.schemas import FoundOut
from services.classify.searching.snippets import highlighter, snippet

router = APIRouter(prefix="/api/classify/v1", tags=["search"], responses=problems(Unauthenticated, Forbidden))

STAFF = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
StaffDep = Annotated[Principal, require(*STAFF)]


@dataclass(frozen=True)
class Beside:
    """Filters given as parameters: each narrows what the question says."""

    field: Annotated[Field | None, Query()] = None
    kind: Annotated[TextKind | None, Query()] = None
    tone: Annotated[Tone | None, Query()] = None
    group: Annotated[SourceGroup | None, Query()] = None
    source_id: Annotated[UUID | None, Query()] = None
    place: Annotated[str | None, Query(max_length=100, description="mã hoặc tên phường, xã / code or name")] = None
    language: Annotated[str | None, Query(pattern=r"^[a-z]{2,3}$")] = None
    since: Annotated[date | None, Query(alias="from", description="từ ngày này / from this day on")] = None
    until: Annotated[date | None, Query(alias="to", description="đến hết ngày này / to the end of this day")] = None

    def nodes(self) -> Iterator[Node]:
        told = {
            Name.FIELD: self.field, Name.KIND: self.kind, Name.TONE: self.tone, Name.GROUP: self.group,
            Name.SOURCE: self.source_id, Name.PLACE: (self.place or "").replace("\0", "").strip(),
            Name.LANGUAGE: self.language,
        }  # fmt: skip
        yield from (Filter(name, str(value), 0) for name, value in told.items() if value)
        if self.since:
            yield Bound(self.since, False, 0)
        if self.until:
            yield Bound(min(self.until, date.max - timedelta(days=1)) + timedelta(days=1), True, 0)


@router.get("/search", responses=problems(QueryUnreadable))
async def search(
    request: Request,
    page: PageDep,
    session: SessionDep,
    _: StaffDep,
    clock: ClockDep,
    beside: Annotated[Beside, Depends()],
    q: Annotated[str, Query(max_length=2000, description="docs: services/classify/searching/README.md")] = "",
) -> Page[FoundOut]:
    """What a question finds, the newest first. A page may be short where looking took long: follow its cursor."""
    register = resources(request).register
    asked = await service.read_question(session, q, list(beside.nodes()), register, clock.now())
    found = await service.find(session, asked.plan, page.after.id if page.after else None, page.limit)
    rows = await service.describe(session, found.ids)
    following = Cursor(None, found.next_before).encode() if found.next_before else None
    return Page[FoundOut](items=shown(rows, asked.node), next_cursor=following)


def shown(rows: Sequence[Any], node: Node) -> list[FoundOut]:
    """Rows as a reader sees them, with the words around what was found."""
    finder = highlighter(node)
    return [FoundOut(**row._mapping, snippet=snippet(row.text, finder)) for row in rows]

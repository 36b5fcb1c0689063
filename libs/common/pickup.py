"""Who carried what is ours, how much later, and with what headline or figure changed. For the desk and for reports.

A copy is nearly the same text: intake has measured how near. A rewrite is other words in the same story, after ours,
with figures and names that ours has: it is found, not proved, since two papers may have been at the same place.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from libs.common.figures import Figure, changed_figures, opcodes, told_figures
from libs.common.models import Content, NearCopy, Source, StoryItem
from libs.common.models.enums import SourceGroup
from libs.common.sentences import sentences
from libs.common.text import fold, words

MOST_SENTENCES = 200
MOST_FIGURES = 20
MOST_SHARED = 10
TEXT_CHARS = 20_000
REWRITTEN_WITHIN = timedelta(hours=72)
"""A story goes on; what is told of it later than this is no longer told after us."""
LEAST_SHARED = 3
"""Figures and names that both have, one of them a figure: without a word of where they are from, fewer are chance."""
REWRITERS = (SourceGroup.PRESS, SourceGroup.PORTAL, SourceGroup.AGGREGATOR)
_GENERIC = frozenset({"ha noi", "viet nam", "thanh pho ha noi", "thu do ha noi", "uy ban nhan dan"})
_LEADS = frozenset(
    "Tại Ở Theo Trên Trong Từ Tới Đến Sau Trước Với Khi Các Những Nhưng Và Ông Bà Anh Chị "
    "Đường Phố Phường Xã Quận Huyện Cầu Chợ Khu Tuyến".split()
)
"""What a sentence begins with before a name."""
_PART = re.compile(r"[^\w\s/-]+|\n|\s[–-]\s")
"""Between two names."""


class How(StrEnum):
    COPY = "copy"
    REWRITE = "rewrite"


# --- what was changed of a copy, what a rewrite shares. Pure ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Version:
    """A text as one outlet has it."""

    title: str
    text: str
    at: datetime

    @property
    def whole(self) -> str:
        return f"{self.title}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Changes:
    delay_seconds: int
    is_headline_changed: bool
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class Shared:
    """What speaks for a rewrite, as theirs has it."""

    is_source_named: bool
    """Theirs says the name of the source that ours is of."""
    figures: list[str]
    names: list[str]

    @property
    def is_enough(self) -> bool:
        count = len(self.figures) + len(self.names)
        return (self.is_source_named and count > 0) or (bool(self.figures) and count >= LEAST_SHARED)


class Picked(NamedTuple):
    """A row of `list_carried` with what it changed; `shared` of a rewrite alone."""

    row: Row[Any]
    how: How
    changes: Changes
    shared: Shared | None


def judge(rows: Sequence[Row[Any]], how: How) -> list[Picked]:
    """Blocking. What may be a rewrite and shares too little is left out; of one that is, figures are not paired."""
    judged = []
    for row in rows:
        ours = Version(row.our_title, row.our_text or "", row.our_time)
        theirs = Version(row.title, row.text or "", row.at)
        if how is How.COPY:
            judged.append(Picked(row, how, compare(ours, theirs), None))
        elif (found := shared(ours, theirs, row.our_source)).is_enough:
            judged.append(
                Picked(row, how, Changes(_delay(ours, theirs), _is_headline_changed(ours, theirs), []), found)
            )
    return judged


def compare(ours: Version, theirs: Version) -> Changes:
    figures = _figures(ours, theirs)[:MOST_FIGURES]
    return Changes(_delay(ours, theirs), _is_headline_changed(ours, theirs), figures)


def _delay(ours: Version, theirs: Version) -> int:
    return int((theirs.at - ours.at).total_seconds())


def _is_headline_changed(ours: Version, theirs: Version) -> bool:
    return words(fold(ours.title)) != words(fold(theirs.title))


def _figures(ours: Version, theirs: Version) -> list[Figure]:
    """Of the headline, then of sentences that one has in place of the other's."""
    found = changed_figures(ours.title, theirs.title)
    old, new = sentences(ours.text)[:MOST_SENTENCES], sentences(theirs.text)[:MOST_SENTENCES]
    for step, i1, i2, j1, j2 in opcodes([fold(one) for one in old], [fold(one) for one in new]):
        if step == "replace":
            found += changed_figures("\n".join(old[i1:i2]), "\n".join(new[j1:j2]))
    return found


def shared(ours: Version, theirs: Version, source: str) -> Shared:
    """`source`: the name of the one that ours is of."""
    return Shared(
        f" {_spoken(source)} " in f" {_spoken(theirs.whole)} ",
        _both(told_figures(ours.whole), told_figures(theirs.whole)),
        _both(dict(names(ours.whole)), dict(names(theirs.whole))),
    )


def _spoken(text: str) -> str:
    return " ".join(words(fold(text)))


def _both(ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    return [written for key, written in theirs.items() if key in ours][:MOST_SHARED]


def names(text: str) -> Iterator[tuple[str, str]]:
    """Names of two words and more (Trần Phú) and codes (D600): folded, as written. The city's own say nothing."""
    for part in _PART.split(text):
        run: list[str] = []
        for word in part.split():
            if word[0].isupper():
                run.append(word)
            else:
                yield from _name(run)
                run = []
        yield from _name(run)


def _name(run: Sequence[str]) -> Iterator[tuple[str, str]]:
    if run and run[0] in _LEADS:
        run = run[1:]
    written = " ".join(run)
    is_code = len(run) == 1 and any(sign.isdigit() for sign in written)
    if (len(run) > 1 or is_code) and (folded := fold(written)) not in _GENERIC:
        yield folded, written


# --- SQL ----------------------------------------------------------------------------------------------------


class Wanted(NamedTuple):
    """One content, else the contents of one source, else those of all official sources; not older than `floor`, and
    nobody's from `ceiling` on."""

    content_id: UUID | None
    source_id: UUID | None
    floor: UUID
    ceiling: UUID | None = None


async def list_carried(
    session: AsyncSession, wanted: Wanted, how: How, after: tuple[UUID, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """What others carried at our time or later, the latest first; of rewrites, what may be one (`shared` judges)."""
    ours, our_source, theirs, their_source = aliased(Content), aliased(Source), aliased(Content), aliased(Source)
    link, copy = aliased(NearCopy), aliased(NearCopy)
    our_time = func.coalesce(ours.published_at, ours.first_seen_at)
    their_time = func.coalesce(theirs.published_at, theirs.first_seen_at)
    first = func.coalesce(link.copy_of, ours.id)
    is_copy = or_(theirs.id == first, theirs.id.in_(_copies_of(first)))
    query = (
        select(
            ours.id.label("our_id"),
            ours.title.label("our_title"),
            func.left(ours.text, TEXT_CHARS).label("our_text"),
            our_time.label("our_time"),
            our_source.name.label("our_source"),
            theirs.id.label("content_id"),
            theirs.title,
            func.left(theirs.text, TEXT_CHARS).label("text"),
            their_time.label("at"),
            theirs.url,
            their_source.id.label("source_id"),
            their_source.name.label("source"),
            their_source.group,
            copy.similarity,
        )
        .select_from(ours)
        .join(our_source, our_source.id == ours.source_id)
        .join(link, link.content_id == ours.id, isouter=True)
    )
    if how is How.COPY:
        query = query.join(theirs, is_copy)
    else:
        our_item, item = aliased(StoryItem), aliased(StoryItem)
        query = (
            query.join(our_item, our_item.content_id == ours.id)
            .join(item, item.story_id == our_item.story_id)
            .join(theirs, and_(theirs.id == item.content_id, ~is_copy))
            .where(their_source.group.in_(REWRITERS), their_time <= our_time + REWRITTEN_WITHIN)
        )
    query = (
        query.join(their_source, their_source.id == theirs.source_id)
        .join(copy, copy.content_id == theirs.id, isouter=True)
        .where(_is_ours(ours, our_source, wanted), theirs.source_id != ours.source_id, their_time >= our_time)
        .order_by(theirs.id.desc(), ours.id.desc())
        .limit(limit)
    )
    rows: Sequence[Row[Any]] = (await session.execute(_before(query, theirs.id, ours.id, wanted, after))).all()
    return rows


def _before(query: Select[Any], theirs: Any, ours: Any, wanted: Wanted, after: tuple[UUID, UUID] | None) -> Select[Any]:
    if after is not None:
        query = query.where(tuple_(theirs, ours) < after)
    if wanted.ceiling is not None:
        query = query.where(theirs < wanted.ceiling, ours < wanted.ceiling)
    return query


def _copies_of(first: Any) -> Any:
    return select(NearCopy.content_id).where(NearCopy.copy_of == first).scalar_subquery()


def _is_ours(content: Any, source: Any, wanted: Wanted) -> ColumnElement[bool]:
    if wanted.content_id is not None:
        return and_(content.id == wanted.content_id)
    recent = content.id >= wanted.floor
    if wanted.source_id is not None:
        return and_(recent, content.source_id == wanted.source_id)
    return and_(recent, source.group == SourceGroup.OFFICIAL.value)

"""The slow lane: a backlog does not hold up what is fresh, and a service without a model loses nothing."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.bus import HandlerContext
from libs.common.events.content import BATCH_LIMIT, ContentsIngested
from libs.common.ids import new_id
from libs.common.jobs import JobContext
from libs.common.models.enums import LateReason
from services.classify.adapters.base import CLASSIFIERS, Classifier, Document, Labels
from services.classify.jobs import label_late_contents
from services.classify.lanes.service import TRIES, annotate_late, park, part
from services.classify.resources import load_classifier
from services.classify.subscribers import on_contents_ingested
from tests.classify.conftest import Desk

TEXT = "Đường Nguyễn Trãi tắc từ sáng, phường Thanh Xuân đề nghị phân luồng."


async def arrive(desk: Desk, ids: Sequence[UUID]) -> None:
    async with desk.db.transaction() as session:
        await on_contents_ingested(
            [ContentsIngested(content_ids=[one]) for one in ids], HandlerContext(session, desk.clock.now(), desk.held)
        )


async def labelled(desk: Desk) -> set[UUID]:
    return {row.content_id for row in await desk.rows(m.Annotation)}


async def late(desk: Desk) -> dict[UUID, str]:
    return {row.content_id: row.reason for row in await desk.rows(m.LateContent)}


async def content(desk: Desk, number: int, text: str = TEXT) -> UUID:
    return await desk.content(f"Tin số {number}", f"{text} Lần {number}.", id=new_id(desk.clock.now()))


def context(desk: Desk) -> JobContext:  # type: ignore[type-arg]
    return JobContext(desk.db, desk.clock, desk.held, asyncio.Event())


async def test_old_events_wait_beside_the_stream_while_fresh_ones_are_labelled(desk: Desk) -> None:
    old = [await content(desk, number) for number in range(3)]
    desk.clock.advance(timedelta(seconds=desk.held.settings.lanes.late_seconds + 1))
    fresh = await content(desk, 3)
    await arrive(desk, [*old, fresh])
    assert await labelled(desk) == {fresh}
    assert await late(desk) == dict.fromkeys(old, "behind")
    assert await label_late_contents(context(desk)) == 3
    assert await labelled(desk) == {*old, fresh}
    assert await late(desk) == {}
    assert await label_late_contents(context(desk)) == 0


def test_of_too_much_at_once_the_newest_goes_first() -> None:
    now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    batches = [[new_id(now - timedelta(seconds=1 - n / 10)) for _ in range(BATCH_LIMIT)] for n in range(5)]
    fresh, behind, bulk = part(batches, now, timedelta(seconds=2))
    assert fresh == {*batches[4]}
    assert bulk == {one for batch in batches[:4] for one in batch}
    assert behind == set()
    assert part(batches, now + timedelta(seconds=5), timedelta(seconds=2)).fresh == set()


def test_what_comes_singly_goes_before_a_bulk() -> None:
    now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    singles, bulk = [[new_id(now)] for _ in range(4)], [new_id(now) for _ in range(BATCH_LIMIT)]
    alone = {one for [one] in singles}
    assert part([bulk, *singles], now, timedelta(seconds=2)) == (alone, set(), set(bulk))
    assert part([bulk, *singles], now + timedelta(seconds=3), timedelta(seconds=2)) == (set(), alone, set(bulk))


async def test_a_model_that_does_not_load_loses_nothing(desk: Desk) -> None:
    desk.held.classifier = None
    desk.held.settings = desk.held.settings.model_copy(update={"classifier": "broken"})
    one = await content(desk, 1)
    await arrive(desk, [one])
    assert await labelled(desk) == set()
    assert await late(desk) == {one: "no_model"}
    stopped = context(desk)
    stopped.stopping.set()
    assert await label_late_contents(stopped) == 0, "it is still not there"
    desk.held.settings = desk.held.settings.model_copy(update={"classifier": "lexicon"})
    assert await label_late_contents(stopped) == 1
    assert await labelled(desk) == {one}


def test_a_model_that_cannot_be_loaded_is_said_and_none(caplog: pytest.LogCaptureFixture) -> None:
    assert load_classifier("no such model") is None
    assert "no such model" in caplog.text
    assert load_classifier("lexicon") is not None


class Choking:
    """The shipped model, but for one text that breaks it."""

    name, version = "choking", "1"

    def __init__(self) -> None:
        self.inner: Classifier = CLASSIFIERS.get("lexicon")()
        self.card = self.inner.card

    def annotate(self, batch: Sequence[Document]) -> list[Labels]:
        if any("vỡ" in document.text for document in batch):
            raise ValueError("a text that breaks it")
        return self.inner.annotate(batch)


async def test_one_content_that_breaks_the_model_holds_nobody_up_and_is_kept(desk: Desk) -> None:
    bad = await content(desk, 0, "Ống nước vỡ.")
    good = [await content(desk, number) for number in range(1, 4)]
    desk.clock.advance(timedelta(minutes=5))
    await arrive(desk, [bad, *good])
    for _ in range(TRIES + 1):
        await annotate_late(desk.db, Choking(), desk.held.gazetteer, now=desk.clock.now(), limit=10)
    assert await labelled(desk) == set(good)
    async with desk.owner.transaction() as session:
        [row] = (await session.execute(select(m.LateContent.content_id, m.LateContent.tries))).all()
    assert tuple(row) == (bad, TRIES)


async def test_the_newest_of_the_late_goes_first(desk: Desk) -> None:
    ids = []
    for number in range(3):
        ids.append(await content(desk, number))
        desk.clock.advance(timedelta(seconds=10))
    await arrive(desk, ids)
    assert await annotate_late(desk.db, lexicon(), desk.held.gazetteer, now=desk.clock.now(), limit=1) == 1
    assert await labelled(desk) == {ids[-1]}


def lexicon() -> Classifier:
    made: Classifier = CLASSIFIERS.get("lexicon")()
    return made


async def test_late_ones_that_came_singly_go_before_a_bulk(desk: Desk) -> None:
    now = desk.clock.now()
    single, bulk = await content(desk, 0), await content(desk, 1)
    async with desk.db.transaction() as session:
        await park(session, [bulk], LateReason.BULK, now)
        await park(session, [single], LateReason.BEHIND, now)
    assert await annotate_late(desk.db, lexicon(), desk.held.gazetteer, now=now, limit=1) == 1
    assert await labelled(desk) == {single}


async def test_two_workers_take_different_contents(desk: Desk) -> None:
    ids = [await content(desk, number) for number in range(8)]
    desk.clock.advance(timedelta(minutes=5))
    await arrive(desk, ids)
    held = desk.held
    assert held.classifier
    taken = await asyncio.gather(
        *(annotate_late(desk.db, held.classifier, held.gazetteer, now=desk.clock.now(), limit=4) for _ in range(2))
    )
    assert sum(taken) == 8
    assert await labelled(desk) == set(ids)

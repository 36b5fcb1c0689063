"""What publish hands over becomes contents and cases, as it stands when it is read, and without anybody's name."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from libs.common import models as m
from libs.common.app import create_worker
from libs.common.bus import HandlerContext
from libs.common.db import Database
from libs.common.events.base import Event
from libs.common.events.content import ClassifiedItem, ContentsClassified
from libs.common.events.conversation import ConversationEscalated, ConversationsReceived
from libs.common.ids import new_id
from libs.common.settings import NatsSettings
from services.classify.searching.queries import index_contents
from services.ingest import subscribers
from services.ingest.main import SERVICE
from services.ingest.resources import open_resources
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk
from tests.ingest.test_worker import publish
from tests.reports.city import City

INGESTED = "lantoa.content.ingested.v1"
SAID = "Đường trước nhà ngập quá, gọi tôi 0912 345 678"
MASKED = "Đường trước nhà ngập quá, gọi tôi [số điện thoại]"
HANDLERS: dict[type[Event], Any] = {
    ConversationsReceived: subscribers.on_conversations_received,
    ConversationEscalated: subscribers.on_conversation_escalated,
    ContentsClassified: subscribers.on_contents_classified,
}


@dataclass
class Channel:
    """A channel of the city with one post of ours, as publish keeps them."""

    desk: Desk
    channel: m.Channel
    delivery_id: UUID

    async def say(self, body: str, **more: Any) -> UUID:
        now = self.desk.clock.now()
        made = new_id(now)
        values: dict[str, Any] = {"state": "visible", "posted_at": now, "seen_at": now, "updated_at": now} | more
        row = m.Comment(
            id=made,
            channel_id=self.channel.id,
            delivery_id=self.delivery_id,
            digest=made.bytes * 2,
            body=body,
            **values,
        )
        await self.desk.make.add(row)
        return made

    async def change(self, comment_id: UUID, **values: Any) -> None:
        async with self.desk.db.transaction() as session:
            await session.execute(update(m.Comment).where(m.Comment.id == comment_id).values(values))

    async def tell(self, event: Event) -> None:
        """As the worker's consumer does, by ingest's own role."""
        async with (
            open_resources(self.desk.settings, self.desk.worker_db, self.desk.clock) as held,
            self.desk.worker_db.transaction() as session,
        ):
            context = HandlerContext(session, self.desk.clock.now(), held)
            await HANDLERS[type(event)](event, context)

    async def links(self) -> list[tuple[UUID, UUID]]:
        async with self.desk.db.transaction() as session:
            return [(row.comment_id, row.case_id) for row in await session.scalars(select(m.ConversationCase))]

    async def received(self, *ids: UUID) -> None:
        await self.tell(ConversationsReceived(comment_ids=list(ids)))

    async def escalated(self, comment_id: UUID) -> None:
        await self.tell(ConversationEscalated(comment_id=comment_id))


@pytest.fixture
async def page(desk_with: DeskWith, db: Database) -> Channel:
    desk: Desk = await desk_with()
    city, channel = City(db, desk.make, desk.clock), await desk.make.channel("facebook", name="Trang thành phố")
    post = await city.publication("Lịch cắt nước", channel)
    return Channel(desk, channel, (await city.delivery(post, channel, "published", None)).id)


@pytest.mark.mission("D04", "M37")
async def test_a_comment_is_a_masked_post_of_its_channels_own_source(page: Channel) -> None:
    said = await page.say(SAID)
    await page.received(said)
    (kept,) = await page.desk.contents()
    assert (kept.kind, kept.title, kept.text, kept.url) == ("post", "", MASKED, None)
    assert kept.published_at == page.desk.clock.now()
    source = await page.desk.health(str(kept.source_id))
    assert (source["kind"], source["group"]) == ("conversation", "citizen")
    assert source["name"].startswith("Ý kiến trên kênh Trang thành phố · ")
    assert await page.desk.events(INGESTED) == [{"content_ids": [str(kept.id)]}]


async def test_told_twice_it_is_stored_once_and_an_edit_is_a_revision(page: Channel) -> None:
    said = await page.say(SAID)
    await page.received(said)
    await page.received(said)
    await page.change(said, body="Đã hết ngập")
    await page.received(said, said)
    (kept,) = await page.desk.contents()
    (old,) = await page.desk.revisions()
    assert (kept.text, kept.revision, old.text) == ("Đã hết ngập", 2, MASKED)
    assert len(await page.desk.events(INGESTED)) == 2


@pytest.mark.mission("M37")
async def test_of_a_comment_that_was_taken_back_no_word_remains(page: Channel) -> None:
    said, other = await page.say(SAID), await page.say("Ý kiến khác")
    await page.received(said, other)
    await page.change(said, body="Ngập lắm rồi")
    await page.received(said)
    await page.change(said, body=None, state="removed")
    await page.received(said)
    await page.received(said)
    gone, kept = sorted(await page.desk.contents(), key=lambda one: one.text)
    assert (gone.title, gone.text, gone.summary, gone.revision) == ("[đã gỡ]", "", None, 3)
    assert (kept.text, await page.desk.revisions()) == ("Ý kiến khác", [])
    assert len(await page.desk.events(INGESTED)) == 3, "who has read the words is told that they are gone, once"


async def test_words_that_come_back_are_there_again(page: Channel) -> None:
    said = await page.say(SAID)
    await page.received(said)
    await page.change(said, body=None, state="removed")
    await page.received(said)
    await page.change(said, body=SAID, state="visible")
    await page.received(said)
    (kept,) = await page.desk.contents()
    assert (kept.title, kept.text) == ("", MASKED)


async def test_what_came_and_went_before_it_was_read_leaves_nothing(page: Channel) -> None:
    said = await page.say(SAID)
    await page.change(said, body=None, state="removed")
    ours = await page.say("Trang trả lời", is_ours=True)
    await page.received(said, ours, uuid4())
    assert await page.desk.contents() == []


async def test_two_who_say_the_same_have_said_it_twice(page: Channel) -> None:
    one, other = await page.say("Ngập quá"), await page.say("Ngập quá")
    await page.received(one, other)
    await page.change(one, body=None, state="removed")
    await page.received(one)
    assert sorted(kept.text for kept in await page.desk.contents()) == ["", "Ngập quá"]


@pytest.mark.mission("D04")
async def test_a_complaint_on_our_own_channel_becomes_a_case(page: Channel) -> None:
    said = await page.say(SAID)
    await page.received(said)
    (kept,) = await page.desk.contents()
    item = ClassifiedItem(content_id=kept.id, kind="complaint", field="giao_thong", tone="problem")
    await page.tell(ContentsClassified(items=[item]))
    (case,) = await page.desk.cases()
    assert (case.body, case.content_id) == (MASKED, kept.id)


@pytest.mark.mission("D04", "M37")
async def test_an_escalated_comment_becomes_one_case_whatever_comes_first(page: Channel) -> None:
    said = await page.say(SAID)
    await page.escalated(said)
    await page.received(said)
    await page.escalated(said)
    (kept,) = await page.desk.contents()
    item = ClassifiedItem(content_id=kept.id, kind="complaint", field="giao_thong", tone="problem")
    await page.tell(ContentsClassified(items=[item]))
    (case,) = await page.desk.cases()
    assert (case.channel, case.content_id, case.body) == ("conversation", kept.id, MASKED)
    assert await page.links() == [(said, case.id)]


async def test_a_comment_that_has_opened_a_case_by_itself_is_linked_to_it(page: Channel) -> None:
    said = await page.say(SAID)
    await page.received(said)
    (kept,) = await page.desk.contents()
    item = ClassifiedItem(content_id=kept.id, kind="complaint", field="giao_thong", tone="problem")
    await page.tell(ContentsClassified(items=[item]))
    await page.escalated(said)
    (case,) = await page.desk.cases()
    assert await page.links() == [(said, case.id)]


async def test_what_was_taken_back_before_it_was_escalated_becomes_no_case(page: Channel) -> None:
    said = await page.say(SAID)
    await page.change(said, body=None, state="removed")
    await page.escalated(said)
    await page.escalated(uuid4())
    assert (await page.desk.cases(), await page.links()) == ([], [])


@pytest.mark.mission("M37")
def test_no_outside_subscriber_is_told_of_conversations() -> None:
    """They carry ids, and even those stay inside."""
    for event in (ConversationsReceived, ConversationEscalated):
        assert event.subject.startswith("lantoa.conversation.")
        assert not any("text" in name or "body" in name for name in event.model_fields)


@pytest.mark.mission("M37")
async def test_what_was_taken_back_is_in_no_index_either(page: Channel, db_as: Any) -> None:
    """Who is told of a content reads it anew: of the search index, as classify keeps it, no word is left."""
    said = await page.say("Cột điện nghiêng trước cổng trường")
    await page.received(said)
    (kept,) = await page.desk.contents()
    found = select(func.count()).where(m.SearchDocument.tsv.op("@@")(func.plainto_tsquery("simple", "nghiêng")))

    async def indexed() -> int:
        async with db_as("classify").transaction() as session:
            await index_contents(session, [kept.id])
        async with page.desk.db.transaction() as session:
            return await session.scalar(found) or 0

    assert await indexed() == 1
    await page.change(said, body=None, state="removed")
    await page.received(said)
    assert await indexed() == 0


@pytest.mark.slow
@pytest.mark.mission("D04")
async def test_a_worker_takes_what_is_handed_over_from_the_stream(page: Channel, nats_settings: NatsSettings) -> None:
    """Over a real stream; told twice by other messages, it is one content and one case."""
    said = await page.say(SAID)
    worker = create_worker(SERVICE, page.desk.settings, page.desk.clock)
    running = asyncio.create_task(worker.run())
    try:
        for event in (ConversationEscalated(comment_id=said), ConversationsReceived(comment_ids=[said])):
            await publish(nats_settings, page.desk, event, times=2)
        async with asyncio.timeout(60):
            while await page.desk.count(m.InboxEvent) < 2 or not await page.links():
                await asyncio.sleep(0.1)
    finally:
        worker.stopping.set()
        await running
    (kept,), (case,) = await page.desk.contents(), await page.desk.cases()
    assert (kept.text, case.content_id, await page.links()) == (MASKED, kept.id, [(said, case.id)])
    assert await page.desk.count(m.DeadLetter) == 0

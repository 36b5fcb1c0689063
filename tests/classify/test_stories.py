"""M03: one story of all copies; and the assigner, whoever sits in the seat and whatever dies."""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.classify.assigning import Seat, SeatLost, _assign, assign_batch
from services.classify.lanes.service import annotate_late
from services.classify.main import SERVICE
from services.classify.settings import StorySettings
from tests.classify.conftest import Desk

SAMPLE = Path("sandbox/newsstand/sample_day/items.jsonl")
OUTLETS = ["Báo Hồ Gươm", "Tin Kinh Kỳ", "Cổng thành phố", "Đô Thị 24", "Tổng hợp Nhanh"]
FIRE = (
    "Cháy chợ Cầu Vồng lúc rạng sáng, cảnh sát dập lửa sau 50 phút",
    "Khoảng 2h40 sáng nay, lửa bùng lên từ dãy ki-ốt bán hàng khô ở chợ Cầu Vồng, phường Vĩnh Tuy. Bảo vệ chợ "
    "phát hiện khói, kéo chuông báo động và gọi 114. Sáu xe chữa cháy cùng hơn 40 chiến sĩ đến nơi sau bảy phút. "
    "Đám cháy được khống chế sau khoảng 50 phút, không có người mắc kẹt.",
)
COPIES = [
    FIRE,
    ("Chợ Cầu Vồng bốc cháy trong đêm, chín ki-ốt bị thiêu rụi", FIRE[1] + " Theo Tin Kinh Kỳ."),
    ("Hỏa hoạn tại chợ Cầu Vồng, phường Vĩnh Tuy", "BẢN TIN SÁNG. " + FIRE[1]),
    ("Dập tắt đám cháy chợ Cầu Vồng sau 50 phút", FIRE[1].replace("Khoảng 2h40 sáng nay", "Rạng sáng nay, lúc 2h40")),
    ("Cháy lớn ở chợ Cầu Vồng", "Đọc thêm tại trang chủ. " + FIRE[1] + " Mời bạn đọc theo dõi kênh của chúng tôi."),
]
FLOODS = [
    (
        "Mưa lớn trong đêm, phố Dương Đình Nghệ ngập nửa bánh xe",
        "Trận mưa kéo dài từ 1h đến 4h sáng nay khiến nhiều tuyến phố ngập sâu. Tại phố Dương Đình Nghệ, phường "
        "Yên Hòa, nước ngập nửa bánh xe máy, một đoạn dài gần 300 m. Trạm đo mưa ghi nhận hơn 80 mm trong ba giờ.",
    ),
    (
        "Nước sông Bùi lên, 120 hộ ở xã Quảng Bị bị ngập",
        "Nước sông Bùi dâng cao từ đêm qua làm ngập 120 hộ dân ở hai thôn ven đê xã Quảng Bị. Chính quyền xã "
        "đã dùng thuyền đưa người già và trẻ em tới nhà văn hóa, cấp mì gói và nước uống cho các hộ bị cô lập.",
    ),
]


async def label(desk: Desk, ids: Iterable[UUID]) -> None:
    """All of them, through whichever lane each goes."""
    await desk.annotate(ids)
    held = desk.held
    assert held.classifier is not None
    while await annotate_late(desk.db, held.classifier, held.gazetteer, now=desk.clock.now(), limit=200):
        pass


@pytest.mark.mission("M03")
async def test_five_edited_copies_make_one_story_with_five_sources(desk: Desk, client_for: Any, signed_in: Any) -> None:
    client = await client_for(SERVICE)
    ids = [
        await desk.content(title, body, source=source) for (title, body), source in zip(COPIES, OUTLETS, strict=True)
    ]
    await label(desk, ids)
    await desk.assign()
    who = await signed_in(Role.VIEWER)
    [story] = (await client.get("/api/classify/v1/stories?sort=sources", headers=who)).json()["items"]
    assert (story["title"], story["items"], story["sources"]) == (COPIES[3][0], 5, 5)
    told = {one["content_id"]: one["text"] for one in story["summary"]}
    assert all(text in COPIES[ids.index(UUID(one))][1] for one, text in told.items())
    assert 1 <= len(story["summary"]) == len(told) <= 3
    whole = (await client.get(f"/api/classify/v1/stories/{story['id']}", headers=who)).json()
    assert [row["source"] for row in whole["contents"]] == OUTLETS
    assert [row["content_id"] for row in whole["contents"]] == [str(i) for i in ids]
    assert [e["story_ids"] for e in await desk.events("lantoa.story.updated.v1")] == [[story["id"]]]


@pytest.mark.mission("M03")
async def test_two_floods_on_one_day_stay_two_stories(desk: Desk) -> None:
    ids = []
    for source in OUTLETS[:3]:
        for title, body in FLOODS:
            ids.append(await desk.content(title, f"{body} Theo {source}.", source=source))
    await label(desk, ids)
    await desk.assign()
    stories = await desk.stories()
    assert len(set(stories.values())) == 2
    assert len({stories[i] for i in ids[::2]}) == len({stories[i] for i in ids[1::2]}) == 1


async def test_what_citizens_report_and_adverts_join_no_story(desk: Desk) -> None:
    report = await desk.content("Cháy chợ", FIRE[1], group="citizen")
    news = await desk.content(*FIRE)
    await label(desk, [report, news])
    await desk.assign()
    assert set(await desk.stories()) == {news}


async def test_the_title_is_that_of_who_published_it_before_that_of_a_forum(desk: Desk) -> None:
    rumour = await desk.content("CHÁY chợ Cầu Vồng!!!", FIRE[1], group="forum")
    await label(desk, [rumour])
    await desk.assign()
    [story] = await desk.rows(m.Story)
    news = await desk.content(*FIRE)
    await label(desk, [news])
    await desk.assign()
    [after] = await desk.rows(m.Story)
    assert (story.id, story.title) == (after.id, "CHÁY chợ Cầu Vồng!!!")
    assert (after.title, after.items, after.sources, after.version) == (FIRE[0], 2, 2, 2)


async def test_a_content_waits_until_it_has_settled(desk: Desk) -> None:
    await label(desk, [await desk.content(*FIRE)])
    assert await desk.assign(settle=False) == 0
    assert await desk.assign() == 1


async def test_a_content_committed_late_with_a_lower_id_is_not_lost(desk: Desk) -> None:
    early = await desk.content(*FIRE)
    later = await desk.content(*FLOODS[0])
    await label(desk, [later])
    await desk.assign()
    await label(desk, [early])
    await desk.assign()
    desk.clock.advance(timedelta(hours=20))
    await desk.assign()
    assert set(await desk.stories()) == {early, later}


async def test_a_content_annotated_hours_late_is_found_by_the_sweep(desk: Desk) -> None:
    late = await desk.content(*FIRE)
    await label(desk, [await desk.content(*FLOODS[0])])
    await desk.assign()
    desk.clock.advance(timedelta(hours=5))
    await label(desk, [late])
    await desk.assign()
    assert late in await desk.stories()


# --- the sample day -------------------------------------------------------------------------------------------


def sample() -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    return sorted(rows, key=lambda row: int(row["minutes"]))


async def sample_day(desk: Desk) -> list[tuple[UUID, dict[str, Any]]]:
    """The day as it comes in: ids and times in its order."""
    begin, came = desk.clock.now(), []
    for row in sample():
        at = begin + timedelta(minutes=row["minutes"])
        content = await desk.content(
            row["title"],
            row["text"],
            group=row["group"],
            source=row["outlet"],
            id=new_id(at),
            published_at=at,
            first_seen_at=at,
        )
        came.append((content, row))
    desk.clock.advance(timedelta(minutes=1440))
    return came


def b_cubed(found: Mapping[Any, Any], gold: Mapping[Any, Any]) -> tuple[float, float, float]:
    """Precision, recall and F1, each averaged over items (Bagga and Baldwin 1998)."""

    def groups(labels: Mapping[Any, Any]) -> dict[Any, set[Any]]:
        members: dict[Any, set[Any]] = defaultdict(set)
        for item, label in labels.items():
            members[label].add(item)
        return members

    theirs, ours = groups(gold), groups(found)
    shared = {item: len(ours[found[item]] & theirs[gold[item]]) for item in gold}
    precision = sum(shared[i] / len(ours[found[i]]) for i in gold) / len(gold)
    recall = sum(shared[i] / len(theirs[gold[i]]) for i in gold) / len(gold)
    return precision, recall, 2 * precision * recall / (precision + recall)


@pytest.mark.mission("M03")
async def test_the_stories_of_the_sample_day(desk: Desk) -> None:
    """`python -m bench.stories` has the figures on hand-made clusters of real news."""
    came = await sample_day(desk)
    await label(desk, [content for content, _ in came])
    await desk.assign()
    stories = await desk.stories()
    found = {content: stories.get(content, content) for content, _ in came}
    gold = {content: row["gold"]["story"] or str(content) for content, row in came}
    precision, recall, f1 = b_cubed(found, gold)
    assert f1 == 1.0, (precision, recall, f1)
    by_gold = defaultdict(set)
    for content, row in came:
        by_gold[row["gold"]["story"]].add(found[content])
    apart = ["vo-ong-nuoc-ha-dong", "mat-nuoc-long-bien", "ngap-cau-giay", "ngap-chuong-my"]
    for one in apart:
        assert all(not by_gold[one] & by_gold[other] for other in apart if other != one), one


# --- the seat -------------------------------------------------------------------------------------------------


async def _reset(desk: Desk) -> None:
    async with desk.owner.transaction() as session:
        await session.execute(text("TRUNCATE stories, story_items, leases CASCADE"))


@pytest.mark.mission("M03")
@pytest.mark.parametrize("seed", range(4))
async def test_the_same_sequence_gives_the_same_stories_whatever_dies(
    desk: Desk, clock: FrozenClock, seed: int
) -> None:
    """Small batches; assigners that die between batches, before a commit, or come back after they were replaced."""
    came = await sample_day(desk)
    await label(desk, [content for content, _ in came])
    await desk.assign()
    undisturbed = await desk.stories()
    counts = {row.id: (row.title, row.items, row.sources) for row in await desk.rows(m.Story)}
    await _reset(desk)

    desk.settings = StorySettings(batch=7)
    chance, seats = random.Random(seed), [Seat(), Seat()]
    lease = timedelta(seconds=desk.settings.lease_seconds + 1)
    for _ in range(400):
        seat = chance.choice(seats)
        done = await assign_batch(desk.db, clock, seat, desk.settings)
        match chance.randrange(6):
            case 0:  # killed between two batches: a new process, a new holder
                seats[seats.index(seat)] = Seat()
                clock.advance(lease)
            case 1:  # silent for so long that the rival may take over, but alive
                clock.advance(lease)
            case 2:  # died inside a write: the index has taken in what was never committed
                await _die_in_a_write(desk, clock, seat)
            case _:
                clock.advance(timedelta(seconds=1))
        if done == 0 and len(await desk.stories()) == len(undisturbed):
            break
    assert await desk.stories() == undisturbed
    assert {row.id: (row.title, row.items, row.sources) for row in await desk.rows(m.Story)} == counts
    epochs = {row.epoch for row in await desk.rows(m.StoryItem)}
    assert len(epochs) > 1


async def _die_in_a_write(desk: Desk, clock: FrozenClock, seat: Seat) -> None:
    """The database refuses the commit of one batch."""
    async with desk.owner.transaction() as session:
        await session.execute(text("ALTER TABLE stories ADD CONSTRAINT dies CHECK (version < 0) NOT VALID"))
    try:
        await assign_batch(desk.db, clock, seat, desk.settings)
    except DBAPIError:
        assert seat.index is None
    finally:
        async with desk.owner.transaction() as session:
            await session.execute(text("ALTER TABLE stories DROP CONSTRAINT dies"))


async def test_a_holder_that_was_replaced_writes_nothing(desk: Desk, clock: FrozenClock) -> None:
    old, new = Seat(), Seat()
    await label(desk, [await desk.content(*FIRE)])
    assert await desk.assign(old) == 1
    assert await assign_batch(desk.db, clock, new, desk.settings) == 0, "the seat is taken"
    clock.advance(timedelta(seconds=desk.settings.lease_seconds + 1))
    assert await desk.assign(new) == 0
    assert (old.epoch, new.epoch) == (1, 2)
    await label(desk, [await desk.content(*FLOODS[0])])
    clock.advance(timedelta(seconds=5))
    assert old.index is not None
    with pytest.raises(SeatLost):
        async with desk.db.transaction() as session:
            await _assign(session, clock.now(), old, old.index, desk.settings)
    assert len(await desk.stories()) == 1
    assert await desk.assign(new) == 1


async def test_a_rebuilt_index_reads_the_words_that_were_judged(desk: Desk) -> None:
    """A text that was rewritten since does not pull its story elsewhere after a restart."""
    first = await desk.content(*FIRE)
    await label(desk, [first])
    await desk.assign()
    await desk.revise(first, FLOODS[0][1])
    await label(desk, [first])
    copy = await desk.content(*COPIES[1], source=OUTLETS[1])
    await label(desk, [copy])
    desk.clock.advance(timedelta(seconds=60))
    await desk.assign(Seat())
    stories = await desk.stories()
    assert stories[copy] == stories[first]

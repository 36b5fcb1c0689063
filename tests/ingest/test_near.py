"""Near-copies: what counts as one, and how contents are linked, whatever the order and however often."""

import asyncio
import itertools
import os
import random
import sys
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import nats
import pytest
from sqlalchemy import select, update

from bench.near import recalls, same_event
from libs.common import models as m
from libs.common.app import create_worker
from libs.common.bus import credentials, headers_of
from libs.common.events.content import ContentsIngested
from libs.common.ids import new_id
from libs.common.settings import NatsSettings
from services.ingest.main import SERVICE
from services.ingest.near.rules import THRESHOLD, Link, Near, are_near, join, nearest, sign, similarity
from services.ingest.near.service import link_near_copies
from tests.ingest.desk import Desk

BRIDGE = """Sáng 28/11, cầu vượt nút giao Mai Dịch chính thức thông xe sau mười tháng thi công liên tục.
Theo ban quản lý dự án, công trình dài khoảng ba trăm mét, rộng mười sáu mét, gồm bốn làn xe cơ giới.
Cầu giúp giảm ùn tắc ở cửa ngõ phía tây thành phố, nơi mỗi ngày có hàng chục nghìn lượt phương tiện qua lại.
Ông chủ tịch phường cho biết người dân rất phấn khởi vì thời gian đi làm buổi sáng đã rút ngắn đáng kể.
Đơn vị thi công sẽ hoàn trả mặt đường, trồng lại cây xanh và lắp thêm đèn chiếu sáng trước Tết Nguyên đán.
Sở giao thông đề nghị lái xe chú ý biển báo mới, đi đúng làn và không dừng đỗ trên cầu trong giờ cao điểm."""
SAME_EVENT = """Người dân khu vực Cầu Giấy từ hôm nay có thêm một lối đi mới để tránh kẹt xe mỗi sáng.
Cây cầu vượt bằng thép ở ngã tư Mai Dịch được mở cho các loại xe từ bảy giờ, sớm hơn kế hoạch hai tuần.
Anh lái xe công nghệ tên Hùng kể trước đây anh thường mất nửa tiếng để qua được nút giao này.
Kinh phí xây dựng lấy từ ngân sách, tổng mức đầu tư hơn ba trăm tỷ đồng, không phát sinh so với dự toán.
Cảnh sát giao thông bố trí lực lượng hướng dẫn trong tuần đầu và sẽ xử phạt nếu xe tải đi vào giờ cấm.
Thành phố còn ba dự án cầu vượt khác dự kiến khởi công trong năm sau ở phía nam và phía bắc."""
FILLER = "sông hồ cây gió nắng mưa phố chợ làng đồng núi biển trời đất hoa lá cỏ chim cá trăng".split()


def edited(text: str, share: float) -> str:
    """This share of the words, evenly spread, becomes another word."""
    words = text.split()
    step = round(1 / share)
    return " ".join(FILLER[n % len(FILLER)] if n % step == step // 2 else word for n, word in enumerate(words))


def shuffled(text: str) -> str:
    lines = text.split("\n")
    random.Random(3550).shuffle(lines)
    return "\n".join(lines)


def near(one: str, other: str) -> bool:
    first, second = sign([one, other])
    assert first
    assert second
    return are_near(first.sketch, second.sketch, similarity(first.sketch, second.sketch))


@pytest.mark.parametrize(
    "copy",
    [
        BRIDGE,
        BRIDGE.upper(),
        BRIDGE.replace(",", "").replace(".", " !"),
        BRIDGE.replace("hòa", "hoà").replace("thành phố", "Thành Phố"),
        edited(BRIDGE, 0.05),
        edited(BRIDGE, 0.1),
        shuffled(BRIDGE),
        BRIDGE[: len(BRIDGE) // 2],
        f"Trang chủ Thời sự Thế giới Kinh doanh Giải trí Thể thao Pháp luật\n{BRIDGE}\nXem thêm các tin trong ngày",
        "Một tiêu đề hoàn toàn khác của một tờ báo khác\n" + BRIDGE,
    ],
)  # fmt: skip
def test_what_is_a_near_copy(copy: str) -> None:
    assert near(BRIDGE, copy)
    assert near(copy, BRIDGE)


def test_what_is_none() -> None:
    assert not near(BRIDGE, SAME_EVENT)
    assert not near(BRIDGE, edited(BRIDGE, 0.5))
    assert not near(BRIDGE[: len(BRIDGE) // 2], BRIDGE[len(BRIDGE) // 2 :])


def test_short_texts_are_not_compared() -> None:
    assert sign(["Lịch cắt điện ngày mai", "", "🙂" * 500]) == [None, None, None]


def test_signatures_are_the_same_in_every_process() -> None:
    """They are stored: whoever changes this stops finding what was stored before."""
    [signed] = sign([BRIDGE])
    assert signed is not None
    assert (signed.sketch.signature[:8].hex(), signed.sketch.size, signed.keys[:2]) == PINNED


PINNED = ("35c7427b73f6495c", 136, (-2089602387, 714995311))


def test_controlled_edits_are_found_and_other_texts_are_not() -> None:
    """What `python -m bench.near` measures on real articles, on our own: days told in the same words but names."""
    days = [
        " ".join(f"{word}{n}x" if k % 4 == n % 4 else word for k, word in enumerate(BRIDGE.split())) for n in range(12)
    ]
    found = {name: (recall, precision) for name, recall, precision in recalls([*days, SAME_EVENT], THRESHOLD)}
    for name in ("1% số từ", "5% số từ", "xáo trộn câu", "thay tiêu đề"):
        assert found[name][0] == 1, name
    assert found["10% số từ"][0] > 0.9
    rows = [{"title": "", "text": text, "label": "cầu"} for text in (BRIDGE, SAME_EVENT, edited(BRIDGE, 0.1))]
    assert same_event(rows, THRESHOLD) == (3, 1)


# --- groups -------------------------------------------------------------------------------------------------

A, B, C, D = (UUID(int=n) for n in (1, 2, 3, 4))


def test_the_first_of_a_group_is_the_earliest() -> None:
    first_of: dict[UUID, UUID] = {}
    assert join(B, Near(A, 0.9), first_of) == Link(B, A, A, 0.9)
    assert join(C, Near(B, 0.8), first_of) == Link(C, A, B, 0.8)
    assert join(A, Near(B, 0.9), first_of) is None
    assert first_of == {B: A, C: A}


def test_one_that_is_looked_at_late_becomes_the_first() -> None:
    first_of = {D: C}
    assert join(B, Near(D, 0.7), first_of) == Link(C, B, B, 0.7)
    assert first_of == {D: B, C: B}
    assert join(A, Near(C, 0.7), first_of) == Link(B, A, A, 0.7)
    assert set(first_of.values()) == {A}


def test_of_equals_the_earliest_is_nearest() -> None:
    assert nearest([Near(C, 0.9), Near(B, 0.9), Near(A, 0.8)]) == Near(B, 0.9)
    assert nearest([]) is None


# --- stored -------------------------------------------------------------------------------------------------


async def pushed(desk: Desk, *texts: str) -> list[UUID]:
    """Stored in this order, each as an article of its own; the ids."""
    if not (await desk.ask("GET", "/sources")).json()["items"]:
        await desk.register(None, kind="push", name="Báo")
    numbers = itertools.count(await desk.count(m.Content))
    rows = [{"url": f"https://bao.vn/{n}", "title": f"Tin số {n}", "text": text} for n, text in zip(numbers, texts)]  # noqa: B905
    answer = await desk.push([row | {"source": "Báo", "kind": "article"} for row in rows])
    assert answer.status_code == 200, answer.text
    return [UUID(one["content_id"]) for one in answer.json()["results"]]


async def link(desk: Desk, *ids: UUID) -> int:
    async with desk.worker_db.transaction() as session:
        return await link_near_copies(session, ids, now=desk.clock.now())


async def groups(desk: Desk) -> dict[UUID, UUID]:
    async with desk.db.transaction() as session:
        return {one.content_id: one.copy_of for one in await session.scalars(select(m.NearCopy))}


TEXTS = (BRIDGE, SAME_EVENT, edited(BRIDGE, 0.1), shuffled(BRIDGE), "Tin ngắn.", edited(SAME_EVENT, 0.05))


async def test_copies_lead_to_the_first_and_other_articles_on_the_event_do_not(desk: Desk) -> None:
    ids = await pushed(desk, *TEXTS)
    assert await link(desk, *ids) == 3
    assert await groups(desk) == {ids[2]: ids[0], ids[3]: ids[0], ids[5]: ids[1]}
    assert await desk.count(m.NearText) == len(TEXTS)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (3, 0, 5, 2, 1, 4)])
async def test_whatever_the_order_the_groups_are_the_same(desk: Desk, order: Sequence[int]) -> None:
    ids = await pushed(desk, *TEXTS)
    for n in order:
        await link(desk, ids[n])
    assert await groups(desk) == {ids[2]: ids[0], ids[3]: ids[0], ids[5]: ids[1]}


async def test_all_at_once_and_twice_the_groups_are_the_same(desk: Desk) -> None:
    ids = await pushed(desk, *TEXTS)
    await asyncio.gather(*(link(desk, one) for one in ids * 2))
    assert await groups(desk) == {ids[2]: ids[0], ids[3]: ids[0], ids[5]: ids[1]}
    assert await link(desk, *ids) == 0


async def test_what_was_not_committed_is_done_again(desk: Desk) -> None:
    ids = await pushed(desk, *TEXTS)

    async def killed_before_the_end() -> None:
        async with desk.worker_db.transaction() as session:
            assert await link_near_copies(session, ids, now=desk.clock.now()) == 3
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await killed_before_the_end()
    assert (await groups(desk), await desk.count(m.NearText)) == ({}, 0)
    assert await link(desk, *ids) == 3


async def test_a_text_that_very_many_share_has_one_first(desk: Desk) -> None:
    ids = await pushed(desk, *(f"{BRIDGE} Bản thứ {n}" for n in range(80)))
    for start in range(0, 80, 20):
        await link(desk, *ids[start : start + 20])
    assert await groups(desk) == dict.fromkeys(ids[1:], ids[0])


async def test_a_text_that_was_rewritten_is_a_copy_no_more(desk: Desk) -> None:
    ids = await pushed(desk, BRIDGE, edited(BRIDGE, 0.1))
    assert await link(desk, *ids) == 1
    row = {"url": "https://bao.vn/1", "title": "Tin số 1", "text": SAME_EVENT, "source": "Báo", "kind": "article"}
    assert (await desk.push([row])).json()["results"][0]["content_id"] == str(ids[1])
    assert await link(desk, ids[1]) == 0
    assert await groups(desk) == {}
    later = await pushed(desk, edited(SAME_EVENT, 0.05))
    assert await link(desk, *later) == 1
    assert await groups(desk) == {later[0]: ids[1]}


async def test_of_a_text_that_was_taken_back_nothing_is_kept(desk: Desk) -> None:
    ids = await pushed(desk, BRIDGE, edited(BRIDGE, 0.1), SAME_EVENT)
    await link(desk, *ids)
    async with desk.db.transaction() as session:
        erased = update(m.Content).where(m.Content.id == ids[0])
        await session.execute(erased.values(title="(đã gỡ)", text="", revision=m.Content.revision + 1))
    assert await link(desk, ids[0]) == 0
    async with desk.db.transaction() as session:
        looked_at = await session.get_one(m.NearText, ids[0])
        left = set(await session.scalars(select(m.NearKey.content_id)))
    assert (looked_at.signature, looked_at.size, looked_at.keys) == (None, 0, None)
    assert left == {ids[1], ids[2]}
    assert await groups(desk) == {}


async def test_older_than_the_window_is_not_looked_at(desk: Desk) -> None:
    old = await pushed(desk, BRIDGE)
    await link(desk, *old)
    now = desk.clock.now() + timedelta(days=31)
    async with desk.db.transaction() as session:
        late = m.Content(
            id=new_id(now), source_id=UUID(int=1), kind="article", title="Nhắc lại", text=BRIDGE, language="vi",
            published_from="none", first_seen_at=now, content_hash=b"x" * 32, revision=1,
        )  # fmt: skip
        session.add(late)
    async with desk.worker_db.transaction() as session:
        assert await link_near_copies(session, [late.id], now=now) == 0


async def test_an_editor_sees_copies(desk: Desk) -> None:
    ids = await pushed(desk, *TEXTS)
    await link(desk, *ids)
    first, copy = [(await desk.ask("GET", f"/contents/{ids[n]}")).json() for n in (0, 2)]
    assert (first["copy_of"], first["copies"]) == (None, 2)
    assert (copy["copy_of"], copy["copies"]) == (str(ids[0]), 2)
    every, firsts = [(await desk.ask("GET", f"/contents?copies={one}")).json()["items"] for one in ("true", "false")]
    assert [one["copy_of"] for one in every] == [str(ids[1]), None, str(ids[0]), str(ids[0]), None, None]
    assert [one["id"] for one in firsts] == [str(ids[n]) for n in (4, 1, 0)]
    listed = (await desk.ask("GET", f"/contents/{ids[2]}/copies")).json()["items"]
    assert [one["id"] for one in listed] == [str(ids[3]), str(ids[0])]
    assert (listed[1]["similarity"], listed[1]["nearest_id"]) == (None, None)
    assert 0.4 < listed[0]["similarity"] <= 1
    page = (await desk.ask("GET", f"/contents/{ids[0]}/copies?limit=1")).json()
    rest = (await desk.ask("GET", f"/contents/{ids[0]}/copies?limit=1&cursor={page['next_cursor']}")).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == [str(ids[3]), str(ids[2])]
    assert (await desk.ask("GET", f"/contents/{ids[4]}/copies")).json()["items"] == []
    assert (await desk.ask("GET", f"/contents/{UUID(int=9)}/copies")).status_code == 404


async def test_a_worker_links_what_was_stored_once_however_often_it_is_told(
    desk: Desk, nats_settings: NatsSettings
) -> None:
    ids = await pushed(desk, *TEXTS)
    client = await nats.connect(nats_settings.url, **credentials(nats_settings))
    event, event_id = ContentsIngested(content_ids=ids), new_id(desk.clock.now())
    worker = create_worker(SERVICE, desk.settings, desk.clock)
    running = asyncio.create_task(worker.run())
    try:
        for message in ("1", "2"):
            headers = headers_of(event_id, event.subject, "ingest", desk.clock.now(), f"{event_id}-{message}")
            await client.jetstream().publish(event.subject, event.model_dump_json().encode(), headers=headers)
        async with asyncio.timeout(30):
            while await desk.count(m.NearCopy) < 3:
                await asyncio.sleep(0.1)
    finally:
        worker.stopping.set()
        await running
        await client.close()
    assert await groups(desk) == {ids[2]: ids[0], ids[3]: ids[0], ids[5]: ids[1]}
    assert await desk.count(m.DeadLetter) == 0


@pytest.mark.slow
async def test_a_process_killed_by_signal_9_again_and_again_misses_no_copy(desk: Desk) -> None:
    """Every day has words of its own, and the same groups."""
    days = 40
    ids = await pushed(
        desk, *(" ".join(f"{word}{day}x" for word in one.split()) for day in range(days) for one in TEXTS)
    )
    url = desk.worker_db.engine.url.render_as_string(hide_password=False)
    environment = {**os.environ, "LINKER_URL": url, "LINKER_NOW": desk.clock.now().isoformat()}
    chance, kills, code = random.Random(3550), 0, None
    while code != 0:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.ingest.linker", stdin=asyncio.subprocess.PIPE, env=environment
        )
        done = asyncio.create_task(process.communicate("\n".join(map(str, ids)).encode()))
        before = await desk.count(m.NearText)
        while not done.done() and kills < 4 and await desk.count(m.NearText) < before + 20:
            await asyncio.sleep(chance.uniform(0.01, 0.03))
        if not done.done() and kills < 4:
            process.kill()
            kills += 1
        await done
        code = process.returncode
    assert kills >= 2
    expected: dict[UUID, UUID] = {}
    for start in range(0, len(ids), len(TEXTS)):
        first, other = ids[start], ids[start + 1]
        expected |= {ids[start + 2]: first, ids[start + 3]: first, ids[start + 5]: other}
    assert await groups(desk) == expected
    assert await desk.count(m.NearText) == len(ids)

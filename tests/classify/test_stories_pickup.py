"""M20: who carried an item of ours, how much later, and what they changed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.classify.main import SERVICE
from services.ingest.near.service import link_near_copies
from tests.classify.conftest import Desk
from tests.classify.test_stories import FLOODS

API = "/api/classify/v1/pickup"
OURS = (
    "Ngừng cấp nước khẩn cấp do sự cố tuyến ống D600 đường Trần Phú",
    "Hồi 4h30 hôm nay, tuyến ống truyền tải D600 trên đường Trần Phú bị vỡ. Khoảng 12.000 hộ dân tại các phường "
    "Hà Đông, Kiến Hưng và Dương Nội mất nước từ sáng sớm. Công ty nước sạch đã huy động 40 công nhân và 8 xe bồn "
    "cấp nước lưu động tới các khu dân cư. Dự kiến cấp nước trở lại trước 18h cùng ngày. Người dân cần hỗ trợ xin "
    "gọi đường dây nóng của công ty. Việc khắc phục được thực hiện liên tục trong ngày để sớm ổn định sinh hoạt "
    "của nhân dân.",
)


async def plant(desk: Desk, title: str, body: str, minutes: int, **more: Any) -> UUID:
    at = desk.clock.now() + timedelta(minutes=minutes)
    return await desk.content(title, body, published_at=at, first_seen_at=at, **more)


async def link(desk: Desk, db_as: Any, ids: list[UUID]) -> None:
    async with db_as("ingest").transaction() as session:
        await link_near_copies(session, ids, now=desk.clock.now())


@pytest.mark.mission("M20")
async def test_a_planted_copy_is_found_with_its_delay_and_the_figure_it_changed(
    desk: Desk, db_as: Any, client_for: Any, signed_in: Any
) -> None:
    client, who = await client_for(SERVICE), await signed_in(Role.VIEWER)
    ours = await plant(desk, *OURS, 0, group="official", source="Cổng thành phố")
    changed = OURS[1].replace("12.000 hộ", "15.000 hộ")
    same = await plant(desk, OURS[0], OURS[1] + " Theo Cổng thành phố.", 42, source="Báo Hồ Gươm")
    other = await plant(desk, "Vỡ ống nước, 15.000 hộ lao đao", changed, 130, source="Tổng hợp Nhanh")
    unrelated = await plant(desk, *FLOODS[0], 60, source="Tin Kinh Kỳ")
    await link(desk, db_as, [ours, same, other, unrelated])

    page = (await client.get(API, params={"content_id": str(ours)}, headers=who)).json()
    assert page["as_of"]
    assert page["sources"] == ["Báo Hồ Gươm", "Cổng thành phố", "Tổng hợp Nhanh"]
    rows = {row["source"]: row for row in page["items"]}
    assert set(rows) == {"Báo Hồ Gươm", "Tổng hợp Nhanh"}
    assert [(rows[name]["delay_seconds"], rows[name]["headline_changed"]) for name in sorted(rows)] == [
        (42 * 60, False),
        (130 * 60, True),
    ]
    assert rows["Báo Hồ Gươm"]["numbers_changed"] == []
    [figure] = rows["Tổng hợp Nhanh"]["numbers_changed"]
    assert (figure["before"], figure["after"]) == ("12.000 hộ dân", "15.000 hộ dân")
    assert rows["Tổng hợp Nhanh"]["ours"]["content_id"] == str(ours)


@pytest.mark.mission("M20")
async def test_without_a_content_all_that_is_official_is_looked_at(
    desk: Desk, db_as: Any, client_for: Any, signed_in: Any
) -> None:
    client, who = await client_for(SERVICE), await signed_in(Role.VIEWER)
    earlier = await plant(desk, *OURS, -30, source="Báo Hồ Gươm")
    ours = await plant(desk, *OURS, 0, group="official", source="Cổng thành phố")
    later = [await plant(desk, *OURS, 10 * n, source=f"Báo {n}") for n in (1, 2, 3)]
    twice = await plant(desk, *OURS, 90, group="official", source="Cổng thành phố")
    await link(desk, db_as, [earlier, ours, *later, twice])
    found: list[tuple[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(API, params={"limit": 2, **cursor}, headers=who)).json()
        found += [(row["ours"]["content_id"], row["content_id"]) for row in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == [(str(ours), str(one)) for one in reversed(later)], "who was first carried nothing of ours"
    source = await desk.source("press", "Báo Hồ Gươm")
    by_source = (await client.get(API, params={"source_id": str(source)}, headers=who)).json()["items"]
    assert {row["content_id"] for row in by_source} == {str(one) for one in [ours, *later, twice]}
    wrong = await client.get(API, params={"cursor": "WzEsICJ4Il0"}, headers=who)
    assert wrong.status_code == 422
    [first] = await desk.rows(m.NearCopy, m.NearCopy.content_id == ours)
    assert first.copy_of == earlier


REWRITTEN = (
    "Hà Đông mất nước vì vỡ ống",
    "Theo Cổng thành phố, một đường ống lớn vỡ lúc rạng sáng khiến 12.000 hộ dân ở Kiến Hưng, Dương Nội không có nước "
    "dùng. Đơn vị cấp nước cho biết đã cử 40 công nhân đến hiện trường.",
)
ANOTHER = (
    "Người dân xếp hàng chờ nước",
    "Từ sáng, nhiều gia đình mang can ra đầu ngõ chờ xe bồn. Không ai biết khi nào có nước.",
)


@pytest.mark.mission("M20")
async def test_a_rewrite_in_the_same_story_is_told_with_what_it_shares_and_apart_from_copies(
    desk: Desk, db_as: Any, client_for: Any, signed_in: Any
) -> None:
    client, who = await client_for(SERVICE), await signed_in(Role.VIEWER)
    earlier = await plant(desk, *REWRITTEN, -20, source="Báo Sớm")
    ours = await plant(desk, *OURS, 0, group="official", source="Cổng thành phố")
    copy = await plant(desk, *OURS, 30, source="Báo Hồ Gươm")
    rewritten = await plant(desk, *REWRITTEN, 75, source="Tổng hợp Nhanh")
    elsewhere = await plant(desk, *ANOTHER, 80, source="Tin Kinh Kỳ")
    spoken = await plant(desk, *REWRITTEN, 90, group="forum", source="Diễn đàn")
    late = await plant(desk, *REWRITTEN, 60 * 80, source="Báo Muộn")
    ids = [earlier, ours, copy, rewritten, elsewhere, spoken, late]
    await link(desk, db_as, [ours, copy])
    await one_story(desk, ids)

    async def found(how: str) -> list[dict[str, Any]]:
        answer = await client.get(API, params={"content_id": str(ours), "how": how}, headers=who)
        return list(answer.json()["items"])

    [row] = await found("rewrite")
    assert (row["how"], row["source"], row["delay_seconds"]) == ("rewrite", "Tổng hợp Nhanh", 75 * 60)
    assert row["shared"] == {
        "is_source_named": True,
        "figures": ["12.000 hộ dân", "40 công nhân"],
        "names": ["Hà Đông", "Kiến Hưng", "Dương Nội"],
    }
    assert row["numbers_changed"] == [], "of other words nobody can say which figure became which"
    assert row["similarity"] is None
    copies = await found("copy")
    assert [(one["source"], one["shared"]) for one in copies] == [("Báo Hồ Gươm", None)]
    assert (await client.get(API, params={"how": "other"}, headers=who)).status_code == 422


async def one_story(desk: Desk, ids: list[UUID]) -> None:
    """As the assigner would have put them."""
    now = desk.clock.now()
    story = {"id": new_id(now), "title": "Mất nước", "field": "do_thi", "first_at": now, "last_at": now, "version": 1}
    await desk.make.add(m.Story(**story, items=len(ids), sources=len(ids)))
    for content_id in ids:
        [content] = await desk.rows(m.Content, m.Content.id == content_id)
        item = {"source_id": content.source_id, "score": 0.8, "epoch": 1, "assigned_at": now}
        await desk.make.add(m.StoryItem(content_id=content_id, story_id=story["id"], **item))


async def test_who_carried_what_is_for_staff(client_for: Any, signed_in: Any) -> None:
    client = await client_for(SERVICE)
    assert (await client.get(API)).status_code == 401
    assert (await client.get(API, headers=await signed_in(Role.INTEGRATOR))).status_code == 403

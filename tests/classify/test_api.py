"""Search, claims, pages and roles, through the service's own app."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.classify.main import SERVICE
from tests.classify.conftest import Desk

API = "/api/classify/v1"
CLAIM = "Hồ Đồng Nhạn sẽ xả lũ lúc 20 giờ tối nay làm ngập cả vùng Chương Mỹ"
PARAPHRASE = "KHẨN: 20h tối nay hồ Đồng Nhạn xả lũ, cả vùng Chương Mỹ ngập, bà con chạy ngay!"
EVIDENCE = [{"title": "Thông báo của công ty thủy lợi", "url": "https://thuyloi.example/thong-bao"}]
OTHERS = [
    "Từ ngày 1/12 người dân phải đổi căn cước gắn chip nếu không sẽ bị phạt 5 triệu đồng",
    "Nước máy ở Long Biên bị nhiễm asen vượt ngưỡng 10 lần",
    "Trường học toàn thành phố nghỉ ba ngày vì dịch cúm lạ",
    "Thành phố tặng mỗi người dân 1.500.000 đồng hỗ trợ mưa bão",
    "Hồ Tây sẽ bị lấp một phần để làm đường trên cao",
]


@pytest.fixture
async def client(client_for: Any) -> Any:
    return await client_for(SERVICE)


async def test_stories_page_by_both_orders(desk: Desk, client: Any, signed_in: Any) -> None:
    who = await signed_in(Role.VIEWER)
    now = desk.clock.now()
    for n, sources in enumerate([1, 3, 2, 3]):
        values = {"field": "khac", "first_at": now, "last_at": now, "items": 3, "version": 1, "sources": sources}
        await desk.make.add(m.Story(id=new_id(now), title=f"Chuyện {n}", **values))

    async def titles(query: str) -> list[str]:
        found, cursor = [], ""
        while True:
            page = (await client.get(f"{API}/stories?limit=1&{query}{cursor}", headers=who)).json()
            found += [row["title"] for row in page["items"]]
            if not page["next_cursor"]:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    assert await titles("sort=sources") == ["Chuyện 3", "Chuyện 1", "Chuyện 2", "Chuyện 0"]
    assert await titles("sort=latest") == ["Chuyện 3", "Chuyện 2", "Chuyện 1", "Chuyện 0"]
    assert await titles("sort=sources&min_sources=3&hours=24") == ["Chuyện 3", "Chuyện 1"]
    page = (await client.get(f"{API}/stories?limit=1&sort=sources", headers=who)).json()
    wrong = await client.get(f"{API}/stories?sort=latest&cursor={page['next_cursor']}", headers=who)
    assert wrong.status_code == 422
    nowhere = await client.get(f"{API}/stories/{UUID(int=1)}", headers=who)
    assert (nowhere.status_code, nowhere.json()["title"]) == (404, "Không tìm thấy câu chuyện")


# --- claims -------------------------------------------------------------------------------------------------


@pytest.mark.mission("M07")
async def test_a_paraphrase_has_its_claim_among_the_first_three(desk: Desk, client: Any, signed_in: Any) -> None:
    """Both ways: a claim that was there when the text came in, and one that is made afterwards."""
    checker = await signed_in(Role.FACT_CHECKER)
    for words in OTHERS:
        assert (await client.post(f"{API}/claims", json={"text": words}, headers=checker)).status_code == 201
    body = {"text": CLAIM, "verdict": "tin_gia", "evidence": EVIDENCE}
    before = await desk.content("", PARAPHRASE, group="forum")
    await desk.annotate([before])
    await desk.index([before])
    claim = (await client.post(f"{API}/claims", json=body, headers=checker)).json()
    after = await desk.content("", f"Chuyển tiếp: {PARAPHRASE}", group="forum")
    await desk.annotate([after])
    await desk.index([after])
    for content in (before, after):
        found = (await client.get(f"{API}/matches?content_id={content}", headers=checker)).json()["items"]
        best = sorted(found, key=lambda row: -row["score"])[:3]
        assert claim["id"] in [row["claim_id"] for row in best]
        assert {row["state"] for row in found} == {"suggested"}
    unrelated = await desk.content("Khánh thành thư viện", "Thư viện phường mở cửa đón bạn đọc từ sáng nay.")
    await desk.annotate([unrelated])
    await desk.index([unrelated])
    assert (await client.get(f"{API}/matches?content_id={unrelated}", headers=checker)).json()["items"] == []


@pytest.mark.mission("M07")
async def test_an_unconfirmed_match_never_shows_a_verdict_outside(desk: Desk, client: Any, signed_in: Any) -> None:
    checker, viewer = await signed_in(Role.FACT_CHECKER), await signed_in(Role.VIEWER)
    integrator = await signed_in(Role.INTEGRATOR)
    content = await desk.content("", PARAPHRASE, group="forum")
    await desk.annotate([content])
    await desk.index([content])
    body = {"text": CLAIM, "verdict": "tin_gia", "evidence": EVIDENCE}
    claim = (await client.post(f"{API}/claims", json=body, headers=checker)).json()["id"]

    async def verdict(who: Any) -> str | None:
        [row] = (await client.get(f"{API}/matches?claim_id={claim}", headers=who)).json()["items"]
        found: str | None = row["verdict"]
        return found

    async def published() -> None:
        async with desk.owner.transaction() as session:
            await session.execute(text("UPDATE claims SET state = 'published'"))

    assert (await verdict(checker), await verdict(viewer)) == ("tin_gia", None)
    [seen] = (await client.get(f"{API}/claims", headers=viewer)).json()["items"]
    assert (seen["verdict"], seen["evidence"]) == (None, [])
    assert (await client.get(f"{API}/claims", headers=integrator)).json()["items"] == []
    await published()
    assert await verdict(viewer) is None, "published, but nobody confirmed that this text repeats it"
    path = f"{API}/claims/{claim}/matches/{content}"
    assert (await client.post(f"{path}/confirm", headers=viewer)).status_code == 403
    assert (await client.post(f"{path}/confirm", headers=checker)).json()["state"] == "confirmed"
    assert await verdict(viewer) == "tin_gia"
    await client.post(f"{path}/reject", headers=checker)
    assert await verdict(viewer) is None
    [seen] = (await client.get(f"{API}/claims", headers=integrator)).json()["items"]
    assert seen["verdict"] == "tin_gia"
    assert (await client.get(f"{API}/matches?claim_id={claim}", headers=integrator)).status_code == 403
    change = {"verdict": "tin_xac_thuc", "evidence": EVIDENCE}
    assert (await client.post(f"{API}/claims/{claim}/verdict", json=change, headers=checker)).status_code == 409


async def test_a_verdict_needs_evidence_and_a_decision_survives_a_new_look(
    desk: Desk, client: Any, signed_in: Any
) -> None:
    checker = await signed_in(Role.FACT_CHECKER)
    bare = await client.post(f"{API}/claims", json={"text": CLAIM, "verdict": "tin_gia"}, headers=checker)
    assert (bare.status_code, bare.json()["type"]) == (422, "urn:lantoa:problem:evidence-needed")
    claim = (await client.post(f"{API}/claims", json={"text": CLAIM}, headers=checker)).json()
    assert (claim["verdict"], claim["state"]) == (None, "open")
    told = {"verdict": "tin_gia", "evidence": EVIDENCE}
    answer = await client.post(f"{API}/claims/{claim['id']}/verdict", json=told, headers=checker)
    assert answer.json()["state"] == "checked"
    content = await desk.content("", PARAPHRASE, group="forum")
    await desk.annotate([content])
    await desk.index([content])
    await client.post(f"{API}/claims/{claim['id']}/matches/{content}/reject", headers=checker)
    await desk.index([content])
    [row] = await desk.rows(m.ClaimMatch)
    assert row.state == "rejected"


# --- roles --------------------------------------------------------------------------------------------------

READS = ["/stories", f"/stories/{UUID(int=1)}", "/search?q=abc", f"/contents/{UUID(int=1)}/annotation", "/matches"]
DESKS = ["/label-proposals", "/legal-risk-cases"]


@pytest.mark.parametrize("path", [*READS, *DESKS])
async def test_the_integrator_sees_nothing_of_the_corpus(client: Any, signed_in: Any, path: str) -> None:
    answer = await client.get(API + path, headers=await signed_in(Role.INTEGRATOR))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:lantoa:problem:forbidden")
    assert (await client.get(API + path)).status_code == 401


@pytest.mark.parametrize("path", DESKS)
async def test_a_viewer_sees_neither_desk(client: Any, signed_in: Any, path: str) -> None:
    assert (await client.get(API + path, headers=await signed_in(Role.VIEWER))).status_code == 403


async def test_an_annotation_is_read_back(desk: Desk, client: Any, signed_in: Any) -> None:
    content = await desk.content("Thông xe cầu vượt ở phường Cầu Giấy", "Sáng nay, cầu vượt đã thông xe.")
    await desk.annotate([content])
    answer = await client.get(f"{API}/contents/{content}/annotation", headers=await signed_in(Role.VIEWER))
    assert (answer.json()["content_id"], answer.json()["places"]) == (str(content), ["00166"])


async def test_the_backlog_counts_what_waits_for_a_label_and_for_a_story(
    client_for: Any, signed_in: Any, make: Make
) -> None:
    client = await client_for(SERVICE)
    await make.content(await make.source(group="press"))
    told = (await client.get("/api/classify/v1/backlog", headers=await signed_in(Role.EDITOR))).json()
    assert told == {"unlabelled": 1, "without_story": 0, "late": {}, "given_up": 0, "degraded": None}
    refused = await client.get("/api/classify/v1/backlog", headers=await signed_in(Role.INTEGRATOR))
    assert refused.status_code == 403

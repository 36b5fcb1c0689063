"""The one official channel: scored, signed by a spokesperson who did not write it, and then nobody's to change."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import pytest
from docx import Document
from docx.oxml.ns import qn
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.local import official as day
from libs.common.local.desk import Desk
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish.partners import rules
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officers

CRITERIA = [
    {"key": "pho_cap", "name": "Mức phổ cập", "weight": 3},
    {"key": "chu_dong", "name": "Thành phố làm chủ", "weight": 2},
]
DECISION = "Chọn bản tin của thành phố vì thành phố làm chủ và ai cũng đọc được, không cần tài khoản."


async def write(
    newsroom: Newsroom, *channels: m.Channel, chosen: m.Channel | None = None, **more: Any
) -> httpx.Response:
    scores = [{"pho_cap": 7.5, "chu_dong": 10}, {"pho_cap": 9, "chu_dong": 4}]
    candidates = [
        {"channel_id": str(channel.id), "scores": score} for channel, score in zip(channels, scores, strict=False)
    ]
    body = {
        "title": "Hồ sơ lựa chọn kênh chính thức",
        "criteria": CRITERIA,
        "candidates": candidates,
        "channel_id": str((chosen or channels[0]).id),
        "decision": DECISION,
    }
    return await newsroom.client.post(f"{API}/channel-choices", json=body | more, headers=newsroom.admin)


async def sign(newsroom: Newsroom, choice: dict[str, Any], who: dict[str, str] | None = None) -> httpx.Response:
    url = f"{API}/channel-choices/{choice['id']}/sign"
    return await newsroom.client.post(url, headers=who or newsroom.speaker)


async def official(newsroom: Newsroom) -> list[str]:
    async with newsroom.db.transaction() as session:
        return list(await session.scalars(select(m.Channel.name).where(m.Channel.is_city_official)))


@pytest.mark.mission("M23")
async def test_a_signed_record_makes_the_channel_official_and_prints_scores_and_signatory(
    newsroom: Newsroom, make: Make
) -> None:
    page = await make.channel("own_site", name="Trang Facebook")
    made = await write(newsroom, newsroom.bulletin, page)
    assert made.status_code == 201, made.text
    assert (await official(newsroom), made.json()["state"]) == ([], "draft")
    signed = await sign(newsroom, made.json())
    assert signed.status_code == 200, signed.text
    told = signed.json()
    assert await official(newsroom) == ["Bản tin"]
    assert [(each["name"], each["total"], each["rank"]) for each in told["candidates"]] == [
        ("Bản tin", 8.5, 1),
        ("Trang Facebook", 7.0, 2),
    ]
    assert told["signatory"].startswith("Cán bộ")
    assert told["signed_at"]
    assert "trọng số" in told["method"]
    shown = await newsroom.client.get("/kenh-chinh-thuc")
    assert shown.status_code == 200
    for words in ("Bản tin", "8.50", "7.00", "Mức phổ cập", DECISION, told["signatory"]):
        assert words in shown.text
    listed = await newsroom.client.get(f"{API}/channel-choices", headers=newsroom.editor)
    assert [each["id"] for each in listed.json()["items"]] == [told["id"]]


@pytest.mark.mission("M23")
async def test_a_second_is_refused_until_the_first_has_ended(newsroom: Newsroom, make: Make) -> None:
    page = await make.channel("own_site", name="Trang Facebook")
    first, second = (await write(newsroom, newsroom.bulletin)).json(), (await write(newsroom, page)).json()
    assert (await sign(newsroom, first)).is_success
    refused = await sign(newsroom, second)
    assert refused.status_code == 409
    assert "một kênh chính thức" in refused.json()["title"]
    assert "“Bản tin”" in refused.json()["detail"]
    ended = f"{API}/channel-choices/{first['id']}/end"
    body = {"reason": "Thành phố đổi kênh chính thức"}
    assert (await newsroom.client.post(ended, json=body, headers=newsroom.speaker)).json()["state"] == "ended"
    assert await official(newsroom) == []
    assert (await sign(newsroom, second)).is_success
    assert await official(newsroom) == ["Trang Facebook"]


async def test_the_day_of_a_new_installation_signs_it_once(newsroom: Newsroom, make: Make) -> None:
    page = await make.channel("facebook", name="Trang Facebook")
    admin, speaker = (
        Desk(newsroom.client, who["Authorization"].removeprefix("Bearer "))
        for who in (newsroom.admin, newsroom.speaker)
    )
    channels = [{"id": str(each.id), "kind": each.kind} for each in (newsroom.bulletin, page)]
    for _ in range(2):
        await day.choose(admin, speaker, channels)
    assert await official(newsroom) == ["Bản tin"]
    listed = await newsroom.client.get(f"{API}/channel-choices", headers=newsroom.editor)
    assert [each["state"] for each in listed.json()["items"]] == ["signed"]


async def test_one_channel_of_each_programme(newsroom: Newsroom, make: Make) -> None:
    page = await make.channel("own_site", name="Trang hè")
    of_summer = str(page.id)  # any id: programmes are another service's
    assert (await sign(newsroom, (await write(newsroom, newsroom.bulletin)).json())).is_success
    assert (await sign(newsroom, (await write(newsroom, page, programme_id=of_summer)).json())).is_success
    again = await sign(newsroom, (await write(newsroom, page)).json())
    assert (again.status_code, again.json()["title"]) == (409, "Kênh đang thuộc chương trình khác")


@pytest.mark.mission("M23")
async def test_whoever_wrote_it_does_not_sign_it_nor_somebody_who_does_not_speak(
    newsroom: Newsroom, officers: Officers
) -> None:
    both = await officers.sign_in(Role.ADMIN, Role.SPOKESPERSON)
    body = (await write(newsroom, newsroom.bulletin)).json()
    assert (await sign(newsroom, body, newsroom.admin)).status_code == 403
    assert (await sign(newsroom, body, newsroom.editor)).status_code == 403
    own = await newsroom.client.post(
        f"{API}/channel-choices",
        json={
            "title": "Hồ sơ",
            "criteria": CRITERIA[:1],
            "candidates": [{"channel_id": str(newsroom.bulletin.id), "scores": {"pho_cap": 5}}],
            "channel_id": str(newsroom.bulletin.id),
            "decision": DECISION,
        },
        headers=both.headers,
    )
    refused = await sign(newsroom, own.json(), both.headers)
    assert (refused.status_code, refused.json()["title"]) == (403, "Người lập không được tự ký, tự chốt")
    assert await official(newsroom) == []


async def test_a_record_is_whole(newsroom: Newsroom) -> None:
    wrong: list[dict[str, Any]] = [
        {"criteria": [CRITERIA[0], CRITERIA[0]]},
        {"criteria": [{**CRITERIA[0], "weight": 0}]},
        {"criteria": CRITERIA[:1]},
        {"decision": "Chọn."},
        {"candidates": []},
        {"channel_id": "0192f0c0-0000-7000-8000-000000000000"},
    ]
    for changes in wrong:
        assert (await write(newsroom, newsroom.bulletin, **changes)).status_code == 422, changes


async def test_a_channel_is_not_registered_as_the_official_one(newsroom: Newsroom) -> None:
    body = {"kind": "own_site", "name": "Bản tin hai", "address": "hai", "is_city_official": True}
    refused = await newsroom.client.post(f"{API}/channels", json=body, headers=newsroom.admin)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"].endswith("/is_city_official")


# --- held by the database ---


async def run(db_as: Callable[[str], Database], statement: str, **values: Any) -> None:
    async with db_as("publish").transaction() as session:
        await session.execute(text(statement), values)


@pytest.mark.mission("M23")
async def test_no_channel_is_official_without_a_signed_record_by_sql(
    newsroom: Newsroom, make: Make, db_as: Callable[[str], Database]
) -> None:
    made = (await write(newsroom, newsroom.bulletin)).json()
    flag = "UPDATE channels SET is_city_official = true WHERE id = :id"
    with pytest.raises(DBAPIError, match="only a signed record"):
        await run(db_as, flag, id=newsroom.bulletin.id)
    assert (await sign(newsroom, made)).is_success
    other = await make.channel("own_site")
    with pytest.raises(DBAPIError, match="only a signed record"):
        await run(db_as, flag, id=other.id)
    with pytest.raises(DBAPIError, match="only a signed record"):
        await run(db_as, "UPDATE channels SET programme_id = id WHERE id = :id", id=newsroom.bulletin.id)


SIGNED = (
    "UPDATE channel_choices SET state = 'signed', signed_by = :by, signed_at = :now, signatory = 'x' WHERE id = :id"
)


@pytest.mark.mission("M23")
async def test_a_record_is_signed_by_a_spokesperson_other_than_its_writer_by_sql(
    newsroom: Newsroom, officers: Officers, db_as: Callable[[str], Database]
) -> None:
    made = (await write(newsroom, newsroom.bulletin)).json()
    editor = await officers.sign_in(Role.EDITOR)
    now = newsroom.clock.now()
    with pytest.raises(DBAPIError, match="current spokesperson"):
        await run(db_as, SIGNED, id=made["id"], by=editor.person.id, now=now)
    async with newsroom.db.transaction() as session:
        writer = await session.scalar(select(m.ChannelChoice.created_by))
    assert writer is not None
    await officers.grant(await officers_person(newsroom, writer), newsroom.bulletin.unit_id, now, None)
    with pytest.raises(DBAPIError, match="signed_by_another"):
        await run(db_as, SIGNED, id=made["id"], by=writer, now=now)


async def officers_person(newsroom: Newsroom, person_id: Any) -> m.Person:
    async with newsroom.db.transaction() as session:
        person = await session.get(m.Person, person_id)
    assert person is not None
    return person


ENDED = """UPDATE channel_choices SET state = 'ended', ended_at = signed_at, ended_by = signed_by,
           ended_reason = 'Đổi kênh chính thức'"""
KEPT = {
    "UPDATE channel_choices SET decision = decision || ' Thêm.'": "cannot go from signed to signed",
    "UPDATE channel_choices SET state = 'draft'": "cannot go from signed to draft",
    "DELETE FROM channel_choices": "is kept",
    ENDED: "cannot end before it",
    f"{ENDED}, decision = 'Một quyết định khác hẳn'": "kept as it was signed",
}


@pytest.mark.mission("M23")
async def test_a_signed_record_stays_as_it_was_by_sql(newsroom: Newsroom, db_as: Callable[[str], Database]) -> None:
    made = (await write(newsroom, newsroom.bulletin)).json()
    assert (await sign(newsroom, made)).is_success
    for statement, why in KEPT.items():
        with pytest.raises(DBAPIError, match=why):
            await run(db_as, statement)


def test_totals_are_weighted_and_equals_share_a_rank() -> None:
    criteria = [{"key": "a", "weight": 1}, {"key": "b", "weight": 3}]
    scores = {"x": (10, 0), "y": (0, 5), "z": (3, 4)}
    candidates = [{"channel_id": name, "scores": {"a": a, "b": b}} for name, (a, b) in scores.items()]
    weighed = [(each.channel_id, each.total, each.rank) for each in rules.weigh(criteria, candidates)]
    assert weighed == [("y", 3.75, 1), ("z", 3.75, 1), ("x", 2.5, 3)]


@pytest.mark.mission("M23")
async def test_the_record_prints_as_a_paper_that_says_what_the_page_says(newsroom: Newsroom, make: Make) -> None:
    page = await make.channel("own_site", name="Trang <Facebook> & hơn nữa")
    made = (await write(newsroom, newsroom.bulletin, page, programme_id=None)).json()
    url = f"{API}/channel-choices/{made['id']}/file"
    draft = await printed(newsroom, url)
    assert "Bản thảo, chưa ký" in draft
    assert "Người ký:" not in draft
    told = (await sign(newsroom, made)).json()
    paper = await printed(newsroom, url)
    for words in (
        "HỒ SƠ",
        made["title"],
        "Bản tin là kênh được chọn.",
        "Đã ký, đang có hiệu lực.",
        "Trang <Facebook> & hơn nữa",
        "Mức phổ cập",
        DECISION,
        told["method"],
        f"Người ký: {told['signatory']}, người phát ngôn",
    ):
        assert words in paper, words
    [candidates, scores] = await tables(newsroom, url)
    assert [row[1] for row in candidates] == ["Kênh", "Bản tin", "Trang <Facebook> & hơn nữa"]
    assert [row[3] for row in candidates] == ["Tổng điểm", "8,5", "7,0"]
    assert len(scores) == 1 + 2 * (1 + len(CRITERIA))


async def test_a_record_is_printed_for_its_own_unit_alone(newsroom: Newsroom, officers: Officers) -> None:
    made = (await write(newsroom, newsroom.bulletin)).json()
    ward = await officers.make.unit()
    stranger = await officers.sign_in(Role.EDITOR, unit_id=ward.id)
    hidden = await newsroom.client.get(f"{API}/channel-choices/{made['id']}/file", headers=stranger.headers)
    assert (hidden.status_code, hidden.headers["content-type"]) == (404, "application/problem+json")


async def opened(newsroom: Newsroom, url: str) -> Any:
    got = await newsroom.client.get(url, headers=newsroom.editor)
    assert got.status_code == 200, got.text
    assert got.headers["content-type"].endswith("wordprocessingml.document")
    return Document(BytesIO(got.content))


async def printed(newsroom: Newsroom, url: str) -> str:
    """Every word of the paper, of its paragraphs and its tables."""
    paper = await opened(newsroom, url)
    return "\n".join("".join(part.itertext()) for part in paper.element.body.iter(qn("w:p")))


async def tables(newsroom: Newsroom, url: str) -> list[list[list[str]]]:
    """Those of the record itself: not the letterhead, nor the signatures."""
    paper = await opened(newsroom, url)
    return [[[cell.text for cell in row.cells] for row in each.rows] for each in paper.tables[1:-1]]

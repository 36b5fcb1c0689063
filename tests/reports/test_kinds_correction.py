"""The report on a correction over HTTP: how the claim spread, how soon it was answered, where the answer stands."""

import json
from datetime import timedelta

import httpx
import pytest

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.reports.kinds import KINDS
from tests.reports.city import API, AUTHOR, PHONE, City
from tests.reports.desk import ORIGIN, Json, data_of, figures, make, printed

pytestmark = pytest.mark.mission("M33")
LINK = "https://tin.example.vn/tin/de"


async def answered(city: City, clock: FrozenClock, *, is_known: bool = True) -> m.Publication:
    """Five hours ago first seen, twice that hour, once in the next, once after the correction of two hours ago."""
    clock.advance(timedelta(hours=-5))
    first, proof = city.now, [{"title": "Thông báo", "url": "https://so.example.vn/1"}]
    claim = m.Claim(id=new_id(first), text=f"Vỡ đê, gọi {PHONE}", state="checked", verdict="tin_gia", evidence=proof)
    claim.created_at = claim.updated_at = first
    await city.make.add(claim)
    states = (("confirmed", 0), ("confirmed", 20), ("confirmed", 90), ("confirmed", 240), ("suggested", 250))
    for state, minutes in states:
        at = first + timedelta(minutes=minutes)
        seen = {"score": 0.9, "state": state, "created_at": at, "seen_at": at, "title": AUTHOR}
        await city.make.add(m.ClaimMatch(claim_id=claim.id, content_id=new_id(at), **seen))
    channels = [
        await city.make.channel(kind, name=name) for kind, name in (("own_site", "Bản tin"), ("tiktok", "TikTok"))
    ]
    clock.advance(timedelta(hours=3))
    one = await city.publication("Không có chuyện vỡ đê " * 20, *channels, kind="correction", state="draft")
    said = m.Correction(publication_id=one.id, chain_id=one.id, claim_id=claim.id, step="alert", verdict="tin_gia")
    said.claim_text, said.evidence, said.reference_ids, said.created_by = claim.text, proof, [], one.created_by
    said.first_seen_at, said.created_at = first if is_known else None, city.now - timedelta(minutes=30)
    await city.make.add(said)
    for channel in channels:
        target = {"reason": "bulletin", "source_ids": []}
        await city.make.add(m.CorrectionTarget(publication_id=one.id, channel_id=channel.id, **target))
    await published(city, one)
    await city.delivery(one, channels[0], "published", LINK)
    await city.delivery(one, channels[1], "unknown", None)
    clock.advance(timedelta(hours=2))
    return one


async def published(city: City, one: m.Publication) -> None:
    """What is said of a claim is fixed in the draft; two people then agree to it."""
    await city.change(m.Publication, one.id, state="in_review")
    for _ in range(2):
        speaker = await city.make.person(Role.SPOKESPERSON, unit_id=one.unit_id)
        agreed: Json = {"revision": 1, "content_hash": one.content_hash, "approved_at": city.now}
        row = m.Approval(id=new_id(city.now), publication_id=one.id, approver_id=speaker.id, **agreed)
        await city.make.add(row)
    await city.change(m.Publication, one.id, state="published", published_at=city.now)


async def test_it_says_how_the_claim_spread_and_how_soon_it_was_answered(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    one = await answered(city, clock)
    report = await make(client, editor, "correction", about=str(one.id))
    data = await data_of(client, editor, report)
    assert data["spread"]["values"] == [2, 1, 1]
    assert (data["spread"]["total"]["value"], data["spread"]["after"]["value"]) == (4, 1)
    assert [step["minutes"]["value"] for step in data["times"]] == [150, 180, 180, None]
    drawn = KINDS.get("correction")().pictures(data)["spread"]
    assert drawn.alt.startswith("Đường lan truyền: 4 bài nhắc lại tuyên bố từ 07:00 24/11/2026")
    assert "Đăng đính chính lúc 10:00 24/11/2026." in drawn.alt


async def test_each_channel_has_its_state_and_its_link(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    one = await answered(city, clock)
    report = await make(client, editor, "correction", about=str(one.id))
    coverage = (await data_of(client, editor, report))["coverage"]
    assert [coverage[part]["value"] for part in ("due", "carried", "share")] == [2, 1, 50.0]
    assert [(each["channel"], each["state"], each["url"]) for each in coverage["channels"]] == [
        ("Bản tin", "published", LINK),
        ("TikTok", "unknown", None),
    ]
    text = (await printed(client, editor, report, "md")).decode()
    assert f"- Bản tin: Đã đăng, đã xác nhận (lúc 10:00 24/11/2026): <{LINK}>" in text


async def test_a_first_sighting_nobody_knows_leaves_the_times_blank(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    one = await answered(city, clock, is_known=False)
    report = await make(client, editor, "correction", about=str(one.id))
    assert {step["minutes"]["value"] for step in (await data_of(client, editor, report))["times"]} == {None}
    assert "Gặp lần đầu: không rõ." in (await printed(client, editor, report, "md")).decode()


async def test_the_same_snapshot_prints_the_same_and_no_person_is_in_it(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    one = await answered(city, clock)
    report = await make(client, editor, "correction", about=str(one.id))
    data, pdf = await data_of(client, editor, report), await printed(client, editor, report, "pdf")
    await city.change(m.OrganizationUnit, one.unit_id, name="Tên đơn vị đã đổi")
    assert await printed(client, editor, report, "pdf") == pdf
    for each in figures(data):
        assert set(each) == ORIGIN
        assert all(each[part] for part in ORIGIN - {"value"})
    assert 250 < len(data["correction"]["title"]) <= 300
    everything = json.dumps(data, ensure_ascii=False) + (await printed(client, editor, report, "md")).decode()
    assert "[số điện thoại]" in everything
    for planted in (AUTHOR, PHONE):
        assert planted not in everything


@pytest.mark.parametrize("about", ["01900000-0000-7000-8000-000000000000", "khong-phai-ma"])
async def test_what_is_no_correction_is_not_found(
    client: httpx.AsyncClient, editor: dict[str, str], about: str
) -> None:
    got = await client.post(f"{API}/reports", json={"kind": "correction", "about": about}, headers=editor)
    assert (got.status_code, got.json()["type"]) == (404, "urn:lantoa:problem:about-not-found")

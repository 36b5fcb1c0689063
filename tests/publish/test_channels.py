"""Official channels, and secrets that nobody reads back."""

import logging
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.models.enums import Role
from tests.publish.newsroom import API, Newsroom

BLUESKY = {
    "kind": "bluesky",
    "name": "Hà Nội trên Bluesky",
    "address": "hanoi.example.vn",
    "settings": {"service": "https://pds.example.vn"},
    "secret": {"identifier": "hanoi.example.vn", "password": "mat-khau-that"},
}


async def register(newsroom: Newsroom, **changes: Any) -> Any:
    return await newsroom.client.post(f"{API}/channels", json={**BLUESKY, **changes}, headers=newsroom.admin)


async def test_a_channel_is_registered_and_its_secret_never_comes_back(
    newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = await register(newsroom)
    assert made.status_code == 201
    assert (made.json()["state"], made.json()["owner_kind"]) == ("active", "official")
    listed = await newsroom.client.get(f"{API}/channels", headers=newsroom.editor)
    async with newsroom.db.transaction() as session:
        stored = await session.scalar(select(m.ChannelCredential))
        audited = [row.facts for row in await session.scalars(select(m.AuditEntry))]
    assert stored is not None
    told = made.text + listed.text + caplog.text + str(stored.ciphertext) + str(audited)
    assert "mat-khau-that" not in told


async def test_an_invalid_secret_is_not_echoed(newsroom: Newsroom) -> None:
    refused = await register(newsroom, secret={"password": ["mat-khau-that"]})
    assert refused.status_code == 422
    assert "mat-khau-that" not in refused.text


async def test_without_its_secret_a_channel_waits_for_it(newsroom: Newsroom) -> None:
    made = (await register(newsroom, secret={})).json()
    assert made["state"] == "needs_reconnect"
    url = f"{API}/channels/{made['id']}/credentials"
    short = await newsroom.client.put(url, json={"secret": {"identifier": "x"}}, headers=newsroom.admin)
    assert short.status_code == 422
    assert "password" in short.json()["detail"]
    done = await newsroom.client.put(url, json={"secret": BLUESKY["secret"]}, headers=newsroom.admin)
    assert done.json()["state"] == "active"


@pytest.mark.parametrize("service", ["ingest", "classify", "reports"])
async def test_no_other_service_reads_credentials(newsroom: Newsroom, db_as: Any, service: str) -> None:
    await register(newsroom)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with db_as(service).transaction() as session:
            await session.execute(text("SELECT ciphertext FROM channel_credentials"))


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"kind": "facebook_group_of_a_friend"}, 422, "Không có loại kênh"),
        ({"settings": {}}, 422, "settings.service"),
        ({"settings": {"service": "http://pds.example.vn"}}, 422, "https"),
        ({"settings": {"service": "https://a:b@pds.example.vn"}}, 422, "mật khẩu"),
        ({"settings": {"service": "http://127.0.0.1:8110/bluesky"}}, 201, ""),
        ({"settings": {"service": "https://pds.example.vn", "web": "javascript:alert(1)"}}, 422, "settings.web"),
        ({"settings": {"service": "https://pds.example.vn", "web": "https://bsky.example"}}, 201, ""),
        ({"owner_kind": "person"}, 422, ""),
    ],
)
async def test_what_a_channel_may_be(newsroom: Newsroom, changes: dict[str, Any], status: int, words: str) -> None:
    answer = await register(newsroom, **changes)
    assert answer.status_code == status
    assert words in answer.text


async def test_a_private_account_cannot_be_held_even_by_sql(newsroom: Newsroom, db_as: Any) -> None:
    made = (await register(newsroom)).json()
    with pytest.raises(DBAPIError, match="official_only"):
        async with db_as("publish").transaction() as session:
            await session.execute(text("UPDATE channels SET owner_kind = 'person' WHERE id = :id"), {"id": made["id"]})


async def test_the_same_account_twice_is_refused(newsroom: Newsroom) -> None:
    await register(newsroom)
    again = await register(newsroom)
    assert (again.status_code, again.json()["title"]) == (409, "Kênh đã được khai báo")


async def test_only_the_units_admin_registers_channels(newsroom: Newsroom, make: Any, signed_in: Any) -> None:
    ward = await make.unit()
    other = await signed_in(Role.ADMIN, unit_id=ward.id)
    url = f"{API}/channels"
    unit = str(newsroom.bulletin.unit_id)
    assert (await newsroom.client.post(url, json=BLUESKY, headers=newsroom.editor)).status_code == 403
    assert (await newsroom.client.post(url, json={**BLUESKY, "unit_id": unit}, headers=other)).status_code == 403


@pytest.mark.mission("M19")
@pytest.mark.parametrize("state", ["retired", "paused", "needs_reconnect"])
async def test_a_channel_that_cannot_be_used_refuses_and_says_why(newsroom: Newsroom, state: str) -> None:
    made = await newsroom.draft()
    await newsroom.act("submit", made, newsroom.editor)
    async with newsroom.db.transaction() as session:
        await session.execute(
            text("UPDATE channels SET state = :s WHERE id = :id"), {"s": state, "id": newsroom.bulletin.id}
        )
    refused = await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    assert refused.status_code == 409
    assert "Kênh “Bản tin”" in refused.json()["detail"]

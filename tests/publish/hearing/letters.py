"""What the tests of hearing share: letters as the platform writes them, and all that is kept of them."""

import hashlib
import hmac
from typing import Any

from sqlalchemy import select, text

from libs.common import models as m
from libs.common.models import Base
from sandbox.platforms import meta
from services.publish.hearing import jobs as hearing_jobs
from tests.publish.conformance.theatre import Theatre
from tests.publish.newsroom import API, Newsroom

WHO = "Nguyễn Thị Bí Mật"
WHO_ID = "990011223344556"


async def hook_of(newsroom: Newsroom, channel: m.Channel) -> dict[str, str]:
    got = await newsroom.client.get(f"{API}/channels/{channel.id}/hook", headers=newsroom.admin)
    assert got.status_code == 200, got.text
    return dict(got.json())


async def comments(newsroom: Newsroom, made: dict[str, Any], who: dict[str, str] | None = None) -> list[dict[str, Any]]:
    got = await newsroom.client.get(f"{API}/publications/{made['id']}/comments", headers=who or newsroom.editor)
    assert got.status_code == 200, got.text
    return list(got.json()["items"])


async def deliver(theatre: Theatre) -> None:
    theatre.newsroom.resources = theatre.resources()
    await theatre.newsroom.deliver()


def of(made: dict[str, Any]) -> str:
    [delivery] = made["deliveries"]
    assert delivery["state"] == "published", delivery
    return str(delivery["platform_id"])


def body_of(theatre: Theatre, page: m.Channel, post_id: str, **value: Any) -> bytes:
    """As the sandbox writes it: ASCII, slashes escaped."""
    said = {
        "item": "comment",
        "verb": "add",
        "post_id": post_id,
        "comment_id": f"{post_id.partition('_')[2]}_77",
        "parent_id": post_id,
        "from": {"id": WHO_ID, "name": WHO},
        "message": "Đường / ngập quá, gọi tôi 0912 345 678",
        "created_time": 1_700_000_000,
    }
    change = {"field": "feed", "value": {**said, **value}}
    return meta.event("page", str(page.settings["page"]), theatre.newsroom.clock.now(), [change])


def signed(theatre: Theatre, page: m.Channel, body: bytes) -> dict[str, str]:
    secret = str(theatre.seats[page.id][1].secret["app_secret"])
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def send(theatre: Theatre, page: m.Channel, body: bytes, headers: dict[str, str] | None = None) -> int:
    url = f"/hooks/facebook/{page.id}"
    told = signed(theatre, page, body) if headers is None else headers
    return (await theatre.newsroom.client.post(url, content=body, headers=told)).status_code


async def rows(theatre: Theatre, table: type[Base]) -> list[Any]:
    async with theatre.newsroom.db.transaction() as session:
        return list(await session.scalars(select(table)))


async def everything(theatre: Theatre) -> str:
    """All that our database and our files hold, whoever wrote it."""
    async with theatre.newsroom.db.transaction() as session:
        tables = [table.name for table in Base.metadata.sorted_tables]
        found = [list(await session.execute(text(f'SELECT t::text FROM "{name}" t'))) for name in tables]
    files = [path for path in theatre.newsroom.resources.files.root.rglob("*") if path.is_file()]
    rows = [str(row) for of_table in found for row in of_table]
    return "\n".join([*rows, *(f"{path} {path.read_bytes()!r}" for path in files)])


async def delivered(theatre: Theatre) -> list[tuple[bool, int]]:
    """What the sandbox has to tell by now, sent over: of each letter whether it was forged, and our answer."""
    return [(one["is_forged"], one["status"]) for one in await theatre.post("webhooks/deliver")]


async def listen(theatre: Theatre) -> int:
    """The worker's turn, by a fresh process, when everything is due again."""
    theatre.advance(hearing_jobs.RETRY)
    theatre.newsroom.resources = theatre.resources()
    return await hearing_jobs.hear(theatre.newsroom.context)

"""What the preview shows is what each platform received, for every kind of channel there is."""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.testing.make import Make
from services.publish.adapters.own_site import content_digest
from tests.publish.conformance.case import KINDS, ChannelCase, case_of
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.library import jpeg, upload
from tests.publish.newsroom import API, Newsroom
from tests.publish.test_images import movie

Json = dict[str, Any]
LABEL = "Ảnh do trí tuệ nhân tạo tạo ra"
SENTENCE = "Từ ngày 1/12, phường Ô Chợ Dừa điều chỉnh lộ trình xe buýt số 32; người dân gọi 1022 để hỏi thêm. "
TEXTS: dict[str, Json] = {
    "short": {"title": "Điều chỉnh lộ trình xe buýt số 32", "summary": "", "body": "Vé tháng vẫn dùng được."},
    "with addresses": {
        "title": "Hỏi đáp",
        "summary": "",
        "body": "Xem https://hanoi.gov.vn/x?a=1&b=2#c và #HàNội, @1022.",
    },
    "emoji": {
        "title": "Ngày hội 🇻🇳👨‍👩‍👧‍👦",
        "summary": "Vui 👍🏽 khỏe",
        "body": "Đến dự 🎉\n\n- 8 giờ ⏰\n- Vườn hoa 🌸",
    },
    "long": {"title": "Thông báo " + SENTENCE[:120], "summary": SENTENCE * 4, "body": "\n\n".join([SENTENCE * 3] * 8)},
}
TEXTS["long in NFD"] = {name: unicodedata.normalize("NFD", text) for name, text in TEXTS["long"].items()}


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    built = await Theatre.build(newsroom, make, issuer)
    newsroom.resources = built.resources()
    return built


async def preview(newsroom: Newsroom, made: Json, channel: m.Channel) -> Json:
    got = await newsroom.client.get(f"{API}/publications/{made['id']}/preview", headers=newsroom.editor)
    assert got.status_code == 200, got.text
    assert got.json()["content_hash"] == made["content_hash"]
    return next(dict(shown) for shown in got.json()["channels"] if shown["channel_id"] == str(channel.id))


async def delivered(newsroom: Newsroom, made: Json, channel: m.Channel) -> m.Delivery:
    assert (await newsroom.act("submit", made, newsroom.editor)).status_code == 200
    done = await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    assert done.status_code == 200, done.text
    await newsroom.deliver()
    async with newsroom.db.transaction() as session:
        where = (m.Delivery.publication_id == UUID(made["id"]), m.Delivery.channel_id == channel.id)
        delivery = await session.scalar(select(m.Delivery).where(*where))
    assert delivery is not None
    assert delivery.state == "published", delivery.error
    return delivery


def leaves(value: Any) -> Iterator[Any]:
    """Every word and number of a JSON value."""
    match value:
        case dict():
            for inner in value.values():
                yield from leaves(inner)
        case list():
            for inner in value:
                yield from leaves(inner)
        case None:
            return
        case _:
            yield value


def not_received(payload: Json, entries: list[Json]) -> list[Any]:
    """What of a previewed payload the platform did not get; its media are compared by their bytes."""
    got = {(type(leaf), leaf) for leaf in leaves(entries)}
    got |= {(str, f"@{entry['account']}") for entry in entries}
    told = leaves({name: value for name, value in payload.items() if name != "media"})
    return [leaf for leaf in told if (type(leaf), leaf) not in got]


def made_by_us(entries: list[Json]) -> list[Json]:
    """Posts as they were written, each once; not what the platform forwarded by itself. A video is uploaded unseen,
    and gets its words when it is made public."""
    kinds = ("app.bsky.feed.post", "status", "post", "media", "article")
    return [
        entry
        for entry in entries
        if (entry["effect"] == "created" and entry["kind"] in kinds) or entry["operation"] == "videos.update"
    ]


async def on_platform(theatre: Theatre, case: ChannelCase, shown: Json) -> None:
    """The ledger of what truly happened holds what was previewed: words, links, media."""
    read = (await theatre.control.get("/control/ledger", params={"platform": case.platform})).json()
    written = made_by_us(read["entries"])
    assert written, "no entry of a known kind: add it to made_by_us"
    assert not_received(shown["payload"], written) == []
    [post] = read["posts"]
    assert post["text"] == shown["text"]
    if shown["link"]:
        assert shown["link"] in post["links"] or shown["link"] in post["text"]  # no card beside pictures
    media = shown["payload"].get("media", [])
    stands = [sha for entry in written for sha in entry["data"].get("media_sha256", [])]
    covers = stands[:1] if case.kind == "zalo" else []  # the first picture once more
    assert stands == covers + [one["sha256"] for one in media]
    assert covers == [one["sha256"] for one in media[: len(covers)]]
    for one in media:
        is_told = one["alt"] in set(leaves(read["entries"]))
        assert is_told or any("alt" in note for note in shown["notes"])


async def on_bulletin(theatre: Theatre, shown: Json) -> None:
    payload, client = shown["payload"], theatre.newsroom.client
    page = await client.get(f"/tin/{payload['slug']}")
    assert f'content="{content_digest(payload)}"' in page.text
    assert payload["title"] in page.text
    for one in payload["media"]:
        address = f"/tin/{payload['slug']}/{one['sha256']}"
        assert address in page.text
        got = await client.get(address)
        assert (got.headers["content-type"], len(got.content)) == (one["mime"], one["size"])


async def medium(newsroom: Newsroom, case: ChannelCase, number: int = 0, **words: str) -> Json:
    """A picture; a video, where the channel posts nothing without one."""
    data = movie(mdat=bytes([number] * 64)) if case.needs_video else jpeg(900 + number, 600, (9, 80 * number, 9))
    return await upload(newsroom, data, **words)


async def compare(newsroom: Newsroom, theatre: Theatre, kind: str, **changes: Any) -> Json:
    """Draft, preview, approve, deliver, and hold the two against each other; the preview."""
    case = case_of(kind)
    channel = newsroom.bulletin if kind == "own_site" else await theatre.account(case, next_number())
    channels = {c.id: c for c in (newsroom.bulletin, channel)}
    if (case.needs_image or case.needs_video) and "media_ids" not in changes:
        changes["media_ids"] = [(await medium(newsroom, case))["id"]]
    made = await newsroom.draft(*channels.values(), **changes)
    before = await preview(newsroom, made, channel)
    delivery = await delivered(newsroom, made, channel)
    assert delivery.handle["payload"] == before["payload"]
    sent = delivery.handle["sending"]["payload"]
    assert {name: sent[name] for name in before["payload"]} == before["payload"]
    assert (await preview(newsroom, made, channel))["payload"] == before["payload"]
    if kind == "own_site":
        await on_bulletin(theatre, before)
    elif case.stands is not None:
        assert before["payload"] in [json.loads(post["text"]) for post in await theatre.posts(case, "")]
    else:
        await on_platform(theatre, case, before)
    return before


@pytest.mark.mission("M29")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", sorted(TEXTS))
async def test_the_preview_of_a_text_is_what_is_sent(
    newsroom: Newsroom, theatre: Theatre, kind: str, text: str
) -> None:
    shown = await compare(newsroom, theatre, kind, **TEXTS[text])
    for leaf in leaves(shown["payload"]):
        assert not isinstance(leaf, str) or unicodedata.is_normalized("NFC", leaf)


@pytest.mark.mission("M29")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2])
async def test_the_preview_of_pictures_is_what_is_sent(
    newsroom: Newsroom, theatre: Theatre, kind: str, count: int
) -> None:
    case = case_of(kind)
    if case.needs_video and count > 1:
        pytest.skip("one video")
    words = [f"Xe buýt số {n} ở bến Giáp Bát 🚌" for n in range(count)]
    media = [await medium(newsroom, case, n, alt=words[n]) for n in range(count)]
    shown = await compare(newsroom, theatre, kind, media_ids=[one["id"] for one in media])
    assert [one["alt"] for one in shown["payload"]["media"]] == words
    assert [one["sha256"] for one in shown["payload"]["media"]] == [one["sha256"] for one in media]


@pytest.mark.mission("M38")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["text", "picture"])
async def test_what_a_model_made_is_labelled_everywhere(
    newsroom: Newsroom, theatre: Theatre, kind: str, part: str
) -> None:
    """Also where the words are ours and only the picture is a machine's."""
    if part == "picture":
        labelled_one = await medium(newsroom, case_of(kind), is_ai_made="true", ai_label=LABEL)
        changes: Json = {"media_ids": [labelled_one["id"]]}
    else:
        changes = {"is_ai_made": True, "ai_label": LABEL}
    labelled = await compare(newsroom, theatre, kind, **changes)
    words = [leaf for leaf in leaves(labelled["payload"]) if isinstance(leaf, str)]
    assert any(AI_WORDS.search(word) for word in words)
    plain = await newsroom.draft(title="Do người viết")
    assert not any(AI_WORDS.search(str(leaf)) for leaf in leaves(await preview(newsroom, plain, newsroom.bulletin)))


AI_WORDS = re.compile(r"\bAI\b|trí tuệ nhân tạo")


@pytest.mark.mission("M38")
async def test_a_label_of_the_text_and_one_of_the_picture_are_both_said(newsroom: Newsroom) -> None:
    one = await upload(newsroom, is_ai_made="true", ai_label=LABEL)
    made = await newsroom.draft(media_ids=[one["id"]], is_ai_made=True, ai_label="Tóm tắt do AI viết")
    payload = (await preview(newsroom, made, newsroom.bulletin))["payload"]
    assert payload["ai_label"] == f"Tóm tắt do AI viết; {LABEL}"
    assert payload["media"][0]["ai_label"] == LABEL


@pytest.mark.parametrize(
    "payload",
    [{"text": "khác"}, {"text": "một", "langs": ["en"]}, {"text": "một", "n": 2}, {"text": "một", "is": True}],
)
def test_a_difference_would_be_seen(payload: Json) -> None:
    entries = [{"account": "a", "data": {"text": "một", "langs": ["vi"], "n": 1}}]
    assert not_received(payload, entries)
    assert not_received({"text": "một", "n": 1, "chat": "@a"}, entries) == []

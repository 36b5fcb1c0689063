"""Pictures, albums and files: looked into, and known by their hash in the ledger."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.platforms.telegram.media import image_size
from tests.sandbox.bot import CHANNEL, TOKEN, Bot, error, png, result
from tests.sandbox.receiver import Receiver, receiving

AT = f"@{CHANNEL}"


@pytest.fixture
async def bot(build: Any) -> Bot:
    return await Bot((await build()).http).settle()


@pytest.fixture
def site() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


async def album(bot: Bot, count: int, **more: Any) -> Any:
    kinds = more.pop("kinds", ["photo"] * count)
    media = [{"type": kind, "media": f"attach://f{i}"} for i, kind in enumerate(kinds)]
    if media:
        media[0] |= {"caption": "<b>Ba góc</b> cầu", "parse_mode": "HTML"}
    files = {f"f{i}": (f"{i}.png", png(shade=i), "image/png") for i in range(len(kinds))}
    data = {"chat_id": AT, "media": json.dumps(media), **more}
    return await bot.http.post(f"/telegram/bot{TOKEN}/sendMediaGroup", data=data, files=files)


@pytest.mark.mission("M28")
async def test_a_photo_with_its_caption(bot: Bot) -> None:
    body = png(1280, 720)
    sent = result(await bot.photo(body, caption="<i>Cầu</i> Long Biên", parse_mode="HTML"))
    [size] = sent["photo"]
    assert (size["width"], size["height"], size["file_size"]) == (1280, 720, len(body))
    assert (sent["caption"], sent["caption_entities"][0]["type"]) == ("Cầu Long Biên", "italic")
    assert "text" not in sent
    [entry] = await bot.entries()
    assert entry["data"]["media_sha256"] == [sha(body)]
    page = (await bot.http.get(f"/telegram/{CHANNEL}/1")).text
    assert f'src="/telegram/photo/{sha(body)}"' in page
    shown = await bot.http.get(f"/telegram/photo/{sha(body)}")
    assert (shown.content, shown.headers["content-type"]) == (body, "image/png")
    await bot.later()
    again = result(await bot.call("sendPhoto", chat_id=AT, photo=size["file_id"]))
    assert again["photo"] == sent["photo"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"GIF89a nothing", None),
        (b"<svg/>", "IMAGE_PROCESS_FAILED"),
        (b"", "file must be non-empty"),
        (png(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        (png(2001, 100), "PHOTO_INVALID_DIMENSIONS"),
        (png() + b"\0" * 10 * 1024 * 1024, "too big for a photo; the maximum size is 10485760 bytes"),
    ],
    ids=["gif", "svg", "empty", "sides", "ratio", "bytes"],
)
async def test_photos_are_looked_at(bot: Bot, body: bytes, why: str | None) -> None:
    answer = await bot.photo(body)
    if why is None:
        assert answer.status_code == 400 or result(answer)
    else:
        assert why in error(answer)[1]
        assert await bot.posts() == []


async def test_limits_of_photos_are_reached_exactly(bot: Bot) -> None:
    result(await bot.photo(png(9000, 1000)))
    await bot.later()
    result(await bot.photo(png(2000, 100)))


def test_sizes_are_read_from_the_bytes() -> None:
    jpeg = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0001108006400c803012200021101031101")
    assert image_size(jpeg) == (200, 100, "image/jpeg")
    assert image_size(b"GIF89a" + bytes([16, 1, 5, 0])) == (272, 5, "image/gif")
    webp = b"RIFF\0\0\0\0WEBPVP8X" + b"\x0a\0\0\0\0\0\0\0" + bytes([0x3F, 1, 0, 0xEF, 0, 0])
    assert image_size(webp) == (320, 240, "image/webp")
    assert image_size(b"%PDF-1.7") is None


@pytest.mark.mission("M28")
async def test_an_album_is_several_messages_and_one_post(bot: Bot) -> None:
    sent = result(await album(bot, 3))
    assert [m["message_id"] for m in sent] == [1, 2, 3]
    assert len({m["media_group_id"] for m in sent}) == 1
    assert [m.get("caption") for m in sent] == ["Ba góc cầu", None, None]
    [post] = await bot.posts()
    assert (post["id"], post["text"]) == (f"{bot.account['chat_id']}/1", "Ba góc cầu")
    hashes = [e["data"]["media_sha256"] for e in await bot.entries()]
    assert hashes == [[sha(png(shade=i))] for i in range(3)]
    assert (await bot.http.get(f"/telegram/{CHANNEL}/1")).text.count("<img") == 3
    await bot.later()
    other = result(await album(bot, 2))
    assert other[0]["media_group_id"] != sent[0]["media_group_id"]
    assert len(await bot.posts()) == 2


@pytest.mark.parametrize(
    ("kinds", "why"),
    [
        (["photo"], "2-10"),
        (["photo"] * 11, "2-10"),
        (["photo", "document"], "can't use the media of the specified type in the album"),
        (["photo", "sticker"], "can't use the media of the specified type in the album"),
    ],
    ids=["one", "eleven", "mixed", "sticker"],
)
async def test_what_is_no_album(bot: Bot, kinds: list[str], why: str) -> None:
    assert why in error(await album(bot, len(kinds), kinds=kinds))[1]
    assert await bot.posts() == []


async def test_one_bad_picture_and_nothing_is_posted(bot: Bot) -> None:
    media = [{"type": "photo", "media": f"attach://f{i}"} for i in range(2)]
    files = {"f0": ("0.png", png(), "image/png"), "f1": ("1.png", b"hong", "image/png")}
    data = {"chat_id": AT, "media": json.dumps(media)}
    refused = await bot.http.post(f"/telegram/bot{TOKEN}/sendMediaGroup", data=data, files=files)
    assert error(refused)[1] == "Bad Request: IMAGE_PROCESS_FAILED"
    assert await bot.posts() == []


async def test_a_photo_by_its_address_is_fetched(bot: Bot, site: Receiver) -> None:
    url = site.serve("/anh.png", png())
    site.serve("/cu", b"", status=301, Location="/anh.png")
    result(await bot.call("sendPhoto", chat_id=AT, photo=url))
    await bot.later()
    result(await bot.call("sendPhoto", chat_id=AT, photo=site.address + "/cu"))
    assert site.fetched == ["/anh.png", "/cu", "/anh.png"]
    [first, _] = await bot.entries("fetch")
    assert first["data"]["sha256"] == sha(png())
    [post, _] = await bot.entries()
    assert post["data"]["media_sha256"] == [sha(png())]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/khong-co.png", "failed to get HTTP URL content"),
        ("/trang", "wrong type of the web page content"),
        ("/to.png", "failed to get HTTP URL content"),
    ],
)
async def test_an_address_without_a_picture(bot: Bot, site: Receiver, path: str, why: str) -> None:
    site.serve("/trang", b"<html></html>", "text/html")
    site.serve("/to.png", png() + b"\0" * 5 * 1024 * 1024)
    refused = await bot.call("sendPhoto", chat_id=AT, photo=site.address + path)
    assert error(refused) == (400, f"Bad Request: {why}")
    assert len(await bot.entries("fetch")) == 1
    assert await bot.posts() == []


async def test_captions_are_shorter_than_texts(bot: Bot) -> None:
    assert (await bot.photo(png(), caption="ả" * 1024)).status_code == 200
    await bot.later()
    assert error(await bot.photo(png(), caption="ả" * 1025))[1].endswith("message caption is too long")


async def test_captions_and_pictures_can_be_edited(bot: Bot) -> None:
    number = result(await bot.photo(png(), caption="cũ"))["message_id"]
    where = {"chat_id": AT, "message_id": number}
    assert error(await bot.edit(number, "x"))[1].endswith("there is no text in the message to edit")
    same = await bot.call("editMessageCaption", **where, caption="cũ")
    assert "message is not modified" in error(same)[1]
    assert result(await bot.call("editMessageCaption", **where, caption="mới"))["caption"] == "mới"
    media = {"type": "photo", "media": "attach://p", "caption": "mới"}
    files = {"p": ("p.png", png(shade=9), "image/png")}
    data = {"chat_id": AT, "message_id": str(number), "media": json.dumps(media)}
    result(await bot.http.post(f"/telegram/bot{TOKEN}/editMessageMedia", data=data, files=files))
    assert [e["data"].get("media_sha256") for e in await bot.entries()][-1] == [sha(png(shade=9))]
    await bot.later()
    text = result(await bot.send())["message_id"]
    refused = await bot.call("editMessageCaption", chat_id=AT, message_id=text, caption="x")
    assert error(refused)[1].endswith("there is no caption in the message to edit")


async def test_files_and_videos(bot: Bot) -> None:
    path = f"/telegram/bot{TOKEN}"
    pdf = {"document": ("van-ban.pdf", b"%PDF-1.7 x", "application/pdf")}
    sent = result(await bot.http.post(f"{path}/sendDocument", data={"chat_id": AT, "caption": "Văn bản"}, files=pdf))
    assert (sent["document"]["file_name"], sent["document"]["mime_type"]) == ("van-ban.pdf", "application/pdf")
    await bot.later()
    film = {"video": ("phim.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 40, "video/mp4")}
    facts = {"chat_id": AT, "duration": "12", "width": "640", "height": "360"}
    video = result(await bot.http.post(f"{path}/sendVideo", data=facts, files=film))["video"]
    assert (video["duration"], video["width"], video["mime_type"]) == (12, 640, "video/mp4")
    await bot.later()
    other = {"video": ("phim.avi", b"RIFF....AVI ", "video/x-msvideo")}
    assert "document" in result(await bot.http.post(f"{path}/sendVideo", data={"chat_id": AT}, files=other))
    await bot.later()
    assert error(await bot.call("sendPhoto", chat_id=AT))[1].endswith("there is no photo in the request")
    await bot.later()
    assert "wrong file identifier" in error(await bot.call("sendPhoto", chat_id=AT, photo="AgACxyz"))[1]

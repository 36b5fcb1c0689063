"""Media on the sandbox's Mastodon: read byte by byte, ready by the sandbox's clock, gone once posted."""

import hashlib
from typing import Any

import pytest

from sandbox.media_types import Sniffed, sniff
from tests.sandbox.toots import GIF, Masto, error, mp4, png, png_saying

NOT_READY = "Cannot attach files that have not finished processing. Try again in a moment!"


@pytest.fixture
async def masto(build: Any) -> Masto:
    return await Masto((await build()).http).settle()


async def test_an_image_is_ready_at_once(masto: Masto) -> None:
    answer = await masto.upload(png(12, 9), description="Phố ngập", focus="-0.5,0.25")
    told = answer.json()
    assert (answer.status_code, told["type"], told["description"]) == (200, "image", "Phố ngập")
    assert told["meta"]["original"] == {"width": 12, "height": 9, "size": "12x9", "aspect": 12 / 9}
    assert told["meta"]["focus"] == {"x": -0.5, "y": 0.25}
    assert told["url"] == f"http://sandbox/mastodon/system/media_attachments/{told['id']}"
    assert (await masto.call("GET", f"v1/media/{told['id']}")).status_code == 200
    changed = await masto.call("PUT", f"v1/media/{told['id']}", data={"description": "Phố hết ngập"})
    assert (changed.status_code, changed.json()["description"]) == (200, "Phố hết ngập")


@pytest.mark.parametrize("data", [mp4(), GIF], ids=["video", "gif"])
async def test_a_video_takes_its_time(masto: Masto, data: bytes) -> None:
    answer = await masto.upload(data, "video/mp4")
    media = answer.json()["id"]
    assert (answer.status_code, answer.json()["url"]) == (202, None)
    assert (await masto.call("GET", f"v1/media/{media}")).status_code == 206
    assert error(await masto.post("Xem", media_ids=[media])) == (422, NOT_READY)
    await masto.later(20)
    ready = await masto.call("GET", f"v1/media/{media}")
    assert (ready.status_code, ready.json()["url"] is not None) == (200, True)
    assert (await masto.post("Xem", media_ids=[media])).status_code == 200
    assert error(await masto.call("GET", f"v1/media/{media}")) == (404, "Record not found")


async def test_a_broken_video_fails_in_processing(masto: Masto) -> None:
    media = (await masto.upload(mp4(whole=False), "video/mp4")).json()["id"]
    await masto.later(20)
    failed = await masto.call("GET", f"v1/media/{media}")
    assert error(failed) == (422, "Error processing thumbnail for uploaded media")
    assert (await masto.post("Xem", media_ids=[media])).status_code == 422


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"%PDF-1.7 khong phai anh", "Validation failed: File content type is invalid, File is invalid"),
        (b"", "Validation failed: File content type is invalid, File is invalid"),
        (png()[:30], "File type of uploaded media could not be verified"),
        (png_saying(8000, 5000), "8000x5000 images are not supported"),
        (png() + b"\0" * 16_777_216, "Validation failed: File file size must be less than 16 MB"),
    ],
    ids=["pdf", "empty", "cut", "pixels", "bytes"],
)
async def test_what_is_no_good_is_refused_whatever_it_is_called(masto: Masto, data: bytes, why: str) -> None:
    assert error(await masto.upload(data, "image/png")) == (422, why)
    assert await masto.entries() == []


async def test_descriptions_and_counts_have_limits(masto: Masto) -> None:
    assert (await masto.upload(description="ộ" * 1500)).status_code == 200
    assert error(await masto.upload(description="ộ" * 1501))[0] == 422
    five = [await masto.uploaded() for _ in range(5)]
    assert error(await masto.post("x", media_ids=five)) == (422, "Cannot attach more than 4 files")
    video = await masto.uploaded(mp4())
    await masto.later(20)
    mixed = await masto.post("x", media_ids=[five[0], video])
    assert error(mixed) == (422, "Cannot attach a video to a post that already contains images")
    unknown = await masto.post("x", media_ids=["11", five[0]])
    assert error(unknown) == (422, "Media 11 not found or already attached to another post")
    await masto.post("x", media_ids=five[:4])
    twice = await masto.post("x", media_ids=five[:1])
    assert error(twice) == (422, f"Media {five[0]} not found or already attached to another post")
    assert (await masto.call("DELETE", f"v1/media/{five[4]}")).json() == {}
    assert (await masto.call("GET", f"v1/media/{five[4]}")).status_code == 404


@pytest.mark.mission("M39")
async def test_the_ledger_knows_which_bytes_arrived(masto: Masto) -> None:
    pictures = [png(8, 6), png(9, 7)]
    ids = [await masto.uploaded(data) for data in pictures]
    await masto.post("Hai ảnh", media_ids=ids)
    [post] = [e for e in await masto.entries() if e["kind"] == "status"]
    assert post["data"]["media_sha256"] == [hashlib.sha256(data).hexdigest() for data in pictures]


async def test_images_too_can_be_slow(build: Any) -> None:
    masto = await Masto((await build(mastodon={"image_processing_seconds": 5})).http).settle()
    answer = await masto.upload()
    assert (answer.status_code, answer.json()["url"]) == (202, None)
    await masto.later(5)
    assert (await masto.call("GET", f"v1/media/{answer.json()['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (png(3, 5), Sniffed("image/png", 3, 5)),
        (GIF, Sniffed("image/gif", 1, 1)),
        (mp4(1280, 720), Sniffed("video/mp4", 1280, 720)),
        (mp4(whole=False), Sniffed("video/mp4", whole=False)),
        (bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0000b080006000801011100ffd9"),
         Sniffed("image/jpeg", 8, 6)),
        (bytes.fromhex("ffd8ffe000104a464946000101000001"), Sniffed("image/jpeg", whole=False)),
        (b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x07\0\0\x05\0\0", Sniffed("image/webp", 8, 6)),
        (b"\0\0\0\x18ftypavif\0\0\0\0\0\0\0\x14ispe\0\0\0\0\0\0\0\x08\0\0\0\x06", Sniffed("image/avif", 8, 6)),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<html>", None),
    ],
    ids=["png", "gif", "mp4", "mp4-cut", "jpeg", "jpeg-cut", "webp", "avif", "svg", "html"],
)  # fmt: skip
def test_types_and_sizes_are_read_from_the_bytes(data: bytes, found: Sniffed | None) -> None:
    assert sniff(data) == found

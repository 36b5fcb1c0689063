"""The media library over HTTP: in clean, described, labelled, and nobody else's."""

import asyncio
import io
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from PIL import Image
from sqlalchemy import func, select

from libs.common import models as m
from libs.common.files import FileStore
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish.adapters import CHANNELS
from services.publish.adapters.retired import PLATFORMS as RETIRED
from tests.publish.library import jpeg, send, upload
from tests.publish.newsroom import API, Newsroom
from tests.publish.test_images import FOREIGN, TRAINED, bomb, encoded, located, movie, noise

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


async def read(newsroom: Newsroom, path: str, who: dict[str, str] | None = None) -> httpx.Response:
    return await newsroom.client.get(f"{API}/media{path}", headers=who or newsroom.editor)


async def test_a_picture_comes_in_clean_with_its_renditions(newsroom: Newsroom) -> None:
    made = await upload(newsroom, jpeg(2600, 1300), credit="Trung tâm điều hành")
    assert (made["mime"], made["width"], made["height"]) == ("image/jpeg", 2600, 1300)
    assert (made["credit"], made["is_ai_made"]) == ("Trung tâm điều hành", False)
    assert sorted((f["role"], f["width"]) for f in made["files"]) == [
        ("large", 2048), ("original", 2600), ("small", 1280)
    ]  # fmt: skip
    for file in made["files"]:
        stored = newsroom.resources.files.read(f"objects/{file['sha256'][:2]}/{file['sha256']}")
        assert stored is not None
        assert len(stored) == file["size"]
        assert await newsroom.resources.tools.media.read(file["sha256"]) == stored
    assert made["sha256"] == next(f["sha256"] for f in made["files"] if f["role"] == "original")


async def test_the_place_of_a_photo_never_reaches_the_store(newsroom: Newsroom) -> None:
    made = await upload(newsroom, located())
    root = newsroom.resources.files.root
    kept = [path for path in root.rglob("*") if path.is_file() and "objects" in path.parts]
    assert kept
    for path in kept:
        data = path.read_bytes()
        assert b"nha toi" not in data
        assert not dict(Image.open(io.BytesIO(data)).getexif())
    assert made["sha256"]


async def test_the_same_picture_twice_is_one_medium(newsroom: Newsroom) -> None:
    made = await upload(newsroom)
    again = await send(newsroom, jpeg(), alt="Một mô tả khác")
    assert again.status_code == 200
    assert (again.json()["id"], again.json()["alt"]) == (made["id"], made["alt"])
    same = await asyncio.gather(*(send(newsroom, jpeg(300, 200), alt="Cùng lúc") for _ in range(3)))
    assert sorted(answer.status_code for answer in same) == [200, 200, 201]
    assert len({answer.json()["id"] for answer in same}) == 1


async def test_a_video_comes_in_with_its_length(newsroom: Newsroom) -> None:
    made = await upload(newsroom, movie(turned=True), alt="Quay cảnh cầu Long Biên")
    assert (made["mime"], made["duration_ms"], made["width"], made["height"]) == ("video/mp4", 12_500, 1080, 1920)
    assert [file["role"] for file in made["files"]] == ["original"]


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "SVG": (SVG, 415, "SVG"),
    "a page": (b"<!doctype html><script>alert(1)</script>" + bytes(50), 415, "theo nội dung"),
    "a program": (b"MZ\x90\0" + bytes(200), 415, "JPEG, PNG, WebP, GIF"),
    "nothing": (b"", 415, "rỗng"),
    "a cut picture": (jpeg(900, 900)[:2000], 422, "cắt cụt"),
    "a bomb": (bomb(60_000, 60_000), 422, "60000 × 60000"),
    "a picture that is a page": (jpeg() + FOREIGN[0], 422, "loại tệp khác"),
    "a picture of noise": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, 422, "gửi lại"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40), 422, "JPEG"),
    "a cut video": (movie()[:-8], 422, "cắt cụt"),
}


@pytest.mark.mission("M29")
@pytest.mark.parametrize("case", sorted(REFUSED))
async def test_what_is_no_picture_is_refused_with_the_way_out(newsroom: Newsroom, case: str) -> None:
    data, status, words = REFUSED[case]
    refused = await send(newsroom, data, alt="Thử", name="anh.jpg")
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert words in refused.json()["detail"]
    assert "hãy" in refused.json()["detail"].lower()
    async with newsroom.db.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(m.Medium)) == 0
    assert not [path for path in newsroom.resources.files.root.rglob("objects/*") if path.is_file()]


async def test_the_name_and_the_header_of_a_file_say_nothing(newsroom: Newsroom) -> None:
    files = {"file": ("video.mp4", encoded(noise(), "PNG"), "video/mp4")}
    url = f"{API}/media"
    made = await newsroom.client.post(url, files=files, data={"alt": "Nhiễu"}, headers=newsroom.editor)
    assert made.json()["mime"] == "image/png"


@pytest.mark.parametrize(
    ("words", "pointer"),
    [
        ({}, "/alt"),
        ({"alt": "  "}, "/alt"),
        ({"alt": "a", "khac": "b"}, "/khac"),
        ({"alt": "a", "unit_id": "x"}, "/unit_id"),
    ],
)
async def test_words_are_checked(newsroom: Newsroom, words: dict[str, str], pointer: str) -> None:
    refused = await send(newsroom, jpeg(), **words)
    assert refused.status_code == 422
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]


PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s'


@pytest.mark.parametrize(
    "body", [b"", b"x", b"--x\r\n", PART % (b"alt", b"a\r\n--x--\r\n"), PART % (b"file", b"\xff\xd8\xff")]
)
async def test_a_broken_form_is_refused(newsroom: Newsroom, body: bytes) -> None:
    headers = {**newsroom.editor, "Content-Type": "multipart/form-data; boundary=x"}
    refused = await newsroom.client.post(f"{API}/media", content=body, headers=headers)
    assert refused.status_code == 422, refused.text
    plain = await newsroom.client.post(f"{API}/media", json={"alt": "x"}, headers=newsroom.editor)
    assert plain.status_code == 422


async def test_too_large_is_told_by_kind(newsroom: Newsroom) -> None:
    limits = newsroom.client._transport.app.state.settings.publish.media  # type: ignore[attr-defined]
    limits.image_bytes, limits.video_bytes = 20_000, 50_000
    assert (await send(newsroom, jpeg(3000, 3000), alt="To")).status_code == 413
    assert (await send(newsroom, movie(mdat=bytes(40_000)), alt="Vừa")).status_code == 201
    large = await send(newsroom, movie(mdat=bytes(200_000)), alt="To")
    assert large.status_code == 413
    assert "hãy giảm" in large.json()["detail"]


async def test_only_editors_of_the_unit_put_in_and_change(newsroom: Newsroom, make: Make, signed_in: Any) -> None:
    ward = await make.unit()
    theirs = await signed_in(Role.EDITOR, unit_id=ward.id)
    viewer = await signed_in(Role.VIEWER)
    made = await upload(newsroom)
    files = {"file": ("a.jpg", jpeg(), "image/jpeg")}
    url = f"{API}/media"
    assert (await newsroom.client.post(url, files=files, data={"alt": "x"}, headers=viewer)).status_code == 403
    assert (await newsroom.client.post(url, files=files, data={"alt": "x"})).status_code == 401
    elsewhere = {"alt": "x", "unit_id": str(ward.id)}
    assert (await newsroom.client.post(url, files=files, data=elsewhere, headers=newsroom.editor)).status_code == 403
    one = f"{url}/{made['id']}"
    assert (await newsroom.client.get(one, headers=viewer)).status_code == 200
    assert (await newsroom.client.patch(one, json={"alt": "x"}, headers=viewer)).status_code == 403
    for path in ("", "/files/original", "/fit"):
        assert (await newsroom.client.get(one + path, headers=theirs)).status_code == 404, path
    assert (await newsroom.client.patch(one, json={"alt": "x"}, headers=theirs)).status_code == 404
    assert (await newsroom.client.post(f"{one}/archive", headers=theirs)).status_code == 404
    assert (await newsroom.client.get(url, headers=theirs)).json()["items"] == []


async def test_a_unit_cannot_show_another_units_picture(newsroom: Newsroom, make: Make, signed_in: Any) -> None:
    made = await upload(newsroom)
    ward = await make.unit()
    theirs = await signed_in(Role.EDITOR, unit_id=ward.id)
    body = {
        "title": "Tin của phường",
        "body": "Nội dung.",
        "channel_ids": [str(newsroom.bulletin.id)],
        "media_ids": [made["id"]],
    }
    refused = await newsroom.client.post(f"{API}/publications", json=body, headers=theirs)
    assert refused.status_code == 404
    assert refused.json()["type"] == "urn:lantoa:problem:medium-not-found"


async def test_a_file_is_served_as_what_we_know_it_to_be(newsroom: Newsroom) -> None:
    made = await upload(newsroom)
    got = await read(newsroom, f"/{made['id']}/files/small")
    assert got.headers["content-type"] == "image/jpeg"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert got.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert got.headers["etag"].strip('"') == next(f["sha256"] for f in made["files"] if f["role"] == "small")
    assert Image.open(io.BytesIO(got.content)).size == (640, 400)
    assert (await read(newsroom, f"/{made['id']}/files/..%2Foriginal")).status_code == 404
    assert (await read(newsroom, f"/{made['id']}/files/khac")).status_code == 404
    part = await newsroom.client.get(
        f"{API}/media/{made['id']}/files/original", headers={**newsroom.editor, "Range": "bytes=0-1"}
    )
    assert (part.status_code, part.content) == (206, b"\xff\xd8")


async def test_lists_are_pages_and_what_is_archived_is_apart(newsroom: Newsroom) -> None:
    made = [await upload(newsroom, jpeg(100 + n, 80)) for n in range(3)]
    first = (await read(newsroom, "?limit=2")).json()
    rest = (await read(newsroom, f"?limit=2&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in (*first["items"], *rest["items"])] == [one["id"] for one in reversed(made)]
    assert len(first["items"][0]["files"]) == 3
    shown = await newsroom.draft(media_ids=[made[1]["id"]])
    gone = await newsroom.client.post(f"{API}/media/{made[0]['id']}/archive", headers=newsroom.editor)
    assert gone.json()["archived_at"] is not None
    assert made[0]["id"] not in [item["id"] for item in (await read(newsroom, "")).json()["items"]]
    assert [item["id"] for item in (await read(newsroom, "?archived=true")).json()["items"]] == [made[0]["id"]]
    body = {"title": "T", "body": "B", "channel_ids": [str(newsroom.bulletin.id)], "media_ids": [made[0]["id"]]}
    refused = await newsroom.client.post(f"{API}/publications", json=body, headers=newsroom.editor)
    assert refused.status_code == 409
    await newsroom.client.post(f"{API}/media/{made[1]['id']}/archive", headers=newsroom.editor)
    one = f"{API}/publications/{shown['id']}"
    kept = {"media_ids": [made[1]["id"]], "title": "Vẫn ảnh cũ"}
    assert (await newsroom.client.patch(one, json=kept, headers=newsroom.editor)).status_code == 200
    back = await send(newsroom, jpeg(100, 80), alt="Lại")
    assert (back.status_code, back.json()["archived_at"]) == (200, None)


@pytest.mark.mission("M38")
async def test_what_a_model_made_needs_its_label(newsroom: Newsroom) -> None:
    refused = await send(newsroom, jpeg(), alt="Tranh", is_ai_made="true")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lantoa:problem:ai-label-missing")
    found = await send(newsroom, encoded(noise(), xmp=TRAINED), alt="Tranh")
    assert found.status_code == 409
    assert "IPTC" in found.json()["detail"]
    made = await upload(newsroom, encoded(noise(), xmp=TRAINED), ai_label="Ảnh do trí tuệ nhân tạo tạo ra")
    assert made["is_ai_made"]
    url = f"{API}/media/{made['id']}"
    for taken_back in ({"is_ai_made": False}, {"is_ai_made": False, "ai_label": "x"}):
        answer = await newsroom.client.patch(url, json=taken_back, headers=newsroom.editor)
        assert answer.json()["is_ai_made"] if answer.status_code == 200 else answer.status_code == 409
    plain = await upload(newsroom, jpeg(200, 200))
    url = f"{API}/media/{plain['id']}"
    assert (await newsroom.client.patch(url, json={"is_ai_made": True}, headers=newsroom.editor)).status_code == 409
    told = {"is_ai_made": True, "ai_label": "Ảnh do máy vẽ"}
    assert (await newsroom.client.patch(url, json=told, headers=newsroom.editor)).json()["is_ai_made"]


async def test_a_new_description_tells_where_it_is_shown(newsroom: Newsroom) -> None:
    made = await upload(newsroom)
    waiting = await newsroom.draft(media_ids=[made["id"]], title="Đang chờ duyệt")
    await newsroom.act("submit", waiting, newsroom.editor)
    done = await newsroom.published(media_ids=[made["id"]], title="Đã đăng")
    changed = await newsroom.client.patch(
        f"{API}/media/{made['id']}", json={"alt": "Mô tả đúng hơn"}, headers=newsroom.editor
    )
    used = {use["publication_id"]: use for use in changed.json()["used_in"]}
    assert "gửi duyệt lại" in used[waiting["id"]]["effect"]
    assert "giữ mô tả cũ" in used[done["id"]]["effect"]
    refused = await newsroom.act("approve", waiting, newsroom.speaker, content_hash=waiting["content_hash"])
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lantoa:problem:content-changed")
    saved = await newsroom.client.patch(f"{API}/publications/{waiting['id']}", json={}, headers=newsroom.editor)
    assert saved.json()["revision"] == 2
    await newsroom.act("submit", waiting, newsroom.editor)
    fresh = saved.json()["content_hash"]
    assert (await newsroom.act("approve", waiting, newsroom.speaker, content_hash=fresh)).status_code == 200


async def test_what_is_done_to_the_library_is_in_the_audit_log(newsroom: Newsroom) -> None:
    made = await upload(newsroom)
    url = f"{API}/media/{made['id']}"
    await newsroom.client.patch(url, json={"credit": "Báo Hà Nội"}, headers=newsroom.editor)
    await newsroom.client.post(f"{url}/archive", headers=newsroom.editor)
    async with newsroom.db.transaction() as session:
        query = select(m.AuditEntry.action).where(m.AuditEntry.object_id == UUID(made["id"]))
        actions = list(await session.scalars(query.order_by(m.AuditEntry.seq)))
    assert actions == ["medium.added", "medium.changed", "medium.archived"]


@pytest.mark.mission("M29")
async def test_every_kind_of_channel_says_whether_it_takes_a_picture(newsroom: Newsroom) -> None:
    made = await upload(newsroom, encoded(noise(2600, 1700), "PNG"))
    fits = (await read(newsroom, f"/{made['id']}/fit")).json()["channels"]
    assert sorted(fit["kind"] for fit in fits) == [kind for kind in CHANNELS.names() if kind not in RETIRED]
    for fit in fits:
        assert fit["fits"], fit
        assert fit["role"] in ("original", "large", "small")
    [own] = (await read(newsroom, f"/{made['id']}/fit?channel_ids={newsroom.bulletin.id}")).json()["channels"]
    assert (own["name"], own["fits"], own["role"]) == ("Bản tin", True, "large")


@pytest.mark.mission("M29")
async def test_what_no_channel_takes_is_said_with_the_reason(newsroom: Newsroom) -> None:
    made = await upload(newsroom, movie().replace(b"isom\0\0\2\0isommp41", b"qt  \0\0\2\0qt  qt  "), alt="Cảnh quay")
    assert made["mime"] == "video/quicktime"
    [own] = (await read(newsroom, f"/{made['id']}/fit?channel_ids={newsroom.bulletin.id}")).json()["channels"]
    assert (own["fits"], own["role"]) == (False, None)
    assert "MP4" in own["reason"]
    assert (await read(newsroom, f"/{made['id']}/fit?channel_ids={made['id']}")).status_code == 404


# --- large files -------------------------------------------------------------------------------------


async def test_a_stream_is_stored_by_its_content_or_not_at_all(files: FileStore) -> None:
    async def pieces(count: int, *, breaks: bool = False) -> Any:
        for _ in range(count):
            yield bytes(100_000)
        if breaks:
            raise ConnectionError("đứt")

    stored = await files.put_stream(pieces(50))
    assert stored.key == f"objects/{stored.sha256[:2]}/{stored.sha256}"
    assert stored.size == files.path(stored.key).stat().st_size == 5_000_000
    assert (await files.put_stream(pieces(50))) == stored
    with pytest.raises(ConnectionError):
        await files.put_stream(pieces(5, breaks=True))
    assert [path for path in files.root.rglob("*") if path.is_file()] == [files.path(stored.key)]


@pytest.mark.slow
async def test_a_video_of_three_gigabytes_needs_no_more_memory(newsroom: Newsroom, tmp_path: Path) -> None:
    """Streamed from a hole of a file, so that nothing here holds it either; measured as what this process gained."""
    head = movie(mdat=b"")[:-8]
    size = 3_000_000_000
    start = head + b"\0\0\0\1mdat" + (size + 16).to_bytes(8)

    async def form() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="alt"\r\n\r\nBuoi le\r\n'
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="le.mp4"\r\n\r\n' + start
        piece = bytes(1 << 20)
        for _ in range(size >> 20):
            yield piece
        yield bytes(size & ((1 << 20) - 1)) + b"\r\n--x--\r\n"

    before = _peak()
    headers = {**newsroom.editor, "Content-Type": "multipart/form-data; boundary=x"}
    made = await newsroom.client.post(f"{API}/media", content=form(), headers=headers, timeout=None)
    assert made.status_code == 201, made.text
    assert made.json()["size"] == size + len(start)
    assert _peak() - before < 60_000_000


def _peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024

"""Records: what a post may be, that a key makes one post of many requests, and who wins when two write."""

import hashlib
import unicodedata
from typing import Any

import pytest

from sandbox.platforms.bluesky.encoding import NotData, TidClock, blob_cid, encode, record_cid
from sandbox.platforms.bluesky.formats import is_tid
from tests.sandbox.city import AT, KEYS, POST, City, error

CREATE, DELETE, LIST = (f"com.atproto.repo.{verb}" for verb in ("createRecord", "deleteRecord", "listRecords"))
LINK = "https://hanoi.gov.vn"


def facet(start: int, end: int, uri: str = LINK) -> dict[str, Any]:
    features = [{"$type": "app.bsky.richtext.facet#link", "uri": uri}]
    return {"index": {"byteStart": start, "byteEnd": end}, "features": features}


@pytest.mark.mission("M18")
async def test_the_same_key_twice_is_one_post(city: City) -> None:
    first, second = await city.put(), await city.put()
    assert first.json()["uri"] == second.json()["uri"] == f"at://{city.did}/{POST}/{KEYS[0]}"
    assert first.json()["cid"] == second.json()["cid"]
    assert first.json()["validationStatus"] == "valid"
    assert first.json()["commit"]["rev"]
    assert "commit" not in second.json()
    assert len(await city.posts()) == 1
    assert await city.effects() == ["created", "unchanged"]


async def test_another_text_under_the_same_key_changes_the_record(city: City) -> None:
    first, second = await city.put(), await city.put(text="Đã sửa")
    assert first.json()["cid"] != second.json()["cid"]
    assert (await city.get()).json()["value"]["text"] == "Đã sửa"
    assert len(await city.posts()) == 1


async def test_create_makes_a_new_post_each_time_unless_it_names_a_key(city: City) -> None:
    record = {"text": "Xin chào", "createdAt": AT}
    body = {"repo": city.did, "collection": POST, "record": record}
    uris = {(await city.call(CREATE, **body)).json()["uri"] for _ in range(2)}
    assert len(uris) == 2
    assert all(is_tid(uri.rsplit("/", 1)[1]) for uri in uris)
    assert (await city.call(CREATE, **body, rkey=KEYS[0])).status_code == 200
    assert error(await city.call(CREATE, **body, rkey=KEYS[0])) == (500, "InternalServerError")
    assert len(await city.posts()) == 3


@pytest.mark.mission("M29")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("đ" * 300, None),
        ("đ" * 301, "Record/text must not be longer than 300 graphemes"),
        ("👨‍👩‍👧‍👦" * 120, None),
        ("👨‍👩‍👧‍👦" * 121, "Record/text must not be longer than 3000 characters"),
        (unicodedata.normalize("NFD", "ế" * 300), None),
        (17, "Record/text must be a string"),
    ],
)
async def test_text_has_both_limits(city: City, text: Any, message: str | None) -> None:
    answer = await city.put(text=text)
    if message is None:
        assert answer.status_code == 200, answer.text
    else:
        assert error(answer) == (400, "InvalidRequest")
        assert answer.json()["message"] == f"Invalid {POST} record: {message}"


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"createdAt": "hôm nay"}, "Record/createdAt must be an valid atproto datetime"),
        ({"createdAt": "2026-11-24 05:00:00Z"}, "Record/createdAt"),
        ({"createdAt": "2026-13-24T05:00:00Z"}, "Record/createdAt"),
        ({"createdAt": "2026-11-24T05:00:00"}, "Record/createdAt"),
        ({"langs": ["vi", "en", "fr", "km"]}, "Record/langs must not have more than 3 elements"),
        ({"langs": ["tiếng Việt"]}, "Record/langs/0 must be a well-formed BCP 47 language tag"),
        ({"tags": ["x"] * 9}, "Record/tags must not have more than 8 elements"),
        ({"tags": ["đ" * 65]}, "Record/tags/0 must not be longer than 64 graphemes"),
        ({"embed": {"external": {}}}, 'includes the "$type" property'),
        ({"embed": {"$type": "app.bsky.embed.external", "external": {"uri": LINK}}}, 'the property "title"'),
        ({"reply": {"root": {"uri": "at://a.test/app.bsky.feed.post/x", "cid": "x"}}}, "Record/reply/root/cid"),
        ({"facets": [{"index": {"byteStart": -1, "byteEnd": 2}, "features": []}]}, "can not be less than 0"),
        ({"facets": [{"index": {"byteStart": 0}, "features": []}]}, 'the property "byteEnd"'),
        ({"likes": 1.5}, "float is not in the data model"),
        ({"embed": {"$type": "app.bsky.embed.images", "images": [{}] * 5}}, "must not have more than 4 elements"),
        ({"embed": {"$type": "app.bsky.embed.video", "video": "x"}}, "Record/embed/video should be a blob ref"),
        ({"embed": {"$type": "app.bsky.embed.recordWithMedia", "record": {}}}, "Record/embed/record must have"),
        ({"labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "x" * 129}]}}, "values/0/val"),
    ],
)
async def test_what_a_post_may_not_be(city: City, record: dict[str, Any], words: str) -> None:
    answer = await city.put(**record)
    assert error(answer) == (400, "InvalidRequest")
    assert words in answer.json()["message"]
    assert await city.posts() == []


async def test_a_record_without_text_or_of_another_type(city: City) -> None:
    body = {"repo": city.did, "collection": POST, "rkey": KEYS[0]}
    bare = await city.call("com.atproto.repo.putRecord", **body, record={"createdAt": AT})
    assert bare.json()["message"] == f'Invalid {POST} record: Record must have the property "text"'
    record = {"$type": "app.bsky.feed.like", "text": "x", "createdAt": AT}
    other = await city.call("com.atproto.repo.putRecord", **body, record=record)
    assert other.json()["message"] == f"Invalid $type: expected {POST}, got app.bsky.feed.like"


@pytest.mark.mission("M18")
async def test_facets_are_counted_in_bytes_of_utf8(city: City) -> None:
    text = f"Thông báo của phường Ô Chợ Dừa: {LINK}"
    at = text.encode().index(LINK.encode())
    assert at > text.index(LINK)
    assert (await city.put(text=text, facets=[facet(at, at + len(LINK))])).status_code == 200
    [post] = await city.posts()
    assert post["links"] == [LINK]
    page = (await city.http.get(post["page"])).text
    assert f'Thông báo của phường Ô Chợ Dừa: <a href="{LINK}" rel="nofollow noopener">{LINK}</a>' in page
    in_letters = text.index(LINK)
    wrong = await city.put(KEYS[1], text=text, facets=[facet(in_letters, in_letters + len(LINK))])
    outside = await city.put(KEYS[1], text=text, facets=[facet(at, at + len(LINK) + 1)])
    cut = await city.put(KEYS[1], text=text, facets=[facet(0, 3)])
    assert "must lie inside the text" in outside.json()["message"]
    assert "must not cut a letter" in cut.json()["message"]
    assert wrong.status_code == 200, "this one falls between letters: nobody refuses it, and the wrong words are a link"
    page = (await city.http.get((await city.posts())[0]["page"])).text
    assert f'<a href="{LINK}" rel="nofollow noopener">hợ Dừa: https://</a>' in page


async def test_a_swap_that_lost_the_race_is_refused(city: City) -> None:
    first = (await city.put()).json()
    second = (await city.put(text="hai", more={"swapRecord": first["cid"]})).json()
    late = await city.put(text="ba", more={"swapRecord": first["cid"]})
    assert (error(late), late.json()["message"]) == ((400, "InvalidSwap"), f"Record was at {second['cid']}")
    assert error(await city.put(text="ba", more={"swapRecord": None})) == (400, "InvalidSwap")
    assert error(await city.put(text="ba", more={"swapCommit": first["commit"]["cid"]})) == (400, "InvalidSwap")
    assert (await city.put(text="ba", more={"swapCommit": second["commit"]["cid"]})).status_code == 200
    assert (await city.put(KEYS[1], more={"swapRecord": None})).status_code == 200


@pytest.mark.mission("M30")
async def test_deleting_is_seen_at_once_and_may_be_repeated(city: City) -> None:
    cid = (await city.put()).json()["cid"]
    which = {"repo": city.did, "collection": POST, "rkey": KEYS[0]}
    assert error(await city.call(DELETE, **which, swapRecord=record_cid({}))) == (400, "InvalidSwap")
    done = await city.call(DELETE, **which, swapRecord=cid)
    assert done.json()["commit"]["rev"]
    assert error(await city.get()) == (400, "RecordNotFound")
    again = await city.call(DELETE, **which)
    assert (again.status_code, again.json()) == (200, {})
    assert await city.effects() == ["created", "deleted", "absent"]


async def test_lists_are_newest_first_and_have_cursors(city: City) -> None:
    for key in KEYS:
        await city.put(key)
    query = {"repo": city.did, "collection": POST, "limit": 3}
    first = (await city.read(LIST, **query)).json()
    rest = (await city.read(LIST, **query, cursor=first["cursor"])).json()
    seen = [r["uri"].rsplit("/", 1)[1] for r in first["records"] + rest["records"]]
    assert seen == KEYS[::-1]
    assert "cursor" not in rest
    turned = (await city.read(LIST, **query, reverse="true")).json()
    assert [r["uri"].rsplit("/", 1)[1] for r in turned["records"]] == KEYS[:3]
    assert error(await city.read(LIST, repo=city.did, collection=POST, limit=101)) == (400, "InvalidRequest")


async def test_one_writes_only_to_ones_own_repository(city: City) -> None:
    other = await city.control("PUT", "accounts", platform="bluesky", handle="khac.test", password="x")
    body = {"collection": POST, "rkey": KEYS[0], "record": {"text": "x", "createdAt": AT}}
    assert error(await city.call("com.atproto.repo.putRecord", repo=other["did"], **body)) == (
        401,
        "AuthenticationRequired",
    )
    assert error(await city.call("com.atproto.repo.putRecord", repo="nobody.test", **body)) == (403, "AccountNotFound")
    assert (await city.call("com.atproto.repo.putRecord", repo="thanhpho.test", **body)).status_code == 200


@pytest.mark.parametrize("change", [{"rkey": "xe-buyt-32"}, {"rkey": "."}, {"collection": "bai viet"}, {"rkey": "a/b"}])
async def test_keys_and_collections_have_a_shape(city: City, change: dict[str, str]) -> None:
    body = {"repo": city.did, "collection": POST, "rkey": KEYS[0], "record": {"text": "x", "createdAt": AT}}
    assert error(await city.call("com.atproto.repo.putRecord", **{**body, **change})) == (400, "InvalidRequest")


async def test_several_writes_are_all_or_nothing(city: City) -> None:
    apply = "com.atproto.repo.applyWrites"
    gate = {"$type": "app.bsky.feed.threadgate", "post": f"at://{city.did}/{POST}/{KEYS[0]}", "createdAt": AT}
    post = {"$type": f"{apply}#create", "collection": POST, "rkey": KEYS[0], "value": {"text": "x", "createdAt": AT}}
    gated = {"$type": f"{apply}#create", "collection": gate["$type"], "rkey": KEYS[0], "value": {**gate, "allow": []}}
    gone = {"$type": f"{apply}#delete", "collection": POST, "rkey": KEYS[1]}
    assert error(await city.call(apply, repo=city.did, writes=[post, gone])) == (500, "InternalServerError")
    assert await city.posts() == []
    done = (await city.call(apply, repo=city.did, writes=[post, gated])).json()
    assert [r["$type"] for r in done["results"]] == [f"{apply}#createResult"] * 2
    assert len(await city.posts()) == 1
    hidden = {**gate, "hiddenReplies": [gate["post"]] * 301}
    many = {"$type": f"{apply}#update", "collection": gate["$type"], "rkey": KEYS[0], "value": hidden}
    assert "300" in (await city.call(apply, repo=city.did, writes=[many])).json()["message"]


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


async def upload(city: City, content: bytes, mime: str = "image/png") -> Any:
    headers = {"Authorization": f"Bearer {city.session['accessJwt']}", "Content-Type": mime}
    return await city.http.post("/bluesky/xrpc/com.atproto.repo.uploadBlob", content=content, headers=headers)


def images(*blobs: Any, **more: Any) -> dict[str, Any]:
    shown = [{"image": blob, "alt": "Bản đồ"} | more for blob in blobs]
    return {"embed": {"$type": "app.bsky.embed.images", "images": shown}}


@pytest.mark.mission("M29")
async def test_images_have_to_be_uploaded_and_small(city: City) -> None:
    small = (await upload(city, PNG)).json()["blob"]
    large = (await upload(city, PNG.ljust(2_000_001, b"."))).json()["blob"]
    assert small == {"$type": "blob", "ref": {"$link": blob_cid(PNG)}, "mimeType": "image/png", "size": len(PNG)}
    assert (await city.put(**images(small))).status_code == 200
    assert 'the property "alt"' in (await city.put(KEYS[1], embed=_without_alt(small))).json()["message"]
    too_large = await city.put(KEYS[1], **images(large))
    assert error(too_large) == (400, "InvalidRequest")
    assert "Record/embed/images/0/image must not be larger than 2000000 bytes" in too_large.json()["message"]
    told_small = await city.put(KEYS[1], **images({**large, "size": 9}))
    assert error(told_small) == (400, "InvalidSize"), "the schema believes the size that is told; the server looks"
    absent = {**small, "ref": {"$link": blob_cid(b"other")}}
    assert error(await city.put(KEYS[1], **images(absent))) == (400, "BlobNotFound")
    wrong = await city.put(KEYS[1], **images(small, aspectRatio={"width": 0, "height": 9}))
    assert "aspectRatio/width can not be less than 1" in wrong.json()["message"]
    got = await city.read("com.atproto.sync.getBlob", did=city.did, cid=small["ref"]["$link"])
    assert (got.content, got.headers["x-content-type-options"]) == (PNG, "nosniff")


def _without_alt(blob: Any) -> dict[str, Any]:
    return {"$type": "app.bsky.embed.images", "images": [{"image": blob}]}


async def test_a_file_is_what_its_bytes_say(city: City) -> None:
    told_jpeg = (await upload(city, PNG, "image/jpeg")).json()["blob"]
    assert told_jpeg["mimeType"] == "image/png"
    assert error(await city.put(**images({**told_jpeg, "mimeType": "image/jpeg"}))) == (400, "InvalidMimeType")
    text = (await upload(city, "chữ".encode(), "text/plain; charset=utf-8")).json()["blob"]
    assert text["mimeType"] == "text/plain"
    assert "mimeType must be one of (image/*)" in (await city.put(**images(text))).json()["message"]


@pytest.mark.mission("M18")
async def test_the_ledger_knows_the_images_of_a_post_by_their_hash(city: City) -> None:
    first, second = PNG, PNG + b"2"
    blobs = [(await upload(city, data)).json()["blob"] for data in (first, second)]
    await city.put(**images(*blobs))
    *_, made = (await city.control("GET", "ledger"))["entries"]
    assert made["data"]["media_sha256"] == [hashlib.sha256(data).hexdigest() for data in (first, second)]


async def test_a_blob_goes_with_the_last_record_that_names_it(city: City) -> None:
    blob = (await upload(city, PNG)).json()["blob"]
    for key in KEYS[:2]:
        assert (await city.put(key, **images(blob))).status_code == 200
    which = {"repo": city.did, "collection": POST}
    await city.call(DELETE, **which, rkey=KEYS[0])
    assert (await city.put(KEYS[2], **images(blob))).status_code == 200
    for key in KEYS[1:3]:
        await city.call(DELETE, **which, rkey=key)
    assert error(await city.put(KEYS[0], **images(blob))) == (400, "BlobNotFound")
    await upload(city, PNG)
    assert (await city.put(KEYS[0], **images(blob))).status_code == 200


async def test_an_upload_that_nothing_names_is_gone_after_some_hours(city: City) -> None:
    blob = (await upload(city, PNG)).json()["blob"]
    await city.later(6 * 3600 - 1)
    await city.settle()
    assert (await city.put(**images(blob))).status_code == 200
    other = (await upload(city, PNG + b"2")).json()["blob"]
    await city.later(6 * 3600)
    await city.settle()
    assert error(await city.put(KEYS[1], **images(other))) == (400, "BlobNotFound")
    assert (await city.put(KEYS[1], **images(blob))).status_code == 200, "the first is named by a post"


async def test_a_write_done_twice_by_the_platform_makes_a_twin(city: City) -> None:
    await city.fault("executed_twice", "com.atproto.repo.putRecord")
    assert (await city.put()).json()["uri"].endswith(KEYS[0])
    assert [p["text"] for p in await city.posts()] == ["Xin chào", "Xin chào"]


async def test_writes_cost_points(city: City) -> None:
    first = await city.put()
    assert first.headers["ratelimit-policy"] == "5000;w=3600"
    assert first.headers["ratelimit-remaining"] == "4998"
    body = {"repo": city.did, "collection": POST, "record": {"text": "x", "createdAt": AT}}
    assert (await city.call(CREATE, **body)).headers["ratelimit-remaining"] == "4995"
    which = {"repo": city.did, "collection": POST, "rkey": KEYS[0]}
    assert (await city.call(DELETE, **which)).headers["ratelimit-remaining"] == "4994"
    assert abs(int(first.headers["ratelimit-reset"]) - int((await city.put()).headers["ratelimit-reset"])) == 0


async def test_an_hour_of_writing_ends_and_begins_again(city: City) -> None:
    apply, body = "com.atproto.repo.applyWrites", {"collection": POST, "value": {"text": "x", "createdAt": AT}}
    for _ in range(8):
        writes = [{"$type": f"{apply}#create", **body} for _ in range(200)]
        assert (await city.call(apply, repo=city.did, writes=writes)).status_code == 200
    refused = await city.call(apply, repo=city.did, writes=writes)
    assert error(refused) == (429, "RateLimitExceeded")
    assert len(await city.posts()) == 1600
    await city.later(3600)
    assert (await city.put()).status_code == 200


@pytest.mark.parametrize(
    ("method", "nsid", "status", "name"),
    [
        ("GET", "com.atproto.repo.putRecord", 400, "InvalidRequest"),
        ("POST", "com.atproto.repo.getRecord", 400, "InvalidRequest"),
        ("POST", "com.atproto.repo.noSuchThing", 501, "MethodNotImplemented"),
    ],
)
async def test_methods_that_are_none(city: City, method: str, nsid: str, status: int, name: str) -> None:
    assert error(await city.http.request(method, f"/bluesky/xrpc/{nsid}")) == (status, name)


async def test_bodies_are_json_and_have_a_size(city: City) -> None:
    url, headers = "/bluesky/xrpc/com.atproto.repo.putRecord", {"Content-Type": "application/json"}
    assert error(await city.http.post(url, content=b"{", headers=headers)) == (400, "SyntaxError")
    assert error(await city.http.post(url, content=b"[]", headers=headers)) == (400, "InvalidRequest")
    assert error(await city.http.post(url, content=b"{}", headers={"Content-Type": "text/plain"}))[0] == 400
    assert error(await city.http.post(url, content=b" " * 1_000_001, headers=headers)) == (413, "PayloadTooLarge")


# --- the encodings, against published values ---


def test_cids_and_cbor_are_the_protocols_own() -> None:
    assert encode({"b": 1, "aa": [True, None, -1], "a": "é"}).hex() == "a3616162c3a961620162616183f5f620"
    assert blob_cid(b"hello world") == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    assert record_cid({}) == "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"
    with pytest.raises(NotData):
        encode({"a": 0.5})


def test_tids_only_grow() -> None:
    from datetime import UTC, datetime

    clock, now = TidClock(), datetime(2026, 11, 24, tzinfo=UTC)
    made = [clock.next(now) for _ in range(100)]
    assert made == sorted(set(made))
    assert all(is_tid(tid) for tid in made)

"""The sandbox against the real server: the same requests, the same verdicts; what differs is listed with its reason."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from sandbox.platforms.bluesky.encoding import blob_cid, record_cid
from tests.publish.network.people import POST, Network
from tests.publish.pictures import png
from tests.publish.stage import HANDLE, PASSWORD, Stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AT = "2026-11-24T05:00:00.000Z"
KEYS = [f"3l5aaaaaaaa2{letter}" for letter in "abcdefghijklmnopqrst"]
REPO, SERVER = "com.atproto.repo", "com.atproto.server"
OTHER_CID = record_cid({"other": 1})


@dataclass
class Side:
    """One of the two servers, with an account on it."""

    http: httpx.AsyncClient
    base: str
    identifier: str
    password: str
    session: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    async def open(self) -> "Side":
        body = {"identifier": self.identifier, "password": self.password}
        answer = await self.http.post(f"{self.base}/xrpc/{SERVER}.createSession", json=body)
        assert answer.is_success, answer.text
        self.session = answer.json()
        return self

    async def post(self, nsid: str, body: Any = None, token: str | None = "access", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.session.get(f'{token}Jwt', token)}"} if token else {}
        headers |= more.pop("headers", {})
        return await self.http.post(f"{self.base}/xrpc/{nsid}", json=body, headers=headers, **more)

    async def get(self, nsid: str, token: str | None = None, **params: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.session.get(f'{token}Jwt', token)}"} if token else {}
        return await self.http.get(f"{self.base}/xrpc/{nsid}", params=params, headers=headers)

    async def put(self, key: str, more: Any = None, collection: str = POST, **record: Any) -> httpx.Response:
        full = {"$type": POST, "text": "Xin chào", "createdAt": AT, **record}
        full = {name: value for name, value in full.items() if value is not None}
        body = {"repo": self.session["did"], "collection": collection, "rkey": key, "record": full, **(more or {})}
        return await self.post(f"{REPO}.putRecord", body)

    async def upload(self, data: bytes, mime: str) -> httpx.Response:
        headers = {"Content-Type": mime}
        return await self.post(f"{REPO}.uploadBlob", headers=headers, content=data)


@pytest.fixture
async def sides(atproto: Network, stage: Stage) -> tuple[Side, Side]:
    """The sandbox and the real one."""
    person = await atproto.join("sosanh")
    real = Side(atproto._http, atproto.pds, person.handle, person.app_password)
    played = Side(stage.http, f"{stage.url}/bluesky", HANDLE, PASSWORD)
    return await played.open(), await real.open()


def verdict(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "") if answer.content else ""


def images(blob: Any, **more: Any) -> dict[str, Any]:
    image = {"image": blob, "alt": "Bản đồ", **more}
    return {"embed": {"$type": "app.bsky.embed.images", "images": [image]}}


def facet(start: Any, end: Any, **feature: Any) -> dict[str, Any]:
    made = {"$type": "app.bsky.richtext.facet#link", "uri": "https://a.vn", **feature}
    return {"facets": [{"index": {"byteStart": start, "byteEnd": end}, "features": [made]}]}


RECORDS: list[tuple[str, dict[str, Any]]] = [
    ("whole", {"langs": ["vi"], "tags": ["ngập"], **facet(0, 3)}),
    ("300 letters", {"text": "đ" * 300}),
    ("301 letters", {"text": "đ" * 301}),
    ("3000 bytes", {"text": "👨‍👩‍👧‍👦" * 120}),
    ("3025 bytes", {"text": "👨‍👩‍👧‍👦" * 121}),
    ("no text", {"text": None}),
    ("no time", {"createdAt": None}),
    ("a time without a zone", {"createdAt": "2026-11-24T05:00:00"}),
    ("a time with a space", {"createdAt": "2026-11-24 05:00:00Z"}),
    ("a time of Hà Nội", {"createdAt": "2026-11-24T12:00:00+07:00"}),
    ("four languages", {"langs": ["vi", "en", "fr", "km"]}),
    ("a language in capitals", {"langs": ["VI"]}),
    ("nine tags", {"tags": ["x"] * 9}),
    ("a tag too long", {"tags": ["đ" * 65]}),
    ("a number as text", {"text": 17}),
    ("half a number", {"likes": 1.5}),
    ("a link that is none", facet(0, 3, uri="a b")),
    ("a facet before the text", facet(-1, 3)),
    ("a facet without its end", {"facets": [{"index": {"byteStart": 0}, "features": []}]}),
    (
        "a feature nobody knows",
        {"facets": [{"index": {"byteStart": 0, "byteEnd": 3}, "features": [{"$type": "a.b.c"}]}]},
    ),
    ("an embed nobody knows", {"embed": {"$type": "vn.gov.hanoi.embed", "x": 1}}),
    ("an embed without a type", {"embed": {"external": {}}}),
    ("a card without a title", {"embed": {"$type": "app.bsky.embed.external", "external": {"uri": "https://a.vn"}}}),
    (
        "an image never uploaded",
        images({"$type": "blob", "ref": {"$link": blob_cid(b"x")}, "mimeType": "image/png", "size": 1}),
    ),
    (
        "an image too large",
        images({"$type": "blob", "ref": {"$link": blob_cid(b"x")}, "mimeType": "image/png", "size": 2_000_001}),
    ),
    (
        "an image that is text",
        images({"$type": "blob", "ref": {"$link": blob_cid(b"x")}, "mimeType": "text/plain", "size": 1}),
    ),
    ("an image in the old form", images({"cid": blob_cid(b"x"), "mimeType": "image/png"})),
    ("a reply to nowhere", {"reply": {"root": {"uri": "at://x", "cid": "y"}, "parent": {}}}),
    ("another type", {"$type": "app.bsky.feed.like"}),
    ("labels", {"labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "x" * 129}]}}),
]


@pytest.mark.mission("M18")
async def test_records_are_taken_and_refused_alike(sides: tuple[Side, Side]) -> None:
    found = {}
    for name, record in RECORDS:
        found[name] = tuple([verdict(await side.put(KEYS[0], **record)) for side in sides])
    assert {name: both for name, both in found.items() if both[0] != both[1]} == {}
    assert sum(both[0][0] == 200 for both in found.values()) >= 5


async def test_requests_are_answered_alike(sides: tuple[Side, Side]) -> None:
    """One request after another, on both: each answer's status and name of error."""
    told: list[list[tuple[str, tuple[int, str]]]] = []
    for side in sides:
        told.append(await requests_of(side))
    played, real = told
    assert [(name, a, b) for (name, a), (_, b) in zip(played, real, strict=True) if a != b] == []


async def test_logins_live_equally_long(sides: tuple[Side, Side]) -> None:
    played, real = ({name: _lifetime(side.session[name]) for name in ("accessJwt", "refreshJwt")} for side in sides)
    assert played == real == {"accessJwt": 2 * 3600, "refreshJwt": 90 * 86400}


def _lifetime(token: str) -> int:
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return int(claims["exp"] - claims["iat"])


async def requests_of(side: Side) -> list[tuple[str, tuple[int, str]]]:
    did, own = side.session["did"], {"repo": side.session["did"], "collection": POST}
    record = {"$type": POST, "text": "x", "createdAt": AT}
    other, login = {"repo": "la.test", "rkey": KEYS[1], "record": record}, {"identifier": side.identifier}
    create = {"$type": f"{REPO}.applyWrites#create", "collection": POST, "value": record}
    first = (await side.put(KEYS[0])).json()
    changed = (await side.put(KEYS[0], text="Đã sửa")).json()
    blob = (await side.upload(png(), "image/jpeg")).json()["blob"]
    fresh = (await side.upload(png(colour=(1, 2, 3)), "image/png")).json()["blob"]
    plain = (await side.upload(b"chu", "text/plain")).json()["blob"]
    old = side.session["refreshJwt"]
    asked = {
        "same key, same record": side.put(KEYS[0], text="Đã sửa"),
        "created where one is": side.post(f"{REPO}.createRecord", {**own, "rkey": KEYS[0], "record": record}),
        "swap of an old version": side.put(KEYS[0], {"swapRecord": first["cid"]}, text="hai"),
        "swap of none": side.put(KEYS[0], {"swapRecord": None}, text="hai"),
        "swap that is no cid": side.put(KEYS[0], {"swapRecord": "x"}, text="hai"),
        "swap of this version": side.put(KEYS[0], {"swapRecord": changed["cid"]}, text="ba"),
        "swap of an old commit": side.put(KEYS[0], {"swapCommit": OTHER_CID}, text="bốn"),
        "a key that is no tid": side.put("xe-buyt-32"),
        "a key that is none": side.put("a/b"),
        "a collection that is none": side.put(KEYS[1], collection="bai viet"),
        "an unknown collection": side.put(KEYS[1], collection="vn.gov.hanoi.tin", **{"$type": "vn.gov.hanoi.tin"}),
        "an unknown one, to be validated": side.put(
            KEYS[2], {"validate": True}, collection="vn.gov.hanoi.tin", **{"$type": "vn.gov.hanoi.tin"}
        ),
        "not validated": side.put(KEYS[3], {"validate": False}, text=17),
        "somebody else's repository": side.post(f"{REPO}.putRecord", {**own, **other}),
        "no record": side.post(f"{REPO}.putRecord", {**own, "rkey": KEYS[1]}),
        "a list as record": side.post(f"{REPO}.putRecord", {**own, "rkey": KEYS[1], "record": []}),
        "an image told wrong": side.put(KEYS[5], **images({**fresh, "mimeType": "image/jpeg"})),
        "an image of another size": side.put(KEYS[5], **images({**fresh, "size": 1})),
        "an image told as it is": side.put(KEYS[4], **images(blob)),
        "an image that stands, told wrong": side.put(KEYS[7], **images({**blob, "mimeType": "image/gif"})),
        "text as an image": side.put(KEYS[5], **images(plain)),
        "a wrong ratio": side.put(KEYS[5], **images(blob, aspectRatio={"width": 0, "height": 1})),
        "no alt": side.put(KEYS[5], embed={"$type": "app.bsky.embed.images", "images": [{"image": blob}]}),
        "read": side.get(f"{REPO}.getRecord", **own, rkey=KEYS[0]),
        "read what is not there": side.get(f"{REPO}.getRecord", **own, rkey=KEYS[9]),
        "read another version": side.get(f"{REPO}.getRecord", **own, rkey=KEYS[0], cid=OTHER_CID),
        "list": side.get(f"{REPO}.listRecords", **own, limit=100),
        "list too many": side.get(f"{REPO}.listRecords", **own, limit=101),
        "list words": side.get(f"{REPO}.listRecords", **own, limit="bảy"),
        "list nobody": side.get(f"{REPO}.listRecords", repo="la.test", collection=POST),
        "list without whom": side.get(f"{REPO}.listRecords", collection=POST),
        "delete a swapped": side.post(f"{REPO}.deleteRecord", {**own, "rkey": KEYS[0], "swapRecord": OTHER_CID}),
        "delete": side.post(f"{REPO}.deleteRecord", {**own, "rkey": KEYS[4]}),
        "its image in another post": side.put(KEYS[6], **images(blob)),
        "delete the second": side.post(f"{REPO}.deleteRecord", {**own, "rkey": KEYS[6]}),
        "delete the third": side.post(f"{REPO}.deleteRecord", {**own, "rkey": KEYS[7]}),
        "delete again": side.post(f"{REPO}.deleteRecord", {**own, "rkey": KEYS[4]}),
        "an image whose post is gone": side.put(KEYS[6], **images(blob)),
        "writes of an unknown kind": side.post(f"{REPO}.applyWrites", {"repo": did, "writes": [{"$type": "a.b.c"}]}),
        "a deletion of nothing": side.post(
            f"{REPO}.applyWrites",
            {"repo": did, "writes": [{"$type": f"{REPO}.applyWrites#delete", "collection": POST, "rkey": KEYS[8]}]},
        ),
        "no writes": side.post(f"{REPO}.applyWrites", {"repo": did, "writes": []}),
        "an update of nothing": side.post(
            f"{REPO}.applyWrites",
            {"repo": did, "writes": [{**create, "$type": f"{REPO}.applyWrites#update", "rkey": KEYS[8]}]},
        ),
        "many writes": side.post(
            f"{REPO}.applyWrites",
            {"repo": did, "writes": [create] * 201},
        ),
        "bytes without a type": side.post(f"{REPO}.uploadBlob", content=b"x"),
        "who am I": side.get(f"{SERVER}.getSession", token="access"),
        "nobody": side.get(f"{SERVER}.getSession"),
        "a forged token": side.get(f"{SERVER}.getSession", token="a.b.c"),
        "a refresh token for access": side.get(f"{SERVER}.getSession", token="refresh"),
        "an access token for refresh": side.post(f"{SERVER}.refreshSession", token="access"),
        "refresh": side.post(f"{SERVER}.refreshSession", token="refresh"),
        "refresh again": side.post(f"{SERVER}.refreshSession", token=old),
        "a wrong password": side.post(f"{SERVER}.createSession", {**login, "password": "sai"}, token=None),
        "no password": side.post(f"{SERVER}.createSession", login, token=None),
        "the wrong verb": side.get(f"{REPO}.putRecord"),
        "the other wrong verb": side.post(f"{REPO}.getRecord", {}),
        "write without a token": side.post(f"{REPO}.putRecord", {**own, "rkey": KEYS[1], "record": record}, token=None),
        "broken json": side.post(f"{REPO}.putRecord", content=b"{", headers={"Content-Type": "application/json"}),
        "json as text": side.post(f"{REPO}.putRecord", content=b"{}", headers={"Content-Type": "text/plain"}),
    }  # fmt: skip
    return [(name, verdict(await answer)) for name, answer in asked.items()]

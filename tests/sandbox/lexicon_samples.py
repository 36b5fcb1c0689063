"""Values to hold against the schemas: whole ones, and what becomes of them when one part is taken away or replaced."""

import copy
from collections.abc import Iterator
from typing import Any

from sandbox.platforms.bluesky.encoding import blob_cid, record_cid

Sample = tuple[str, str, dict[str, Any]]

AT = "2026-11-24T05:00:00.000Z"
DID = "did:plc:72yk3px36s5gyhd2omjhmtk5"
URI = f"at://{DID}/app.bsky.feed.post/3l5aaaaaaaa2a"
REF = {"uri": URI, "cid": record_cid({})}
BLOB = {"$type": "blob", "ref": {"$link": blob_cid(b"x")}, "mimeType": "image/png", "size": 4}


def _images(blob: dict[str, Any]) -> dict[str, Any]:
    image = {"image": blob, "alt": "Bản đồ ngập", "aspectRatio": {"width": 4, "height": 3}}
    return {"$type": "app.bsky.embed.images", "images": [image]}


_IMAGES = _images(BLOB)
_FACETS = [
    {
        "index": {"byteStart": 0, "byteEnd": 5},
        "features": [
            {"$type": "app.bsky.richtext.facet#link", "uri": "https://hanoi.gov.vn/tin?a=ề"},
            {"$type": "app.bsky.richtext.facet#mention", "did": DID},
            {"$type": "app.bsky.richtext.facet#tag", "tag": "HàNội"},
            {"$type": "vn.gov.hanoi.feature", "anything": None},
        ],
    }
]


def _post(**more: Any) -> Sample:
    record = {"$type": "app.bsky.feed.post", "text": "Phường Ô Chợ Dừa", "createdAt": AT, **more}
    return "record", "app.bsky.feed.post", record


def _apply(kind: str) -> dict[str, Any]:
    body = {"collection": "app.bsky.feed.post", "rkey": "3l5aaaaaaaa2a", "value": {"text": "x"}}
    return {"$type": f"com.atproto.repo.applyWrites#{kind}", **body}


WHOLE: list[Sample] = [
    _post(langs=["vi", "zh-Hant-TW", "i-klingon"], tags=["ngập", "đ" * 64], facets=_FACETS),
    _post(
        reply={"root": REF, "parent": REF},
        labels={"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "graphic-media"}]},
    ),
    _post(embed=_IMAGES),
    _post(
        embed={
            "$type": "app.bsky.embed.external",
            "external": {"uri": "https://a.vn", "title": "", "description": "", "thumb": BLOB},
        }
    ),
    _post(embed={"$type": "app.bsky.embed.record", "record": REF}),
    _post(embed={"$type": "app.bsky.embed.recordWithMedia", "record": {"record": REF}, "media": _IMAGES}),
    _post(
        embed={
            "$type": "app.bsky.embed.video",
            "video": {**BLOB, "mimeType": "video/mp4"},
            "captions": [{"lang": "vi", "file": {**BLOB, "mimeType": "text/vtt"}}],
        }
    ),
    _post(
        embed={
            "$type": "app.bsky.embed.gallery",
            "items": [
                {
                    "$type": "app.bsky.embed.gallery#image",
                    "image": BLOB,
                    "alt": "x",
                    "aspectRatio": {"width": 1, "height": 1},
                }
            ],
        }
    ),
    _post(embed={"$type": "vn.gov.hanoi.embed", "anything": 1}),
    (
        "record",
        "app.bsky.feed.threadgate",
        {
            "$type": "app.bsky.feed.threadgate",
            "post": URI,
            "createdAt": AT,
            "hiddenReplies": [URI],
            "allow": [
                {"$type": "app.bsky.feed.threadgate#listRule", "list": URI},
                {"$type": "app.bsky.feed.threadgate#mentionRule"},
            ],
        },
    ),
    (
        "record",
        "app.bsky.feed.postgate",
        {
            "$type": "app.bsky.feed.postgate",
            "post": URI,
            "createdAt": AT,
            "embeddingRules": [{"$type": "app.bsky.feed.postgate#disableRule"}],
            "detachedEmbeddingUris": [URI],
        },
    ),
    ("record", "app.bsky.feed.like", {"$type": "app.bsky.feed.like", "subject": REF, "createdAt": AT, "via": REF}),
    (
        "input",
        "com.atproto.server.createSession",
        {"identifier": "thanhpho.test", "password": "x", "authFactorToken": "y"},
    ),
    (
        "input",
        "com.atproto.repo.putRecord",
        {
            "repo": "thanhpho.test",
            "collection": "app.bsky.feed.post",
            "rkey": "3l5aaaaaaaa2a",
            "record": {"text": "x"},
            "validate": True,
            "swapRecord": None,
            "swapCommit": record_cid({}),
        },
    ),
    ("input", "com.atproto.repo.createRecord", {"repo": DID, "collection": "app.bsky.feed.post", "record": {}}),
    ("input", "com.atproto.repo.deleteRecord", {"repo": DID, "collection": "app.bsky.feed.post", "rkey": "x"}),
    (
        "input",
        "com.atproto.repo.applyWrites",
        {"repo": DID, "writes": [_apply("create"), _apply("update"), _apply("delete")]},
    ),
    (
        "params",
        "com.atproto.repo.listRecords",
        {"repo": DID, "collection": "app.bsky.feed.post", "limit": 100, "reverse": True, "cursor": "x"},
    ),
    (
        "params",
        "com.atproto.repo.getRecord",
        {"repo": DID, "collection": "app.bsky.feed.post", "rkey": "x", "cid": record_cid({})},
    ),
    ("params", "app.bsky.feed.getPosts", {"uris": [URI] * 25}),
    ("params", "app.bsky.feed.getPostThread", {"uri": URI, "depth": 1000, "parentHeight": 0}),
]

STRICTER: list[tuple[Sample, str]] = [
    (_post(createdAt="2026-11-24T05:00:00"), "Record/createdAt must be an valid atproto datetime"),
    (_post(createdAt="2026-02-30T05:00:00Z"), "Record/createdAt must be an valid atproto datetime"),
    (_post(langs=["VI-VN"]), "Record/langs/0 must be a well-formed BCP 47 language tag"),
    (_post(langs=["tieng"]), "Record/langs/0 must be a well-formed BCP 47 language tag"),
    (_post(langs=["sl-rozaj-rozaj"]), "Record/langs/0 must be a well-formed BCP 47 language tag"),
    (_post(embed=_images({**BLOB, "size": 2_000_001})), "images/0/image must not be larger than 2000000 bytes"),
    (_post(embed=_images({**BLOB, "mimeType": "text/plain"})), "images/0/image/mimeType must be one of (image/*)"),
    (_post(embed=_images({"cid": blob_cid(b"x"), "mimeType": "image/png"})), "images/0/image should be a blob ref"),
]
"""Refused here, by the specification and mostly by the reference server, though @atproto/lexicon lets them pass."""

_INSTEAD: tuple[Any, ...] = (None, 7, -1, 1.5, True, "", "x", "chữ có dấu", {}, {"$type": "a.b.c"})
_TEXTS = (
    "đ" * 301, "👨‍👩‍👧‍👦" * 200, "x" * 3001, "x" * 641, "x" * 129,
    "2026-11-24T05:00:00+07:00", "2026-11-24T05:00:00-00:00", "2026-11-24t05:00:00Z", "2026-11-24T05:00:00.123456789Z",
    "2026-11-24T25:00:00Z", "hôm nay", "2026-11-24", "2026-11-24T05:00Z",
    "https://a b", "https:///a", "mailto:x@y", "http://đường.vn/ờ", "at:x", "://a", "a:",
    "at://a.test", "at://a.test/", "at://a.test/app.bsky.feed.post", "at://a.test/app.bsky.feed.post/.",
    "at://a.test/x/y", "at://did:plc:x/app.bsky.feed.post/y#/a", "at://a.test/app.bsky.feed.post/y?z",
    "did:plc:", "did:web:a.vn%3A80", "DID:plc:x", "a.test", "a..test", "-a.test", "a.1test", "a",
    "app.bsky", "app.bsky.feed.post", "app.bsky.feed.po-st", "1app.bsky.feed", "a-b.c-d.eF9",
    "vi", "vi-VN", "v", "vi_VN", "vi-VN-x-hanoi", "zh-min-nan", "sl-rozaj-biske", "de-1996", "x-a",
    "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG",
    "zdpuAyvkgEDQm9TenwGkd5eNaosSxjgEYd8QatfPetgB1CdEZ", "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6",
    "3l5aaaaaaaa2a", "3l5aaaaaaaa2", "0l5aaaaaaaa2a", "..", "a/b", "~", "k" * 513,
)  # fmt: skip


def all_samples() -> Iterator[Sample]:
    """Every whole one, and each of its parts taken away, replaced, or doubled."""
    for kind, nsid, value in WHOLE:
        yield kind, nsid, value
        for path in _paths(value):
            for changed in _changes(value, path):
                yield kind, nsid, changed


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of everything in a value, but for what names the type of the whole, and the inside of a blob."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if path or key != "$type":
            yield (*path, key)
            if not (isinstance(item, dict) and item.get("$type") == "blob"):
                yield from _paths(item, (*path, key))


def _changes(value: dict[str, Any], path: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    here = _at(value, path)
    instead = [*_INSTEAD, *(_TEXTS if isinstance(here, str) else ())]
    if isinstance(here, list):
        instead += [[], here * 400]
    if isinstance(here, int) and not isinstance(here, bool):
        instead += [0, 1001, 10**6]
    for other in instead:
        yield _with(value, path, other)
    yield _without(value, path)


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _with(value: dict[str, Any], path: tuple[Any, ...], other: Any) -> dict[str, Any]:
    changed = copy.deepcopy(value)
    _at(changed, path[:-1])[path[-1]] = other
    return changed


def _without(value: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(value)
    del _at(changed, path[:-1])[path[-1]]
    return changed

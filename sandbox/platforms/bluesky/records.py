"""Records before they are written: their collection, their key, and what the schemas say of them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.platforms.bluesky import rules
from sandbox.platforms.bluesky.formats import is_nsid, is_record_key, is_tid
from sandbox.platforms.bluesky.lexicon import Invalid, Lexicons
from sandbox.platforms.bluesky.wire import InvalidRequest, Json

POST, THREADGATE = "app.bsky.feed.post", "app.bsky.feed.threadgate"
LIKE, REPOST = "app.bsky.feed.like", "app.bsky.feed.repost"
LEXICONS = Lexicons()
_OWN_KEYS = {"tid": is_tid, "nsid": is_nsid}


def require_key(collection: str, key: str, validate: bool | None) -> None:
    if not is_record_key(key):
        raise InvalidRequest(f"Invalid record key: {key}")
    if validate is False or not LEXICONS.is_record(collection):
        return
    wanted = str(LEXICONS.main(collection)["key"])
    fits = key == wanted.removeprefix("literal:") if wanted.startswith("literal:") else _OWN_KEYS.get(wanted, bool)(key)
    if not fits:
        raise InvalidRequest(f'Invalid record key for {collection}: expected a "{wanted}"')


def checked(collection: str, record: Json, validate: bool | None) -> tuple[Json, str | None]:
    """The record with its $type, and what the server says about its validity."""
    record = record if "$type" in record else {"$type": collection, **record}
    if record["$type"] != collection:
        raise InvalidRequest(f"Invalid $type: expected {collection}, got {record['$type']}")
    if validate is False:
        return record, None
    if not LEXICONS.is_record(collection):
        if validate:
            raise InvalidRequest(f"Unknown lexicon type: {collection}")
        return record, "unknown"
    try:
        LEXICONS.check_record(collection, record)
        if collection == POST and rules.FACETS_FIT:
            _require_facets_inside(record)
    except Invalid as wrong:
        raise InvalidRequest(f"Invalid {collection} record: {wrong}") from None
    return record, "valid"


def blobs_of(value: Any) -> Iterator[Json]:
    """Every blob a record refers to, in the order in which it stands there."""
    if isinstance(value, dict):
        if value.get("$type") == "blob":
            yield value
        else:
            for item in value.values():
                yield from blobs_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from blobs_of(item)


def cid_of(blob: Mapping[str, Any]) -> str:
    ref = blob.get("ref")
    return str(ref.get("$link", "")) if isinstance(ref, dict) else ""


def images_of(record: Json) -> list[Json]:
    """The pictures a post shows, those of images and of a gallery; the thumbnail of a link card is none."""
    media = _media(record)
    shown = media.get("images") or media.get("items")
    found = [item for item in shown if isinstance(item, dict)] if isinstance(shown, list) else []
    return [item for item in found if isinstance(item.get("image"), dict)]


def card_of(record: Json) -> Json | None:
    """The link card, where its address is one of the web."""
    card = _object(_media(record), "external")
    return card if re.match(r"https?://", str(card.get("uri"))) else None


def _media(record: Json) -> Json:
    """What is embedded; beside a quoted post it lies one level deeper."""
    embed = _object(record, "embed")
    return _object(embed, "media") or embed


def _object(value: Json, name: str) -> Json:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _require_facets_inside(record: Json) -> None:
    text = record["text"].encode("utf-8", "surrogatepass")
    for n, facet in enumerate(record.get("facets", ())):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        if not start < end <= len(text):
            raise Invalid(f"Record/facets/{n}/index must lie inside the text of {len(text)} bytes")
        try:
            text[:start].decode()
            text[start:end].decode()
        except UnicodeDecodeError:
            raise Invalid(f"Record/facets/{n}/index must not cut a letter in two") from None

"""The schemas of records, as far as the sandbox reads them: app.bsky.feed.post and app.bsky.feed.threadgate.

Messages follow @atproto/lexicon, so that what an editor would read is what a test reads.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sandbox import counting
from sandbox.platforms.bluesky import rules
from sandbox.platforms.bluesky.encoding import is_cid, is_tid
from sandbox.platforms.bluesky.wire import InvalidRequest, Json

POST, THREADGATE = "app.bsky.feed.post", "app.bsky.feed.threadgate"
_NSID = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9-]{0,62})(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,62}))+\.[a-zA-Z][a-zA-Z0-9]{0,62}")
_KEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,20})?(?:Z|[+-]\d\d:\d\d)")
_LANGUAGE = re.compile(r"(?:i|[a-z]{2,3})(?:-[a-zA-Z0-9]+)*")
_URI = re.compile(r"\w+:(?://)?[^\s/]\S*")
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")
_AT_URI = re.compile(r"at://[^\s/]+/[^\s/]+/[^\s/]+")


class Wrong(ValueError):
    """What is wrong with a record, in the words of the lexicon library."""


def is_nsid(text: str) -> bool:
    return len(text) <= 317 and _NSID.fullmatch(text) is not None


def require_key(collection: str, key: str) -> None:
    if not _KEY.fullmatch(key) or key in (".", ".."):
        raise InvalidRequest("Invalid record key syntax")
    if rules.TID_KEYS and collection in _KNOWN and not is_tid(key):
        raise InvalidRequest(f'Invalid record key for {collection}: expected a "tid"')


def checked(collection: str, record: Json, validate: bool | None) -> tuple[Json, str | None]:
    """The record with its $type, and what the server says about its validity."""
    record = record if "$type" in record else {"$type": collection, **record}
    if record["$type"] != collection:
        raise InvalidRequest(f"Invalid $type: expected {collection}, got {record['$type']}")
    if validate is False:
        return record, None
    check = _KNOWN.get(collection)
    if check is None:
        if validate:
            raise InvalidRequest(f"Lexicon not found: lex:{collection}")
        return record, "unknown"
    try:
        check(record)
    except Wrong as wrong:
        raise InvalidRequest(f"Invalid {collection} record: {wrong}") from None
    return record, "valid"


def blobs_of(value: Any) -> Iterator[Json]:
    """Every blob a record refers to."""
    if isinstance(value, dict):
        if value.get("$type") == "blob":
            yield value
        else:
            for item in value.values():
                yield from blobs_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from blobs_of(item)


# --- the parts every schema is made of ---


def _has(path: str, value: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if name not in value:
            raise Wrong(f'{path} must have the property "{name}"')


def _object(path: str, value: Any) -> Json:
    if not isinstance(value, dict):
        raise Wrong(f"{path} must be an object")
    return value


def _list(path: str, value: Any, most: int | None = None) -> list[Any]:
    if not isinstance(value, list):
        raise Wrong(f"{path} must be an array")
    if most is not None and len(value) > most:
        raise Wrong(f"{path} must not have more than {most} elements")
    return value


def _string(path: str, value: Any, most_bytes: int | None = None, most_graphemes: int | None = None) -> str:
    if not isinstance(value, str):
        raise Wrong(f"{path} must be a string")
    if most_bytes is not None and counting.utf8_bytes(value) > most_bytes:
        raise Wrong(f"{path} must not be longer than {most_bytes} characters")
    if most_graphemes is not None and counting.graphemes(value) > most_graphemes:
        raise Wrong(f"{path} must not be longer than {most_graphemes} graphemes")
    return value


def _formed(path: str, value: Any, pattern: re.Pattern[str], what: str) -> str:
    text = _string(path, value)
    if not pattern.fullmatch(text):
        raise Wrong(f"{path} must be {what}")
    return text


def _datetime(path: str, value: Any) -> None:
    text = _formed(path, value, _DATETIME, "an valid atproto datetime (both RFC-3339 and ISO-8601)")
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise Wrong(f"{path} must be an valid atproto datetime (both RFC-3339 and ISO-8601)") from None


def _whole(path: str, value: Any, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Wrong(f"{path} must be an integer")
    if value < least:
        raise Wrong(f"{path} can not be less than {least}")
    return value


def _union(path: str, value: Any) -> tuple[Json, str]:
    kind = _object(path, value).get("$type")
    if not isinstance(kind, str):
        raise Wrong(f'{path} must be an object which includes the "$type" property')
    return value, kind


def _strong_ref(path: str, value: Any) -> None:
    _has(path, _object(path, value), "uri", "cid")
    _formed(f"{path}/uri", value["uri"], _AT_URI, "a valid at-uri")
    if not is_cid(_string(f"{path}/cid", value["cid"])):
        raise Wrong(f"{path}/cid must be a cid string")


def _image(path: str, value: Any) -> None:
    blob = _object(path, value)
    ref = blob.get("ref")
    if blob.get("$type") != "blob" or not isinstance(ref, dict) or not is_cid(str(ref.get("$link", ""))):
        raise Wrong(f"{path} should be a blob ref")
    if not str(blob.get("mimeType", "")).startswith("image/"):
        raise Wrong(f'{path} should be of type "image/*"')


# --- app.bsky.feed.post ---


def _post(record: Json) -> None:
    _has("Record", record, "text", "createdAt")
    text = _string("Record/text", record["text"], rules.TEXT_BYTES, rules.TEXT_GRAPHEMES)
    _datetime("Record/createdAt", record["createdAt"])
    for n, language in enumerate(_list("Record/langs", record.get("langs", []), rules.MAX_LANGS)):
        _formed(f"Record/langs/{n}", language, _LANGUAGE, "a well-formed BCP 47 language tag")
    for n, tag in enumerate(_list("Record/tags", record.get("tags", []), rules.MAX_TAGS)):
        _string(f"Record/tags/{n}", tag, rules.TAG_BYTES, rules.TAG_GRAPHEMES)
    for n, facet in enumerate(_list("Record/facets", record.get("facets", []))):
        _facet(f"Record/facets/{n}", facet, text.encode("utf-8", "surrogatepass"))
    if "reply" in record:
        reply = _object("Record/reply", record["reply"])
        _has("Record/reply", reply, "root", "parent")
        _strong_ref("Record/reply/root", reply["root"])
        _strong_ref("Record/reply/parent", reply["parent"])
    if "embed" in record:
        _embed("Record/embed", record["embed"])


def _facet(path: str, value: Any, text: bytes) -> None:
    facet = _object(path, value)
    _has(path, facet, "index", "features")
    index = _object(f"{path}/index", facet["index"])
    _has(f"{path}/index", index, "byteStart", "byteEnd")
    start = _whole(f"{path}/index/byteStart", index["byteStart"])
    end = _whole(f"{path}/index/byteEnd", index["byteEnd"])
    if rules.FACETS_FIT:
        _inside(path, text, start, end)
    for n, feature in enumerate(_list(f"{path}/features", facet["features"])):
        _feature(f"{path}/features/{n}", feature)


def _inside(path: str, text: bytes, start: int, end: int) -> None:
    if not start < end <= len(text):
        raise Wrong(f"{path}/index must lie inside the text of {len(text)} bytes")
    try:
        text[:start].decode()
        text[start:end].decode()
    except UnicodeDecodeError:
        raise Wrong(f"{path}/index must not cut a letter in two") from None


def _feature(path: str, value: Any) -> None:
    feature, kind = _union(path, value)
    match kind.removeprefix("app.bsky.richtext.facet#"):
        case "link":
            _has(path, feature, "uri")
            _formed(f"{path}/uri", feature["uri"], _URI, "a uri")
        case "mention":
            _has(path, feature, "did")
            _formed(f"{path}/did", feature["did"], _DID, "a valid did")
        case "tag":
            _has(path, feature, "tag")
            _string(f"{path}/tag", feature["tag"], rules.TAG_BYTES, rules.TAG_GRAPHEMES)
        case _:
            pass  # an open union: apps pass over features they do not know


def _embed(path: str, value: Any) -> None:
    embed, kind = _union(path, value)
    match kind:
        case "app.bsky.embed.external":
            _has(path, embed, "external")
            external = _object(f"{path}/external", embed["external"])
            _has(f"{path}/external", external, "uri", "title", "description")
            _formed(f"{path}/external/uri", external["uri"], _URI, "a uri")
            _string(f"{path}/external/title", external["title"])
            _string(f"{path}/external/description", external["description"])
            if "thumb" in external:
                _image(f"{path}/external/thumb", external["thumb"])
        case "app.bsky.embed.images":
            _has(path, embed, "images")
            for n, image in enumerate(_list(f"{path}/images", embed["images"], rules.MAX_IMAGES)):
                _has(f"{path}/images/{n}", _object(f"{path}/images/{n}", image), "image", "alt")
                _string(f"{path}/images/{n}/alt", image["alt"])
                _image(f"{path}/images/{n}/image", image["image"])
        case "app.bsky.embed.record":
            _has(path, embed, "record")
            _strong_ref(f"{path}/record", embed["record"])
        case _:
            pass  # taken unread: the rule bluesky.post.other-embeds


# --- app.bsky.feed.threadgate ---


def _threadgate(record: Json) -> None:
    _has("Record", record, "post", "createdAt")
    _formed("Record/post", record["post"], _AT_URI, "a valid at-uri")
    _datetime("Record/createdAt", record["createdAt"])
    for n, allowed in enumerate(_list("Record/allow", record.get("allow", []), rules.MAX_ALLOW)):
        _union(f"Record/allow/{n}", allowed)
    hidden = _list("Record/hiddenReplies", record.get("hiddenReplies", []), rules.MAX_HIDDEN)
    for n, reply in enumerate(hidden):
        _formed(f"Record/hiddenReplies/{n}", reply, _AT_URI, "a valid at-uri")


_KNOWN: Mapping[str, Callable[[Json], None]] = {POST: _post, THREADGATE: _threadgate}

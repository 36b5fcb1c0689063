"""Bluesky (AT Protocol).

The record key is derived from the delivery and written with putRecord, so that sending twice leaves one post. A
payload is the record without the time of sending; its `media` become the record's images once they are uploaded, and
`corrects` (the address of an original) its reply references, for which the original's version has to be asked.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from services.publish import measure, wording
from services.publish.adapters import bluesky_replies as replies
from services.publish.adapters.atproto import AnswerLost, CallFailed, NeedsPerson, Xrpc, facets_of, tid
from services.publish.adapters.base import (
    ALWAYS,
    CHANNELS,
    MOST_COMMENTS,
    Account,
    AuthRequired,
    Capabilities,
    ChannelError,
    Composed,
    Deleted,
    Draft,
    Found,
    Health,
    Json,
    MediaRules,
    Metric,
    MetricDefinition,
    NotFound,
    NotPostable,
    NotStaged,
    Outcome,
    OwnPost,
    Prepared,
    Published,
    Reason,
    Reconciled,
    Rejected,
    Removal,
    Said,
    Standing,
    StillLive,
    TextRules,
    Throttled,
    Tools,
    Undecidable,
    Unknown,
)
from services.publish.adapters.reading import whole_number
from services.publish.fitting import choose_media
from services.publish.limits import Limit

COLLECTION = "app.bsky.feed.post"
MAX_GRAPHEMES = 300
MAX_BYTES = 3000
MEDIA = MediaRules(
    images=4,
    image_mimes=frozenset({"image/jpeg", "image/png", "image/webp"}),
    image_size=2_000_000,
    alt_length=2000,
)
"""The record's schema (app.bsky.embed.images); the length of alt is what the platform's own app takes."""
DEEPEST = 1000
"""Levels of answers in one reading (app.bsky.feed.getPostThread)."""
STAGED_FOR = timedelta(hours=1)
"""How long an upload is relied on before a post names it: the platform forgets what nothing names, after some hours."""
POINTS = {"publish": 3, "delete": 1, "reply": 3, "hide": 3}
METRICS = (
    MetricDefinition("likes", "Bluesky likeCount: số tài khoản đã thích bài, tại thời điểm đọc"),
    MetricDefinition("reposts", "Bluesky repostCount: số tài khoản đã đăng lại, tại thời điểm đọc"),
    MetricDefinition("replies", "Bluesky replyCount: số trả lời, tại thời điểm đọc"),
    MetricDefinition("quotes", "Bluesky quoteCount: số bài trích dẫn, tại thời điểm đọc"),
    MetricDefinition("views", "Bluesky không cung cấp lượt xem", is_offered=False),
)
COUNTERS = {"likes": "likeCount", "reposts": "repostCount", "replies": "replyCount", "quotes": "quoteCount"}


@CHANNELS.register("bluesky")
class Bluesky:
    name_vi: ClassVar[str] = "Bluesky"
    needs_secret: ClassVar[tuple[str, ...]] = ("identifier", "password")
    needs_settings: ClassVar[tuple[str, ...]] = ("service",)
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit("points_hour", 5000, timedelta(hours=1), costs=POINTS),
        Limit("points_day", 35_000, timedelta(days=1), costs=POINTS),
        Limit("uploads_day", 1000, timedelta(days=1), costs={"stage": 4}),
    )

    def __init__(self, account: Account, tools: Tools) -> None:
        service = str(account.settings.get("service", "https://bsky.social")).rstrip("/")
        self._xrpc = Xrpc(account, tools, service)
        self._clock, self._media, self._asked_at = tools.clock, tools.media, account.facts_at
        self._web = str(account.settings.get("web", "https://bsky.app")).rstrip("/")

    def capabilities(self) -> Capabilities:
        """The schemas' limits are the same for every account; what is asked at run time is whether it is open."""
        return Capabilities(
            text=TextRules(graphemes=MAX_GRAPHEMES, utf8_bytes=MAX_BYTES),
            media=MEDIA,
            repeatable_for=ALWAYS,
            can_edit=False,
            can_delete=True,
            can_list=True,
            metrics=METRICS,
            fetched_at=self._asked_at,
        )

    async def fetch_capabilities(self) -> Json:
        """`{did, handle, active, status}` of the account, as the server says."""
        told = await self._xrpc.call("GET", "com.atproto.server.getSession", {})
        return {name: told[name] for name in ("did", "handle", "active", "status") if name in told}

    async def health(self) -> Health:
        """An app password opens new logins until it is withdrawn, so no end of the credentials is known."""
        try:
            told = await self.fetch_capabilities()
        except NeedsPerson as person:
            return Health(problem=person.reason)
        if told.get("active") is False:
            status = told.get("status") or "inactive"
            return Health(problem=Reason(f"Tài khoản Bluesky đang bị khóa ({status})", f"account is {status}"))
        return Health()

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        """Uploads the pictures, and asks for the version of the post that is corrected."""
        staged = {name: item for name, item in prepared.staged.items() if self._is_fresh(item)}
        try:
            for medium in prepared.payload.get("media", ()):
                if medium["sha256"] not in staged:
                    staged[medium["sha256"]] = await self._uploaded(medium)
            if "corrects" in prepared.payload:
                staged["reply"] = await self._reply_to(str(prepared.payload["corrects"]))
        except NeedsPerson as person:
            return AuthRequired(person.reason)
        except ChannelError as trouble:
            return self._not_staged(trouble)
        return replace(prepared, staged=staged)

    async def status(self, platform_id: str) -> Standing:
        record = await self._record(_key(platform_id))
        proof = {"read": platform_id, "cid": record.get("cid") if record else None}
        return Standing(record is not None, self._url(platform_id), proof)

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        records = await self._own_records(limit)
        return [OwnPost(str(r["uri"]), self._url(str(r["uri"])), *_text_and_time(r["value"])) for r in records]

    def compose(self, draft: Draft) -> Composed:
        return compose(draft)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return prepare(payload, delivery_id, at)

    async def commit(self, prepared: Prepared) -> Outcome:
        try:
            answer = await self._put(prepared)
        except ChannelError as trouble:
            return self._failed(prepared, trouble)
        uri = str(answer.get("uri", ""))
        if uri.startswith("at://"):
            return Published(uri, self._url(uri))
        return self._unknown(prepared, "answer without uri")

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        try:
            records = await self._own_records()
            mine = await self._record(prepared.key)
        except ChannelError as trouble:
            return Undecidable(trouble.reason)
        if mine is None:
            return NotFound()
        uri = str(mine["uri"])
        same = (str(r["uri"]) for r in records if _same(r["value"], prepared.payload))
        twins = tuple(twin for twin in same if twin != uri)
        return Found(uri, self._url(uri), twins, proof={"read": uri, "cid": mine.get("cid")})

    async def delete(self, platform_id: str) -> Removal:
        """Gone means: read again after deleting, and not there."""
        key = _key(platform_id)
        try:
            which = {"collection": COLLECTION, "rkey": key}
            await self._xrpc.call("POST", "com.atproto.repo.deleteRecord", which)
            if await self._record(key) is None:
                return Deleted(proof={"read": platform_id, "found": False})
        except NeedsPerson as person:
            return StillLive(person.reason, needs_reconnect=True)
        except CallFailed as failed:
            retry = self._reset(failed) if failed.status == 429 else None
            return StillLive(failed.reason, retry_at=retry)
        except ChannelError as trouble:
            return StillLive(trouble.reason)
        return StillLive(Reason("Đã yêu cầu xóa nhưng bài vẫn còn", "still readable after deleteRecord"))

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        as_of = self._clock.now()
        seen: dict[str, list[Metric]] = {}
        for start in range(0, len(platform_ids), 25):
            uris = list(platform_ids[start : start + 25])
            answer = await self._xrpc.call("GET", "app.bsky.feed.getPosts", {"uris": uris})
            for post in answer.get("posts", []):
                seen[str(post.get("uri"))] = _read_counts(post, as_of)
        return seen

    async def comments(self, platform_id: str) -> list[Said]:
        where = {"uri": platform_id, "depth": DEEPEST, "parentHeight": 0}
        told = await self._xrpc.call("GET", "app.bsky.feed.getPostThread", where)
        found: list[Said] = []
        thread = told.get("thread") or {}
        waiting = list(thread.get("replies") or [])
        hidden = await replies.hidden_under(self._xrpc, thread.get("post") or {"uri": platform_id})
        while waiting and len(found) < MOST_COMMENTS:
            node = waiting.pop(0)
            waiting += node.get("replies") or []
            if isinstance(node.get("post"), dict):
                found.append(_said(node["post"], platform_id, hidden))
        return found

    async def reply(self, comment_id: str, text: str, at: datetime) -> Outcome:
        """The same for the same instant however often it is done; who is answered is told by the platform itself."""
        if (most := _too_long(text)) is not None:
            return Rejected(most, permanent=True)
        key = replies.key_of(comment_id, text, at)
        try:
            record = await replies.answer(self._xrpc, comment_id, text, at)
        except NeedsPerson as person:
            return AuthRequired(person.reason)
        except ChannelError as trouble:  # only read: nothing was sent
            if isinstance(trouble, CallFailed) and trouble.status == 429:
                return Throttled(self._reset(trouble))
            return Rejected(trouble.reason, permanent=False)
        if record is None:
            return Rejected(replies.GONE, permanent=True)
        prepared = Prepared(key, {}, at=at)
        try:
            uri = await replies.put(self._xrpc, key, record)
        except ChannelError as trouble:
            return self._failed(prepared, trouble)
        return Published(uri, self._url(uri)) if uri.startswith("at://") else self._unknown(prepared, "no uri")

    async def find_reply(self, comment_id: str, text: str, since: datetime) -> str | None:
        return await replies.find(self._xrpc, comment_id, text, since)

    async def set_hidden(self, comment_id: str, is_hidden: bool) -> None:
        await replies.set_hidden(self._xrpc, comment_id, is_hidden, self._clock.now())

    # --- making ready, sending ---

    def _is_fresh(self, item: Mapping[str, Any]) -> bool:
        at = item.get("at")
        return at is not None and self._clock.now() - datetime.fromisoformat(at) < STAGED_FOR

    async def _uploaded(self, medium: Mapping[str, Any]) -> Json:
        blob = await self._xrpc.upload(await self._media.read(medium["sha256"]), medium["mime"])
        return {"blob": blob, "at": self._clock.now().isoformat()}

    async def _reply_to(self, uri: str) -> Json:
        """References to the original and to the top of its thread; empty where the original is no longer there."""
        original = await self._record(_key(uri))
        if original is None:
            return {}
        here = {"uri": original["uri"], "cid": original["cid"]}
        return {"root": original["value"].get("reply", {}).get("root", here), "parent": here}

    async def _put(self, prepared: Prepared) -> Json:
        """A server that no longer has an upload has written nothing: it is uploaded again, and asked once more."""
        try:
            return await self._put_once(prepared)
        except CallFailed as failed:
            if failed.error != "BlobNotFound":
                raise
        again = await self.stage(replace(prepared, staged={}))
        return await self._put_once(again if isinstance(again, Prepared) else prepared)

    async def _put_once(self, prepared: Prepared) -> Json:
        body = {"collection": COLLECTION, "rkey": prepared.key, "record": record_of(prepared)}
        return await self._xrpc.call("POST", "com.atproto.repo.putRecord", body)

    def _not_staged(self, trouble: ChannelError) -> NotStaged:
        """Nothing is posted by an upload, so whatever was lost may be asked for again."""
        if not isinstance(trouble, CallFailed) or trouble.status >= 500:
            return Rejected(trouble.reason, permanent=False)
        if trouble.status == 429:
            return Throttled(self._reset(trouble))
        why = Reason(f"Bluesky không nhận ảnh: {trouble.message or trouble.error}", str(trouble))
        return Rejected(why, permanent=True)

    # --- what the platform said, as an outcome ---

    def _failed(self, prepared: Prepared, trouble: ChannelError) -> Outcome:
        match trouble:
            case CallFailed():
                return self._refused(prepared, trouble)
            case NeedsPerson():
                return AuthRequired(trouble.reason)
            case AnswerLost():
                return self._unknown(prepared, str(trouble))
            case _:
                return Rejected(trouble.reason, permanent=False)

    def _refused(self, prepared: Prepared, failed: CallFailed) -> Outcome:
        if failed.status == 429:
            return Throttled(self._reset(failed))
        if failed.status >= 500 or failed.error == "UpstreamFailure":
            return self._unknown(prepared, str(failed))
        if failed.error in ("InvalidSwap", "BlobNotFound"):
            return Rejected(Reason("Máy chủ Bluesky chưa nhận, sẽ thử lại", str(failed)), permanent=False)
        return Rejected(Reason(f"Bluesky không nhận bài: {failed.message}", str(failed)), permanent=True)

    def _unknown(self, prepared: Prepared, why: str) -> Unknown:
        reason = Reason("Không rõ Bluesky đã nhận bài hay chưa, đang kiểm tra lại", why)
        return Unknown(prepared.as_handle(), self._clock.now(), reason)

    def _reset(self, failed: CallFailed) -> datetime:
        now = self._clock.now()
        if failed.reset is not None and re.fullmatch(r"\d{9,11}", failed.reset):
            return max(datetime.fromtimestamp(int(failed.reset), UTC), now + timedelta(seconds=1))
        return now + timedelta(minutes=5)

    def _url(self, uri: str) -> str:
        did, _, key = uri.removeprefix("at://").split("/", 2)
        return f"{self._web}/profile/{did}/post/{key}"

    # --- reading ---

    async def _record(self, key: str) -> Json | None:
        return await replies.record_of(self._xrpc, COLLECTION, key)

    async def _own_records(self, limit: int = 50) -> list[Json]:
        """Newest first, from the repository itself, which is never behind."""
        query = {"collection": COLLECTION, "limit": max(1, min(limit, 100))}
        answer = await self._xrpc.call("GET", "com.atproto.repo.listRecords", query)
        return [r for r in answer.get("records", []) if isinstance(r, dict) and "uri" in r and "value" in r]


def compose(draft: Draft) -> Composed:
    text, notes = _fit(draft)
    payload: Json = {"$type": COLLECTION, "text": text, "langs": [draft.language]}
    if facets := facets_of(text):
        payload["facets"] = facets
    if draft.media:
        payload["media"] = choose_media(draft.media, MEDIA)
    elif draft.link is not None:
        payload["embed"] = _card(draft)
    if draft.corrects is not None:
        payload["corrects"] = draft.corrects.id
        notes = (*notes, "Bluesky không cho sửa bài: đính chính là trả lời dưới bài gốc")
    return Composed(text=text, link=draft.link, payload=payload, notes=notes)


def prepare(payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
    """Only the time of sending is added to what was approved."""
    return Prepared(key=tid(delivery_id), payload={**payload, "createdAt": replies.written(at)}, at=at)


def record_of(prepared: Prepared) -> Json:
    """What is written: the payload, with the platform's own names of what was made ready."""
    own = {"media", "corrects"}
    record = {name: value for name, value in prepared.payload.items() if name not in own}
    if media := prepared.payload.get("media"):
        images = [_image(medium, prepared.staged) for medium in media]
        record["embed"] = {"$type": "app.bsky.embed.images", "images": images}
    if reply := prepared.staged.get("reply"):
        record["reply"] = reply
    return record


def _image(medium: Mapping[str, Any], staged: Mapping[str, Any]) -> Json:
    image: Json = {"alt": medium["alt"], "image": staged[medium["sha256"]]["blob"]}
    if medium.get("width") and medium.get("height"):
        image["aspectRatio"] = {"width": medium["width"], "height": medium["height"]}
    return image


def _fit(draft: Draft) -> tuple[str, tuple[str, ...]]:
    """Title, summary and link within both limits; the link is never cut."""
    title, tail = wording.heading(draft), wording.short_ending(draft)
    room = MAX_GRAPHEMES - measure.graphemes(tail)
    room_bytes = MAX_BYTES - measure.utf8_bytes(tail)
    if room < 20:
        raise NotPostable(Reason("Đường dẫn quá dài cho Bluesky", "the link leaves no room for text"))
    lead = wording.lead(draft)
    whole = f"{title}\n\n{lead}" if lead and lead != title else title
    text = measure.shorten(measure.shorten(whole, room), room_bytes, measure.utf8_bytes)
    notes = () if text == whole else ("Đã rút gọn cho vừa 300 ký tự; đường dẫn được giữ nguyên",)
    return text + tail, notes


def _card(draft: Draft) -> Json:
    about = measure.shorten(draft.summary or draft.body, 200)
    external = {"uri": draft.link, "title": measure.nfc(draft.title), "description": about}
    return {"$type": "app.bsky.embed.external", "external": external}


def _too_long(text: str) -> Reason | None:
    used, size = measure.graphemes(text), measure.utf8_bytes(text)
    if used <= MAX_GRAPHEMES and size <= MAX_BYTES:
        return None
    vi = f"Câu trả lời dài {used} ký tự, Bluesky nhận {MAX_GRAPHEMES}"
    return Reason(vi, f"{used} graphemes, {size} bytes")


def _said(post: Mapping[str, Any], of: str, hidden: Collection[str]) -> Said:
    """An address begins with its writer: it is ours where it begins as our post does."""
    record = post.get("record") or {}
    above = str(((record.get("reply") or {}).get("parent") or {}).get("uri") or "")
    text, at = _text_and_time(record)
    uri = str(post["uri"])
    is_ours = uri.split("/")[2] == of.split("/")[2]
    return Said(uri, of, text, at, above if above and above != of else None, is_ours, uri in hidden)


def _key(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]


def _text_and_time(record: Mapping[str, Any]) -> tuple[str, datetime | None]:
    try:
        at = datetime.fromisoformat(str(record.get("createdAt")))
    except ValueError:
        at = None
    return str(record.get("text", "")), at if at is None or at.tzinfo else None


def _same(record: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    return record.get("text") == payload.get("text") and record.get("createdAt") == payload.get("createdAt")


def _read_counts(post: Mapping[str, Any], as_of: datetime) -> list[Metric]:
    return [Metric(m.name, whole_number(post.get(COUNTERS.get(m.name, ""))), m.definition, as_of) for m in METRICS]

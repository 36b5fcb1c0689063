"""Bluesky (AT Protocol).

The record key is derived from the delivery and written with putRecord, so that sending twice leaves one post.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from services.publish import measure
from services.publish.adapters.atproto import AnswerLost, CallFailed, NeedsPerson, NotConnected, Xrpc
from services.publish.adapters.base import (
    ALWAYS,
    CHANNELS,
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
    Standing,
    StillLive,
    TextRules,
    Throttled,
    Tools,
    Undecidable,
    Unknown,
)
from services.publish.limits import Limit

COLLECTION = "app.bsky.feed.post"
MAX_GRAPHEMES = 300
MAX_BYTES = 3000
AI_LINE = "(Có sử dụng AI)"
TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
METRICS = (
    MetricDefinition("likes", "Bluesky likeCount: số tài khoản đã thích bài, tại thời điểm đọc"),
    MetricDefinition("reposts", "Bluesky repostCount: số tài khoản đã đăng lại, tại thời điểm đọc"),
    MetricDefinition("replies", "Bluesky replyCount: số trả lời, tại thời điểm đọc"),
    MetricDefinition("quotes", "Bluesky quoteCount: số bài trích dẫn, tại thời điểm đọc"),
    MetricDefinition("views", "Bluesky không cung cấp lượt xem", is_offered=False),
)
COUNTERS = {"likes": "likeCount", "reposts": "repostCount", "replies": "replyCount", "quotes": "quoteCount"}


def tid(delivery_id: UUID) -> str:
    """A record key of the protocol's own shape (64 bits, base32-sortable), the same for the same delivery."""
    milliseconds = delivery_id.int >> 80
    entropy = delivery_id.int & ((1 << 62) - 1)
    micros = milliseconds * 1000 + (entropy >> 10) % 1000
    value = (micros & ((1 << 53) - 1)) << 10 | (entropy & 0x3FF)
    return "".join(TID_ALPHABET[(value >> shift) & 31] for shift in range(60, -1, -5))


def link_facets(text: str, shown: str, uri: str) -> list[Json]:
    """The facet of the link, in UTF-8 bytes: Vietnamese letters are two or three bytes long."""
    start = text.rfind(shown)
    begin = len(text[:start].encode())
    feature = {"$type": "app.bsky.richtext.facet#link", "uri": uri}
    index = {"byteStart": begin, "byteEnd": begin + len(shown.encode())}
    return [{"index": index, "features": [feature]}]


@CHANNELS.register("bluesky")
class Bluesky:
    name_vi: ClassVar[str] = "Bluesky"
    needs_secret: ClassVar[tuple[str, ...]] = ("identifier", "password")
    needs_settings: ClassVar[tuple[str, ...]] = ("service",)
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit("points_hour", 5000, timedelta(hours=1), costs={"publish": 3, "delete": 1}),
        Limit("points_day", 35_000, timedelta(days=1), costs={"publish": 3, "delete": 1}),
    )

    def __init__(self, account: Account, tools: Tools) -> None:
        service = str(account.settings.get("service", "https://bsky.social")).rstrip("/")
        self._xrpc = Xrpc(account, tools, service)
        self._clock = tools.clock
        self._web = str(account.settings.get("web", "https://bsky.app")).rstrip("/")

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(graphemes=MAX_GRAPHEMES, utf8_bytes=MAX_BYTES),
            media=MediaRules(),
            repeatable_for=ALWAYS,
            can_edit=False,
            can_delete=True,
            can_list=True,
            metrics=METRICS,
        )

    async def fetch_capabilities(self) -> Json:
        return {}

    async def health(self) -> Health:
        return Health()

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        return prepared

    async def status(self, platform_id: str) -> Standing:
        return Standing(await self._record(platform_id.rsplit("/", 1)[-1]) is not None, self._url(platform_id))

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        records = await self._own_records()
        return [
            OwnPost(str(r["uri"]), self._url(str(r["uri"])), str(r["value"].get("text", "")), None) for r in records
        ]

    def compose(self, draft: Draft) -> Composed:
        return compose(draft)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return prepare(payload, delivery_id, at)

    async def commit(self, prepared: Prepared) -> Outcome:
        body = {"collection": COLLECTION, "rkey": prepared.key, "record": prepared.payload}
        try:
            answer = await self._xrpc.call("POST", "com.atproto.repo.putRecord", body)
        except NotConnected as trouble:
            return Rejected(trouble.reason, permanent=False)
        except AnswerLost as lost:
            return self._unknown(prepared, str(lost))
        except CallFailed as failed:
            return self._refused(prepared, failed)
        except NeedsPerson as person:
            return AuthRequired(person.reason)
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
        key = platform_id.rsplit("/", 1)[-1]
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

    # --- what the platform said, as an outcome ---

    def _refused(self, prepared: Prepared, failed: CallFailed) -> Outcome:
        if failed.status == 429:
            return Throttled(self._reset(failed))
        if failed.status >= 500 or failed.error == "UpstreamFailure":
            return self._unknown(prepared, str(failed))
        if failed.error == "InvalidSwap":
            return Rejected(Reason("Bản ghi vừa đổi, sẽ thử lại", str(failed)), permanent=False)
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
        which = {"collection": COLLECTION, "rkey": key}
        try:
            return await self._xrpc.call("GET", "com.atproto.repo.getRecord", which)
        except CallFailed as failed:
            if failed.error == "RecordNotFound" or "locate record" in failed.message:
                return None
            raise

    async def _own_records(self) -> list[Json]:
        query = {"collection": COLLECTION, "limit": 50}
        answer = await self._xrpc.call("GET", "com.atproto.repo.listRecords", query)
        return [r for r in answer.get("records", []) if isinstance(r, dict) and "uri" in r and "value" in r]


def compose(draft: Draft) -> Composed:
    text, notes = _fit(draft)
    payload: Json = {"$type": COLLECTION, "text": text, "langs": [draft.language]}
    if draft.link is not None:
        payload["facets"] = link_facets(text, draft.link, draft.link)
        payload["embed"] = _card(draft)
    return Composed(text=text, link=draft.link, payload=payload, notes=notes)


def prepare(payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
    """Only the time of sending is added to what was approved."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Prepared(key=tid(delivery_id), payload={**payload, "createdAt": moment}, at=at)


def _fit(draft: Draft) -> tuple[str, tuple[str, ...]]:
    """Title, summary and link within both limits; the link is never cut."""
    title = measure.nfc(draft.title).strip()
    ending = "\n\n".join(part for part in (AI_LINE if draft.ai_label else "", draft.link or "") if part)
    tail = f"\n\n{ending}" if ending else ""
    room = MAX_GRAPHEMES - measure.graphemes(tail)
    room_bytes = MAX_BYTES - measure.utf8_bytes(tail)
    if room < 20:
        raise NotPostable(Reason("Đường dẫn quá dài cho Bluesky", "the link leaves no room for text"))
    lead = measure.nfc(draft.summary or draft.body.split("\n\n", 1)[0]).strip()
    whole = f"{title}\n\n{lead}" if lead and lead != title else title
    text = measure.shorten(whole, room, room_bytes)
    notes = () if text == whole else ("Đã rút gọn cho vừa 300 ký tự; đường dẫn được giữ nguyên",)
    return text + tail, notes


def _card(draft: Draft) -> Json:
    about = measure.shorten(draft.summary or draft.body, 200, 1000)
    external = {"uri": draft.link, "title": measure.nfc(draft.title), "description": about}
    return {"$type": "app.bsky.embed.external", "external": external}


def _same(record: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    return record.get("text") == payload.get("text") and record.get("createdAt") == payload.get("createdAt")


def _read_counts(post: Mapping[str, Any], as_of: datetime) -> list[Metric]:
    def value(name: str) -> int | None:
        got = post.get(COUNTERS.get(name, ""))
        return got if isinstance(got, int) and not isinstance(got, bool) else None

    return [Metric(m.name, value(m.name), m.definition, as_of) for m in METRICS]

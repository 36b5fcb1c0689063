"""Mastodon (REST API of the instance that the account lives on).

A post carries an Idempotency-Key derived from the delivery: for an hour the instance answers a repeat with the same
post. What is certain is read by id; the account's list may be late, and is only used to look for what has no id yet
and for twins. Facts and their sources: docs/channels/mastodon.md.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import httpx

from services.publish import fitting, measure, wording
from services.publish.adapters import mastodon_replies as replies
from services.publish.adapters.base import (
    CHANNELS,
    Account,
    Capabilities,
    ChannelError,
    Composed,
    Draft,
    Found,
    Health,
    Json,
    MediaRules,
    Medium,
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
from services.publish.adapters.mastodon_api import GONE, AnswerLost, Api, NotConnected, Refused
from services.publish.adapters.mastodon_replies import CLOCKS_APART
from services.publish.adapters.mastodon_text import length, plain
from services.publish.adapters.reading import delete_and_read, instant, whole_number
from services.publish.limits import Limit

LEAST = 20
"""Letters that the text has room for at least, or the link is too long."""
KEY_KEPT = timedelta(hours=1)
UPLOAD_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
PROCESSING_LOOKS = (0.5, 1.0, 2.0, 3.0)
"""Seconds between looks at a file being processed; what takes longer is sent at a later try."""
LIST_PAGE = 40
DEFAULTS: Mapping[str, Any] = {
    "max_characters": 500,
    "characters_reserved_per_url": 23,
    "max_media_attachments": 4,
    "description_limit": 1500,
    "image_size_limit": 16_777_216,
    "image_matrix_limit": 33_177_600,
    "video_size_limit": 103_809_024,
    "video_matrix_limit": 8_294_400,
    "supported_mime_types": [
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "video/webm",
        "video/mp4",
        "video/quicktime",
    ],
}
COUNTERS = {
    "likes": "favourites_count",
    "reposts": "reblogs_count",
    "replies": "replies_count",
    "quotes": "quotes_count",
}
METRICS = (
    MetricDefinition("likes", "Mastodon favourites_count: số tài khoản đã thích bài, tại thời điểm đọc"),
    MetricDefinition("reposts", "Mastodon reblogs_count: số tài khoản đã đăng lại, tại thời điểm đọc"),
    MetricDefinition("replies", "Mastodon replies_count: số trả lời, tại thời điểm đọc"),
    MetricDefinition("quotes", "Mastodon quotes_count: số bài trích dẫn, tại thời điểm đọc"),
    MetricDefinition("views", "Mastodon không cung cấp lượt xem", is_offered=False),
)


@CHANNELS.register("mastodon")
class Mastodon:
    name_vi: ClassVar[str] = "Mastodon"
    why_no_hiding: ClassVar[str] = (
        "Mastodon không có cách ẩn một câu trả lời: máy chủ chỉ cho tắt tiếng hoặc chặn cả tài khoản, và thành phố"
        " không làm việc đó. Hãy trả lời; nếu vi phạm pháp luật, báo cáo bài cho người quản trị máy chủ."
    )
    needs_secret: ClassVar[tuple[str, ...]] = ("access_token",)
    needs_settings: ClassVar[tuple[str, ...]] = ("service",)
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit("statuses", 300, timedelta(hours=3), costs={"publish": 1, "reply": 1}),
        Limit("uploads", 30, timedelta(minutes=30), costs={"stage": 1}),
        Limit("deletes", 30, timedelta(minutes=30), costs={"delete": 1}),
        # A post is five requests, and four when it is looked at again; a list may take one page more.
        # An answer is two, and two when it is looked for.
        Limit(
            "requests",
            300,
            timedelta(minutes=5),
            costs={"publish": 10, "stage": 2, "delete": 2, "read": 1, "reply": 4},
        ),
    )

    def __init__(self, account: Account, tools: Tools) -> None:
        service = str(account.settings.get("service", "")).rstrip("/")
        self._api = Api(tools.http, service, str(account.secret.get("access_token", "")))
        self._account, self._tools, self._clock = account, tools, tools.clock
        self._told: Json = {**DEFAULTS, **(account.facts or {})}

    # --- what it can do ---

    def capabilities(self) -> Capabilities:
        told = self._told
        mimes = frozenset(str(mime) for mime in told["supported_mime_types"])
        return Capabilities(
            text=TextRules(graphemes=int(told["max_characters"])),
            media=MediaRules(
                images=int(told["max_media_attachments"]),
                videos=1,
                image_mimes=frozenset(m for m in mimes if m.startswith("image/")),
                video_mimes=frozenset(m for m in mimes if m.startswith("video/")),
                image_size=int(told["image_size_limit"]) - 1,
                video_size=int(told["video_size_limit"]) - 1,
                alt_length=int(told["description_limit"]),
            ),
            repeatable_for=KEY_KEPT,
            can_edit=True,
            can_delete=True,
            can_list=True,
            metrics=METRICS,
            fetched_at=self._account.facts_at,
        )

    async def fetch_capabilities(self) -> Json:
        told = await self._api.call("GET", "v2/instance", is_public=True)
        mine = await self._api.call("GET", "v1/accounts/verify_credentials")
        configuration = told.get("configuration") or {}
        said = {**(configuration.get("statuses") or {}), **(configuration.get("media_attachments") or {})}
        known = {name: said[name] for name in DEFAULTS if type(said.get(name)) is type(DEFAULTS[name])}
        return {**known, "version": str(told.get("version", "")), "account_id": str(mine["id"])}

    async def health(self) -> Health:
        """Tokens do not expire; the owner or the instance withdraws them."""
        try:
            mine = await self._api.call("GET", "v1/accounts/verify_credentials")
        except Refused as refused:
            if refused.needs_person:
                return Health(problem=refused.reconnect().reason)
            raise
        if mine.get("suspended") or mine.get("moved"):
            return Health(Reason("Tài khoản Mastodon đã bị khóa hoặc chuyển đi", "account suspended or moved"))
        return Health()

    # --- from the draft to the request ---

    def compose(self, draft: Draft) -> Composed:
        text, notes = self._fit(draft)
        media = fitting.choose_media([self._small_enough(medium) for medium in draft.media], self.capabilities().media)
        payload: Json = {"status": text, "language": draft.language, "visibility": "public", "media": media}
        if draft.corrects is not None:
            payload["edits"] = draft.corrects.id
        return Composed(text=text, link=draft.link, payload=payload, notes=notes)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(key=f"lantoa-{delivery_id.hex}", payload=payload, at=at)

    def _fit(self, draft: Draft) -> tuple[str, tuple[str, ...]]:
        """Title, summary and link within the instance's limit; the link is never cut."""
        most, per_link = int(self._told["max_characters"]), int(self._told["characters_reserved_per_url"])
        tail, title, lead = wording.short_ending(draft), wording.heading(draft), wording.lead(draft)
        whole = f"{title}\n\n{lead}" if lead and lead != title else title
        if most - length(tail, per_link) < LEAST:
            raise NotPostable(Reason("Đường dẫn quá dài cho Mastodon", "the link leaves no room for text"))
        text = measure.shorten(whole, most, lambda cut: length(cut + tail, per_link))
        notes = () if text == whole else (f"Đã rút gọn cho vừa {most} ký tự; đường dẫn được giữ nguyên",)
        return text + tail, notes

    def _small_enough(self, medium: Medium) -> Medium:
        """Without the files whose area the instance refuses, as long as one is left to say why."""
        most = int(self._told["video_matrix_limit" if medium.is_video else "image_matrix_limit"])
        files = tuple(file for file in medium.files if (file.width or 0) * (file.height or 0) <= most)
        if not files:
            raise NotPostable(Reason(f"“{medium.alt[:60]}” quá nhiều điểm ảnh cho Mastodon", f"over {most} pixels"))
        return replace(medium, files=files)

    # --- uploads: trouble here never leaves a post in doubt ---

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        staged: Json = {}
        try:
            for medium in prepared.payload.get("media", []):
                known = prepared.staged.get(medium["sha256"])
                staged[medium["sha256"]] = await self._uploaded(medium, known and str(known))
        except Refused as refused:
            return self._not_staged(refused)
        except ChannelError as trouble:
            return Rejected(trouble.reason, permanent=False)
        return replace(prepared, staged=staged)

    async def _uploaded(self, medium: Json, known: str | None) -> str:
        """The id of the upload: an earlier one where the instance still keeps it, else a new one."""
        try:
            told = await self._api.call("GET", f"v1/media/{known}") if known else await self._upload(medium)
        except Refused as refused:
            if not known or refused.status != GONE:
                raise
            told = await self._upload(medium)
        upload = str(told["id"])
        if (told.get("description") or "") != medium["alt"]:
            await self._api.call("PUT", f"v1/media/{upload}", json={"description": medium["alt"]})
        for seconds in PROCESSING_LOOKS:
            if told.get("url"):
                break
            await asyncio.sleep(seconds)
            told = await self._api.call("GET", f"v1/media/{upload}")
        return upload

    async def _upload(self, medium: Json) -> Any:
        """Streamed piece by piece: a video is never whole in memory."""
        edge = f"lantoa{medium['sha256'][:32]}"
        head = _form_head(edge, medium)
        foot = f"\r\n--{edge}--\r\n".encode()
        size = len(head) + int(medium["size"]) + len(foot)
        headers = {"Content-Type": f"multipart/form-data; boundary={edge}", "Content-Length": str(size)}

        async def body() -> AsyncIterator[bytes]:
            yield head
            async for piece in self._tools.media.stream(medium["sha256"]):
                yield piece
            yield foot

        return await self._api.call("POST", "v2/media", content=body(), headers=headers, timeout=UPLOAD_TIMEOUT)

    def _not_staged(self, refused: Refused) -> NotStaged:
        if refused.status == 429:
            return Throttled(refused.reset_at(self._clock.now()))
        if refused.needs_person:
            return refused.reconnect()
        why = Reason(f"Mastodon không nhận tệp: {refused.message or refused.status}", str(refused))
        return Rejected(why, permanent=refused.status in (400, 413, 415, 422))

    # --- the post ---

    async def commit(self, prepared: Prepared) -> Outcome:
        media = prepared.payload.get("media", [])
        body = {name: prepared.payload[name] for name in ("status", "language")}
        body["media_ids"] = [prepared.staged[medium["sha256"]] for medium in media]
        try:
            answer = await self._send(prepared, body)
        except NotConnected as trouble:
            return Rejected(trouble.reason, permanent=False)
        except AnswerLost as lost:
            return self._unknown(prepared, str(lost))
        except Refused as refused:
            return await self._refused(prepared, refused)
        post_id = answer.get("id") if isinstance(answer, dict) else None
        if not post_id or "content" not in answer:
            return self._unknown(prepared, "answer without a post")
        return Published(str(post_id), self._url(answer))

    async def _send(self, prepared: Prepared, body: Json) -> Any:
        edits = prepared.payload.get("edits")
        if edits:
            return await self._api.call("PUT", f"v1/statuses/{edits}", json=body)
        new = {**body, "visibility": prepared.payload["visibility"]}
        return await self._api.call("POST", "v1/statuses", json=new, headers={"Idempotency-Key": prepared.key})

    async def _refused(self, prepared: Prepared, refused: Refused) -> Outcome:
        if refused.status == 429:
            return Throttled(refused.reset_at(self._clock.now()))
        if refused.needs_person:
            return refused.reconnect()
        if refused.is_unclear:
            return self._unknown(prepared, str(refused))
        if refused.status == 422 and await self._media_is_late(prepared):
            return Rejected(Reason("Mastodon còn đang xử lý ảnh hay video, sẽ gửi lại", str(refused)), permanent=False)
        if refused.status == GONE:
            gone = "Bài cần đính chính không còn trên Mastodon" if prepared.payload.get("edits") else "Bài đã bị gỡ"
            return Rejected(Reason(gone, str(refused)), permanent=True)
        why = f"Mastodon không nhận bài: {refused.message or refused.status}"
        return Rejected(Reason(why, str(refused)), permanent=True)

    async def _media_is_late(self, prepared: Prepared) -> bool:
        """Whether a file is still processed or has to be uploaded anew; the words of the error are the instance's."""
        for upload in prepared.staged.values():
            try:
                told = await self._api.call("GET", f"v1/media/{upload}")
            except Refused as refused:
                return refused.status != 422
            except ChannelError:
                return True
            if not told.get("url"):
                return True
        return False

    # --- looking ---

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        known = prepared.id or prepared.payload.get("edits")
        try:
            return await self._found(prepared, str(known)) if known else await self._searched(prepared)
        except ChannelError as trouble:
            return Undecidable(trouble.reason)

    async def _found(self, prepared: Prepared, post_id: str) -> Reconciled:
        """Read by id, which is never late; twins as far as the list knows them."""
        post = await self._read(post_id)
        if post is None or (prepared.payload.get("edits") and not await self._shows(post, prepared)):
            return NotFound()
        if not await self._shows(post, prepared):
            return Undecidable(Reason("Bài trên Mastodon khác bản đã duyệt", "the post's text differs"))
        if prepared.payload.get("edits"):
            return Found(post_id, self._url(post), proof=_proof(post))
        same = await self._same(prepared)
        listed = any(str(one["id"]) == post_id for one in same)
        twins = tuple(self._url(one) for one in same if str(one["id"]) != post_id)
        return Found(post_id, self._url(post), twins, proof={**_proof(post), "listed": listed})

    async def _searched(self, prepared: Prepared) -> Reconciled:
        same = await self._same(prepared)
        if not same:
            return NotFound()
        first, *twins = same
        proof = {**_proof(first), "listed": True}
        return Found(str(first["id"]), self._url(first), tuple(self._url(twin) for twin in twins), proof)

    async def _same(self, prepared: Prepared) -> list[Json]:
        """Our own posts with this text since it was first sent, oldest first; a late list may show what is gone."""
        since = (prepared.at or self._clock.now()) - CLOCKS_APART
        recent = [post for post in await self._own(LIST_PAGE) if (instant(post.get("created_at")) or since) >= since]
        alike = [str(post["id"]) for post in recent if await self._shows(post, prepared)]
        same = [post for post_id in alike if (post := await self._read(post_id)) is not None]
        return sorted(same, key=lambda post: (instant(post.get("created_at")) or since, str(post["id"])))

    async def _shows(self, post: Json, prepared: Prepared) -> bool:
        """By the HTML where that is enough, else by the source (a mention's domain is not shown)."""
        wanted, shown = (
            measure.squeezed(str(prepared.payload["status"])),
            measure.squeezed(plain(str(post.get("content", "")))),
        )
        if shown == wanted:
            return True
        if "@" not in wanted:
            return False
        source = await self._api.call("GET", f"v1/statuses/{post['id']}/source")
        return measure.squeezed(str(source.get("text", ""))) == wanted

    async def status(self, platform_id: str) -> Standing:
        post = await self._read(platform_id)
        if post is None:
            return Standing(False, proof={"read": platform_id, "found": False})
        return Standing(True, self._url(post), _proof(post))

    async def delete(self, platform_id: str) -> Removal:
        """The files go with it."""
        asked = self._api.call("DELETE", f"v1/statuses/{platform_id}", params={"delete_media": "true"})

        async def absence() -> Json | None:
            return {"read": platform_id, "found": False} if await self._read(platform_id) is None else None

        return await delete_and_read(asked, absence, self._still_live)

    def _still_live(self, trouble: ChannelError) -> StillLive:
        if not isinstance(trouble, Refused):
            return StillLive(trouble.reason)
        retry = trouble.reset_at(self._clock.now()) if trouble.status == 429 else None
        return StillLive(trouble.reason, retry_at=retry, needs_reconnect=trouble.needs_person)

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        return [
            OwnPost(
                str(post["id"]), self._url(post), plain(str(post.get("content", ""))), instant(post.get("created_at"))
            )
            for post in await self._own(limit)
        ]

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        as_of = self._clock.now()
        posts = {one: await self._read(one) for one in platform_ids}
        return {one: _counts(post, as_of) for one, post in posts.items() if post is not None}

    async def comments(self, platform_id: str) -> list[Said]:
        """Only what anybody may read: answers to us alone are letters, and no comments."""
        post = await self._read(platform_id)
        if post is None:
            return []
        told = await self._api.call("GET", f"v1/statuses/{platform_id}/context")
        below = [one for one in told.get("descendants") or [] if one.get("visibility") in replies.PUBLIC]
        return [replies.comment(one, platform_id, post["account"]["id"]) for one in below]

    async def reply(self, comment_id: str, text: str, at: datetime) -> Outcome:
        return await replies.reply(self._api, self._told, comment_id, text, at, self._clock.now())

    async def find_reply(self, comment_id: str, text: str, since: datetime) -> str | None:
        return await replies.find(self._api, await self._account_id(), comment_id, text, since)

    # --- reading ---

    async def _read(self, post_id: str) -> Json | None:
        """The post, or None where it is gone; readable by anybody, so that a dead token does not hide the truth."""
        try:
            return dict(await self._api.call("GET", f"v1/statuses/{post_id}"))
        except Refused as refused:
            if refused.status == GONE:
                return None
            if not refused.needs_person:
                raise
        try:
            return dict(await self._api.call("GET", f"v1/statuses/{post_id}", is_public=True))
        except Refused as refused:
            if refused.status == GONE:
                return None
            raise

    async def _own(self, limit: int) -> list[Json]:
        """Newest first, whatever order the instance gives; page by page."""
        account = await self._account_id()
        found: dict[str, Json] = {}
        query: Json = {"limit": LIST_PAGE, "exclude_reblogs": "true"}
        while len(found) < limit:
            page = await self._api.call("GET", f"v1/accounts/{account}/statuses", params=query)
            posts = {str(post["id"]): post for post in page if isinstance(post, dict) and "id" in post}
            if not posts.keys() - found.keys():
                break
            found |= posts
            query = {**query, "max_id": min(posts, key=_by_age)}
        newest = sorted(found, key=_by_age, reverse=True)
        return [found[post_id] for post_id in newest[:limit]]

    async def _account_id(self) -> str:
        known = self._told.get("account_id") or self._tools.sessions.get(self._account.channel_id)
        if not isinstance(known, str):
            known = str((await self._api.call("GET", "v1/accounts/verify_credentials"))["id"])
            self._tools.sessions[self._account.channel_id] = known
        return known

    def _url(self, post: Mapping[str, Any]) -> str:
        url = str(post.get("url") or post.get("uri") or "")
        return url if url.startswith(("https://", "http://")) else f"{self._api.service}/statuses/{post.get('id')}"

    def _unknown(self, prepared: Prepared, why: str) -> Unknown:
        reason = Reason("Không rõ Mastodon đã nhận bài hay chưa, đang kiểm tra lại", why)
        return Unknown(prepared.as_handle(), self._clock.now(), reason)


def _form_head(edge: str, medium: Json) -> bytes:
    ending = str(medium["mime"]).partition("/")[2]
    return (
        f'--{edge}\r\nContent-Disposition: form-data; name="description"\r\n\r\n{medium["alt"]}\r\n'
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{medium["sha256"][:16]}.{ending}"\r\n'
        f"Content-Type: {medium['mime']}\r\n\r\n"
    ).encode()


def _by_age(post_id: str) -> tuple[int, str]:
    """Ids are growing numbers in strings."""
    return len(post_id), post_id


def _proof(post: Mapping[str, Any]) -> Json:
    return {"read": str(post["id"]), "created_at": post.get("created_at"), "edited_at": post.get("edited_at")}


def _counts(post: Mapping[str, Any], as_of: datetime) -> list[Metric]:
    return [Metric(m.name, whole_number(post.get(COUNTERS.get(m.name, ""))), m.definition, as_of) for m in METRICS]

"""YouTube (Data API v3): one video of a publication, uploaded private and then made public.

Why in two steps: the last byte of an upload creates the video, so an upload that were public at once would publish in
the longest, most fragile request there is, and a lost answer would leave a post in doubt. A private video is no post.
So `stage` uploads (a cut goes on from the last byte), sees it through processing as far as it comes, and keeps the
video's id; `commit` is one small `videos.update` that sets the approved words and makes it public. That can be repeated
without end and leaves one post, and is found by its id. It costs 50 of the day's 10,000 units beside the one call of
100 of the upload. A video that never becomes public stays in the channel as a private draft that says so, with the
key of its sending: the same sending finds it again and uploads nothing twice. YouTube's own schedule (`publishAt`) is
not used: it would publish what was paused or withdrawn here meanwhile. Facts and sources: docs/channels/youtube.md.

settings: `channel_id` (UC…), `category` ("25"), `tags`, `made_for_kids` (false), `notify_subscribers` (true), `chunk`
(bytes of one upload request, a multiple of 262144), `service`, `oauth`, `web`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from services.publish import measure
from services.publish.adapters import youtube_replies as replies
from services.publish.adapters.base import (
    ALWAYS,
    CHANNELS,
    Accepted,
    Account,
    AuthRequired,
    Capabilities,
    ChannelError,
    Composed,
    Draft,
    Found,
    Health,
    Json,
    Metric,
    MetricDefinition,
    NotFound,
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
from services.publish.adapters.reading import delete_and_read, instant
from services.publish.adapters.youtube_api import NAME, WEB, AnswerLost, Api, Meaning, NotConnected, Refused
from services.publish.adapters.youtube_comments import read_comments
from services.publish.adapters.youtube_drafts import VIDEO, Drafts, Unready, failure_of
from services.publish.adapters.youtube_text import BOTH, RULES, SHORT_ONLY, compose
from services.publish.limits import Limit, Shape

DAY = timedelta(days=1)
LIST_PAGE, LIST_PAGES = 50, 10
COUNTERS = {"views": "viewCount", "likes": "likeCount", "comments": "commentCount"}
METRICS = (
    MetricDefinition("views", "YouTube statistics.viewCount: số lượt xem, tại thời điểm đọc"),
    MetricDefinition("likes", "YouTube statistics.likeCount: số lượt thích, tại thời điểm đọc"),
    MetricDefinition("comments", "YouTube statistics.commentCount: số bình luận, tại thời điểm đọc"),
    MetricDefinition("shares", "YouTube Data API không cung cấp số lượt chia sẻ", is_offered=False),
)
LOCKED = Reason(
    "YouTube giữ video ở chế độ riêng tư: dự án API của Google chưa được kiểm duyệt (audit), nên mọi video tải lên đều"
    " bị khóa riêng tư. Cần gửi yêu cầu kiểm duyệt cho Google, hoặc mở video bằng tay trong YouTube Studio nếu được",
    "the video stays private: the API project was not audited",
)


@CHANNELS.register("youtube")
class Youtube:
    name_vi: ClassVar[str] = "Kênh YouTube"
    needs_secret: ClassVar[tuple[str, ...]] = ("client_id", "client_secret", "refresh_token")
    needs_settings: ClassVar[tuple[str, ...]] = ("channel_id",)
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit("inserts", 100, DAY, Shape.DAY, costs={"stage": 1}),
        # A post is one update and its looks; an upload the search for an earlier one, a thumbnail, looks. Comments are
        # read in two lists; an answer is read about before and after.
        Limit(
            "units",
            10_000,
            DAY,
            Shape.DAY,
            costs={"publish": 60, "stage": 60, "delete": 52, "read": 2, "reply": 53, "hide": 50},
        ),
    )

    def __init__(self, account: Account, tools: Tools) -> None:
        settings = account.settings
        self._account, self._tools, self._clock = account, tools, tools.clock
        self._told: Json = account.facts or {}
        self._web = str(settings.get("web", WEB)).rstrip("/")
        self._api = Api(tools, account)
        self._drafts = Drafts(self._api, tools, settings, self._uploads_playlist)

    # --- what it can do ---

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(utf8_bytes=BOTH),
            media=replace(RULES, video_seconds=self._longest()),
            repeatable_for=ALWAYS,
            can_edit=True,
            can_delete=True,
            can_list=True,
            metrics=METRICS,
            fetched_at=self._account.facts_at,
        )

    def _longest(self) -> float:
        """Seconds of a video, as far as the channel may."""
        allowed = self._told.get("long_uploads", "allowed") == "allowed"
        return float(RULES.video_seconds or 0) if allowed else SHORT_ONLY

    async def fetch_capabilities(self) -> Json:
        channel = await self._channel() or {}
        return {
            "title": str((channel.get("snippet") or {}).get("title", "")),
            "uploads": _uploads_of(channel),
            "long_uploads": str((channel.get("status") or {}).get("longUploadsStatus", "allowed")),
        }

    async def health(self) -> Health:
        """A refresh token ends by itself only while the app's consent screen is in Testing; Google says so then."""
        try:
            channel = await self._channel()
        except Refused as refused:
            if refused.needs_person:
                return Health(problem=_reconnect(refused).reason)
            raise
        ends = instant(self._api.secret.get("refresh_ends_at"))
        wanted = str(self._account.settings.get("channel_id", ""))
        if channel is None:
            return Health(Reason("Tài khoản Google này chưa có kênh YouTube", "the account has no channel"), ends)
        if channel["id"] != wanted:
            why = "Mã truy cập là của một kênh YouTube khác; hãy xem lại settings.channel_id"
            return Health(Reason(why, f"the token is of {channel['id']}"), ends)
        return Health(credentials_end_at=ends)

    async def _channel(self) -> Json | None:
        told = await self._api.get("channels", part="snippet,contentDetails,status", mine="true")
        items = [one for one in told.get("items") or [] if isinstance(one, dict) and one.get("id")]
        return dict(items[0]) if items else None

    async def _uploads_playlist(self) -> str:
        """The playlist of all the channel has uploaded, private ones included."""
        known = self._told.get("uploads") or self._tools.sessions.get(self._account.channel_id)
        if not isinstance(known, str) or not known:
            known = _uploads_of(await self._channel() or {})
            if not known:
                raise AnswerLost("the uploads playlist is not told")
            self._tools.sessions[self._account.channel_id] = known
        return known

    # --- from the draft to the video ---

    def compose(self, draft: Draft) -> Composed:
        tags = [*(self._account.settings.get("tags") or ()), *([draft.unit_name] if draft.unit_name else [])]
        return compose(draft, tags, self._longest())

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        """An edit has its id before it is done: it can be looked for."""
        return Prepared(f"lantoa-{delivery_id.hex}", payload, id=payload.get("edits"), at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        """The private video, whole; `so_far` keeps the upload's session, from which the next try goes on."""
        if prepared.payload.get("edits"):
            return prepared
        ready = dict(prepared.staged)
        try:
            await self._drafts.make(prepared, ready)
        except Unready as unready:
            return Rejected(unready.reason, unready.is_final, replace(prepared, staged=ready))
        except OSError as error:
            return Rejected(Reason("Không đọc được tệp của thư viện", type(error).__name__), permanent=False)
        except ChannelError as trouble:
            return self._unstaged(trouble, replace(prepared, staged=ready))
        return replace(prepared, staged=ready)

    def _unstaged(self, trouble: ChannelError, so_far: Prepared) -> NotStaged:
        if isinstance(trouble, Refused):
            if (until := trouble.until(self._clock.now())) is not None:
                return Throttled(until)
            if trouble.needs_person:
                return _reconnect(trouble)
            return Rejected(trouble.reason, trouble.meaning is Meaning.REFUSED, so_far)
        return Rejected(trouble.reason, permanent=False, so_far=so_far)

    # --- the post ---

    async def commit(self, prepared: Prepared) -> Outcome:
        edited = prepared.payload.get("edits")
        try:
            if edited:
                return await self._edit(prepared, str(edited))
            return self._made_public(prepared, await self._publish(prepared))
        except ChannelError as trouble:
            return self._failed(prepared, trouble)

    async def _publish(self, prepared: Prepared) -> Json:
        """The approved words and the privacy in one request: both or nothing."""
        snippet, status = self._drafts.approved(prepared.payload)
        body = {"id": str(prepared.staged[VIDEO]), "snippet": snippet, "status": {**status, "privacyStatus": "public"}}
        return await self._api.put("videos", body, part="snippet,status")

    def _made_public(self, prepared: Prepared, video: Json) -> Outcome:
        """What the answer says is believed only as far as it goes: it is read back anyway."""
        video_id, status = str(prepared.staged[VIDEO]), video.get("status") or {}
        if status.get("privacyStatus") == "private":
            return Rejected(LOCKED, permanent=True)
        if (why := failure_of(status)) is not None:
            return Rejected(why, permanent=True)
        if status.get("uploadStatus") == "processed":
            return Published(video_id, self._url(video_id))
        return Accepted(replace(prepared, id=video_id).as_handle())

    async def _edit(self, prepared: Prepared, video_id: str) -> Outcome:
        """Every field of a part is replaced: what we do not mean to change is read first and sent along."""
        try:
            video = await self._read(video_id, "snippet,status")
        except AnswerLost as lost:
            raise NotConnected(str(lost)) from None  # only read: nothing was changed
        except Refused as refused:
            if refused.meaning is Meaning.UNCLEAR:
                raise NotConnected(str(refused)) from None
            raise
        if video is None:
            return Rejected(Reason("Video cần đính chính không còn trên YouTube", "gone"), permanent=True)
        snippet, status = self._drafts.corrected(prepared.payload, video)
        body = {"id": video_id, "snippet": snippet, "status": status}
        await self._api.put("videos", body, part="snippet,status")
        return Published(video_id, self._url(video_id))

    def _failed(self, prepared: Prepared, trouble: ChannelError) -> Outcome:
        if isinstance(trouble, NotConnected):
            return Rejected(trouble.reason, permanent=False)
        if isinstance(trouble, Refused) and trouble.meaning is not Meaning.UNCLEAR:
            if (until := trouble.until(self._clock.now())) is not None:
                return Throttled(until)
            if trouble.needs_person:
                return _reconnect(trouble)
            # A staged video that somebody deleted is uploaded again by the next try.
            is_gone = trouble.meaning is Meaning.GONE and not prepared.payload.get("edits")
            return Rejected(trouble.reason, permanent=not is_gone)
        vi = f"Không rõ {NAME} đã công khai video hay chưa, đang kiểm tra lại"
        return Unknown(prepared.as_handle(), self._clock.now(), Reason(vi, trouble.reason.en))

    # --- looking ---

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        known = prepared.id or prepared.staged.get(VIDEO)
        if known is None:
            return Undecidable(Reason("Không còn biết đã gửi gì", "nothing recorded of the sending"), is_final=True)
        try:
            video = await self._read(str(known), "snippet,status")
        except ChannelError as trouble:
            return Undecidable(trouble.reason)
        return NotFound() if video is None else self._judged(prepared, video)

    def _judged(self, prepared: Prepared, video: Json) -> Reconciled:
        """Out means public, playable and with the approved words."""
        status = video.get("status") or {}
        if status.get("privacyStatus") != "public" or failure_of(status) is not None:
            return NotFound()
        if not _says(video, prepared.payload):
            if prepared.payload.get("edits"):
                return NotFound()
            return Undecidable(Reason("Video trên YouTube mang lời khác bản đã duyệt", "the video's words differ"))
        if status.get("uploadStatus") != "processed":
            return Undecidable(Reason("YouTube đang xử lý video, chưa xem được", "the video is being processed"))
        return Found(str(video["id"]), self._url(str(video["id"])), proof=_proof(video))

    async def status(self, platform_id: str) -> Standing:
        video = await self._read(platform_id, "snippet,status")
        if video is None:
            return Standing(False, proof={"read": platform_id, "found": False})
        is_public = (video.get("status") or {}).get("privacyStatus") == "public"
        return Standing(is_public, self._url(platform_id), _proof(video))

    async def delete(self, platform_id: str) -> Removal:
        async def absence() -> Json | None:
            """By the channel's own token, which sees private videos too."""
            gone = await self._read(platform_id, "status") is None
            return {"read": platform_id, "found": False} if gone else None

        return await delete_and_read(self._api.delete("videos", id=platform_id), absence, self._still_live)

    def _still_live(self, trouble: ChannelError) -> StillLive:
        if not isinstance(trouble, Refused):
            return StillLive(trouble.reason)
        retry = trouble.until(self._clock.now())
        return StillLive(trouble.reason, retry_at=retry, needs_reconnect=trouble.needs_person)

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        """Public ones; a private video is no post."""
        found: list[OwnPost] = []
        query = {"playlistId": await self._uploads_playlist(), "maxResults": str(LIST_PAGE)}
        for _ in range(LIST_PAGES):
            page = await self._api.get("playlistItems", part="snippet,status", **query)
            items = [one for one in page.get("items") or [] if isinstance(one, dict)]
            found += [self._own(one) for one in items if (one.get("status") or {}).get("privacyStatus") == "public"]
            if len(found) >= limit or not page.get("nextPageToken"):
                break
            query["pageToken"] = str(page["nextPageToken"])
        return found[:limit]

    def _own(self, item: Json) -> OwnPost:
        snippet = item.get("snippet") or {}
        video_id = str((snippet.get("resourceId") or {}).get("videoId", ""))
        text = f"{snippet.get('title', '')}\n\n{snippet.get('description', '')}".strip()
        return OwnPost(video_id, self._url(video_id), text, instant(snippet.get("publishedAt")))

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        as_of, found = self._clock.now(), dict[str, list[Metric]]()
        for start in range(0, len(platform_ids), LIST_PAGE):
            ids = ",".join(platform_ids[start : start + LIST_PAGE])
            told = await self._api.get("videos", part="statistics", id=ids)
            for video in told.get("items") or []:
                found[str(video["id"])] = _counts(video.get("statistics") or {}, as_of)
        return found

    async def comments(self, platform_id: str) -> list[Said]:
        """YouTube tells of none by itself: they are asked for, a page for a unit of the day's quota."""
        return await read_comments(self._api, self._own_id, platform_id)

    async def reply(self, comment_id: str, text: str, at: datetime) -> Outcome:
        return await replies.reply(self._api, comment_id, text, at, self._clock.now())

    async def find_reply(self, comment_id: str, text: str, since: datetime) -> str | None:
        return await replies.find(self._api, self._own_id, comment_id, text, since)

    async def set_hidden(self, comment_id: str, is_hidden: bool) -> None:
        await replies.set_hidden(self._api, comment_id, is_hidden)

    @property
    def _own_id(self) -> str:
        return str(self._account.settings.get("channel_id", ""))

    async def _read(self, video_id: str, part: str) -> Json | None:
        """None where there is none of that id, by the eyes of its own channel."""
        told = await self._api.get("videos", part=part, id=video_id)
        items = [one for one in told.get("items") or [] if isinstance(one, dict) and one.get("id") == video_id]
        return dict(items[0]) if items else None

    def _url(self, video_id: str) -> str:
        return f"{self._web}/watch?v={video_id}"


def _reconnect(refused: Refused) -> AuthRequired:
    return AuthRequired(Reason(f"Tài khoản {NAME} cần kết nối lại: {refused.reason.vi}", refused.reason.en))


def _uploads_of(channel: Mapping[str, Any]) -> str:
    related = (channel.get("contentDetails") or {}).get("relatedPlaylists") or {}
    return str(related.get("uploads") or "")


def _says(video: Mapping[str, Any], payload: Json) -> bool:
    snippet = video.get("snippet") or {}
    return all(
        measure.squeezed(snippet.get(name)) == measure.squeezed(payload[name]) for name in ("title", "description")
    )


def _proof(video: Mapping[str, Any]) -> Json:
    snippet, status = video.get("snippet") or {}, video.get("status") or {}
    return {
        "read": str(video["id"]),
        "etag": video.get("etag"),
        "published_at": snippet.get("publishedAt"),
        "privacy": status.get("privacyStatus"),
        "upload": status.get("uploadStatus"),
    }


def _counts(told: Mapping[str, Any], as_of: datetime) -> list[Metric]:
    """YouTube writes its numbers as strings; what is not there is not known."""
    values = {name: str(told.get(key, "")) for name, key in COUNTERS.items()}
    return [
        Metric(m.name, int(value) if (value := values.get(m.name, "")).isdecimal() else None, m.definition, as_of)
        for m in METRICS
    ]

"""Facebook Pages (Graph API).

There is no idempotency key, so nothing is ever sent twice: what got no answer is looked for in the page's own list, by
its text or its link and the time. Photos are uploaded unpublished, videos under a handle, reels under their own id;
only then one small request posts. Gone means read again and not there, while the page's list may still be read: the
same error is given where the token may merely not see. Facts and their sources: docs/channels/facebook.md.

settings: `page`, `app_id` (numbers), `service`, `web`, `version` (v26.0), `reels` (true), `hold_at_percent` (90),
`policy_pause_minutes` (60).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from services.publish import measure
from services.publish.adapters import graph, versions
from services.publish.adapters.answering import CommentGone
from services.publish.adapters.base import (
    CHANNELS,
    MOST_COMMENTS,
    Accepted,
    Account,
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
    TextRules,
    Throttled,
    Tools,
    Undecidable,
)
from services.publish.adapters.facebook_text import RULES, TEXT_UNITS, compose
from services.publish.adapters.graph import AnswerLost, Graph, Meaning, NotConnected, Refused
from services.publish.adapters.reading import delete_and_read, instant
from services.publish.limits import Limit

SERVICE, WEB, RUPLOAD = "https://graph.facebook.com", "https://www.facebook.com", "https://rupload.facebook.com"
NAME = "Facebook"
CLOCKS_APART = timedelta(seconds=60)
LISTS_LATE = timedelta(seconds=150)
"""How long after the sending a post that is not in the page's list may still come up there."""
UPLOAD_KEPT = timedelta(hours=20)
"""How long a file that was uploaded is counted on; the platform keeps it about a day."""
UPLOAD_TRIES = 4
LIST_PAGE, LIST_PAGES = 100, 3
NEEDED_SCOPES = ("pages_manage_posts", "pages_read_engagement")
POST_FIELDS = (
    "id,message,created_time,updated_time,permalink_url,is_published,attachments{media_type,url,unshimmed_url,target}"
)
VIDEO_FIELDS = "id,description,created_time,updated_time,permalink_url,status"
COUNTED = "comments.summary(true).limit(0),reactions.summary(true).limit(0)"
METRICS = (
    MetricDefinition("reactions", "Facebook reactions.summary.total_count: số lượt bày tỏ cảm xúc, tại thời điểm đọc"),
    MetricDefinition("comments", "Facebook comments.summary.total_count: số bình luận, tại thời điểm đọc"),
    MetricDefinition("shares", "Facebook shares.count: số lượt chia sẻ, tại thời điểm đọc; video không có"),
    MetricDefinition("views", "Lượt xem cần quyền read_insights, chưa dùng", is_offered=False),
)


@CHANNELS.register("facebook")
class Facebook:
    name_vi: ClassVar[str] = "Trang Facebook"
    needs_secret: ClassVar[tuple[str, ...]] = ("access_token", "app_secret")
    needs_settings: ClassVar[tuple[str, ...]] = ("page", "app_id")
    limits: ClassVar[tuple[Limit, ...]] = (
        # 4800 calls for each engaged user of the page; how many there are only the usage headers show.
        Limit(
            "calls",
            4800,
            timedelta(hours=24),
            costs={"publish": 8, "stage": 4, "delete": 4, "read": 1, "reply": 3, "hide": 1},
        ),
    )

    def __init__(self, account: Account, tools: Tools) -> None:
        settings, secret = account.settings, account.secret
        self._page, self._app = str(settings.get("page", "")), str(settings.get("app_id", ""))
        self._web = str(settings.get("web", WEB)).rstrip("/")
        self._graph = Graph(
            tools,
            account,
            NAME,
            str(settings.get("service", SERVICE)).rstrip("/"),
            str(secret.get("access_token", "")),
            str(secret.get("app_secret", "")),
            str(settings.get("version", graph.VERSION)),
            _number(settings.get("hold_at_percent"), graph.HOLD_AT),
        )
        self._account, self._tools, self._clock = account, tools, tools.clock

    # --- what it can do ---

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(utf16_units=TEXT_UNITS),
            media=RULES,
            repeatable_for=None,
            can_edit=True,
            can_delete=True,
            can_list=True,
            metrics=METRICS,
            fetched_at=self._account.facts_at,
        )

    async def fetch_capabilities(self) -> Json:
        told = await self._graph.get(self._page, fields="id,name,link")
        return {name: str(told[name]) for name in ("id", "name", "link") if name in told}

    async def health(self) -> Health:
        """A page token has no end of its own; the 90 days of data access have, and a person begins them anew."""
        try:
            told = await self._graph.inspect(self._app)
        except Refused as refused:
            if refused.needs_person:
                return Health(problem=graph.reconnect(refused, NAME))
            raise
        problem = self._problem(told)
        version, now = self._graph.version, self._clock.now()
        notice = versions.notice(versions.GRAPH, version, self._account.settings, now)
        return Health(problem, graph.ends_at(told), notice)

    def _problem(self, told: Json) -> Reason | None:
        if told.get("is_valid") is not True:
            error = told.get("error")
            refused = Refused(NAME, {**(error or {}), "code": 190, "error_subcode": (error or {}).get("subcode")}, 400)
            return graph.reconnect(refused, NAME)
        if str(told.get("profile_id") or self._page) != self._page:
            return Reason("Mã truy cập là của một trang Facebook khác", "the token is another page's")
        ends = graph.ends_at(told)
        if ends is not None and ends <= self._clock.now():
            return Reason("Quyền truy cập dữ liệu của trang đã hết hạn, cần cấp lại", "data access expired")
        missing = [scope for scope in NEEDED_SCOPES if scope not in (told.get("scopes") or NEEDED_SCOPES)]
        if missing:
            return Reason(f"Mã truy cập thiếu quyền {', '.join(missing)}", f"missing scopes: {', '.join(missing)}")
        return None

    # --- from the draft to the request ---

    def compose(self, draft: Draft) -> Composed:
        return compose(draft, self._account.settings.get("reels", True) is not False)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        """An edit has its id before it is done: it can be looked for."""
        return Prepared(str(delivery_id), payload, id=payload.get("edits"), at=at)

    # --- uploads: trouble here never leaves a post in doubt ---

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        if (until := self._graph.usage.published_from(self._clock.now())) is not None:
            return Throttled(until)
        staged: Json = {"at": self._clock.now().isoformat()}
        known, kind = self._still_kept(prepared), prepared.payload.get("kind")
        try:
            for medium in prepared.payload.get("media", []):
                before = known.get(medium["sha256"])
                match kind:
                    case "reel":
                        staged[medium["sha256"]] = await self._reel(medium, before)
                    case "video":
                        staged[medium["sha256"]] = before or await self._handle(medium)
                    case _:
                        staged[medium["sha256"]] = await self._photo(medium, before)
        except OSError as error:
            return Rejected(Reason("Không đọc được tệp của thư viện ảnh", type(error).__name__), permanent=False)
        except ChannelError as trouble:
            return graph.unstaged(trouble, self._tools, NAME)
        if prepared.payload.get("media"):
            staged["uploaded"] = prepared.staged.get("uploaded") if known else staged["at"]
        return replace(prepared, staged=staged)

    def _still_kept(self, prepared: Prepared) -> dict[str, str]:
        """What an earlier try uploaded, unless the platform has forgotten it by now."""
        uploaded = prepared.staged.get("uploaded")
        if not uploaded or self._clock.now() - datetime.fromisoformat(str(uploaded)) > UPLOAD_KEPT:
            return {}
        return {name: str(value) for name, value in prepared.staged.items()}

    async def _photo(self, medium: Json, before: str | None) -> str:
        """An unpublished photo; never uploaded again while the platform keeps it."""
        if before is not None and await self._read(before, "id") is not None:
            return before
        values = {"published": "false", "alt_text_custom": str(medium["alt"])}
        return _id(await self._graph.post_file(f"{self._page}/photos", values, medium))

    async def _handle(self, medium: Json) -> str:
        """The handle of an uploaded video. A cut costs only what had not arrived: the platform says how far it got."""
        size, ending = int(medium["size"]), str(medium["mime"]).partition("/")[2]
        name = f"{medium['sha256'][:16]}.{ending}"
        opened = _id(
            await self._graph.post(
                f"{self._app}/uploads", file_name=name, file_length=str(size), file_type=str(medium["mime"])
            )
        )
        offset = 0
        for tried in range(1, UPLOAD_TRIES + 1):
            try:
                told = await self._send_bytes(opened, medium, offset, {"file_offset": str(offset)})
                if told.get("h"):
                    return str(told["h"])
            except (AnswerLost, NotConnected):
                if tried == UPLOAD_TRIES:
                    raise
            offset = _number((await self._graph.get(opened)).get("file_offset"), 0)
        raise AnswerLost(NAME, "the upload came to no end")

    async def _reel(self, medium: Json, before: str | None) -> str:
        """The reel's own id, its bytes uploaded; nothing is posted before `finish`."""
        if before is not None:
            told = await self._read(before, "id,status")
            if told is not None and _phase(told, "uploading_phase") == "complete":
                return before
        started = await self._graph.post(f"{self._page}/video_reels", upload_phase="start")
        video = started.get("video_id")
        if not video:
            raise AnswerLost(NAME, "answer without video_id")
        address = self._own_address(str(started.get("upload_url", "")))
        headers = {"offset": "0", "file_size": str(medium["size"])}
        done = await self._send_bytes(address, medium, 0, headers)
        if done.get("success") is not True:
            raise AnswerLost(NAME, "the reel was not uploaded")
        return str(video)

    async def _send_bytes(self, path: str, medium: Json, start: int, headers: Mapping[str, str]) -> Json:
        told = {**headers, "Content-Length": str(int(medium["size"]) - start), "Content-Type": str(medium["mime"])}
        body = self._tools.media.stream(medium["sha256"], start=start)
        return await self._graph.call("POST", path, content=body, headers=told, scheme="OAuth")

    def _own_address(self, told: str) -> str:
        """The token goes to Meta alone, whatever address an answer names."""
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(told))
        ours = "{0.scheme}://{0.netloc}".format(urlsplit(self._graph.service))
        if origin not in (RUPLOAD, ours):
            raise AnswerLost(NAME, "upload_url is not Meta's")
        return told

    # --- the post ---

    async def commit(self, prepared: Prepared) -> Outcome:
        if (until := self._graph.usage.published_from(self._clock.now())) is not None:
            return Throttled(until)
        try:
            return await self._posted(prepared)
        except ChannelError as trouble:
            return self._failed(prepared, trouble)

    async def _posted(self, prepared: Prepared) -> Outcome:
        payload = prepared.payload
        if payload.get("edits"):
            return await self._edit(prepared, str(payload["edits"]))
        uploads = [str(prepared.staged[medium["sha256"]]) for medium in payload.get("media", [])]
        match payload.get("kind"):
            case "reel":
                return await self._finish_reel(prepared, uploads[0])
            case "video":
                said = {"title": payload["title"], "description": payload["message"]}
                told = await self._graph.post(f"{self._page}/videos", fbuploader_video_file_chunk=uploads[0], **said)
                return Accepted(replace(prepared, id=_id(told)).as_handle())
            case _:
                return await self._feed(payload, uploads)

    async def _feed(self, payload: Json, uploads: Sequence[str]) -> Outcome:
        values: Json = {"message": payload["message"], "fields": "id,permalink_url"}
        if payload.get("link"):
            values["link"] = payload["link"]
        if uploads:
            values["attached_media"] = [{"media_fbid": one} for one in uploads]
        told = await self._graph.post(f"{self._page}/feed", **values)
        return Published(_id(told), self._url(told))

    async def _finish_reel(self, prepared: Prepared, video: str) -> Outcome:
        payload = prepared.payload
        said = {"title": payload["title"], "description": payload["message"], "video_state": "PUBLISHED"}
        told = await self._graph.post(f"{self._page}/video_reels", upload_phase="finish", video_id=video, **said)
        if told.get("success") is not True:
            raise AnswerLost(NAME, "finish without success")
        return Accepted(replace(prepared, id=video).as_handle())

    async def _edit(self, prepared: Prepared, post: str) -> Outcome:
        said = {"description" if _is_video(post) else "message": prepared.payload["message"]}
        told = await self._graph.post(post, **said)
        if told.get("success") is not True:
            raise AnswerLost(NAME, "edit without success")
        read = await self._read(post, VIDEO_FIELDS if _is_video(post) else POST_FIELDS)
        return Published(post, self._url(read or {"id": post}))

    def _failed(self, prepared: Prepared, trouble: ChannelError) -> Outcome:
        if isinstance(trouble, Refused) and trouble.meaning is Meaning.POLICY:
            pause = timedelta(minutes=_number(self._account.settings.get("policy_pause_minutes"), 60))
            self._graph.usage.slowed_until = self._clock.now() + pause
        if isinstance(trouble, Refused) and trouble.meaning is Meaning.GONE and prepared.payload.get("edits"):
            gone = Reason("Bài cần đính chính không còn trên Facebook", trouble.reason.en)
            return Rejected(gone, permanent=True)
        return graph.committed(trouble, prepared, self._tools, NAME)

    # --- looking ---

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        payload = prepared.payload
        if not payload:
            return Undecidable(Reason("Không còn biết đã gửi gì", "nothing recorded of the sending"), is_final=True)
        media = payload.get("media") or []
        reel = prepared.staged.get(media[0]["sha256"]) if media and payload.get("kind") == "reel" else None
        known = prepared.id or payload.get("edits") or reel
        try:
            if known is None:
                return await self._searched(prepared)
            return await (
                self._film(prepared, str(known)) if _is_video(str(known)) else self._post(prepared, str(known))
            )
        except ChannelError as trouble:
            return Undecidable(trouble.reason)

    async def _post(self, prepared: Prepared, post_id: str) -> Reconciled:
        """Read by id, which is never late; twins as far as the list knows them."""
        post = await self._read(post_id, POST_FIELDS)
        if post is None:
            return NotFound()
        if not _says(post, prepared):
            if prepared.payload.get("edits"):
                return NotFound()
            return Undecidable(Reason("Bài trên Facebook khác bản đã duyệt", "the post's text differs"))
        if prepared.payload.get("edits"):
            return Found(post_id, self._url(post), proof=_proof(post))
        same = await self._same(prepared)
        twins = tuple(self._url(one) for one in same if _key(one) != post_id)
        listed = any(_key(one) == post_id for one in same)
        return Found(post_id, self._url(post), twins, {**_proof(post), "listed": listed})

    async def _film(self, prepared: Prepared, video_id: str) -> Reconciled:
        """A video is out when it was processed and published; before that nobody sees it."""
        film = await self._read(video_id, VIDEO_FIELDS)
        if film is None:
            return NotFound()
        if prepared.payload.get("edits"):
            there = measure.squeezed(film.get("description")) == measure.squeezed(prepared.payload["message"])
            return Found(video_id, self._url(film), proof=_proof(film)) if there else NotFound()
        if _has_failed(film):
            why = Reason("Facebook không xử lý được video này; cần người xem trên trang", "video processing failed")
            return Undecidable(why, is_final=True)
        if _phase(film, "processing_phase") == "not_started":
            return self._not_seen(prepared)
        if _phase(film, "publishing_phase") != "complete":
            return Undecidable(Reason("Facebook đang xử lý video, bài chưa hiện", "video is being processed"))
        same = await self._same(prepared)
        twins = tuple(self._url(one) for one in same if _key(one) != video_id)
        listed = any(_key(one) == video_id for one in same)
        return Found(video_id, self._url(film), twins, {**_proof(film), "listed": listed})

    async def _searched(self, prepared: Prepared) -> Reconciled:
        same = await self._same(prepared)
        if not same:
            return self._not_seen(prepared)
        first, *twins = same
        proof = {**_proof(first), "listed": True}
        return Found(_key(first), self._url(first), tuple(self._url(twin) for twin in twins), proof)

    def _not_seen(self, prepared: Prepared) -> Reconciled:
        """Not there, once the page's list cannot be late any more; before that it may still come up."""
        sent = prepared.staged.get("at")
        at = datetime.fromisoformat(str(sent)) if sent else prepared.at
        if at is not None and self._clock.now() - at < LISTS_LATE:
            return Undecidable(Reason("Chưa thấy bài trên trang Facebook, danh sách có thể chậm", "not listed yet"))
        return NotFound()

    async def _same(self, prepared: Prepared) -> list[Json]:
        """Our own posts with this text or link since it was first sent, oldest first, and still there."""
        since = (prepared.at or self._clock.now()) - CLOCKS_APART
        recent = [post for post in await self._own(since) if (instant(post.get("created_time")) or since) >= since]
        alike = [post for post in recent if _says(post, prepared)]
        there = [post for post in alike if await self._read(str(post["id"]), "id") is not None]
        return sorted(there, key=lambda post: (instant(post.get("created_time")) or since, str(post["id"])))

    async def status(self, platform_id: str) -> Standing:
        post = await self._read(platform_id, VIDEO_FIELDS if _is_video(platform_id) else POST_FIELDS)
        if post is None:
            return Standing(False, proof=_absence(platform_id))
        return Standing(True, self._url(post), _proof(post))

    async def delete(self, platform_id: str) -> Removal:
        async def absence() -> Json | None:
            """By a token that may see the page's posts."""
            return _absence(platform_id) if await self._read(platform_id, "id") is None else None

        return await delete_and_read(self._graph.delete(platform_id), absence, graph.still_live)

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        posts = (await self._own(None, limit))[:limit]
        return [
            OwnPost(_key(post), self._url(post), str(post.get("message", "")), instant(post.get("created_time")))
            for post in posts
        ]

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        as_of = self._clock.now()
        read = {one: await self._read(one, COUNTED if _is_video(one) else f"shares,{COUNTED}") for one in platform_ids}
        return {one: _counts(post, _is_video(one), as_of) for one, post in read.items() if post is not None}

    async def comments(self, platform_id: str) -> list[Said]:
        """Without `from`: who wrote them is not asked for."""
        query = {"filter": "stream", "order": "chronological", "fields": "id,message,created_time,parent,is_hidden"}
        found: list[Said] = []
        while len(found) < MOST_COMMENTS:
            page = await self._graph.get(f"{platform_id}/comments", **query, limit="100")
            rows = [one for one in page.get("data") or [] if isinstance(one, dict) and one.get("message")]
            found += [_said(one, platform_id) for one in rows]
            paging = page.get("paging") or {}
            after = (paging.get("cursors") or {}).get("after")
            if not paging.get("next") or not after:
                break
            query = {**query, "after": str(after)}
        return found[:MOST_COMMENTS]

    async def reply(self, comment_id: str, text: str, at: datetime) -> Outcome:
        try:
            return Published(_id(await self._graph.post(f"{comment_id}/comments", message=text)), "")
        except ChannelError as trouble:
            return graph.committed(trouble, Prepared(comment_id, {}, at=at), self._tools, NAME)

    async def find_reply(self, comment_id: str, text: str, since: datetime) -> str | None:
        """Among the answers of the whole thread: one to an answer stands under the first comment."""
        told = await self._read(comment_id, "id,parent")
        if told is None:
            raise ChannelError(Reason("Bình luận không còn trên Facebook", "the comment is gone"))
        thread, wanted = str((told.get("parent") or {}).get("id") or comment_id), measure.squeezed(text)
        alike = [
            one
            for one in await self.comments(thread)
            if measure.squeezed(one.text) == wanted and (one.at or since) >= since - CLOCKS_APART
        ]
        return alike[-1].id if alike else None

    async def set_hidden(self, comment_id: str, is_hidden: bool) -> None:
        try:
            told = await self._graph.post(comment_id, is_hidden=is_hidden)
        except Refused as refused:
            if refused.meaning is Meaning.GONE and await self._read(comment_id, "id") is None:
                raise CommentGone(comment_id) from None
            raise
        if told.get("success") is not True:
            raise AnswerLost(NAME, "hiding without success")

    # --- reading ---

    async def _read(self, object_id: str, fields: str) -> Json | None:
        """The object, or None where it is gone; raises where this token could not see it if it were there."""
        try:
            return await self._graph.get(object_id, fields=fields)
        except Refused as refused:
            if refused.meaning is not Meaning.GONE:
                raise
        await self._graph.get(f"{self._page}/published_posts", fields="id", limit="1")
        return None

    async def _own(self, since: datetime | None, limit: int = LIST_PAGE) -> list[Json]:
        """Newest first, whatever order the platform gives; back to `since`, or as many as the limit."""
        found: dict[str, Json] = {}
        query = {"fields": POST_FIELDS, "limit": str(LIST_PAGE)}
        for _ in range(LIST_PAGES):
            told = await self._graph.get(f"{self._page}/published_posts", **query)
            page = [post for post in told.get("data") or [] if isinstance(post, dict) and "id" in post]
            found |= {str(post["id"]): post for post in page}
            paging = told.get("paging") or {}
            after = (paging.get("cursors") or {}).get("after")
            oldest = min((at for post in page if (at := instant(post.get("created_time"))) is not None), default=None)
            is_enough = len(found) >= limit if since is None else oldest is None or oldest < since
            if not paging.get("next") or not after or is_enough:
                break
            query = {**query, "after": str(after)}
        return sorted(found.values(), key=lambda post: str(post.get("created_time", "")), reverse=True)

    def _url(self, post: Mapping[str, Any]) -> str:
        """Videos' addresses come without a host."""
        told = str(post.get("permalink_url") or f"/{post.get('id', '')}")
        return f"{self._web}{told}" if told.startswith("/") else told


def _id(told: Json) -> str:
    if not told.get("id"):
        raise AnswerLost(NAME, "answer without id")
    return str(told["id"])


def _is_video(object_id: str) -> bool:
    """A post's id is `{page}_{post}`, a video's and a reel's one number."""
    return "_" not in object_id


def _says(post: Mapping[str, Any], prepared: Prepared) -> bool:
    """By the whole text; or by our link and the heading, where the platform changed the rest."""
    payload = prepared.payload
    wanted, shown = measure.squeezed(payload["message"]), measure.squeezed(post.get("message"))
    if shown == wanted:
        return True
    link, heading = str(payload.get("link") or ""), measure.squeezed(str(payload["message"]).split("\n", 1)[0])
    return bool(link) and link in _links(post) and shown.startswith(heading)


def _links(post: Mapping[str, Any]) -> set[str]:
    rows = (post.get("attachments") or {}).get("data") or []
    told = [row.get(name) for row in rows if isinstance(row, dict) for name in ("unshimmed_url", "url")]
    return {str(one) for one in told if one}


def _key(post: Mapping[str, Any]) -> str:
    """What a post is called with us: a video's post by its video, which is what can be edited and deleted."""
    for row in (post.get("attachments") or {}).get("data") or []:
        target = row.get("target") if isinstance(row, dict) else None
        if isinstance(target, dict) and str(row.get("media_type")) == "video" and target.get("id"):
            return str(target["id"])
    return str(post["id"])


def _phase(film: Mapping[str, Any], phase: str) -> str:
    told = (film.get("status") or {}).get(phase) or {}
    return str(told.get("status", ""))


def _has_failed(film: Mapping[str, Any]) -> bool:
    status = film.get("status") or {}
    phases = [_phase(film, f"{name}_phase") for name in ("uploading", "processing", "publishing")]
    return status.get("video_status") in ("error", "expired") or "error" in phases


def _proof(post: Mapping[str, Any]) -> Json:
    return {"read": str(post["id"]), "created_time": post.get("created_time"), "updated_time": post.get("updated_time")}


def _said(comment: Mapping[str, Any], post_id: str) -> Said:
    parent = (comment.get("parent") or {}).get("id")
    at = instant(comment.get("created_time"))
    above = str(parent) if parent else None
    is_hidden = comment.get("is_hidden") is True
    return Said(str(comment["id"]), post_id, str(comment["message"]), at, above, is_hidden=is_hidden)


def _absence(object_id: str) -> Json:
    return {"read": object_id, "found": False, "error": "100/33", "list_readable": True}


def _counts(post: Mapping[str, Any], is_video: bool, as_of: datetime) -> list[Metric]:
    def total(name: str) -> int | None:
        summary = (post.get(name) or {}).get("summary") or {}
        got = summary.get("total_count")
        return got if isinstance(got, int) and not isinstance(got, bool) else None

    shared = (post.get("shares") or {}).get("count", 0)  # left out where nobody shared it
    told = {"reactions": total("reactions"), "comments": total("comments"), "shares": None if is_video else shared}
    return [Metric(m.name, told.get(m.name), m.definition, as_of) for m in METRICS]


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default

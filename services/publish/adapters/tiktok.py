"""TikTok (Content Posting API): a video in chunks, or pictures that TikTok fetches; nothing is edited or deleted by us.

Before every post the creator is asked what they may post. A video is not out before its last chunk, so that only that
one is the post itself: all others are staged and gone on with. Pictures have no such handle: an answer that was lost is
looked for in the list, and never sent again by itself. A post has a public id only after moderation. Taking down is a
person's work in the app; whether it is done is read. Facts and their sources: docs/channels/tiktok.md.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from services.publish.adapters import tiktok_text
from services.publish.adapters.base import (
    CHANNELS,
    Accepted,
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
    Standing,
    StillLive,
    TextRules,
    Throttled,
    Tools,
    Undecidable,
    Unknown,
)
from services.publish.adapters.reading import instant, whole_number
from services.publish.adapters.tiktok_api import Answered, AnswerLost, Api, Meaning, NeedsPerson, NotSent, Refused
from services.publish.adapters.tiktok_status import (
    MAY_PASS,
    Progress,
    State,
    made_at,
    named,
    progress_of,
    proof_of,
    shows,
    words,
)
from services.publish.adapters.tiktok_text import LONGEST, PRIVACIES, SELF_ONLY
from services.publish.adapters.tiktok_upload import Chunks, chunks, pieces
from services.publish.limits import Limit

SERVICE, WEB = "https://open.tiktokapis.com", "https://www.tiktok.com"
POSTS_A_DAY, DRAFTS_A_DAY, STARTED_A_MINUTE = 15, 5, 6
MINUTE, CAPPED = timedelta(minutes=1), timedelta(hours=1)
"""How long to wait: the minute slides; the day's cap names no time, and is asked about again each hour."""
PULLED_WITHIN = timedelta(hours=3)
"""How long the address of a picture is good: TikTok may come for an hour."""
UPLOAD_SERVES, UPLOAD_ENDED = timedelta(minutes=50), timedelta(minutes=65)
"""The address of an upload lives an hour: until when it is gone on with, and from when nothing can come of it."""
SETTLED = timedelta(hours=3)
"""Until when pictures whose answer was lost may still come out: an hour of fetching, and moderation."""
CLOCKS_APART = timedelta(minutes=5)
LAST_TRIES = 3
PAGE, IDS = 20, 20
FIELDS = "id,create_time,title,video_description,share_url"
TASK, URL, MADE_AT, CREATOR = "publish_id", "upload_url", "made_at", "creator"
"""Of what is staged."""
COUNTERS = {"views": "view_count", "likes": "like_count", "comments": "comment_count", "shares": "share_count"}
METRICS = (
    MetricDefinition("views", "TikTok view_count: số lượt xem"),
    MetricDefinition("likes", "TikTok like_count: số lượt thích"),
    MetricDefinition("comments", "TikTok comment_count: số bình luận"),
    MetricDefinition("shares", "TikTok share_count: số lượt chia sẻ"),
)


class _Unready(Exception):
    """Not ready now, or never."""

    def __init__(self, reason: Reason, permanent: bool = False) -> None:
        super().__init__(reason.en)
        self.reason, self.permanent = reason, permanent


def limits_of(posts_a_day: int) -> tuple[Limit, ...]:
    return (
        Limit("posts", posts_a_day, timedelta(hours=24), costs={"publish": 1}),
        Limit("started", STARTED_A_MINUTE, MINUTE, costs={"publish": 1}),
    )


@CHANNELS.register("tiktok")
class Tiktok:
    name_vi: ClassVar[str] = "TikTok"
    needs_secret: ClassVar[tuple[str, ...]] = ("client_secret", "refresh_token")
    needs_settings: ClassVar[tuple[str, ...]] = ("service", "client_key")
    limits: ClassVar[tuple[Limit, ...]] = limits_of(POSTS_A_DAY)

    def __init__(self, account: Account, tools: Tools) -> None:
        settings = account.settings
        self._account, self._tools, self._clock = account, tools, tools.clock
        self._told: Json = account.facts or {}
        self._web = str(settings.get("web") or WEB).rstrip("/")
        self._wishes = tiktok_text.wishes_of(settings)
        service = str(settings.get("service") or SERVICE).rstrip("/")
        self._api = Api(tools, account, service, str(settings.get("client_key", "")))
        most = settings.get("posts_a_day") or (DRAFTS_A_DAY if self._wishes.is_draft else None)
        if isinstance(most, int) and most > 0:
            # The class says what is documented; what this account is held to counts for it alone.
            self.__dict__["limits"] = limits_of(most)

    # --- what it can do ---

    def capabilities(self) -> Capabilities:
        told = whole_number(self._told.get("max_video_post_duration_sec"))
        return Capabilities(
            text=TextRules(utf16_units=tiktok_text.LONGEST_TEXT),
            media=tiktok_text.media_rules(min(LONGEST, told) if told else LONGEST),
            repeatable_for=None,
            can_edit=False,
            can_delete=False,
            can_list=True,
            metrics=METRICS,
            fetched_at=self._account.facts_at,
        )

    async def fetch_capabilities(self) -> Json:
        """As the creator is told now; while a day's cap is used up, what was known before."""
        try:
            told = await self._creator()
        except Refused as refused:
            if refused.meaning is not Meaning.CAPPED:
                raise
            return self._told
        return {**told, "open_id": self._api.secret.get("open_id")}

    async def _creator(self) -> Json:
        return await self._api.post("post/publish/creator_info/query/", {})

    async def health(self) -> Health:
        """And whether posts can be read, without which none is ever seen to be out. The refresh token stays alive by
        it: it is renewed with the access token, many times a day."""
        try:
            await self._creator()
            await self._own(1)
        except NeedsPerson as trouble:
            return Health(problem=trouble.reason)
        except Refused as refused:
            if refused.needs_person or "banned" in refused.code:
                return Health(problem=refused.reason)
            if refused.meaning is not Meaning.CAPPED:
                raise
        return Health(credentials_end_at=instant(self._api.secret.get("refresh_expires_at")))

    # --- from the draft to the post ---

    def compose(self, draft: Draft) -> Composed:
        return tiktok_text.compose(draft, self._wishes, self.capabilities().media)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(key=f"lantoa-{delivery_id.hex}", payload=payload, at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        """What the creator may post is asked each time; a video goes up to its last chunk."""
        ready = dict(prepared.staged)
        try:
            creator = await self._creator()
            _require_allowed(creator, prepared.payload)
            ready[CREATOR] = {what: creator.get(f"{what}_disabled") is True for what in ("comment", "duet", "stitch")}
            if prepared.payload["kind"] == "video":
                await self._upload(prepared.payload, ready)
            else:
                _forget(ready)
        except _Unready as unready:
            return Rejected(unready.reason, unready.permanent, replace(prepared, staged=ready))
        except ChannelError as trouble:
            told = self._not_posted(trouble)
            return replace(told, so_far=replace(prepared, staged=ready)) if isinstance(told, Rejected) else told
        return replace(prepared, staged=ready)

    async def _upload(self, payload: Json, ready: Json) -> None:
        plan, at = _plan(payload), await self._resumed_at(payload, ready)
        while at is not None and at < plan.last:
            answered = await self._put(payload, ready, plan, at)
            after = answered.upto if answered.upto is not None else at + plan.length(at)
            if answered.status not in (206, 416) or after <= at or not plan.length(after):
                if answered.status < 500:
                    _forget(ready)  # the next try begins another: of this one nothing can come out any more
                raise _Unready(_said("không nhận một phần của video, sẽ gửi lại", f"chunk answered {answered.status}"))
            at = after

    async def _resumed_at(self, payload: Json, ready: Json) -> int | None:
        """The byte to go on from; None where TikTok has them all, from an earlier try."""
        if TASK in ready:
            progress = await self._progress(str(ready[TASK]))
            if progress.state is not State.FAILED and progress.state is not State.UPLOADING:
                return None
            plan, at = _plan(payload), progress.uploaded
            age = self._clock.now() - datetime.fromisoformat(str(ready[MADE_AT]))
            if progress.state is State.UPLOADING and (at is None or at == plan.size):
                return None
            if progress.state is State.UPLOADING and age < UPLOAD_SERVES and at is not None and plan.length(at):
                return at
            if progress.state is State.UPLOADING and age < UPLOAD_ENDED:
                vi = "còn giữ lần tải video trước; đợi nó hết hạn rồi tải lại, để không thành hai bài"
                raise _Unready(_said(vi, "the earlier upload may still be finished"))
            _forget(ready)
        ready |= {**await self._started(payload, ready), MADE_AT: self._clock.now().isoformat()}
        return 0

    async def _started(self, payload: Json, ready: Json) -> Json:
        """A new upload. A lost answer costs nothing: without bytes nothing comes out of it."""
        plan = _plan(payload)
        source = {
            "source": "FILE_UPLOAD",
            "video_size": plan.size,
            "chunk_size": plan.chunk,
            "total_chunk_count": plan.count,
        }
        if payload["is_draft"]:
            told = await self._api.post("post/publish/inbox/video/init/", {"source_info": source})
        else:
            info = {
                "title": payload["title"],
                **_video_wishes(payload, ready),
                "brand_content_toggle": False,
                "brand_organic_toggle": payload["brand_organic_toggle"],
                "is_aigc": payload["is_aigc"],
            }
            told = await self._api.post("post/publish/video/init/", {"post_info": info, "source_info": source})
        if not told.get("publish_id") or not told.get("upload_url"):
            raise AnswerLost("no upload in the answer")
        return {TASK: str(told["publish_id"]), URL: str(told["upload_url"])}

    async def _put(self, payload: Json, ready: Json, plan: Chunks, first: int) -> Answered:
        video, count = payload["media"][0], plan.length(first)
        body: AsyncIterator[bytes] = pieces(self._tools.media, video["sha256"], first, count)
        return await self._api.put(str(ready[URL]), body, first, count, plan.size, video["mime"])

    # --- the post ---

    async def commit(self, prepared: Prepared) -> Outcome:
        if prepared.payload["kind"] == "video":
            return await self._finish(prepared)
        payload = prepared.payload
        try:
            told = await self._api.post("post/publish/content/init/", self._photos(payload, prepared.staged))
        except (AnswerLost, Refused) as trouble:
            if isinstance(trouble, AnswerLost) or trouble.meaning is Meaning.UNCLEAR:
                return self._unknown(prepared, trouble.reason.en)
            return self._not_posted(trouble)
        except ChannelError as trouble:
            return self._not_posted(trouble)
        if not told.get("publish_id"):
            return self._unknown(prepared, "answer without a publish_id")
        staged = {**prepared.staged, TASK: str(told["publish_id"])}
        return await self._followed(replace(prepared, staged=staged))

    def _photos(self, payload: Json, staged: Json) -> Json:
        links = [self._tools.media.link(one["sha256"], one["mime"], PULLED_WITHIN) for one in payload["media"]]
        info = {
            "title": payload["title"],
            "description": payload["description"],
            "privacy_level": payload["privacy_level"],
            "disable_comment": _is_off("comment", payload, staged),
            "auto_add_music": False,
            "brand_content_toggle": False,
            "brand_organic_toggle": payload["brand_organic_toggle"],
        }
        return {
            "media_type": "PHOTO",
            "post_mode": "MEDIA_UPLOAD" if payload["is_draft"] else "DIRECT_POST",
            "post_info": info,
            "source_info": {"source": "PULL_FROM_URL", "photo_images": links, "photo_cover_index": 0},
        }

    async def _finish(self, prepared: Prepared) -> Outcome:
        """The last chunk. Its range makes sending it again harmless: TikTok keeps the bytes of one upload, once."""
        payload, staged, is_lost = prepared.payload, prepared.staged, False
        plan = _plan(payload)
        for _ in range(LAST_TRIES):
            try:
                answered = await self._put(payload, staged, plan, plan.last)
                if answered.status < 500:
                    return await self._followed(prepared, is_sent=answered.status == 201)
            except NotSent as trouble:
                if not is_lost:
                    return self._not_posted(trouble)
            except AnswerLost:
                pass
            is_lost = True
            try:
                progress = await self._progress(str(staged[TASK]))
            except ChannelError as trouble:
                return self._unknown(prepared, trouble.reason.en)
            if progress.state is not State.UPLOADING or progress.uploaded == plan.size:
                return await self._followed(prepared)
        return self._unknown(prepared, "the last chunk was not acknowledged")

    async def _followed(self, prepared: Prepared, *, is_sent: bool = True) -> Outcome:
        """A first look at what became of it. `is_sent`: False where TikTok would not have the last chunk."""
        try:
            progress = await self._progress(str(prepared.staged[TASK]))
        except ChannelError as trouble:
            return Accepted(prepared.as_handle()) if is_sent else self._unknown(prepared, trouble.reason.en)
        match progress.state:
            case State.FAILED:
                return Rejected(progress.failure, permanent=progress.reason not in MAY_PASS)
            case State.UPLOADING if not is_sent and _lacks_bytes(progress, prepared.payload):
                return Rejected(_said("không nhận phần cuối của video, sẽ gửi lại", "last chunk refused"), False)
            case State.COMPLETE if progress.posts:
                first, *twins = progress.posts
                return Published(first, await self._address(first), tuple(self._page(one) for one in twins))
            case _:
                return Accepted(prepared.as_handle())

    async def _address(self, post_id: str) -> str:
        try:
            return self._url(await self._read(post_id) or {"id": post_id})
        except ChannelError:
            return self._page(post_id)

    def _not_posted(self, trouble: ChannelError) -> NotStaged:
        """What certainly did nothing."""
        now = self._clock.now()
        match trouble:
            case Refused(meaning=Meaning.THROTTLED):
                return Throttled(now + MINUTE)
            case Refused(meaning=Meaning.CAPPED):
                return Throttled(now + CAPPED)
            case Refused(meaning=Meaning.REFUSED):
                return Rejected(trouble.reason, permanent=True)
            case NeedsPerson() | Refused(meaning=Meaning.PERMISSION | Meaning.TOKEN):
                return AuthRequired(trouble.reason)
            case _:
                return Rejected(trouble.reason, permanent=False)

    def _unknown(self, prepared: Prepared, why: str) -> Unknown:
        vi = "Không rõ TikTok đã nhận bài hay chưa, đang kiểm tra lại"
        return Unknown(prepared.as_handle(), self._clock.now(), Reason(vi, why))

    # --- looking ---

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        task = prepared.staged.get(TASK)
        try:
            if prepared.id:
                return await self._seen(prepared, prepared.id) or NotFound()
            return await (self._followed_up(prepared, str(task)) if task else self._searched(prepared))
        except ChannelError as trouble:
            return Undecidable(trouble.reason)

    async def _seen(self, prepared: Prepared, post_id: str) -> Found | None:
        """Read by its number; twins as far as the list knows them."""
        post = await self._read(post_id)
        if post is None:
            return None
        same = await self._same(prepared)
        twins = tuple(self._url(one) for one in same if one["id"] != post_id)
        return Found(
            post_id, self._url(post), twins, {**proof_of(post), "listed": any(o["id"] == post_id for o in same)}
        )

    async def _followed_up(self, prepared: Prepared, task: str) -> Reconciled:
        progress = await self._progress(task)
        for post_id in progress.posts:
            if (found := await self._seen(prepared, post_id)) is not None:
                return replace(found, proof={**found.proof, "publish_id": task})
        match progress.state:
            case State.FAILED if progress.reason in MAY_PASS:
                return NotFound(may_repeat=True)
            case State.FAILED:
                return Undecidable(progress.failure, is_final=True)
            case State.IN_INBOX:
                vi = "đã nhận bản nháp vào hộp thư; cần người mở ứng dụng TikTok để đăng, rồi báo địa chỉ bài"
                return Undecidable(_said(vi, "a draft in the creator's inbox"), is_final=True)
            case State.UPLOADING if _lacks_bytes(progress, prepared.payload):
                # The last chunk is wanted still: sent again into this upload, it makes this one post.
                return NotFound(may_repeat=True)
            case State.UPLOADING | State.FETCHING | None:
                return Undecidable(_said("đang xử lý, bài chưa hiện", f"state {progress.state}"))
            case State.COMPLETE:
                return await self._complete(prepared, progress)

    async def _complete(self, prepared: Prepared, progress: Progress) -> Reconciled:
        """Out, and not to be seen yet by its number: the list may know it."""
        searched = await self._searched(prepared)
        if isinstance(searched, Found) or (progress.posts and isinstance(searched, NotFound)):
            return searched
        if prepared.payload["privacy_level"] == SELF_ONLY:
            vi = "đã nhận bài ở chế độ chỉ mình tôi nên không cho xem qua ứng dụng; cần người mở TikTok kiểm tra"
            return Undecidable(_said(vi, "complete, and visible to its maker alone"), is_final=True)
        return Undecidable(_said("đã nhận bài và đang kiểm duyệt, chưa hiện công khai", "complete, under moderation"))

    async def _searched(self, prepared: Prepared) -> Reconciled:
        """By its words in the list of own posts, where its number was never heard."""
        same = await self._same(prepared)
        if same:
            first, *twins = same
            return Found(
                first["id"], self._url(first), tuple(map(self._url, twins)), {**proof_of(first), "listed": True}
            )
        if prepared.at is not None and self._clock.now() - prepared.at < SETTLED:
            return Undecidable(_said("chưa hiện bài; có thể còn đang xử lý hay kiểm duyệt", "not listed yet"))
        return NotFound()

    async def _same(self, prepared: Prepared) -> list[Json]:
        """Our own posts with these words since it was first sent, oldest first; a late list may show what is gone."""
        since = (prepared.at or self._clock.now()) - CLOCKS_APART
        alike = [post for post in await self._own(PAGE, since) if shows(post, prepared.payload)]
        standing = [post for one in alike if (post := await self._read(one["id"])) is not None]
        return sorted(standing, key=lambda post: (made_at(post) or since, post["id"]))

    async def _progress(self, task: str) -> Progress:
        return progress_of(await self._api.post("post/publish/status/fetch/", {"publish_id": task}))

    async def _read(self, post_id: str) -> Json | None:
        """The post as everybody sees it; None where nobody does."""
        found = await self._videos([post_id], FIELDS)
        return found.get(post_id)

    async def _videos(self, ids: Sequence[str], fields: str) -> dict[str, Json]:
        told = await self._api.post("video/query/", {"filters": {"video_ids": list(ids)}}, fields=fields)
        return {one["id"]: one for one in named(told.get("videos"))}

    async def _own(self, most: int, since: datetime | None = None) -> list[Json]:
        """Newest first, whatever order the platform gives; page by page."""
        found, query = dict[str, Json](), Json(max_count=min(most, PAGE))
        while len(found) < most:
            told = await self._api.post("video/list/", query, fields=FIELDS)
            page = named(told.get("videos"))
            found |= {one["id"]: one for one in page}
            is_old = since is not None and any((made_at(one) or since) < since for one in page)
            if not told.get("has_more") or is_old:
                break
            query = {**query, "cursor": told.get("cursor")}
        recent = [one for one in found.values() if since is None or (made_at(one) or since) >= since]
        return sorted(recent, key=lambda one: (whole_number(one.get("create_time")) or 0, one["id"]), reverse=True)

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        posts = (await self._own(limit))[:limit]
        return [OwnPost(one["id"], self._url(one), "\n".join(words(one)), made_at(one)) for one in posts]

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        as_of, found = self._clock.now(), dict[str, Json]()
        for first in range(0, len(platform_ids), IDS):
            some = platform_ids[first : first + IDS]
            found |= await self._videos(some, ",".join(("id", *COUNTERS.values())))
        return {
            post_id: [Metric(m.name, whole_number(post.get(COUNTERS[m.name])), m.definition, as_of) for m in METRICS]
            for post_id, post in found.items()
        }

    # --- what stands, and taking it down ---

    async def status(self, platform_id: str) -> Standing:
        """Nothing is told where the account did not let us see its videos."""
        try:
            post = await self._read(platform_id)
        except Refused as refused:
            if refused.meaning is not Meaning.PERMISSION:
                raise
            return Standing(None, self._page(platform_id))
        if post is None:
            return Standing(False, proof={"read": platform_id, "found": False})
        return Standing(True, self._url(post), proof_of(post))

    async def delete(self, platform_id: str) -> Removal:
        """TikTok has no such call: a person does it in the app, and whether it is gone is read."""
        try:
            standing = await self.status(platform_id)
        except NeedsPerson as trouble:
            return StillLive(trouble.reason, needs_reconnect=True)
        except Refused as refused:
            wait = {Meaning.THROTTLED: MINUTE, Meaning.CAPPED: CAPPED}.get(refused.meaning)
            return StillLive(refused.reason, retry_at=self._clock.now() + wait if wait else None)
        except ChannelError as trouble:
            return StillLive(trouble.reason)
        if standing.is_live is False:
            return Deleted(standing.proof)
        vi = f"TikTok không cho ứng dụng gỡ bài: hãy mở {standing.url} bằng tài khoản của kênh, chọn ⋯ → Xóa"
        return StillLive(Reason(vi, "TikTok has no deletion by the API"), needs_person=True)

    def _url(self, post: Mapping[str, Any]) -> str:
        """Without what TikTok counts visitors by."""
        shared = str(post.get("share_url") or "").partition("?")[0]
        return shared if shared.startswith(("https://", "http://")) else self._page(str(post["id"]))

    def _page(self, post_id: str) -> str:
        name = self._told.get("creator_username") or self._account.settings.get("username") or ""
        return f"{self._web}/@{name}/video/{post_id}"


def _said(vi: str, en: str) -> Reason:
    return Reason(f"TikTok {vi}", en)


def _require_allowed(creator: Mapping[str, Any], payload: Json) -> None:
    """What the creator was told they may post; refused before a byte is sent."""
    options, wanted = creator.get("privacy_level_options") or [], payload["privacy_level"]
    if not payload["is_draft"] and wanted not in options:
        offered = ", ".join(PRIVACIES.get(str(one), str(one)) for one in options) or "không có"
        vi = f"không cho tài khoản này đăng cho “{PRIVACIES[wanted]}” xem (được chọn: {offered})"
        raise _Unready(_said(f"{vi}; xem settings.privacy_level", f"{wanted} is not among {options}"), permanent=True)
    longest, length = whole_number(creator.get("max_video_post_duration_sec")), payload["media"][0].get("duration_ms")
    if payload["kind"] == "video" and longest and length and length > longest * 1000:
        vi = f"chỉ cho tài khoản này đăng video dài tối đa {longest} giây, video này dài {length / 1000:.0f} giây"
        raise _Unready(_said(f"{vi}; hãy cắt ngắn rồi đăng lại", f"{length} ms over {longest} s"), permanent=True)


def _plan(payload: Json) -> Chunks:
    return chunks(int(payload["media"][0]["size"]))


def _lacks_bytes(progress: Progress, payload: Json) -> bool:
    """False also where TikTok does not tell how many it has."""
    return progress.uploaded is not None and progress.uploaded < int(payload["media"][0]["size"])


def _forget(ready: Json) -> None:
    for name in (TASK, URL, MADE_AT):
        ready.pop(name, None)


def _is_off(what: str, payload: Json, staged: Json) -> bool:
    """By our own wish, or because the creator has switched it off."""
    return what in payload["disables"] or bool((staged.get(CREATOR) or {}).get(what))


def _video_wishes(payload: Json, ready: Json) -> Json:
    switches = {f"disable_{what}": _is_off(what, payload, ready) for what in ("comment", "duet", "stitch")}
    return {"privacy_level": payload["privacy_level"], **switches}

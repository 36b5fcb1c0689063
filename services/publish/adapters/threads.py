"""Threads (graph.threads.net, v1.0): posts of words, pictures, carousels and videos, and corrections as replies.

Another product than Instagram and Facebook: its own host, token and app secret, no proof of the token, and letters
counted in its own way (measure.threads_units). The steps are containers' (containers.py), never the publishing in one
step that Threads offers for texts: that one has nothing by which a repeat could be told. Facts and their sources:
docs/channels/threads.md.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from services.publish import fitting, measure, wording
from services.publish.adapters import containers, versions
from services.publish.adapters.answering import CommentGone
from services.publish.adapters.base import (
    CHANNELS,
    MOST_COMMENTS,
    Account,
    Capabilities,
    ChannelError,
    Composed,
    Draft,
    Health,
    Json,
    MediaRules,
    Metric,
    MetricDefinition,
    NotPostable,
    NotStaged,
    Outcome,
    OwnPost,
    Prepared,
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
)
from services.publish.adapters.containers import LIST_PAGE, REPLY_TO, Dialect, Flow, Plan
from services.publish.adapters.graph import AnswerLost, Graph, Meaning, Refused, reconnect, unstaged
from services.publish.adapters.long_lived import LongLived
from services.publish.adapters.reading import instant, whole_number
from services.publish.limits import Limit

VERSION, ME = "v1.0", "me"
DIALECT = Dialect(
    name_vi="Threads",
    create="threads",
    publish="threads_publish",
    posts="threads",
    state="status",
    trouble="error_message",
    text="text",
    fields="id,text,media_type,permalink,timestamp",
    lasting=("INVALID_",),
    passing=("could not be fetched",),
    replies="replies",
)
TEXT, KEPT = 500, 20
"""Units of a text, and how many of them are left free: how Vietnamese letters count is nowhere written."""
LINKS, CAROUSEL = 5, 20
ADDRESS = re.compile(r"https?://[^\s<>]+")
PULLED_WITHIN = timedelta(hours=3)
"""How long the address of a file is good: longer than Threads takes to fetch it."""
DAY = timedelta(hours=24)
POSTS_A_DAY, REPLIES_A_DAY, DELETES_A_DAY = 250, 1_000, 100
QUOTA = "quota_usage,config,reply_quota_usage,reply_config,delete_quota_usage,delete_config"
REPLY = "reply"
"""The key of what answers a comment; a delivery's names the delivery."""
ORIGINAL_GONE = Reason("Bài cần đính chính không còn trên Threads", "original is gone")
COMMENT_GONE = Reason("Bình luận không còn trên Threads", "the comment is gone")
HIDDEN = frozenset({"HIDDEN", "COVERED", "BLOCKED", "RESTRICTED"})
METRICS = (
    MetricDefinition("views", "Threads views: số lần bài được xem, tại thời điểm đọc"),
    MetricDefinition("likes", "Threads likes: số lượt thích, tại thời điểm đọc"),
    MetricDefinition("replies", "Threads replies: số trả lời, tại thời điểm đọc"),
    MetricDefinition("reposts", "Threads reposts: số lượt đăng lại, tại thời điểm đọc"),
    MetricDefinition("quotes", "Threads quotes: số lượt trích dẫn, tại thời điểm đọc"),
    MetricDefinition("shares", "Threads shares: số lượt chia sẻ, tại thời điểm đọc"),
)


def limits_of(posts: int, replies: int, deletes: int) -> tuple[Limit, ...]:
    """A correction, which is a reply too, counts with the posts: more careful than Threads counts."""
    return (
        Limit("posts", posts, DAY, costs={"publish": 1}),
        Limit("replies", replies, DAY, costs={"reply": 1}),
        Limit("deletes", deletes, DAY, costs={"delete": 1}),
    )


@CHANNELS.register("threads")
class Threads:
    name_vi: ClassVar[str] = "Threads"
    needs_secret: ClassVar[tuple[str, ...]] = ("access_token",)
    needs_settings: ClassVar[tuple[str, ...]] = ("service", "account_id")
    limits: ClassVar[tuple[Limit, ...]] = limits_of(POSTS_A_DAY, REPLIES_A_DAY, DELETES_A_DAY)

    def __init__(self, account: Account, tools: Tools) -> None:
        settings = account.settings
        self._account, self._tools, self._clock = account, tools, tools.clock
        self._told: Json = account.facts or {}
        self._graph = Graph(
            tools,
            account,
            DIALECT.name_vi,
            str(settings.get("service", "")).rstrip("/"),
            str(account.secret.get("access_token", "")),
            version=str(settings.get("version", VERSION)),
        )
        self._flow = Flow(self._graph, DIALECT, ME)
        self._token = LongLived(self._graph, account, "th_refresh_token")
        posts, replies, deletes = (self._told.get(f"{kind}quota_total") for kind in ("", "reply_", "delete_"))
        # The class says what is documented; what the account was told counts for it alone.
        told = posts or POSTS_A_DAY, replies or REPLIES_A_DAY, deletes or DELETES_A_DAY
        self.__dict__["limits"] = limits_of(*told)

    # --- what it can do ---

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(graphemes=TEXT),
            media=MediaRules(
                images=CAROUSEL,
                videos=CAROUSEL,
                image_mimes=frozenset({"image/jpeg", "image/png"}),
                video_mimes=frozenset({"video/mp4", "video/quicktime"}),
                image_size=8_000_000,
                video_size=1_000_000_000,
                video_seconds=300.0,
                image_ratio=10.0,
                alt_length=1_000,
                may_mix=True,
            ),
            repeatable_for=containers.REPEATABLE_FOR,
            can_edit=False,
            can_delete=True,
            can_list=True,
            metrics=METRICS,
            fetched_at=self._account.facts_at,
        )

    async def fetch_capabilities(self) -> Json:
        me = await self._graph.get(ME, fields="id,username")
        told = {"username": str(me.get("username", "")), **await self._quota()}
        return {**told, "token": self._token.seen()}

    async def _quota(self) -> dict[str, int]:
        """Of the last 24 hours, as far as it was told: used and allowed posts, replies and deletions."""
        told = await self._graph.get(f"{ME}/threads_publishing_limit", fields=QUOTA)
        first = next((one for one in told.get("data") or [] if isinstance(one, dict)), {})
        found: dict[str, int] = {}
        for kind in ("", "reply_", "delete_"):
            used = whole_number(first.get(f"{kind}quota_usage"))
            total = whole_number((first.get(f"{kind}config") or {}).get("quota_total"))
            found |= {f"{kind}quota_usage": used} if used is not None else {}
            found |= {f"{kind}quota_total": total} if total is not None else {}
        return found

    async def health(self) -> Health:
        """And renews the token in time: it lives 60 days, and needs a person only where that never worked."""
        try:
            me = await self._graph.get(ME, fields="id,username")
        except Refused as refused:
            if refused.needs_person:
                return Health(problem=reconnect(refused, DIALECT.name_vi))
            raise
        if str(me.get("id")) != str(self._account.settings.get("account_id")):
            why = "Mã truy cập là của một tài khoản Threads khác; hãy xem lại settings.account_id"
            return Health(problem=Reason(why, "the token is another account's"))
        secret = await self._token.renewed()
        notice = versions.notice(versions.THREADS, self._graph.version, self._account.settings, self._clock.now())
        return Health(credentials_end_at=self._token.ends_at(secret), notice=notice)

    # --- from the draft to the post ---

    def compose(self, draft: Draft) -> Composed:
        if len(draft.media) > CAROUSEL:
            vi = f"Threads nhận tối đa {CAROUSEL} ảnh và video, tin này có {len(draft.media)}; hãy bỏ bớt"
            raise NotPostable(Reason(vi, f"{len(draft.media)} media, at most {CAROUSEL}"))
        media = fitting.choose_media(draft.media, self.capabilities().media)
        text, notes = _text(draft)
        payload: Json = {"text": text, "media": media}
        if draft.link and not media:
            payload["link"] = draft.link
        if draft.corrects is not None:
            payload[REPLY_TO] = draft.corrects.id
        return Composed(text=text, link=draft.link, payload=payload, notes=notes)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(key=f"lantoa-{delivery_id.hex}", payload=payload, at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        """What it answers has to stand: nobody would see it below a post that is gone."""
        above = prepared.payload.get(REPLY_TO)
        try:
            if above and containers.POST not in prepared.staged and await self._flow.read(str(above)) is None:
                return Rejected(ORIGINAL_GONE if prepared.key != REPLY else COMMENT_GONE, permanent=True)
        except ChannelError as trouble:
            return unstaged(trouble, self._tools, DIALECT.name_vi)
        return await self._flow.stage(prepared, self._plan(prepared.payload))

    def _plan(self, payload: Json) -> Plan:
        """The address of the card goes with words alone: with media there is no card."""
        said: Json = {"text": payload["text"]}
        if REPLY_TO in payload:
            said["reply_to_id"] = payload[REPLY_TO]
        media = payload["media"]
        if not media:
            card = {"link_attachment": payload["link"]} if payload.get("link") else {}
            return Plan({"media_type": "TEXT", **said, **card})
        if len(media) == 1:
            return Plan({**self._file(media[0]), **said}, single=media[0]["sha256"])
        children = tuple((one["sha256"], {**self._file(one), "is_carousel_item": True}) for one in media)
        return Plan({"media_type": "CAROUSEL", **said}, children)

    def _file(self, medium: Json) -> Json:
        link = self._tools.media.link(medium["sha256"], medium["mime"], PULLED_WITHIN)
        is_video = medium["mime"].startswith("video/")
        told = {"media_type": "VIDEO", "video_url": link} if is_video else {"media_type": "IMAGE", "image_url": link}
        return {**told, **({"alt_text": medium["alt"]} if medium["alt"] else {})}

    # --- the steps, as containers do them ---

    async def commit(self, prepared: Prepared) -> Outcome:
        """How a used up day is refused is nowhere written: after a final no the quota is asked."""
        outcome = await self._flow.commit(prepared)
        if isinstance(outcome, Rejected) and outcome.permanent and await self._is_used_up(prepared):
            return Throttled(self._clock.now() + containers.FULL)
        return outcome

    async def _is_used_up(self, prepared: Prepared) -> bool:
        kind = "reply_" if REPLY_TO in prepared.payload else ""
        return await self._has_reached(kind)

    async def _has_reached(self, kind: str) -> bool:
        """False where it is not told."""
        try:
            told = await self._quota()
        except ChannelError:
            return False
        used, total = told.get(f"{kind}quota_usage"), told.get(f"{kind}quota_total")
        return used is not None and total is not None and used >= total

    async def reconcile(self, handle: Json) -> Reconciled:
        return await self._flow.reconcile(handle)

    async def status(self, platform_id: str) -> Standing:
        return await self._flow.status(platform_id)

    async def delete(self, platform_id: str) -> Removal:
        """The day has only so many deletions; where they are used up, it is tried again when some are free."""
        removal = await self._flow.delete(platform_id)
        is_open = isinstance(removal, StillLive) and not removal.needs_reconnect and removal.retry_at is None
        if is_open and await self._has_reached("delete_"):
            why = "Threads đã hết hạn mức gỡ bài trong 24 giờ; sẽ thử lại, hoặc gỡ tay trong ứng dụng"
            return StillLive(Reason(why, "delete quota used up"), retry_at=self._clock.now() + containers.FULL)
        return removal

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        return await self._flow.list_posts(limit)

    async def comments(self, platform_id: str) -> list[Said]:
        """The whole tree below a post. Without `username`: who wrote is not asked for."""
        fields = "id,text,timestamp,replied_to,is_reply_owned_by_me,hide_status"
        query, found = {"fields": fields, "limit": str(LIST_PAGE)}, list[Said]()
        async for rows in containers.pages(self._graph, f"{platform_id}/conversation", query):
            found += [_said(one, platform_id) for one in rows if one.get("text")]
            if len(found) >= MOST_COMMENTS:
                break
        return found[:MOST_COMMENTS]

    async def reply(self, comment_id: str, text: str, at: datetime) -> Outcome:
        """A container too; one that was made and not published is invisible, so only the publishing can be in doubt."""
        payload: Json = {"text": text, "media": [], REPLY_TO: comment_id}
        staged = await self.stage(Prepared(REPLY, payload, at=at))
        return await self.commit(staged) if isinstance(staged, Prepared) else staged

    async def find_reply(self, comment_id: str, text: str, since: datetime) -> str | None:
        """The newest of our own straight below the comment."""
        if await self._flow.read(comment_id) is None:
            raise ChannelError(COMMENT_GONE)
        same = await self._flow.same(Prepared(REPLY, {"text": text, REPLY_TO: comment_id}, at=since))
        return str(same[-1]["id"]) if same else None

    async def set_hidden(self, comment_id: str, is_hidden: bool) -> None:
        """Only what stands straight below a post of ours; what answers it goes and comes with it."""
        try:
            told = await self._graph.post(f"{comment_id}/manage_reply", hide=is_hidden)
        except Refused as refused:
            if refused.meaning is Meaning.GONE and await self._flow.read(comment_id) is None:
                raise CommentGone(comment_id) from None
            raise
        if told.get("success") is not True:
            raise AnswerLost(DIALECT.name_vi, "hiding without success")

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        return await self._flow.metrics(platform_ids, METRICS)


def _said(reply: Mapping[str, Any], post_id: str) -> Said:
    above = str((reply.get("replied_to") or {}).get("id") or post_id)
    return Said(
        str(reply["id"]),
        post_id,
        str(reply["text"]),
        instant(reply.get("timestamp")),
        above if above != post_id else None,
        is_ours=reply.get("is_reply_owned_by_me") is True,
        is_hidden=reply.get("hide_status") in HIDDEN,
    )


def _text(draft: Draft) -> tuple[str, tuple[str, ...]]:
    """Heading, summary and link. The link is in the words too: it is what a post of ours is known by."""
    ending = measure.nfc(wording.short_ending(draft))
    whole = measure.nfc(wording.joined(wording.heading(draft), wording.plain(wording.lead(draft))))
    text = containers.fitted(whole, TEXT - KEPT - measure.threads_units(ending), measure.threads_units)
    if text is None:
        raise NotPostable(Reason("Đường dẫn quá dài cho một bài Threads", "the link leaves no room for text"))
    found = set(ADDRESS.findall(text + ending))
    if len(found) > LINKS:
        vi = f"Threads nhận tối đa {LINKS} đường dẫn, tin này có {len(found)}; hãy bỏ bớt"
        raise NotPostable(Reason(vi, f"{len(found)} links, at most {LINKS}"))
    notes = (f"Đã rút gọn cho vừa {TEXT} ký tự; đường dẫn được giữ nguyên",) if text != whole else ()
    return text + ending, notes

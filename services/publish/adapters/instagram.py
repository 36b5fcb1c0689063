"""Instagram (API with Instagram Login, graph.instagram.com): photos, carousels and reels of a professional account.

A post is a container that Instagram fetches our media into; the container is what keeps a repeat from being a second
post (containers.py). A caption cannot be edited: a correction is a new post that says so. Nothing goes out without a
picture or a video. Facts and their sources: docs/channels/instagram.md.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from services.publish import fitting, markup, measure, wording
from services.publish.adapters import containers, instagram_comments, versions
from services.publish.adapters.base import (
    CHANNELS,
    Account,
    Capabilities,
    Composed,
    Draft,
    Health,
    Json,
    MediaRules,
    Medium,
    Metric,
    MetricDefinition,
    NotPostable,
    NotStaged,
    Outcome,
    OwnPost,
    Prepared,
    Reason,
    Reconciled,
    Removal,
    Said,
    Standing,
    TextRules,
    Tools,
)
from services.publish.adapters.containers import Dialect, Flow, Plan
from services.publish.adapters.graph import VERSION, Graph, Meaning, Refused, reconnect
from services.publish.adapters.long_lived import LongLived
from services.publish.adapters.reading import whole_number
from services.publish.limits import Limit

DIALECT = Dialect(
    name_vi="Instagram",
    create="media",
    publish="media_publish",
    posts="media",
    state="status_code",
    trouble="status",
    text="caption",
    fields="id,caption,media_type,media_product_type,permalink,timestamp",
    lasting=("2207004", "2207005", "2207009", "2207023", "2207026"),
)
CAPTION, HASHTAGS, MENTIONS = 2_200, 30, 20
CAROUSEL = 10
NARROWEST, WIDEST = 4 / 5, 1.91
"""Width over height of a picture."""
REEL = timedelta(seconds=3), timedelta(minutes=15)
PULLED_WITHIN = timedelta(hours=3)
"""How long the address of a file is good: longer than Instagram takes to fetch it."""
POSTS_A_DAY, CONTAINERS_A_DAY = 50, 400
METRICS = (
    MetricDefinition("views", "Instagram views: số lần bài được xem hay phát, trễ tới 48 giờ"),
    MetricDefinition("reach", "Instagram reach: số tài khoản đã thấy bài (ước lượng), trễ tới 48 giờ"),
    MetricDefinition("likes", "Instagram likes: số lượt thích, trễ tới 48 giờ"),
    MetricDefinition("comments", "Instagram comments: số bình luận, trễ tới 48 giờ"),
    MetricDefinition("saved", "Instagram saved: số lượt lưu, trễ tới 48 giờ"),
    MetricDefinition("shares", "Instagram shares: số lượt chia sẻ, trễ tới 48 giờ"),
)
NO_MEDIA = Reason(
    "Instagram không nhận tin chỉ có chữ; hãy thêm ít nhất một ảnh (tỉ lệ 4:5 đến 1,91:1) hoặc một video, hoặc bỏ kênh"
    " Instagram ở tin này",
    "no media: Instagram takes no text alone",
)
REPLIES_AN_HOUR = 60
"""Of our own: how often Instagram lets an account answer before it takes it for spam is nowhere written."""
HASHTAG, MENTION = re.compile(r"(?<![\w#])#\w+"), re.compile(r"(?<![\w@])@[\w.]+")


def posts_limit(points: int) -> Limit:
    return Limit("posts", points, timedelta(hours=24), costs={"publish": 1})


def replies_limit(points: int) -> Limit:
    return Limit("replies", points, timedelta(hours=1), costs={"reply": 1})


CONTAINERS = Limit("containers", CONTAINERS_A_DAY, timedelta(hours=24), costs={"stage": 1, "publish": 1})


@CHANNELS.register("instagram")
class Instagram:
    name_vi: ClassVar[str] = "Instagram"
    needs_secret: ClassVar[tuple[str, ...]] = ("access_token",)
    needs_settings: ClassVar[tuple[str, ...]] = ("service", "account_id")
    limits: ClassVar[tuple[Limit, ...]] = (posts_limit(POSTS_A_DAY), CONTAINERS, replies_limit(REPLIES_AN_HOUR))

    def __init__(self, account: Account, tools: Tools) -> None:
        settings = account.settings
        self._account, self._tools, self._clock = account, tools, tools.clock
        self._owner = str(settings.get("account_id", ""))
        self._told: Json = account.facts or {}
        self._graph = Graph(
            tools,
            account,
            DIALECT.name_vi,
            str(settings.get("service", "")).rstrip("/"),
            str(account.secret.get("access_token", "")),
            version=str(settings.get("version", VERSION)),
        )
        self._flow = Flow(self._graph, DIALECT, self._owner)
        self._token = LongLived(self._graph, account, "ig_refresh_token")
        quota = settings.get("posts_a_day") or self._told.get("quota_total")
        posts, replies = _points(quota, POSTS_A_DAY), _points(settings.get("replies_an_hour"), REPLIES_AN_HOUR)
        # The class says what is documented; what the account was told counts for it alone.
        self.__dict__["limits"] = (posts_limit(posts), CONTAINERS, replies_limit(replies))

    # --- what it can do ---

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(utf16_units=CAPTION),
            media=MediaRules(
                images=CAROUSEL,
                videos=CAROUSEL,
                image_mimes=frozenset({"image/jpeg"}),
                video_mimes=frozenset({"video/mp4", "video/quicktime"}),
                image_size=8 * 1024 * 1024,
                video_size=300_000_000,
                video_seconds=REEL[1].total_seconds(),
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
        me = await self._graph.get(self._owner, fields="id,username")
        used, total = await self._quota()
        told: Json = {"username": str(me.get("username", "")), "quota_usage": used, "quota_total": total}
        return {**{name: value for name, value in told.items() if value is not None}, "token": self._token.seen()}

    async def _quota(self) -> tuple[int | None, int | None]:
        """Posts of the last 24 hours, and how many there may be; None where it was not told."""
        told = await self._graph.get(f"{self._owner}/content_publishing_limit", fields="quota_usage,config")
        first = next((one for one in told.get("data") or [] if isinstance(one, dict)), {})
        config = first.get("config") or {}
        return whole_number(first.get("quota_usage")), whole_number(config.get("quota_total"))

    async def health(self) -> Health:
        """And renews the token in time: it lives 60 days, and needs a person only where that never worked."""
        try:
            await self._graph.get(self._owner, fields="id,username")
        except Refused as refused:
            if refused.needs_person:
                return Health(problem=reconnect(refused, DIALECT.name_vi))
            if refused.meaning is Meaning.GONE:
                why = "Mã truy cập không phải của tài khoản Instagram này; hãy xem lại settings.account_id"
                return Health(problem=Reason(why, str(refused)))
            raise
        secret = await self._token.renewed()
        notice = versions.notice(versions.GRAPH, self._graph.version, self._account.settings, self._clock.now())
        return Health(credentials_end_at=self._token.ends_at(secret), notice=notice)

    # --- from the draft to the post ---

    def compose(self, draft: Draft) -> Composed:
        if not draft.media:
            raise NotPostable(NO_MEDIA)
        if len(draft.media) > CAROUSEL:
            raise NotPostable(
                Reason(
                    f"Instagram nhận tối đa {CAROUSEL} ảnh và video, tin này có {len(draft.media)}; hãy bỏ bớt",
                    f"{len(draft.media)} media, at most {CAROUSEL}",
                )
            )
        media = fitting.choose_media([_of_good_shape(medium) for medium in draft.media], self.capabilities().media)
        caption, notes = _caption(draft)
        payload: Json = {"caption": caption, "media": media}
        if draft.corrects is not None:
            payload["corrects"] = draft.corrects.id
        return Composed(text=caption, link=draft.link, payload=payload, notes=notes)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(key=f"lantoa-{delivery_id.hex}", payload=payload, at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        return await self._flow.stage(prepared, self._plan(prepared.payload))

    def _plan(self, payload: Json) -> Plan:
        caption, media = payload["caption"], payload["media"]
        if len(media) == 1:
            return Plan({**self._file(media[0], is_alone=True), "caption": caption}, single=media[0]["sha256"])
        children = tuple(
            (one["sha256"], {**self._file(one, is_alone=False), "is_carousel_item": True}) for one in media
        )
        return Plan({"media_type": "CAROUSEL", "caption": caption}, children)

    def _file(self, medium: Json, *, is_alone: bool) -> Json:
        """Reels and videos take no alternative text."""
        link = self._tools.media.link(medium["sha256"], medium["mime"], PULLED_WITHIN)
        if medium["mime"].startswith("video/"):
            return {"media_type": "REELS" if is_alone else "VIDEO", "video_url": link}
        return {"image_url": link, **({"alt_text": medium["alt"]} if medium["alt"] else {})}

    # --- the steps, as containers do them ---

    async def commit(self, prepared: Prepared) -> Outcome:
        return await self._flow.commit(prepared)

    async def reconcile(self, handle: Json) -> Reconciled:
        return await self._flow.reconcile(handle)

    async def status(self, platform_id: str) -> Standing:
        return await self._flow.status(platform_id)

    async def delete(self, platform_id: str) -> Removal:
        return await self._flow.delete(platform_id)

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        return await self._flow.list_posts(limit)

    async def comments(self, platform_id: str) -> list[Said]:
        return await instagram_comments.read(self._graph, platform_id)

    async def reply(self, comment_id: str, text: str, at: datetime) -> Outcome:
        return await instagram_comments.reply(self._graph, comment_id, text, at)

    async def find_reply(self, comment_id: str, text: str, since: datetime) -> str | None:
        return await instagram_comments.find_reply(self._graph, self._owner, comment_id, text, since)

    async def set_hidden(self, comment_id: str, is_hidden: bool) -> None:
        await instagram_comments.set_hidden(self._graph, self._owner, comment_id, is_hidden)

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        return await self._flow.metrics(platform_ids, METRICS)


def _points(told: object, documented: int) -> int:
    return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else documented


def _of_good_shape(medium: Medium) -> Medium:
    """Without the pictures of another shape, as long as one is left."""
    if medium.is_video:
        if medium.duration_ms is not None and timedelta(milliseconds=medium.duration_ms) < REEL[0]:
            raise NotPostable(Reason("Instagram chỉ nhận video từ 3 giây trở lên", "video under 3 s"))
        return medium
    good = tuple(file for file in medium.files if _has_good_shape(file.width, file.height))
    if not good:
        first = medium.files[0]
        vi = f"Instagram chỉ nhận ảnh có tỉ lệ từ 4:5 đến 1,91:1; hãy cắt lại “{medium.alt[:60]}”"
        raise NotPostable(Reason(f"{vi} ({first.width} × {first.height})", "aspect ratio outside 4:5 to 1.91:1"))
    return replace(medium, files=good)


def _has_good_shape(width: int | None, height: int | None) -> bool:
    if not width or not height:
        return True
    # A pixel less than the exact ratio is what rounding leaves of it.
    return NARROWEST * height - 1 <= width <= WIDEST * height + 1


def _caption(draft: Draft) -> tuple[str, tuple[str, ...]]:
    """Title, text and link; the link is never cut, and nobody can press it on Instagram."""
    tail = measure.nfc(wording.short_ending(draft))
    parts = (wording.heading(draft), draft.summary or "", markup.to_text(draft.body).strip())
    whole = "\n\n".join(dict.fromkeys(measure.nfc(part).strip() for part in parts if part.strip()))
    text = containers.fitted(whole, CAPTION - measure.utf16_units(tail), measure.utf16_units)
    if text is None:
        raise NotPostable(Reason("Đường dẫn quá dài cho chú thích Instagram", "the link leaves no room for text"))
    _require_few(text + tail)
    notes = ["Đường dẫn trong chú thích Instagram không bấm được; người đọc phải chép"] if draft.link else []
    if text != whole:
        notes.append(f"Đã rút gọn cho vừa {CAPTION} ký tự; đường dẫn được giữ nguyên")
    return text + tail, tuple(notes)


def _require_few(text: str) -> None:
    for marks, most, vi in ((HASHTAG, HASHTAGS, "thẻ #"), (MENTION, MENTIONS, "tên @")):
        found = len(marks.findall(text))
        if found > most:
            raise NotPostable(
                Reason(f"Instagram nhận tối đa {most} {vi}, tin này có {found}; hãy bỏ bớt", f"{found} over {most}")
            )

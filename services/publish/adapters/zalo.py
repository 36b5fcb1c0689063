"""Zalo Official Account: an article, made hidden while its pictures are fetched, and then shown; where the channel says
so, also sent to the followers.

`stage` makes the hidden article, which nobody but the account's managers sees; `commit` shows it, which can be repeated
without end and leaves one article. A broadcast is another thing: it has no handle, cannot be looked up and cannot be
recalled. So a channel with `broadcast` never repeats a commit by itself; where the answer was lost a person looks in
the account's console; and where Zalo refuses the broadcast the article is hidden again, so that nothing is half done.
Facts and their sources: docs/channels/zalo.md.

settings: `app_id`, `broadcast` (false), `target` (object; {} is all followers), `author`, `answer_hours` (168),
`service`, `oauth`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from services.publish import measure, wording
from services.publish.adapters import zalo_messages as messages
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
from services.publish.adapters.reading import delete_and_read, instant, whole_number
from services.publish.adapters.zalo_api import SLOWER, AnswerLost, Api, Meaning, NeedsPerson, Refused
from services.publish.fitting import choose_media
from services.publish.limits import Limit

TITLE, DESCRIPTION, AUTHOR = 150, 300, 50
PULLED_WITHIN = timedelta(hours=24)
MEDIA = MediaRules(images=20, image_mimes=frozenset({"image/jpeg", "image/png"}), image_size=1_000_000)
METRICS = (
    MetricDefinition("views", "Zalo total_view: số lượt xem bài viết, tại thời điểm đọc"),
    MetricDefinition("shares", "Zalo total_share: số lượt chia sẻ bài viết, tại thời điểm đọc"),
    MetricDefinition("comments", "Zalo không cho ứng dụng đọc bình luận của bài viết", is_offered=False),
)
COUNTERS = {"views": "total_view", "shares": "total_share"}
COSTS = {"publish": 8, "stage": 4, "delete": 4, "read": 1, "reply": 4}
SLICE, PAGES = 10, 5
ARTICLE, TOKEN, BEGUN, REFUSED = "article", "token", "begun", "refused"
"""Of what is staged: the hidden article's id, the token of the task that makes it, its begin; why none was sent on."""
LOOKS = (1.0, 4.0)
"""Seconds between looks at a task: pictures take some; what takes longer is looked at by a later try."""
SENT = ":"
"""Between the article's and the broadcast's id in the id of a post that was sent to followers."""
CLOCKS_APART = timedelta(minutes=2)
CONSOLE = Reason(
    "Bài viết đã hiện trên OA, nhưng không biết tin gửi người quan tâm đã đi hay chưa: hãy xem mục gửi tin trong trang"
    " quản trị OA rồi báo lại, đừng gửi lần nữa khi chưa xem",
    "the article is shown; whether the broadcast went out cannot be read",
)
UNRECALLABLE = Reason(
    "Bài viết đã gỡ, nhưng tin đã gửi tới người quan tâm thì Zalo không thu hồi được; hãy gửi tin đính chính hoặc báo"
    " đã xử lý",
    "a broadcast cannot be recalled",
)


class _Unready(Exception):
    """The hidden article is not there yet, or will never be."""

    def __init__(self, reason: Reason, permanent: bool = False) -> None:
        super().__init__(reason.en)
        self.reason, self.permanent = reason, permanent


@CHANNELS.register("zalo")
class Zalo:
    name_vi: ClassVar[str] = "Zalo Official Account"
    why_no_hiding: ClassVar[str] = (
        "Tin nhắn gửi OA không ai khác đọc được nên không có gì để ẩn; bình luận dưới bài viết thì Zalo không cho ứng"
        " dụng đọc hay ẩn, hãy làm trong trang quản trị OA."
    )
    needs_secret: ClassVar[tuple[str, ...]] = ("app_secret", "refresh_token")
    needs_settings: ClassVar[tuple[str, ...]] = ("app_id",)
    limits: ClassVar[tuple[Limit, ...]] = (
        # How many calls a minute Zalo takes is not told; ours stays well under what integrators report.
        Limit("calls_minute", 100, timedelta(minutes=1), costs=COSTS),
    )

    def __init__(self, account: Account, tools: Tools) -> None:
        self._account, self._tools, self._clock = account, tools, tools.clock
        self._api = Api(tools, account)
        self._broadcasts = account.settings.get("broadcast") is True
        self._told: Json = account.facts or {}

    # --- what it can do ---

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(),
            media=MEDIA,
            repeatable_for=None if self._broadcasts else ALWAYS,
            can_edit=True,
            can_delete=True,
            can_list=True,
            metrics=METRICS,
            fetched_at=self._account.facts_at,
        )

    async def fetch_capabilities(self) -> Json:
        told = await self._api.get("v2.0/oa/getoa")
        names = ("oaid", "name", "is_verified", "package_name", "package_valid_through_date")
        return {name: told[name] for name in names if name in told}

    async def health(self) -> Health:
        """And keeps the refresh token alive: it is renewed with the access token, once a day."""
        try:
            await self._api.get("v2.0/oa/getoa")
        except NeedsPerson as trouble:
            return Health(problem=trouble.reason)
        except Refused as refused:
            if refused.meaning is Meaning.PERSON:
                return Health(problem=refused.reason)
            raise
        return Health()

    # --- from the draft to the article ---

    def compose(self, draft: Draft) -> Composed:
        media = choose_media(draft.media, MEDIA)
        corrects = draft.corrects.id if draft.corrects else None
        if not media and corrects is None:
            raise NotPostable(Reason("Bài viết Zalo cần ít nhất một ảnh làm ảnh bìa; hãy thêm ảnh", "no cover"))
        heading = wording.heading(draft)
        lead, author = wording.lead(draft) or heading, self._account.settings.get("author") or draft.unit_name
        payload: Json = {
            "title": measure.shorten(heading, TITLE),
            "author": measure.shorten(str(author or "Ban biên tập"), AUTHOR),
            "description": measure.shorten(lead, DESCRIPTION),
            "paragraphs": _paragraphs(draft),
            "media": media,
        }
        notes = [] if payload["title"] == heading else [f"Tiêu đề đã rút gọn cho vừa {TITLE} ký tự"]
        if corrects is not None:
            payload["edits"] = corrects
            notes.append("Sửa ngay trên bài viết cũ")
        if self._broadcasts:
            payload["broadcast"] = dict(self._account.settings.get("target") or {})
            notes.append("Gửi tới người quan tâm của OA: tính vào hạn mức tháng của gói, không thu hồi được")
        text = wording.joined(payload["title"], *payload["paragraphs"])
        return Composed(text, draft.link, payload, tuple(notes))

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(f"lantoa-{delivery_id.hex}", payload, at=at)

    def _body(self, payload: Json, status: str) -> Json:
        links = [self._tools.media.link(one["sha256"], one["mime"], PULLED_WITHIN) for one in payload["media"]]
        told: Json = {
            "type": "normal",
            **{name: payload[name] for name in ("title", "author", "description")},
            "body": [{"type": "text", "content": one} for one in payload["paragraphs"]],
            "status": status,
            "comment": "show",
        }
        if links:
            told["cover"] = {"cover_type": "photo", "photo_url": links[0], "status": "show"}
            pictures = zip(links, payload["media"], strict=True)
            told["body"] += [{"type": "image", "url": link, "caption": one["alt"]} for link, one in pictures]
        return told

    async def _shown(self, article: str, payload: Json) -> Json:
        """The whole article, shown: every field is replaced. An edit without a picture keeps the cover there is."""
        body = {"id": article, **self._body(payload, "show")}
        if "cover" not in body:
            body["cover"] = (await self._read(article) or {}).get("cover")
        return body

    # --- the hidden article ---

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        if prepared.payload.get("edits"):
            return prepared
        ready = dict(prepared.staged)
        try:
            await self._make(prepared.payload, ready)
        except _Unready as unready:
            return Rejected(unready.reason, unready.permanent, replace(prepared, staged=ready))
        except ChannelError as trouble:
            told = self._not_done(trouble)
            return replace(told, so_far=replace(prepared, staged=ready)) if isinstance(told, Rejected) else told
        return replace(prepared, staged=ready)

    async def _make(self, payload: Json, ready: Json) -> None:
        if ARTICLE in ready and await self._read(str(ready[ARTICLE])) is not None:
            return
        if ARTICLE in ready:
            ready.clear()  # somebody removed it in the console
        if TOKEN not in ready and BEGUN in ready:
            # An answer was lost: the article may lie there hidden, and another would be a draft for nothing.
            earlier = await self._alike(payload["title"], instant(ready[BEGUN]), "hide")
            if earlier:
                ready[ARTICLE] = earlier[0]
                return
        if TOKEN not in ready:
            ready[BEGUN] = ready.get(BEGUN) or self._clock.now().isoformat()
            ready[TOKEN] = _token_of(await self._api.post("v2.0/article/create", self._body(payload, "hide")))
        try:
            ready[ARTICLE] = await self._verified(str(ready[TOKEN]))
        except Refused:
            ready.pop(TOKEN)  # the next try makes another
            raise

    async def _verified(self, token: str) -> str:
        """The id of the article that a task made or changed; raises _Unready while Zalo fetches its pictures."""
        for wait in (*LOOKS, None):
            try:
                told = await self._api.post("v2.0/article/verify", {"token": token})
                if not told.get("id"):
                    raise AnswerLost("no id in the answer")
                return str(told["id"])
            except Refused as refused:
                if refused.meaning is not Meaning.PROCESSING:
                    raise
            if wait is not None:
                await asyncio.sleep(wait)
        raise _Unready(Reason("Zalo đang xử lý ảnh của bài viết, sẽ xem lại", "still processing"))

    def _not_done(self, trouble: ChannelError) -> NotStaged:
        if isinstance(trouble, NeedsPerson):
            return AuthRequired(trouble.reason)
        if isinstance(trouble, Refused):
            if trouble.meaning is Meaning.THROTTLED:
                return Throttled(self._clock.now() + SLOWER)
            if trouble.meaning is Meaning.TOKEN:
                return AuthRequired(trouble.reason)
            return Rejected(trouble.reason, permanent=trouble.meaning is not Meaning.PROCESSING)
        return Rejected(trouble.reason, permanent=False)

    # --- showing it, and sending it on ---

    async def commit(self, prepared: Prepared) -> Outcome:
        article = _article_of(str(prepared.payload.get("edits") or prepared.staged[ARTICLE]))
        try:
            body = await self._shown(article, prepared.payload)
        except ChannelError as trouble:  # only read: nothing was changed
            return self._not_done(trouble)
        try:
            await self._verified(_token_of(await self._api.post("v2.0/article/update", body)))
        except _Unready as unready:
            if self._broadcasts:
                return Unknown(prepared.as_handle(), self._clock.now(), unready.reason)
            return Accepted(replace(prepared, id=article).as_handle())
        except AnswerLost as lost:
            return self._unclear(prepared, lost)
        except Refused as refused:
            if refused.is_gone and not prepared.payload.get("edits"):
                return Rejected(refused.reason, permanent=False)  # the next try makes it anew
            return self._not_done(refused)
        except ChannelError as trouble:
            return self._not_done(trouble)
        if "broadcast" not in prepared.payload:
            return Published(article, "")
        return await self._sent(prepared, article)

    async def _sent(self, prepared: Prepared, article: str) -> Outcome:
        """Once: what is not known to have been refused may be on its way to every follower."""
        element = {"media_type": "article", "attachment_id": article}
        payload = {"template_type": "media", "elements": [element]}
        body = {
            "recipient": {"target": prepared.payload["broadcast"]},
            "message": {"attachment": {"type": "template", "payload": payload}},
        }
        try:
            told = await self._api.post("v2.0/oa/message", body)
        except AnswerLost as lost:
            return self._unclear(prepared, lost)
        except ChannelError as trouble:
            return await self._taken_back(prepared, article, trouble)
        if not told.get("message_id"):
            return self._unclear(prepared, AnswerLost("no message_id in the answer"))
        message = str(told["message_id"])
        # A correction stands in the article that it edits, and shares its id where that was sent to followers too.
        edited = str(prepared.payload.get("edits") or "")
        post = edited if SENT in edited else f"{article}{SENT}{message}"
        return Published(post, "", proof={"broadcast": message})

    async def _taken_back(self, prepared: Prepared, article: str, why: ChannelError) -> Outcome:
        """The broadcast was refused: the article is hidden again, or it would stand there as half of what was approved.
        An article that stood before stays, with its correction: a person is told what was not sent."""
        if prepared.payload.get("edits"):
            told = replace(prepared, staged={**prepared.staged, REFUSED: why.reason.vi})
            return Unknown(told.as_handle(), self._clock.now(), why.reason)
        try:
            body = {"id": article, **self._body(prepared.payload, "hide")}
            await self._verified(_token_of(await self._api.post("v2.0/article/update", body)))
            shown = await self._read(article)
        except (ChannelError, _Unready):
            return Unknown(prepared.as_handle(), self._clock.now(), why.reason)
        if shown is not None and shown.get("status") != "hide":
            return Unknown(prepared.as_handle(), self._clock.now(), why.reason)
        return self._not_done(why)

    def _unclear(self, prepared: Prepared, lost: AnswerLost) -> Unknown:
        vi = "Không rõ Zalo đã hiện bài viết hay chưa, đang kiểm tra lại"
        return Unknown(prepared.as_handle(), self._clock.now(), Reason(vi, lost.reason.en))

    # --- looking ---

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        known = prepared.id or prepared.payload.get("edits") or prepared.staged.get(ARTICLE)
        if known is None:
            return Undecidable(Reason("Không còn biết đã gửi gì", "nothing recorded of the sending"), is_final=True)
        try:
            return await self._seen(prepared, str(known))
        except ChannelError as trouble:
            return Undecidable(trouble.reason)

    async def _seen(self, prepared: Prepared, known: str) -> Reconciled:
        article = await self._read(_article_of(known))
        if article is None or article.get("status") != "show" or not _says(article, prepared.payload):
            return NotFound()
        if "broadcast" in prepared.payload and prepared.id is None:  # an id is given once the broadcast was answered
            refused = prepared.staged.get(REFUSED)
            told = Reason(
                f"Bài viết đã được sửa, nhưng tin gửi người quan tâm không đi: {refused}", "broadcast refused"
            )
            return Undecidable(told if refused else CONSOLE, is_final=True)
        since = prepared.at - CLOCKS_APART if prepared.at else None
        alike = await self._alike(prepared.payload["title"], since, "show")
        twins = () if prepared.payload.get("edits") else tuple(one for one in alike if one != _article_of(known))
        return Found(known, _url(article), twins, _proof(article))

    async def status(self, platform_id: str) -> Standing:
        article = await self._read(_article_of(platform_id))
        if article is None:
            return Standing(False, proof={"read": _article_of(platform_id), "found": False})
        return Standing(article.get("status") == "show", _url(article), _proof(article))

    async def delete(self, platform_id: str) -> Removal:
        article = _article_of(platform_id)

        async def absence() -> Json | None:
            return {"read": article, "found": False} if await self._read(article) is None else None

        asked = self._api.post("v2.0/article/remove", {"id": article})
        removed = await delete_and_read(asked, absence, self._still_live)
        if SENT in platform_id and not isinstance(removed, StillLive):
            return StillLive(UNRECALLABLE, needs_person=True)
        return removed

    def _still_live(self, trouble: ChannelError) -> StillLive:
        if isinstance(trouble, Refused) and trouble.meaning is Meaning.THROTTLED:
            return StillLive(trouble.reason, retry_at=self._clock.now() + SLOWER)
        return StillLive(trouble.reason, needs_reconnect=isinstance(trouble, NeedsPerson))

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        shown = [one async for one in self._own() if one.get("status") == "show"]
        return [OwnPost(str(one["id"]), _url(one), str(one.get("title", "")), _made(one)) for one in shown[:limit]]

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        as_of, found = self._clock.now(), dict[str, list[Metric]]()
        for platform_id in platform_ids:
            article = await self._read(_article_of(platform_id))
            if article is not None:
                values = {name: whole_number(article.get(key)) for name, key in COUNTERS.items()}
                found[platform_id] = [Metric(m.name, values.get(m.name), m.definition, as_of) for m in METRICS]
        return found

    # --- messages to the account ---

    async def reply(self, comment_id: str, text: str, at: datetime) -> Outcome:
        outcome = await messages.reply(self._api, comment_id, text, at, self._clock.now())
        return self._not_done(outcome) if isinstance(outcome, ChannelError) else outcome

    async def find_reply(self, comment_id: str, text: str, since: datetime) -> str | None:
        return await messages.find(self._api, comment_id, text, since)

    # --- reading ---

    async def _read(self, article: str) -> Json | None:
        """None where there is none of that id."""
        try:
            told = await self._api.get("v2.0/article/getdetail", id=article)
        except Refused as refused:
            if refused.is_gone:
                return None
            raise
        return told

    async def _own(self, since: datetime | None = None) -> AsyncIterator[Json]:
        """Newest first, some pages of them; `since`: none after a page of older ones (within a page any order)."""
        for page in range(PAGES):
            query = {"offset": str(page * SLICE), "limit": str(SLICE), "type": "normal"}
            told = await self._api.get("v2.0/article/getslice", **query)
            rows = [one for one in told.get("medias") or [] if isinstance(one, dict) and one.get("id")]
            for row in rows:
                yield row
            if len(rows) < SLICE or (since is not None and all(_is_older(row, since) for row in rows)):
                return

    async def _alike(self, title: str, since: datetime | None, status: str) -> list[str]:
        """Ids of articles of this title, made since, oldest first; of those made long before nothing is asked."""
        found: list[tuple[datetime, str]] = []
        async for one in self._own(since):
            if since is not None and _is_older(one, since):
                continue
            made = _made(one)
            if one.get("status") == status and measure.squeezed(one.get("title")) == measure.squeezed(title):
                found.append((made or self._clock.now(), str(one["id"])))
        return [article for _, article in sorted(found)]


def _paragraphs(draft: Draft) -> list[str]:
    parts = [*wording.plain(draft.body).split("\n\n"), *wording.full_ending(draft).split("\n\n")]
    return [part.strip() for part in parts if part.strip()] or [wording.heading(draft)]


def _article_of(platform_id: str) -> str:
    return platform_id.partition(SENT)[0]


def _token_of(told: Json) -> str:
    if not told.get("token"):
        raise AnswerLost("no token in the answer")
    return str(told["token"])


def _says(article: Mapping[str, Any], payload: Json) -> bool:
    """The title and every paragraph, as they were approved."""
    body = [one for one in article.get("body") or [] if isinstance(one, dict) and one.get("type") == "text"]
    shown = [measure.squeezed(article.get("title")), *(measure.squeezed(one.get("content")) for one in body)]
    return shown == [measure.squeezed(payload["title"]), *map(measure.squeezed, payload["paragraphs"])]


def _made(article: Mapping[str, Any]) -> datetime | None:
    """Milliseconds, by what integrators show."""
    at = whole_number(article.get("create_date"))
    return datetime.fromtimestamp(at / 1000, UTC) if at else None


def _is_older(article: Mapping[str, Any], since: datetime) -> bool:
    made = _made(article)
    return made is not None and made < since


def _url(article: Mapping[str, Any]) -> str:
    return str(article.get("link_view") or "")


def _proof(article: Mapping[str, Any]) -> Json:
    return {name: article.get(name) for name in ("id", "status", "create_date", "update_date", "link_view")}

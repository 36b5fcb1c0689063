"""How Instagram and Threads publish: a container is made, the platform fetches our media into it, and it is published.

The container is the natural key of a sending: published once, it is not published again. So an unclear answer is
settled by its state, a repeat takes the same container, and a new one is made only where the old one certainly ended
(24 hours) and no post of ours shows its words.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.publish import measure
from services.publish.adapters.base import (
    ChannelError,
    Found,
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
    Throttled,
    Undecidable,
    Unknown,
)
from services.publish.adapters.graph import Graph, Meaning, Refused, committed, still_live, unstaged
from services.publish.adapters.reading import delete_and_read, instant, whole_number

CONTAINERS_LIVE = timedelta(hours=24)
REPLY_TO = "reply_to"
"""In a payload: the post that it answers."""
REPEATABLE_FOR = timedelta(hours=23)
"""A container is made shortly before it is first published, and lives for a day."""
LOOKS = (1.0, 3.0, 6.0)
"""Seconds between looks at a container in progress; what takes longer is staged on at a later try."""
CLOCKS_APART = timedelta(minutes=5)
LIST_PAGE = 50
FULL = timedelta(hours=1)
"""How long to wait where the day's posts are used up: the window rolls, and says no time."""
LIMIT_REACHED, TOO_EARLY = frozenset({2207042}), frozenset({2207027, 4279009})
MAY_PASS = frozenset({2207001, 2207003, 2207006, 2207008, 2207020, 2207032, 2207052, 2207053})
"""Errors of fetching and of the platform itself: another container may do."""
LEAST = 20
"""Units that a text cut to fit has at least, or it is not worth sending."""
SERVER = frozenset({2207001, 2207032, 2207053})
POST, OF, MADE_AT = "post", "of", "made_at"
"""Of what is staged: the container to publish, the payload it was made from, and since when; the others are files."""


class State(StrEnum):
    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"
    PUBLISHED = "PUBLISHED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class Dialect:
    """What the two call things. `fields`: of a post of ours, its text among them."""

    name_vi: str
    create: str
    publish: str
    posts: str
    state: str
    trouble: str
    text: str
    fields: str
    lasting: tuple[str, ...]
    """Words in the trouble of a container that tell of the file: another container would end the same."""
    passing: tuple[str, ...] = ()
    """Words of a refusal that may pass, where no number tells: another container may do."""
    replies: str | None = None
    """The list below a post, where replies stand and not among our posts; newest first."""


@dataclass(frozen=True)
class Plan:
    """The containers of a post: of each file of a carousel by its SHA-256, and of the post. `single`: the file that
    the post's own container holds."""

    post: Json
    children: tuple[tuple[str, Json], ...] = ()
    single: str | None = None


class _Unready(Exception):
    """Not ready now: in progress, or ended in an error."""

    def __init__(self, reason: Reason, permanent: bool = False) -> None:
        super().__init__(reason.en)
        self.reason, self.permanent = reason, permanent


@dataclass(frozen=True)
class Flow:
    """The steps of one account. `owner`: whose posts they are, by the platform's number or `me`."""

    graph: Graph
    dialect: Dialect
    owner: str

    # --- making ready: no post is ever in doubt by it ---

    async def stage(self, prepared: Prepared, plan: Plan) -> Prepared | NotStaged:
        mark = _mark_of(prepared.payload)
        ready = dict(prepared.staged) if prepared.staged.get(OF) == mark else {}
        try:
            if POST in ready and await self._serves(prepared, ready):
                return replace(prepared, staged=ready)
            ready |= {OF: mark, MADE_AT: ready.get(MADE_AT) or self._now().isoformat()}
            await self._make(plan, ready)
        except _Unready as unready:
            return Rejected(unready.reason, unready.permanent, replace(prepared, staged=ready))
        except Refused as refused:
            return self._not_made(refused, replace(prepared, staged=ready))
        except ChannelError as trouble:
            told = unstaged(trouble, self.graph.tools, self.dialect.name_vi)
            return replace(told, so_far=replace(prepared, staged=ready)) if isinstance(told, Rejected) else told
        return replace(prepared, staged=ready)

    async def _serves(self, prepared: Prepared, ready: Json) -> bool:
        """Whether the container of an earlier try is the one to publish, or was; emptied where a new one is needed."""
        state = await self.state(ready[POST])
        if state in (State.FINISHED, State.PUBLISHED):
            return True
        if state is State.IN_PROGRESS:
            return False
        age = self._now() - datetime.fromisoformat(str(ready[MADE_AT]))
        if state is None and age < CONTAINERS_LIVE:
            raise _Unready(_said(self.dialect, "chưa cho xem bài đang chờ đăng", "the container cannot be read"))
        if await self.same(prepared):
            return True
        ready.clear()
        return False

    async def _make(self, plan: Plan, ready: Json) -> None:
        for name, form in plan.children:
            if name not in ready:
                ready[name] = await self._create(form)
        for name, _ in plan.children:
            await self._finish(name, ready)
        if POST not in ready:
            children = {"children": ",".join(ready[name] for name, _ in plan.children)} if plan.children else {}
            ready[POST] = await self._create({**plan.post, **children})
        if plan.single is not None:
            ready[plan.single] = ready[POST]
        await self._finish(POST, ready)

    async def _create(self, form: Json) -> str:
        return str((await self.graph.post(f"{self.owner}/{self.dialect.create}", **form))["id"])

    async def _finish(self, name: str, ready: Json) -> None:
        """Waits a little; one that ended is forgotten, so that the next try makes another."""
        container, told = ready[name], await self._told(ready[name])
        for seconds in LOOKS:
            if told.get(self.dialect.state) != State.IN_PROGRESS:
                break
            await asyncio.sleep(seconds)
            told = await self._told(container)
        match told.get(self.dialect.state):
            case State.FINISHED | State.PUBLISHED:
                return
            case State.IN_PROGRESS:
                raise _Unready(_said(self.dialect, "còn đang xử lý ảnh hay video, sẽ xem lại", "container in progress"))
            case ended:
                for other in [other for other, held in ready.items() if held == container]:
                    del ready[other]
                trouble = str(told.get(self.dialect.trouble) or ended)
                vi = f"không nhận ảnh hay video ({trouble[:200]})"
                lasts = any(word in trouble for word in self.dialect.lasting)
                raise _Unready(_said(self.dialect, vi, f"container {ended}: {trouble[:200]}"), permanent=lasts)

    def _not_made(self, refused: Refused, so_far: Prepared) -> NotStaged:
        if refused.subcode in LIMIT_REACHED:
            return Throttled(self._now() + FULL)
        if refused.subcode in MAY_PASS or any(words in refused.message for words in self.dialect.passing):
            return Rejected(refused.reason, permanent=False, so_far=so_far)
        told = unstaged(refused, self.graph.tools, self.dialect.name_vi)
        return replace(told, so_far=so_far) if isinstance(told, Rejected) else told

    # --- the post ---

    async def commit(self, prepared: Prepared) -> Outcome:
        container = prepared.staged[POST]
        try:
            answer = await self.graph.post(f"{self.owner}/{self.dialect.publish}", creation_id=container)
        except Refused as refused:
            return await self._refused(prepared, refused)
        except ChannelError as trouble:
            return committed(trouble, prepared, self.graph.tools, self.dialect.name_vi)
        if not answer.get("id"):
            return self._unknown(prepared, "answer without a post")
        return Published(str(answer["id"]), await self._address(str(answer["id"])))

    async def _refused(self, prepared: Prepared, refused: Refused) -> Outcome:
        """What the refusal does not tell, the container does: a no to a second publishing is a yes to the first."""
        if refused.subcode in LIMIT_REACHED:
            return Throttled(self._now() + FULL)
        if refused.subcode in SERVER:
            return self._unknown(prepared, refused.reason.en)
        if refused.meaning not in (Meaning.REFUSED, Meaning.GONE, Meaning.DUPLICATE):
            return committed(refused, prepared, self.graph.tools, self.dialect.name_vi)
        try:
            state = await self.state(prepared.staged[POST])
            same = await self.same(prepared) if state is State.PUBLISHED else []
        except ChannelError:
            return self._unknown(prepared, refused.reason.en)
        if same:
            return Published(str(same[0]["id"]), _url(same[0]))
        match state:
            case State.PUBLISHED:
                return self._unknown(prepared, "published before, and not listed yet")
            case State.FINISHED if refused.subcode not in TOO_EARLY:
                return Rejected(refused.reason, permanent=True)
            case _:
                return Rejected(refused.reason, permanent=False)

    def _unknown(self, prepared: Prepared, why: str) -> Unknown:
        vi = f"Không rõ {self.dialect.name_vi} đã nhận bài hay chưa, đang kiểm tra lại"
        return Unknown(prepared.as_handle(), self._now(), Reason(vi, why))

    async def _address(self, post_id: str) -> str:
        """What cannot be read now, is when the post is looked for."""
        try:
            return _url(await self.read(post_id) or {})
        except ChannelError:
            return ""

    # --- looking ---

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        try:
            return await (self._seen(prepared, str(prepared.id)) if prepared.id else self._searched(prepared))
        except ChannelError as trouble:
            return Undecidable(trouble.reason)

    async def _seen(self, prepared: Prepared, post_id: str) -> Reconciled:
        """Read by its number, which is never late; twins as far as the list knows them."""
        post = await self.read(post_id)
        if post is None:
            return NotFound()
        if not self._shows(post, prepared):
            return Undecidable(_said(self.dialect, "hiện bài khác bản đã duyệt", "the post's text differs"))
        same = await self.same(prepared)
        twins = tuple(_url(one) for one in same if str(one["id"]) != post_id)
        listed = any(str(one["id"]) == post_id for one in same)
        return Found(post_id, _url(post), twins, proof={**_proof(post), "listed": listed})

    async def _searched(self, prepared: Prepared) -> Reconciled:
        container = prepared.staged.get(POST)
        state = await self.state(str(container)) if container else None
        same = await self.same(prepared)
        if same:
            first, *twins = same
            proof = {**_proof(first), "container": state and state.value, "listed": True}
            return Found(str(first["id"]), _url(first), tuple(_url(twin) for twin in twins), proof)
        if state is State.PUBLISHED:
            return Undecidable(
                _said(self.dialect, "đã đăng bài nhưng danh sách chưa hiện", "published, not listed yet")
            )
        return NotFound()

    async def same(self, prepared: Prepared) -> list[Json]:
        """Our own posts with these words since it was first sent, oldest first; a late list may show what is gone."""
        since = (prepared.at or self._now()) - CLOCKS_APART
        above = prepared.payload.get(REPLY_TO)
        listed = await (self._below(str(above), since) if above and self.dialect.replies else self.own(LIST_PAGE))
        posts = [one for one in listed if (instant(one.get("timestamp")) or since) >= since]
        alike = [str(one["id"]) for one in posts if self._shows(one, prepared)]
        standing = [post for one in alike if (post := await self.read(one)) is not None]
        return sorted(standing, key=lambda post: (instant(post.get("timestamp")) or since, str(post["id"])))

    def _shows(self, post: Mapping[str, Any], prepared: Prepared) -> bool:
        wanted = str(prepared.payload[self.dialect.text])
        return measure.squeezed(post.get(self.dialect.text)) == measure.squeezed(wanted)

    async def state(self, container: str) -> State | None:
        """None where it cannot be read, or is told in a word that nobody knows."""
        told = (await self._told(container)).get(self.dialect.state)
        return State(told) if told in set(State) else None

    async def _told(self, container: str) -> Json:
        try:
            return await self.graph.get(container, fields=f"id,{self.dialect.state},{self.dialect.trouble}")
        except Refused as refused:
            if refused.meaning is not Meaning.GONE:
                raise
            return {}

    async def read(self, post_id: str) -> Json | None:
        """The post; None where it is gone, which counts only while the account itself can be read."""
        try:
            return await self.graph.get(post_id, fields=self.dialect.fields)
        except Refused as refused:
            if refused.meaning is not Meaning.GONE:
                raise
        await self.graph.get(self.owner, fields="id,username")
        return None

    async def own(self, limit: int) -> list[Json]:
        """Newest first, whatever order the platform gives."""
        path = f"{self.owner}/{self.dialect.posts}"
        page = await self.graph.get(path, fields=self.dialect.fields, limit=str(limit))
        posts = [one for one in page.get("data") or [] if isinstance(one, dict) and one.get("id")]
        return sorted(posts, key=lambda one: (str(one.get("timestamp", "")), str(one["id"])), reverse=True)

    async def _below(self, post_id: str, since: datetime) -> list[Json]:
        """Our own replies to the post since then, however many others wrote."""
        query = {"fields": f"{self.dialect.fields},is_reply_owned_by_me", "limit": str(LIST_PAGE), "reverse": "true"}
        found, last = list[Json](), list[Json]()
        async for last in pages(self.graph, f"{post_id}/{self.dialect.replies}", query):
            found += [one for one in last if one.get("is_reply_owned_by_me") is True]
            if any((instant(one.get("timestamp")) or since) < since for one in last):
                break
        return found

    async def list_posts(self, limit: int) -> list[OwnPost]:
        posts = await self.own(min(limit, 100))
        return [
            OwnPost(str(one["id"]), _url(one), str(one.get(self.dialect.text) or ""), instant(one.get("timestamp")))
            for one in posts
        ]

    async def metrics(self, posts: Sequence[str], offered: Sequence[MetricDefinition]) -> dict[str, list[Metric]]:
        """Of each post that still stands; a figure that the platform does not give is not known."""
        as_of, found = self._now(), dict[str, list[Metric]]()
        wanted = ",".join(metric.name for metric in offered)
        for post in posts:
            try:
                told = await self.graph.get(f"{post}/insights", metric=wanted)
            except Refused as refused:
                if refused.meaning is not Meaning.GONE:
                    raise
                continue
            values = insights(told)
            found[post] = [Metric(one.name, values.get(one.name), one.definition, as_of) for one in offered]
        return found

    # --- what stands, and taking it down ---

    async def status(self, post_id: str) -> Standing:
        post = await self.read(post_id)
        if post is None:
            return Standing(False, proof={"read": post_id, "found": False})
        return Standing(True, _url(post), _proof(post))

    async def delete(self, post_id: str) -> Removal:
        async def absence() -> Json | None:
            """While the account itself can be read."""
            gone = await self.read(post_id) is None
            return {"read": post_id, "found": False, "account": self.owner} if gone else None

        return await delete_and_read(self.graph.delete(post_id), absence, still_live)

    def _now(self) -> datetime:
        return self.graph.tools.clock.now()


async def pages(graph: Graph, path: str, query: Mapping[str, str], most: int = 20) -> AsyncIterator[list[Json]]:
    """The rows of a list with cursors, page by page; at most so many pages."""
    after: Json = {}
    for _ in range(most):
        page = await graph.get(path, **{**query, **after})
        rows = [one for one in page.get("data") or [] if isinstance(one, dict)]
        yield rows
        paging = page.get("paging") or {}
        cursor = (paging.get("cursors") or {}).get("after")
        if not (rows and cursor and paging.get("next")):
            return
        after = {"after": str(cursor)}


def _mark_of(payload: Json) -> str:
    """A container holds the words too: one of other words is not published for these."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


def fitted(whole: str, most: int, count: Callable[[str], int]) -> str | None:
    """As much of it as fits, counted the platform's way; None where too little would be left."""
    return measure.shorten(whole, most, count) or None if most >= LEAST or count(whole) <= most else None


def insights(told: Mapping[str, Any]) -> dict[str, int]:
    """By name, from `data[].values[0].value`; what is not there is not known."""
    found: dict[str, int] = {}
    for one in told.get("data") or []:
        values = one.get("values") or [] if isinstance(one, dict) else []
        value = whole_number(values[0].get("value")) if values and isinstance(values[0], dict) else None
        if value is not None:
            found[str(one.get("name"))] = value
    return found


def _said(dialect: Dialect, vi: str, en: str) -> Reason:
    return Reason(f"{dialect.name_vi} {vi}", en)


def _url(post: Mapping[str, Any]) -> str:
    return str(post.get("permalink") or "")


def _proof(post: Mapping[str, Any]) -> Json:
    return {"read": str(post["id"]), "timestamp": post.get("timestamp"), "permalink": post.get("permalink")}

"""Articles: made or changed by a task that fetches the pictures, then known by an id; hidden or shown."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.clock import iso
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import World
from sandbox.platforms.zalo import rules
from sandbox.platforms.zalo.oas import NAME, Oa
from sandbox.platforms.zalo.wire import Call, Json, Refused, invalid, needed, require_only, text
from sandbox.pull import PullFailed, PullPolicy

ARTICLE = "article"
SHOW, HIDE = "show", "hide"
_FIELDS = ("type", "title", "author", "cover", "description", "body", "status", "comment", "tracking_link")
_POLICY = PullPolicy(max_bytes=rules.PICTURE, types=rules.TYPES)


@dataclass(frozen=True, slots=True)
class Work:
    """One create or update on its way: `article` of an update; `trouble` where a picture did not come."""

    oa: str
    article: str | None
    data: Json
    ready_at: datetime
    trouble: str = ""
    done: str | None = None


class Articles:
    """`files`: the pictures fetched, for the pages; by their SHA-256."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._work: dict[str, Work] = {}
        self.files: dict[str, tuple[bytes, str]] = {}

    def clear(self) -> None:
        self._work.clear()
        self.files.clear()

    async def create(self, oa: Oa, call: Call) -> Json:
        require_only(call.body, *_FIELDS)
        return {"token": await self._begin(oa, None, call)}

    async def update(self, oa: Oa, call: Call) -> Json:
        require_only(call.body, "id", *_FIELDS)
        return {"token": await self._begin(oa, self.mine(oa, needed(call.body, "id")).subject, call)}

    async def _begin(self, oa: Oa, article: str | None, call: Call) -> str:
        data = _checked(call.body)
        hashes, trouble = [], ""
        for url in data.pop("pictures"):
            if url.startswith(f"{call.base_url}/files/"):  # one that the platform keeps already
                hashes.append(url.rpartition("/")[2])
                continue
            try:
                pulled = await self._world.puller.pull(NAME, oa.id, url, _POLICY)
                self.files[pulled.sha256] = (pulled.body, pulled.mime)
                hashes.append(pulled.sha256)
            except PullFailed as failed:
                trouble = str(failed)
        token = secrets.token_hex(20)
        wait = timedelta(seconds=self._world.settings.zalo.processing_seconds)
        made = Work(oa.id, article, {**data, "media_sha256": hashes}, self._world.clock.now() + wait, trouble)
        self._work[token] = made
        self.settle()
        return token

    def settle(self) -> None:
        """What is ready by the clock becomes an article, asked for or not."""
        for token, work in self._work.items():
            if work.done is None and not work.trouble and work.ready_at <= self._world.clock.now():
                self._work[token] = Work(work.oa, work.article, work.data, work.ready_at, done=self._made(work))

    def _made(self, work: Work) -> str:
        subject = work.article or secrets.token_hex(16)
        effect = Effect.UPDATED if work.article else Effect.CREATED
        kept = self._world.ledger.current.get(NAME, subject)
        first = kept.data["created"] if kept else iso(self._world.clock.now())
        if work.article and kept is None:
            return subject  # removed while it was changed
        operation = "article.update" if work.article else "article.create"
        data = {**work.data, "created": first}
        self._world.ledger.record(Act(NAME, operation, work.oa, ARTICLE, subject, effect, data))
        return subject

    def verify(self, oa: Oa, call: Call) -> Json:
        require_only(call.body, "token")
        work = self._work.get(needed(call.body, "token"))
        if work is None or work.oa != oa.id:
            raise invalid("token is invalid")
        if work.trouble:
            raise invalid(f"photo_url is invalid: {work.trouble}")
        if work.done is None:
            raise Refused(*rules.PROCESSING)
        return {"id": work.done}

    def remove(self, oa: Oa, call: Call) -> Json:
        require_only(call.body, "id")
        item = self.mine(oa, needed(call.body, "id"))
        self._world.ledger.record(Act(NAME, "article.remove", oa.id, ARTICLE, item.subject, Effect.DELETED))
        return {"message": "removed"}

    def mine(self, oa: Oa, article: str) -> Item:
        item = self._world.ledger.current.get(NAME, article)
        if item is None or item.kind != ARTICLE or item.account != oa.id:
            raise Refused(*rules.GONE)
        return item


def _checked(body: Json) -> Json:
    if text(body, "type") != "normal":
        raise invalid("only type normal is played")
    cover, items = body.get("cover"), body.get("body")
    if not isinstance(cover, dict) or cover.get("cover_type") != "photo":
        raise invalid("cover is invalid")
    require_only(cover, "cover_type", "photo_url", "status")
    if not isinstance(items, list) or not items:
        raise invalid("body is empty")
    pictures, words, shapes = [needed(cover, "photo_url")], [], []
    for item in items:
        if not isinstance(item, dict):
            raise invalid("body is invalid")
        match item.get("type"):
            case "text":
                require_only(item, "type", "content")
                words.append(needed(item, "content"))
                shapes.append({"type": "text", "content": words[-1]})
            case "image":
                require_only(item, "type", "url", "caption")
                pictures.append(needed(item, "url"))
                shapes.append({"type": "image", "caption": text(item, "caption")})
            case other:
                raise invalid(f"body type {other} is not played")
    if body.get("status", SHOW) not in (SHOW, HIDE) or body.get("comment", SHOW) not in (SHOW, HIDE):
        raise invalid("status is show or hide")
    return {
        "title": needed(body, "title", rules.TITLE),
        "author": needed(body, "author", rules.AUTHOR),
        "description": needed(body, "description", rules.DESCRIPTION),
        "body": shapes,
        "text": "\n\n".join(words),
        "status": body.get("status", SHOW),
        "comment": body.get("comment", SHOW),
        "pictures": pictures,
    }

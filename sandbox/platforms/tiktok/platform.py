"""The platform as the sandbox holds it: its doors, its reading, its pages, and the strings behind the stage."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import SecretStr
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox import pages
from sandbox.clock import iso
from sandbox.faults import Fault
from sandbox.lag import LateList
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import AccountIn, Engagement, Platform, PublicPost, UnknownPost, World
from sandbox.platforms.tiktok import rules, wire
from sandbox.platforms.tiktok.accounts import NAME, STATUSES, Creator, Creators
from sandbox.platforms.tiktok.hooks import Hooks
from sandbox.platforms.tiktok.posting import POST, Posting
from sandbox.platforms.tiktok.wire import Call, Json, Refused, TokenOfficeRefused, invalid, number
from sandbox.tokens import TokensIn

COMMENT = "comment"
_GUARDED = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}


def build(world: World) -> Platform:
    return Tiktok(world)


@dataclass(frozen=True, slots=True)
class Door:
    method: str
    path: str
    operation: str
    scopes: tuple[str, ...]
    answer: Callable[[Creator, Call], Json | Awaitable[Json]]


class Tiktok:
    name = NAME
    title = "TikTok"

    def __init__(self, world: World) -> None:
        self._world, self._creators = world, Creators(world.clock, world.ledger)
        self._posting = Posting(world, self._creators)
        self._hooks = Hooks(world, self._creators, self._posting)
        self._late = LateList(NAME, world.clock, world.ledger, world.lags)
        publish, reads = "/v2/post/publish", ("video.list",)
        self._doors = {
            (one.method, one.path): one
            for one in (
                Door("POST", f"{publish}/creator_info/query/", "creator_info.query", ("video.publish",), self._info),
                Door("POST", f"{publish}/video/init/", "video.init", (), self._posting.video),
                Door("POST", f"{publish}/inbox/video/init/", "inbox.init", (), self._posting.inbox),
                Door("POST", f"{publish}/content/init/", "content.init", (), self._posting.content),
                Door("POST", f"{publish}/status/fetch/", "status.fetch", (), self._posting.status),
                Door("POST", "/v2/video/list/", "video.list", reads, self._list),
                Door("POST", "/v2/video/query/", "video.query", reads, self._query),
                Door("GET", "/v2/user/info/", "user.info", ("user.info.basic",), self._user),
            )
        }
        self._add_settled_accounts()

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{self.name}", include_in_schema=False)
        routes.add_api_route("/@{handle}/{kind}/{post_id}", self._page, methods=["GET"])
        routes.add_api_route("/files/{sha256}", self._file, methods=["GET"])
        routes.add_api_route("/v2/oauth/token/", self._refresh, methods=["POST"])
        routes.add_api_route("/upload/video", self._put, methods=["PUT"])
        routes.add_api_route("/{path:path}", self._answer, methods=["GET", "POST"])
        return routes

    def operation(self, method: str, path: str) -> str | None:
        named = {("POST", "/v2/oauth/token/"): "token.refresh", ("PUT", "/upload/video"): "video.upload"}
        found = self._doors.get((method, path))
        return found.operation if found else named.get((method, path))

    def failure(self, fault: Fault) -> Response:
        return wire.planned(fault)

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        try:
            put = self._creators.put(account)
        except ValueError:
            raise HTTPException(422, f"status must be one of {', '.join(STATUSES)}") from None
        return {"platform": NAME, "id": put.id, "handle": put.handle, "status": put.status}

    def end_tokens(self, asked: TokensIn) -> dict[str, Any]:
        ended = self._creators.end(asked)
        if asked.revoke:
            self._hooks.tell(self._creators.named(asked.account), "authorization.removed", {"reason": 1})
        return {"ended": ended}

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        post = self._world.ledger.current.get(NAME, engagement.post)
        if post is None or post.kind != POST or not self._posting.is_public(post):
            raise UnknownPost(engagement.post)
        for reply in engagement.replies:
            data = {"text": reply.text, "post_id": post.subject, "at": iso(self._world.clock.now())}
            subject = f"comment/{len(self._world.ledger.entries()) + 1}"
            self._world.ledger.record(Act(NAME, "engage", post.account, COMMENT, subject, Effect.CREATED, data))
        given = {"like": engagement.likes, "share": engagement.reposts, "view": engagement.likes}
        added = {name: count for name, count in given.items() if count}
        if added:
            self._world.ledger.record(Act(NAME, "engage", post.account, POST, post.subject, Effect.ENGAGED, added))
        return {"post": post.subject, **self._counts(post)}

    def wall(self) -> list[PublicPost]:
        """What everybody sees: posts of other privacy, and those still looked at, are not there."""
        self._posting.settle()
        items = self._world.ledger.current.of(NAME, POST)
        return [self._public(item) for item in sorted(items, key=lambda one: -one.seq) if self._posting.is_public(item)]

    def reset(self) -> None:
        self._creators.clear()
        self._posting.clear()
        self._hooks.clear()
        self._late.clear()
        self._add_settled_accounts()

    # --- doors ---

    async def _answer(self, path: str, request: Request) -> Response:
        self._posting.settle()
        found = self._doors.get((request.method, f"/{path}"))
        try:
            if found is None:
                raise Refused("invalid_params", "Unsupported path(Janus)", 404)
            call = await wire.read(request, self._base(request))
            creator = self._creators.authorized(call.token, *found.scopes)
            if self._world.settings.tiktok.limits and not call.again:
                self._creators.count(creator, found.operation)
            given = found.answer(creator, call)
            return wire.told(await given if isinstance(given, Awaitable) else given)
        except Refused as refused:
            return wire.refusal(refused)

    def _base(self, request: Request) -> str:
        return self._world.settings.tiktok.base_url.rstrip("/") or f"{str(request.base_url).rstrip('/')}/{NAME}"

    async def _refresh(self, request: Request) -> Response:
        async with request.form() as form:
            given = {name: value for name, value in form.items() if isinstance(value, str)}
        try:
            return JSONResponse(self._creators.refresh(given), headers={"Cache-Control": "no-store"})
        except TokenOfficeRefused as refused:
            return wire.office_refusal(refused)

    async def _put(self, request: Request) -> Response:
        token = request.query_params.get("upload_token", "")
        done = await self._posting.put(token, dict(request.headers), request.stream())
        self._posting.settle()
        if done.status in (201, 206, 416):
            return Response(status_code=done.status, headers={"Content-Range": f"bytes 0-{done.size - 1}/{done.total}"})
        return Response(status_code=done.status)

    def _info(self, creator: Creator, call: Call) -> Json:
        wire.require_only(call.body, "body")
        return self._posting.creator_info(creator)

    # --- reading ---

    def _list(self, creator: Creator, call: Call) -> Json:
        wire.require_only(call.body, "body", "max_count", "cursor")
        usual, most = rules.LIST_MOST
        size = number(call.body, "max_count", usual)
        if not 1 <= size <= most:
            raise Refused("invalid_params", f"max_count is 1 to {most}")
        until = number(call.body, "cursor", 0)
        posts = [post for post in self._late.due(POST) if post.account == creator.id and self._posting.is_public(post)]
        after = [post for post in sorted(posts, key=lambda one: -one.seq) if not until or post.seq < until]
        page = after[:size]
        more = len(after) > len(page)
        cursor = page[-1].seq if page else 0
        told = [self._fields(post, call) for post in self._late.served(page)]
        return {"videos": told, "cursor": cursor, "has_more": more}

    def _query(self, creator: Creator, call: Call) -> Json:
        wire.require_only(call.body, "body", "filters")
        ids = call.part("filters").get("video_ids")
        if not isinstance(ids, list) or not 1 <= len(ids) <= rules.QUERY_MOST:
            raise Refused("invalid_params", f"video_ids has 1 to {rules.QUERY_MOST} ids")
        found = [self._world.ledger.current.get(NAME, str(one)) for one in ids]
        own = [post for post in found if post is not None and post.kind == POST and post.account == creator.id]
        return {"videos": [self._fields(post, call) for post in own if self._posting.is_public(post)]}

    def _fields(self, post: Item, call: Call) -> Json:
        wanted = [name for name in str(call.query.get("fields", "")).split(",") if name]
        if not wanted or any(name not in rules.FIELDS for name in wanted):
            raise Refused("invalid_params", "fields is missing or names an unknown field")
        counts, creator, data = self._counts(post), self._creators.by_id[post.account], post.data
        told = {
            "id": post.subject,
            "create_time": int(post.created_at.timestamp()),
            "title": data["title"],
            "video_description": data["description"] if data["kind"] == "photo" else data["title"],
            "share_url": f"{call.base_url}/@{creator.handle}/{data['kind']}/{post.subject}?utm_campaign=tt4d_open_api",
            "duration": 0,
            **{f"{name}_count": count for name, count in counts.items()},
        }
        return {name: told[name] for name in wanted}

    def _user(self, creator: Creator, call: Call) -> Json:
        told = {"open_id": creator.id, "display_name": creator.name, "username": creator.handle}
        wanted = str(call.query.get("fields", "open_id")).split(",")
        if any(name not in told for name in wanted):
            raise invalid("fields names an unknown field")
        return {"user": {name: told[name] for name in wanted}}

    def _counts(self, post: Item) -> dict[str, int]:
        comments = sum(one.data["post_id"] == post.subject for one in self._world.ledger.current.of(NAME, COMMENT))
        return {name: post.engagement.get(name, 0) for name in ("view", "like", "share")} | {"comment": comments}

    # --- pages ---

    async def _file(self, sha256: str) -> Response:
        found = self._posting.files.get(sha256)
        if found is None:
            return Response(status_code=404)
        return Response(found[0], media_type=found[1], headers=_GUARDED)

    async def _page(self, handle: str, kind: str, post_id: str) -> HTMLResponse:
        item = self._world.ledger.current.get(NAME, post_id)
        if item is None or item.kind != POST or item.data["kind"] != kind or not self._posting.is_public(item):
            return pages.render("mastodon_missing.html", status=404)
        comments = [one for one in self._world.ledger.current.of(NAME, COMMENT) if one.data["post_id"] == item.subject]
        return pages.render(
            "containers_post.html",
            platform=self.title,
            post=self._public(item),
            media=[
                (f"/{NAME}/files/{sha}" if sha in self._posting.files else None, "")
                for sha in item.data["media_sha256"]
            ],
            replies=[one.data["text"] for one in comments],
        )

    # --- behind the stage ---

    def _add_settled_accounts(self) -> None:
        for handle, key, secret, refresh in self._world.settings.tiktok.rows():
            options = {"client_key": key, "client_secret": secret}
            self._creators.put(AccountIn(platform=NAME, handle=handle, password=SecretStr(refresh), options=options))

    def _public(self, item: Item) -> PublicPost:
        creator, counts = self._creators.by_id.get(item.account), self._counts(item)
        handle = creator.handle if creator else item.account
        base = self._world.settings.tiktok.base_url.rstrip("/") or f"/{NAME}"
        words = [item.data["title"], item.data["description"]]
        return PublicPost(
            platform=NAME,
            id=item.subject,
            account=handle,
            author=creator.name if creator else item.account,
            text="\n\n".join(word for word in words if word),
            at=item.created_at,
            page=f"{base}/@{handle}/{item.data['kind']}/{item.subject}",
            links=tuple(re.findall(r"https?://\S+", item.data["description"])),
            counts={"lượt xem": counts["view"], "thích": counts["like"], "bình luận": counts["comment"]},
        )

"""The platform as the sandbox holds it: its doors, its reading, its pages, and the strings behind the stage."""

import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import SecretStr
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox import pages
from sandbox.faults import Fault
from sandbox.lag import LateList
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import AccountIn, Engagement, Platform, PublicPost, UnknownPost, World
from sandbox.platforms.zalo import hooks, rules, wire
from sandbox.platforms.zalo.articles import ARTICLE, SHOW, Articles
from sandbox.platforms.zalo.oas import NAME, STATUSES, Oa, Oas
from sandbox.platforms.zalo.talks import Talks
from sandbox.platforms.zalo.wire import Call, Json, Refused, invalid, require_only
from sandbox.tokens import TokensIn

BROADCAST = "broadcast"
_GUARDED = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
Answer = Callable[[Oa, Call], Json | list[Json] | Awaitable[Json]]


def build(world: World) -> Platform:
    return Zalo(world)


class Zalo:
    name = NAME
    title = "Zalo OA"

    def __init__(self, world: World) -> None:
        self._world = world
        access = timedelta(seconds=world.settings.zalo.access_seconds)
        self._oas, self._articles = Oas(world.clock, world.ledger, access), Articles(world)
        self._talks = Talks(world)
        self._late = LateList(NAME, world.clock, world.ledger, world.lags)
        self._doors: dict[tuple[str, str], tuple[str, Answer]] = {
            ("POST", "/v2.0/article/create"): ("article.create", self._articles.create),
            ("POST", "/v2.0/article/verify"): ("article.verify", self._articles.verify),
            ("POST", "/v2.0/article/update"): ("article.update", self._articles.update),
            ("POST", "/v2.0/article/remove"): ("article.remove", self._articles.remove),
            ("GET", "/v2.0/article/getdetail"): ("article.detail", self._detail),
            ("GET", "/v2.0/article/getslice"): ("article.list", self._slice),
            ("GET", "/v2.0/oa/getoa"): ("oa.show", self._show),
            ("POST", "/v2.0/oa/message"): ("message.broadcast", self._broadcast),
            ("POST", "/v3.0/oa/message/cs"): ("message.cs", self._talks.answer),
            ("GET", "/v2.0/oa/conversation"): ("message.list", self._talks.read),
        }
        self._add_settled_accounts()

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{self.name}", include_in_schema=False)
        routes.add_api_route("/v4/oa/access_token", self._refresh, methods=["POST"])
        routes.add_api_route("/d/{article}", self._page, methods=["GET"])
        routes.add_api_route("/files/{sha256}", self._file, methods=["GET"])
        routes.add_api_route("/{path:path}", self._answer, methods=["GET", "POST"])
        return routes

    def operation(self, method: str, path: str) -> str | None:
        if (method, path) == ("POST", "/v4/oa/access_token"):
            return "token.refresh"
        found = self._doors.get((method, path))
        return found[0] if found else None

    def failure(self, fault: Fault) -> Response:
        return wire.planned(fault)

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        try:
            put = self._oas.put(account)
        except ValueError:
            raise HTTPException(422, f"status must be one of {', '.join(STATUSES)}") from None
        return {"platform": NAME, "id": put.id, "handle": put.handle, "status": put.status}

    def end_tokens(self, asked: TokensIn) -> dict[str, Any]:
        return {"ended": self._oas.end(asked)}

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        """Readers see and share; `replies` are messages to the account: there is no comment that an app could read."""
        post = self._world.ledger.current.get(NAME, engagement.post)
        if post is None or post.kind != ARTICLE or post.data["status"] != SHOW:
            raise UnknownPost(engagement.post)
        for reply in engagement.replies:
            oa = self._oas.by_id[post.account]
            hooks.written(oa, reply.text, self._talks.written(oa, reply.text), self._world.clock, self._world.webhooks)
        given = {"view": engagement.likes, "share": engagement.reposts}
        added = {name: count for name, count in given.items() if count}
        if added:
            self._world.ledger.record(Act(NAME, "engage", post.account, ARTICLE, post.subject, Effect.ENGAGED, added))
        return {"post": post.subject, **self._counts(post)}

    def wall(self) -> list[PublicPost]:
        """What everybody sees: a hidden article is not there."""
        self._articles.settle()
        items = [one for one in self._world.ledger.current.of(NAME, ARTICLE) if one.data["status"] == SHOW]
        return [self._public(item) for item in sorted(items, key=lambda one: -one.seq)]

    def reset(self) -> None:
        self._oas.clear()
        self._articles.clear()
        self._late.clear()
        self._add_settled_accounts()

    # --- doors ---

    async def _answer(self, path: str, request: Request) -> Response:
        self._articles.settle()
        found = self._doors.get((request.method, f"/{path}"))
        try:
            if found is None:
                raise Refused(404, "Empty api")
            call = await wire.read(request, self._base(request))
            oa = self._oas.authorized(call.token)
            if self._world.settings.zalo.limits and not call.again:
                self._oas.count(oa)
            given = found[1](oa, call)
            return wire.told(await given if isinstance(given, Awaitable) else given)
        except Refused as refused:
            return wire.refusal(refused)

    def _base(self, request: Request) -> str:
        return self._world.settings.zalo.base_url.rstrip("/") or f"{str(request.base_url).rstrip('/')}/{NAME}"

    async def _refresh(self, request: Request) -> Response:
        async with request.form() as form:
            given = {name: value for name, value in form.items() if isinstance(value, str)}
        try:
            told = self._oas.refresh(request.headers.get("secret_key", ""), given)
            return JSONResponse(told, headers={"Cache-Control": "no-store"})
        except Refused as refused:
            return wire.office_refusal(refused)

    def _show(self, oa: Oa, call: Call) -> Json:
        package = "Nâng cao" if oa.has_package else "Cơ bản"
        told = {"oaid": oa.id, "name": oa.name, "is_verified": True, "oa_type": 4, "num_follower": oa.followers}
        return {**told, "package_name": package, "package_valid_through_date": "31/12/2030"}

    # --- reading ---

    def _detail(self, oa: Oa, call: Call) -> Json:
        item = self._articles.mine(oa, str(call.query.get("id", "")))
        data = item.data
        told = {name: data[name] for name in ("title", "author", "description", "body", "status", "comment")}
        cover = {
            "cover_type": "photo",
            "photo_url": f"{call.base_url}/files/{data['media_sha256'][0]}",
            "status": "show",
        }
        return {"id": item.subject, "type": "normal", "cover": cover, **told, **self._told(item, call)}

    def _slice(self, oa: Oa, call: Call) -> Json:
        try:
            offset, limit = int(call.query.get("offset", "0")), int(call.query.get("limit", "10"))
        except ValueError:
            raise invalid("offset and limit are numbers") from None
        if call.query.get("type") != "normal" or not 1 <= limit <= rules.SLICE or offset < 0:
            raise invalid("limit is 1 to 10, type is normal")
        mine = sorted((one for one in self._late.due(ARTICLE) if one.account == oa.id), key=lambda one: -one.seq)
        page = self._late.served(mine[offset : offset + limit])
        medias = [
            {"id": one.subject, "type": "normal", "title": one.data["title"], "status": one.data["status"]}
            | self._told(one, call)
            for one in page
        ]
        return {"medias": medias, "total": len(mine)}

    def _told(self, item: Item, call: Call) -> Json:
        counts = self._counts(item)
        return {
            "total_view": counts["view"],
            "total_share": counts["share"],
            "create_date": int(item.created_at.timestamp() * 1000),
            "update_date": int(item.updated_at.timestamp() * 1000),
            "link_view": f"{call.base_url}/d/{item.subject}",
        }

    def _counts(self, item: Item) -> dict[str, int]:
        return {name: item.engagement.get(name, 0) for name in ("view", "share")}

    # --- broadcasts ---

    def _broadcast(self, oa: Oa, call: Call) -> Json:
        require_only(call.body, "recipient", "message")
        article = self._articles.mine(oa, _article_of(call.body))
        if not oa.may_message:
            raise Refused(*rules.PERMISSION)
        if not oa.has_package:
            raise Refused(*rules.PACKAGE)
        if rules.SHOWN_ONLY and article.data["status"] != SHOW:
            raise invalid("attachment_id is invalid")
        if oa.broadcasts < 1:
            raise Refused(*rules.QUOTA)
        self._oas.spend_broadcast(oa)
        message = secrets.token_hex(12)
        data = {"article": article.subject, "title": article.data["title"], "target": call.body["recipient"]["target"]}
        self._world.ledger.record(Act(NAME, "message.broadcast", oa.id, BROADCAST, message, Effect.CREATED, data))
        return {"message_id": message}

    # --- pages ---

    async def _file(self, sha256: str) -> Response:
        found = self._articles.files.get(sha256)
        if found is None:
            return Response(status_code=404)
        return Response(found[0], media_type=found[1], headers=_GUARDED)

    async def _page(self, article: str) -> HTMLResponse:
        item = self._world.ledger.current.get(NAME, article)
        if item is None or item.kind != ARTICLE or item.data["status"] != SHOW:
            return pages.render("mastodon_missing.html", status=404)
        captions = ["", *(one["caption"] for one in item.data["body"] if one["type"] == "image")]
        shown = zip(item.data["media_sha256"], captions, strict=True)
        return pages.render(
            "containers_post.html",
            platform=self.title,
            post=self._public(item),
            media=[(f"/{NAME}/files/{sha}" if sha in self._articles.files else None, alt) for sha, alt in shown],
            replies=[],
        )

    # --- behind the stage ---

    def _add_settled_accounts(self) -> None:
        for handle, app_id, secret, refresh in self._world.settings.zalo.rows():
            options = {"app_id": app_id, "app_secret": secret, "oa_secret": secret}
            self._oas.put(AccountIn(platform=NAME, handle=handle, password=SecretStr(refresh), options=options))

    def _public(self, item: Item) -> PublicPost:
        oa, counts = self._oas.by_id.get(item.account), self._counts(item)
        base = self._world.settings.zalo.base_url.rstrip("/") or f"/{NAME}"
        sent = [one for one in self._world.ledger.current.of(NAME, BROADCAST) if one.data["article"] == item.subject]
        return PublicPost(
            platform=NAME,
            id=item.subject,
            account=oa.handle if oa else item.account,
            author=oa.name if oa else item.account,
            text=f"{item.data['title']}\n\n{item.data['text']}",
            at=item.created_at,
            page=f"{base}/d/{item.subject}",
            links=tuple(re.findall(r"https?://\S+", item.data["text"])),
            counts={"lượt xem": counts["view"], "chia sẻ": counts["share"], "lần gửi": len(sent)},
        )


def _article_of(body: Json) -> str:
    try:
        assert isinstance(body["recipient"]["target"], dict)
        attachment = body["message"]["attachment"]
        payload = attachment["payload"]
        [element] = payload["elements"]
        assert (attachment["type"], payload["template_type"]) == ("template", "media")
        assert element["media_type"] == "article"
        return str(element["attachment_id"])
    except (AssertionError, KeyError, TypeError, ValueError):
        raise invalid("message is invalid") from None

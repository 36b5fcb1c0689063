"""The platform as the sandbox holds it: its doors, its limits, and the strings behind the stage."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import SecretStr
from starlette.responses import HTMLResponse, Response

from sandbox import pages
from sandbox.faults import Fault, FaultKind
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import AccountIn, Engagement, Platform, PublicPost, UnknownPost, World
from sandbox.platforms.mastodon import content, limits, rules
from sandbox.platforms.mastodon.accounts import REVOKED, STATUSES, USERNAME, Account, Accounts, account_id
from sandbox.platforms.mastodon.instance import instance
from sandbox.platforms.mastodon.media import NAME, Media
from sandbox.platforms.mastodon.statuses import Statuses
from sandbox.platforms.mastodon.views import STATUS, Views, counts, replies_to
from sandbox.platforms.mastodon.wire import Answer, Call, Missing, Refused, read, refusal
from sandbox.tokens import TokensIn, Which
from sandbox.windows import Standing

_NOBODY = SecretStr("")
_GUARDED = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}


@dataclass(frozen=True, slots=True)
class Door:
    method: str
    path: re.Pattern[str]
    operation: str
    answer: Callable[[Call], Answer]


def build(world: World) -> Platform:
    return Mastodon(world)


class Mastodon:
    name = NAME
    title = "Mastodon"

    def __init__(self, world: World) -> None:
        self._world, self._windows, self._accounts = world, limits.Windows(), Accounts()
        self._media = Media(world, self._accounts, lambda: self._statuses.new_id())
        self._views = Views(world, self._accounts, self._media)
        self._statuses = Statuses(world, self._accounts, self._media, self._views, self._windows)
        self._doors = self._made_doors()
        self._add_settled_accounts()

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{self.name}")
        methods = ["GET", "POST", "PUT", "DELETE"]
        routes.add_api_route("/api/{path:path}", self._answer, methods=methods, include_in_schema=False)
        routes.add_api_route("/system/media_attachments/{media_id}", self._file, methods=["GET"])
        routes.add_api_route("/@{username}/{status_id}", self._page, methods=["GET"], include_in_schema=False)
        return routes

    def operation(self, method: str, path: str) -> str | None:
        door, _ = self._door(method, path)
        return door.operation if door else None

    def failure(self, fault: Fault) -> Response:
        match fault.kind:
            case FaultKind.TOKEN_EXPIRED:
                return refusal(Refused(rules.UNAUTHORIZED, rules.REVOKED))
            case FaultKind.THROTTLE:
                until = self._world.clock.now() + timedelta(seconds=fault.seconds)
                return refusal(Refused(429), limits.headers_of(Standing(rules.PER_TOKEN, 0, until, True)))
            case _:
                return refusal(Refused(fault.status))

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        """`password` is the access token; `options.scopes` lists what it may do (absent: everything)."""
        if not USERNAME.fullmatch(account.handle) or account.status not in STATUSES:
            raise HTTPException(422, f"handle must be a username, status one of {', '.join(STATUSES)}")
        scopes = frozenset(str(scope) for scope in account.options.get("scopes", ()))
        put = self._accounts.put(
            Account(
                account_id(account.handle),
                account.handle,
                account.password,
                account.display_name,
                account.status,
                account.followers,
                scopes,
            )
        )
        return {"platform": NAME, "id": put.id, "handle": put.username, "status": put.status}

    def end_tokens(self, asked: TokensIn) -> dict[str, Any]:
        """Tokens here have no time that could run out and no refresh: ended is revoked."""
        account = self._accounts.named(asked.account)
        if account is None:
            raise LookupError(asked.account)
        if asked.which is Which.REFRESH or account.status == REVOKED:
            return {"ended": 0}
        self._accounts.put(replace(account, status=REVOKED))
        return {"ended": 1}

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        self._statuses.publish_due()
        post = self._world.ledger.current.get(NAME, engagement.post)
        if post is None or post.kind != STATUS:
            raise UnknownPost(engagement.post)
        for reply in engagement.replies:
            self._statuses.reply(post, reply.author, reply.text)
        given = {"likes": engagement.likes, "reposts": engagement.reposts, "quotes": engagement.quotes}
        added = {name: count for name, count in given.items() if count}
        if added:
            act = Act(NAME, "engage", post.account, STATUS, post.subject, Effect.ENGAGED, added)
            self._world.ledger.record(act)
        return {"post": post.subject, **counts(post, self._world.ledger.current)}

    def wall(self) -> list[PublicPost]:
        self._statuses.publish_due()
        items = self._world.ledger.current.of(NAME, STATUS)
        return [self._public(item) for item in sorted(items, key=lambda item: -int(item.subject))]

    def reset(self) -> None:
        self._windows.clear()
        self._accounts.clear()
        self._media.clear()
        self._statuses.clear()
        self._add_settled_accounts()

    # --- doors ---

    def _made_doors(self) -> list[Door]:
        posts, media, one = self._statuses, self._media, r"(?P<id>\d+)"
        return [
            _door("GET", "/api/v2/instance", "instance.show", self._instance),
            _door("POST", "/api/v2/media", "media.create", media.create),
            _door("GET", f"/api/v1/media/{one}", "media.show", media.show),
            _door("PUT", f"/api/v1/media/{one}", "media.update", media.update),
            _door("DELETE", f"/api/v1/media/{one}", "media.delete", media.delete),
            _door("POST", "/api/v1/statuses", "statuses.create", posts.create),
            _door("GET", f"/api/v1/statuses/{one}", "statuses.show", posts.show),
            _door("PUT", f"/api/v1/statuses/{one}", "statuses.update", posts.update),
            _door("DELETE", f"/api/v1/statuses/{one}", "statuses.delete", posts.delete),
            _door("GET", f"/api/v1/statuses/{one}/source", "statuses.source", posts.source),
            _door("GET", f"/api/v1/statuses/{one}/history", "statuses.history", posts.history),
            _door("GET", f"/api/v1/statuses/{one}/context", "statuses.context", posts.context),
            _door("GET", "/api/v1/accounts/verify_credentials", "accounts.verify_credentials", self._credentials),
            _door("GET", f"/api/v1/accounts/{one}", "accounts.show", self._account),
            _door("GET", f"/api/v1/accounts/{one}/statuses", "accounts.statuses", posts.of_account),
            _door("GET", "/api/v1/scheduled_statuses", "scheduled_statuses.index", posts.scheduled),
            _door("GET", f"/api/v1/scheduled_statuses/{one}", "scheduled_statuses.show", posts.scheduled_one),
            _door("PUT", f"/api/v1/scheduled_statuses/{one}", "scheduled_statuses.update", posts.reschedule),
            _door("DELETE", f"/api/v1/scheduled_statuses/{one}", "scheduled_statuses.delete", posts.unschedule),
        ]

    def _door(self, method: str, path: str) -> tuple[Door | None, dict[str, str]]:
        for door in self._doors:
            found = door.path.fullmatch(path) if door.method == method else None
            if found:
                return door, found.groupdict()
        return None, {}

    async def _answer(self, path: str, request: Request) -> Response:
        headers: dict[str, str] = {}
        door, inside = self._door(request.method, f"/api/{path}")
        base = self._world.settings.mastodon.base_url or f"{str(request.base_url).rstrip('/')}/{NAME}"
        try:
            if door is None:
                raise Missing()
            call = await read(request, base, inside, headers)
            self._statuses.publish_due()
            self._require_allowance(door, call)
            answer = door.answer(call)
        except Refused as refused:
            return refusal(refused, headers)
        return answer.response(headers)

    def _instance(self, call: Call) -> Answer:
        return Answer(instance(self._world.settings.mastodon, call))

    def _credentials(self, call: Call) -> Answer:
        account = self._accounts.authorized(call, "profile", "read:accounts")
        return Answer(self._views.credentials(account, call.base_url))

    def _account(self, call: Call) -> Answer:
        account = self._accounts.by_id.get(call.path["id"])
        if account is None:
            raise Missing()
        return Answer(self._views.account(account, call.base_url))

    async def _file(self, media_id: str) -> Response:
        found = self._media.file(media_id)
        if found is None:
            return Response(status_code=404)
        return Response(found[0], media_type=found[1], headers=_GUARDED)

    async def _page(self, username: str, status_id: str) -> HTMLResponse:
        self._statuses.publish_due()
        item = self._world.ledger.current.get(NAME, status_id)
        author = self._accounts.named(username)
        if item is None or item.kind != STATUS or item.data["visibility"] in ("private", "direct"):
            return pages.render("mastodon_missing.html", status=404)
        if author is None or author.id != item.account:
            return pages.render("mastodon_missing.html", status=404)
        current = self._world.ledger.current
        return pages.render(
            "mastodon_post.html",
            post=self._public(item),
            warning=item.data["spoiler_text"],
            edited_at=item.updated_at if item.data["edited_at"] else None,
            pieces=[(p.words, p.target if p.kind == "link" else None) for p in content.pieces(item.data["text"])],
            media=self._media.views(item.data["media_ids"], f"/{NAME}"),
            replies=[(reply.data["username"], reply.data["text"]) for reply in replies_to(item.subject, current)],
        )

    # --- limits ---

    def _require_allowance(self, door: Door, call: Call) -> None:
        if not self._world.settings.mastodon.limits or call.again:
            return
        account, now = self._accounts.bearer(call), self._world.clock.now()
        who, address = (account.id, "") if account else ("", call.address)
        wanted = [("token", rules.PER_TOKEN), ("account", rules.PER_ACCOUNT)] if account else []
        if account is None:
            wanted.append(("address", rules.PER_ADDRESS))
        if any(name in call.params for name in ("min_id", "max_id", "since_id")):
            wanted.append(("paging", rules.PAGING))
        if account and door.operation == "media.create":
            wanted.append(("media", rules.UPLOADS))
        if account and door.operation == "statuses.delete":
            wanted.append(("delete", rules.DELETES))
        limits.require(
            call.headers, [self._windows.consume(name, who or address, limit, now) for name, limit in wanted]
        )

    # --- behind the stage ---

    def _add_settled_accounts(self) -> None:
        for username, token in self._world.settings.mastodon.rows():
            self._accounts.put(Account(account_id(username), username, SecretStr(token)))

    def _public(self, item: Item) -> PublicPost:
        account = self._accounts.by_id.get(item.account) or Account(item.account, item.account, _NOBODY)
        told = counts(item, self._world.ledger.current)
        base = self._world.settings.mastodon.base_url.rstrip("/") or f"/{NAME}"
        return PublicPost(
            platform=NAME,
            id=item.subject,
            account=account.username,
            author=account.display_name or account.username,
            text=item.data["text"],
            at=item.created_at,
            page=f"{base}/@{account.username}/{item.subject}",
            links=tuple(piece.target for piece in content.pieces(item.data["text"]) if piece.kind == "link"),
            counts={
                "thích": told["favourites_count"],
                "đăng lại": told["reblogs_count"],
                "trả lời": told["replies_count"],
                "trích dẫn": told["quotes_count"],
            },
        )


def _door(method: str, path: str, operation: str, answer: Callable[[Call], Answer]) -> Door:
    return Door(method, re.compile(path), operation, answer)

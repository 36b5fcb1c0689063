"""The platform as the sandbox holds it: the doors of the Bot API, the readers' pages, and the strings behind the stage.

A bot's token is part of the address. It is in no answer, no ledger entry and no error of the sandbox, and requests
that carry one are kept out of the server's access log.
"""

import logging
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import SecretStr
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from typing_extensions import override

from sandbox import pages
from sandbox.faults import Fault, FaultKind
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import AccountIn, Engagement, Platform, PublicPost, UnknownPost, World
from sandbox.platforms.telegram import rules
from sandbox.platforms.telegram.chats import STATUSES, Chat, Chats
from sandbox.platforms.telegram.markup import pieces
from sandbox.platforms.telegram.media import Files, Medium
from sandbox.platforms.telegram.messages import GROUP, POST, Messages
from sandbox.platforms.telegram.parameters import PARAMETERS
from sandbox.platforms.telegram.updates import NAME, Updates
from sandbox.platforms.telegram.wire import BadRequest, Call, Json, TelegramError, TooManyRequests, read

Method = Callable[[Call], Any]
_BOT = re.compile(r"/bot([^/]+)/([A-Za-z]+)")
_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_TOKEN = re.compile(r"[1-9][0-9]{2,15}:[A-Za-z0-9_-]{3,64}")
_LIKE = {"type": "emoji", "emoji": "👍"}
_GATEWAY = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>"
_NAMES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}
_PROXY = {502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out"}


def build(world: World) -> Platform:
    return Telegram(world)


class TokensUnlogged(logging.Filter):
    """Of the server's access log: requests whose address holds a token are not written."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return f"/{NAME}/bot" not in record.getMessage()


class Telegram:
    name = NAME
    title = "Telegram"

    def __init__(self, world: World) -> None:
        self._world, self._chats, self._files = world, Chats(), Files()
        self._updates = Updates(world, self._chats)
        self._messages = Messages(world, self._chats, self._updates, self._files)
        self._methods: Mapping[str, Method] = {
            "getMe": self._chats.get_me,
            "getChat": self._chats.get_chat,
            "getChatMember": self._chats.get_member,
            "getChatMemberCount": self._chats.get_member_count,
            "sendMessage": self._messages.send_text,
            "sendPhoto": self._messages.send_photo,
            "sendVideo": self._messages.send_video,
            "sendDocument": self._messages.send_document,
            "sendMediaGroup": self._messages.send_album,
            "editMessageText": self._messages.edit_text,
            "editMessageCaption": self._messages.edit_caption,
            "editMessageMedia": self._messages.edit_media,
            "editMessageReplyMarkup": self._messages.edit_markup,
            "deleteMessage": self._messages.delete,
            "deleteMessages": self._messages.delete_many,
            "pinChatMessage": self._messages.pin,
            "getUpdates": self._updates.get,
            "setWebhook": self._updates.set_webhook,
            "deleteWebhook": self._updates.delete_webhook,
            "getWebhookInfo": self._updates.webhook_info,
        }
        self._spelt = {name.lower(): name for name in self._methods}
        self._add_settled_channels()
        logging.getLogger("uvicorn.access").addFilter(_UNLOGGED)

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{self.name}")
        routes.add_api_route("/bot{token}/{method}", self._answer, methods=["GET", "POST"], include_in_schema=False)
        routes.add_api_route("/photo/{sha256}", self._photo, methods=["GET"], include_in_schema=False)
        routes.add_api_route("/s/{username}", self._channel_page, methods=["GET"], include_in_schema=False)
        routes.add_api_route("/{username}/{number}", self._post_page, methods=["GET"], include_in_schema=False)
        return routes

    def operation(self, method: str, path: str) -> str | None:
        found = _BOT.fullmatch(path)
        return self._spelt.get(found.group(2).lower(), found.group(2)) if found else None

    def failure(self, fault: Fault) -> Response:
        match fault.kind:
            case FaultKind.TOKEN_EXPIRED:
                return _refusal(TelegramError(401, "Unauthorized"))
            case FaultKind.THROTTLE:
                return _refusal(TooManyRequests(math.ceil(fault.seconds)))
            case _ if fault.status >= rules.HTML_GATEWAY:
                title = _PROXY.get(fault.status, str(fault.status))
                return HTMLResponse(_GATEWAY.format(title), fault.status)
            case _:
                return _refusal(TelegramError(fault.status, _NAMES.get(fault.status, "Error")))

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        """A channel and its bot; options: discussion (bool), rights (list of names), migrated_to (chat id)."""
        username, token = account.handle.removeprefix("@"), account.password
        if not _USERNAME.fullmatch(username) or account.status not in STATUSES:
            raise HTTPException(422, f"handle must be a channel's username, status one of {', '.join(STATUSES)}")
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise HTTPException(422, "password must be a bot token, number:letters")
        put = (username, token, account.display_name, account.status, account.followers, account.options)
        chat, bot = self._chats.put(*put)
        ids = {"chat_id": chat.id, "bot_id": bot.id, "discussion_id": chat.linked_id}
        return {"platform": NAME, "username": chat.username, "status": account.status, **ids}

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        post = self._world.ledger.current.get(NAME, engagement.post)
        if post is None or post.kind != POST:
            raise UnknownPost(engagement.post)
        if engagement.quotes:
            raise HTTPException(422, "Telegram không có trích dẫn. / Telegram has no quotes.")
        for reply in engagement.replies:
            if self._messages.comment(post, reply.author, reply.text) is None:
                raise HTTPException(422, "Kênh không có nhóm thảo luận. / The channel has no discussion group.")
        given = {"likes": engagement.likes, "reposts": engagement.reposts}
        added = {name: count for name, count in given.items() if count}
        if added:
            act = Act(NAME, "engage", post.account, POST, post.subject, Effect.ENGAGED, added)
            self._world.ledger.record(act)
        if engagement.likes:
            self._tell_reactions(post)
        return {"post": post.subject, **self._counts(post)}

    def wall(self) -> list[PublicPost]:
        """An album is one post, known by its first message."""
        items = self._world.ledger.current.of(NAME, POST)
        return [self._public(group) for group in reversed(_grouped(items))]

    def reset(self) -> None:
        self._updates.clear()
        self._messages.clear()
        self._files.clear()
        self._chats.clear()
        self._add_settled_channels()

    # --- doors ---

    async def _answer(self, token: str, method: str, request: Request) -> Response:
        try:
            bot = self._chats.authorized(token)
            name = self._spelt.get(method.lower())
            if name is None:
                raise TelegramError(404, "Not Found: method not found")
            call = await read(request, name, bot.id)
            _require_known(call)
            result = self._methods[name](call)
            return JSONResponse({"ok": True, "result": await result if isinstance(result, Awaitable) else result})
        except TelegramError as error:
            return _refusal(error)
        except HTTPException:  # a form that cannot be read
            return _refusal(BadRequest("can't parse request"))

    async def _photo(self, sha256: str) -> Response:
        body = self._files.body(sha256)
        kinds = {i.data["medium"]["mime"] for i in self._with_medium(sha256)}
        if body is None or not kinds:
            return PlainTextResponse("Not Found", 404)
        guarded = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(body, media_type=kinds.pop(), headers=guarded)

    async def _channel_page(self, username: str) -> HTMLResponse:
        chat = self._channel(username)
        if chat is None:
            return pages.render("telegram_missing.html", status=404)
        mine = [i for i in self._world.ledger.current.of(NAME, POST) if i.data["chat_id"] == chat.id]
        posts = [self._entry(group) for group in _grouped(mine)]
        return pages.render("telegram_channel.html", chat=chat, posts=posts)

    async def _post_page(self, username: str, number: str) -> HTMLResponse:
        chat = self._channel(username)
        item = self._world.ledger.current.get(NAME, f"{chat.id}/{number}") if chat else None
        if chat is None or item is None:
            return pages.render("telegram_missing.html", status=404)
        comments = [self._comment(reply) for reply in self._comments(item)]
        return pages.render("telegram_post.html", chat=chat, post=self._entry(self._album(item)), comments=comments)

    # --- what readers see ---

    def _public(self, group: list[Item]) -> PublicPost:
        first = group[0]
        chat = self._chats.chats.get(first.data["chat_id"])
        said = next((i for i in group if i.data["text"]), first)
        return PublicPost(
            platform=NAME,
            id=first.subject,
            account=first.account,
            author=chat.title if chat else first.account,
            text=said.data["text"],
            at=first.created_at,
            page=f"{self._base()}/{first.account}/{first.data['message_id']}",
            links=tuple(link for _, _, link in pieces(said.data["text"], said.data["entities"]) if link),
            counts=self._counts(first),
        )

    def _entry(self, group: list[Item]) -> dict[str, Any]:
        """One post of a page."""
        said = next((i for i in group if i.data["text"]), group[0])
        media = [Medium(**i.data["medium"]) for i in group if i.data["medium"]]
        edited = max((i.data.get("edit_date") or 0 for i in group), default=0)
        return {
            "post": self._public(group),
            "pieces": pieces(said.data["text"], said.data["entities"]),
            "photos": [f"/{NAME}/photo/{m.sha256}" for m in media if m.kind == "photo"],
            "files": [m.name for m in media if m.kind != "photo"],
            "edited": datetime.fromtimestamp(edited, UTC) if edited else None,
            "is_pinned": any(i.data.get("is_pinned") for i in group),
        }

    def _comment(self, reply: Item) -> tuple[str, str]:
        bot = self._chats.bots.get(reply.data["bot_id"] or 0)
        return (bot.as_user() if bot else reply.data["from"])["first_name"], reply.data["text"]

    def _comments(self, post: Item) -> list[Item]:
        places = {(c.data["chat_id"], c.data["message_id"]) for c in self._messages.copies_of(post)}
        said = self._world.ledger.current.of(NAME, GROUP)
        return [i for i in said if (i.data["chat_id"], i.data.get("reply_to")) in places]

    def _counts(self, post: Item) -> dict[str, int]:
        given = post.engagement
        told = {"cảm xúc": given.get("likes", 0), "chuyển tiếp": given.get("reposts", 0)}
        return {**told, "bình luận": len(self._comments(post))}

    def _album(self, item: Item) -> list[Item]:
        wanted = item.data.get("media_group_id")
        if wanted is None:
            return [item]
        items = self._world.ledger.current.of(NAME, POST)
        return [i for i in items if i.data.get("media_group_id") == wanted]

    def _with_medium(self, sha256: str) -> list[Item]:
        return [i for i in self._world.ledger.current.of(NAME, POST) if sha256 in i.data["media_sha256"]]

    def _channel(self, username: str) -> Chat | None:
        wanted = username.lower()
        return next((c for c in self._chats.chats.values() if c.is_channel and c.username.lower() == wanted), None)

    def _base(self) -> str:
        return self._world.settings.telegram.base_url.rstrip("/") or f"/{NAME}"

    # --- behind the stage ---

    def _tell_reactions(self, post: Item) -> None:
        """Anonymous counts: nobody is told who reacted."""
        chat = self._chats.chats.get(post.data["chat_id"])
        if chat is not None:
            now = int(self._world.clock.now().timestamp())
            reactions = [{"type": _LIKE, "total_count": post.engagement.get("likes", 0)}]
            where: Json = {"chat": chat.as_json(), "message_id": post.data["message_id"]}
            self._updates.publish(chat, "message_reaction_count", {**where, "date": now, "reactions": reactions})

    def _add_settled_channels(self) -> None:
        for username, token in self._world.settings.telegram.rows():
            self._chats.put(username, SecretStr(token), "", "active", 0, {"discussion": True})


_UNLOGGED = TokensUnlogged()


def _grouped(items: list[Item]) -> list[list[Item]]:
    """In order of posting, the items of an album together."""
    made: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda i: i.seq):
        made.setdefault(item.data.get("media_group_id") or item.subject, []).append(item)
    return list(made.values())


def _require_known(call: Call) -> None:
    known = PARAMETERS[call.method]
    attached = {name for name in call.files if not rules.UNKNOWN_PARAMETERS or _is_attached(call, name)}
    for name in (*call.values, *call.files):
        if rules.UNKNOWN_PARAMETERS and name not in known and name not in attached:
            raise BadRequest(f"sandbox: {call.method} has no parameter {name!r:.60}")


def _is_attached(call: Call, name: str) -> bool:
    return any(f"attach://{name}" in str(value) for value in call.values.values())


def _refusal(error: TelegramError) -> JSONResponse:
    return JSONResponse(error.as_json(), error.code)

"""Posts: written to the ledger before they count, kept from doubles by their key, published later where asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sandbox import counting
from sandbox.clock import iso
from sandbox.lag import LateList
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import World
from sandbox.platforms.mastodon import limits, rules
from sandbox.platforms.mastodon.accounts import Account, Accounts
from sandbox.platforms.mastodon.instance import configuration
from sandbox.platforms.mastodon.media import NAME, Media
from sandbox.platforms.mastodon.views import REPLY, STATUS, Views, ancestors, descendants, next_id
from sandbox.platforms.mastodon.wire import Answer, Call, Invalid, Json, Missing, Refused

SCHEDULED = "scheduled"
_WRITE, _READ = "write:statuses", "read:statuses"
_LISTED = ("public", "unlisted")
_KEPT_IN_LINKS = ("limit", "only_media", "exclude_replies", "exclude_reblogs")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a key against doubles led to."""

    subject: str
    at: datetime


class Statuses:
    def __init__(self, world: World, accounts: Accounts, media: Media, views: Views, windows: limits.Windows) -> None:
        self._world, self._accounts, self._media, self._views = world, accounts, media, views
        self._windows, self._next_id = windows, next_id(world)
        self._late = LateList(NAME, world.clock, world.ledger, world.lags)
        self._keys: dict[tuple[str, str], _Kept] = {}
        self._remember_keys()

    def clear(self) -> None:
        self._keys.clear()
        self._late.clear()
        self._next_id = next_id(self._world)

    # --- writing ---

    def create(self, call: Call) -> Answer:
        account = self._accounts.authorized(call, _WRITE)
        self._require_parent(account, call)
        kept = self._kept(account, call)
        if kept is not None:
            return self._told_again(account, kept, call)
        data = self._draft(account, call)
        at = self._schedule(account, call)
        if at is None:
            self._count(account, call)
            return Answer(self._views.status(self._new(account, STATUS, data, call), call.base_url, account))
        planned = self._new(account, SCHEDULED, data | {"scheduled_at": iso(at)}, call)
        return Answer(self._scheduled_view(planned, call))

    def update(self, call: Call) -> Answer:
        item, account = self._mine(call)
        ids = call.strings("media_ids") or []
        self._media.attachable(account, ids, mine=item.data["media_ids"], again=call.again)
        data = {**item.data, **self._words(call, ids, item.data["language"])}
        self._require_short(data)
        described = self._media.redescribed(account, call.params.get("media_attributes"), ids)
        if not described and all(data[name] == item.data[name] for name in data):
            self._record("statuses.update", item, Effect.UNCHANGED, {})
            return Answer(self._views.status(item, call.base_url, account))
        self._count(account, call)
        self._media.rewrite("statuses.update", described)
        before = {name: item.data[name] for name in ("text", "spoiler_text", "sensitive", "media_ids")}
        before["at"] = item.data["edited_at"] or iso(item.created_at)
        data["edits"], data["edited_at"] = [*item.data["edits"], before], iso(self._world.clock.now())
        self._record("statuses.update", item, Effect.UPDATED, data)
        return Answer(self._views.status(item, call.base_url, account))

    def delete(self, call: Call) -> Answer:
        item, account = self._mine(call)
        told = self._views.status(item, call.base_url, account, is_source=True)
        self._record("statuses.delete", item, Effect.DELETED, {})
        if call.flag("delete_media"):
            for one in item.data["media_ids"]:
                if attached := self._media.item(one):
                    self._media.forget("statuses.delete", attached)
        return Answer(told)

    # --- reading ---

    def show(self, call: Call) -> Answer:
        item, viewer = self._visible(call)
        return Answer(self._views.status(item, call.base_url, viewer))

    def source(self, call: Call) -> Answer:
        self._accounts.authorized(call, _READ)
        item, _ = self._visible(call)
        data = item.data
        return Answer({"id": item.subject, "text": data["text"], "spoiler_text": data["spoiler_text"]})

    def history(self, call: Call) -> Answer:
        item, _ = self._visible(call)
        return Answer(self._views.history(item, call.base_url))

    def context(self, call: Call) -> Answer:
        item, viewer = self._visible(call)
        above = ancestors(item, lambda one: self._world.ledger.current.get(NAME, one))
        below = descendants(item.subject, self._world.ledger.current)
        told = [[self._views.status(one, call.base_url, viewer) for one in side] for side in (above, below)]
        return Answer({"ancestors": told[0], "descendants": told[1]})

    def of_account(self, call: Call) -> Answer:
        """Newest first, as far as the lists know; the address of the neighbouring pages is in Link."""
        viewer = self._accounts.viewer(call)
        if viewer is not None and not viewer.may(_READ):
            raise Refused(403, rules.OUT_OF_SCOPE)
        account = self._accounts.by_id.get(call.path["id"])
        if account is None:
            raise Missing()
        shown = ("private", "direct", *_LISTED) if viewer and viewer.id == account.id else _LISTED
        mine = [i for i in self._late.due(STATUS) if i.account == account.id and i.data["visibility"] in shown]
        page, limit = _page(call, [item for item in mine if _wanted(item, call)])
        served = self._late.served(page)
        links = _links(call, page, limit)
        told = [self._views.status(item, call.base_url, viewer) for item in served]
        return Answer(told, headers={"Link": links} if links else {})

    # --- scheduled posts ---

    def scheduled(self, call: Call) -> Answer:
        account = self._accounts.authorized(call, _READ)
        mine = [i for i in self._world.ledger.current.of(NAME, SCHEDULED) if i.account == account.id]
        return Answer([self._scheduled_view(item, call) for item in mine])

    def scheduled_one(self, call: Call) -> Answer:
        item, _ = self._mine_scheduled(call, _READ)
        return Answer(self._scheduled_view(item, call))

    def reschedule(self, call: Call) -> Answer:
        item, account = self._mine_scheduled(call, _WRITE)
        at = self._schedule(account, call)
        if at is None:
            raise Invalid("Scheduled at can't be blank")
        self._record("scheduled_statuses.update", item, Effect.UPDATED, item.data | {"scheduled_at": iso(at)})
        return Answer(self._scheduled_view(item, call))

    def unschedule(self, call: Call) -> Answer:
        item, _ = self._mine_scheduled(call, _WRITE)
        self._record("scheduled_statuses.delete", item, Effect.DELETED, {})
        return Answer({})

    def publish_due(self) -> None:
        """What was scheduled for before now becomes a post, oldest first."""
        now = self._world.clock.now()
        waiting = self._world.ledger.current.of(NAME, SCHEDULED)
        due = [item for item in waiting if datetime.fromisoformat(item.data["scheduled_at"]) <= now]
        for item in sorted(due, key=lambda one: str(one.data["scheduled_at"])):
            data = {name: value for name, value in item.data.items() if name != "scheduled_at"}
            self._record("scheduled_statuses.publish", item, Effect.DELETED, {})
            act = Act(NAME, "scheduled_statuses.publish", item.account, STATUS, self._next_id(), Effect.CREATED)
            self._world.ledger.record(replace(act, data=data | {"scheduled_id": item.subject}))

    # --- readers ---

    def reply(self, post: Item, author: str, text: str) -> None:
        data = _plain(text) | {"in_reply_to_id": post.subject, "username": author or "nguoi-doc"}
        act = Act(NAME, "engage", "", REPLY, self._next_id(), Effect.CREATED, data)
        self._world.ledger.record(act)

    def new_id(self) -> str:
        return self._next_id()

    # --- the steps of a post ---

    def _draft(self, account: Account, call: Call) -> Json:
        ids = call.strings("media_ids") or []
        self._media.attachable(account, ids, again=call.again)
        data = _plain("") | self._words(call, ids, "vi")
        data["visibility"] = call.text("visibility") or "public"
        data["in_reply_to_id"] = call.text("in_reply_to_id") or None
        data["idempotency_key"] = call.idempotency_key or None
        if data["visibility"] not in rules.VISIBILITIES:
            raise Invalid("Visibility is not included in the list")
        self._require_short(data)
        return data

    def _words(self, call: Call, ids: Sequence[str], language: str) -> Json:
        text, warning = call.text("status") or "", call.text("spoiler_text") or ""
        if not text.strip() and warning:
            text, warning = warning, ""
        wanted = call.text("language") or ""
        return {
            "text": text,
            "spoiler_text": warning,
            "sensitive": call.flag("sensitive") or bool(warning),
            "language": wanted if len(wanted) in (2, 3, 5) and wanted.isascii() else language,
            "media_ids": list(ids),
            "media_sha256": self._media.digests(ids),
        }

    def _require_short(self, data: Json) -> None:
        if not data["text"].strip() and not data["media_ids"]:
            raise Invalid("Text can't be blank")
        told = configuration(self._world.settings.mastodon)["statuses"]
        used = counting.short_link_length(data["text"], told["characters_reserved_per_url"])
        if used + counting.graphemes(data["spoiler_text"]) > told["max_characters"]:
            raise Invalid(f"Text character limit of {told['max_characters']} exceeded")

    def _require_parent(self, account: Account, call: Call) -> None:
        parent = call.text("in_reply_to_id")
        found = self._world.ledger.current.get(NAME, parent) if parent else None
        if parent and (found is None or not _may_see(found, account)):
            raise Refused(404, rules.NO_SUCH_PARENT)

    def _schedule(self, account: Account, call: Call) -> datetime | None:
        """None: at once, as everything that lies in the past."""
        written, now = call.text("scheduled_at"), self._world.clock.now()
        if not written:
            return None
        try:
            at = datetime.fromisoformat(written)
        except ValueError:
            raise Invalid("Scheduled at is invalid") from None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if at <= now:
            return None
        if at <= now + rules.SCHEDULE_AHEAD:
            raise Invalid("Scheduled at must be at least 5 minutes in the future")
        mine = [i for i in self._world.ledger.current.of(NAME, SCHEDULED) if i.account == account.id]
        same_day = [
            i for i in mine if datetime.fromisoformat(i.data["scheduled_at"]).date() == at.astimezone(UTC).date()
        ]
        if len(mine) >= rules.SCHEDULED_TOTAL:
            raise Invalid(f"You have exceeded the limit of {rules.SCHEDULED_TOTAL} scheduled posts")
        if len(same_day) >= rules.SCHEDULED_DAY:
            raise Invalid(f"You have exceeded the limit of {rules.SCHEDULED_DAY} scheduled posts for today")
        return at

    def _count(self, account: Account, call: Call) -> None:
        if self._world.settings.mastodon.limits and not call.again:
            standing = self._windows.record("posts", account.id, rules.POSTS, self._world.clock.now())
            limits.require(call.headers, [standing])

    def _new(self, account: Account, kind: str, data: Json, call: Call) -> Item:
        subject = self._next_id()
        self._world.ledger.record(Act(NAME, "statuses.create", account.id, kind, subject, Effect.CREATED, data))
        if call.idempotency_key and not call.again:
            self._keys[account.id, call.idempotency_key] = _Kept(subject, self._world.clock.now())
        return self._world.ledger.current.items[NAME, subject]

    # --- keys against doubles ---

    def _kept(self, account: Account, call: Call) -> _Kept | None:
        kept = self._keys.get((account.id, call.idempotency_key)) if not call.again else None
        fresh = kept is not None and self._world.clock.now() < kept.at + rules.IDEMPOTENCY
        return kept if fresh else None

    def _told_again(self, account: Account, kept: _Kept, call: Call) -> Answer:
        item = self._world.ledger.current.get(NAME, kept.subject)
        if item is None:
            raise Missing()
        self._record("statuses.create", item, Effect.UNCHANGED, {})
        if item.kind == SCHEDULED:
            return Answer(self._scheduled_view(item, call))
        return Answer(self._views.status(item, call.base_url, account))

    def _remember_keys(self) -> None:
        for entry in self._world.ledger.entries(NAME):
            key = entry.act.data.get("idempotency_key")
            if entry.act.operation == "statuses.create" and entry.act.effect is Effect.CREATED and key:
                self._keys.setdefault((entry.act.account, key), _Kept(entry.act.subject, entry.at))

    # --- finding ---

    def _visible(self, call: Call) -> tuple[Item, Account | None]:
        viewer = self._accounts.viewer(call)
        item = self._world.ledger.current.get(NAME, call.path["id"])
        if item is None or item.kind not in (STATUS, REPLY) or not _may_see(item, viewer):
            raise Missing()
        if viewer is not None and not viewer.may(_READ):
            raise Refused(403, rules.OUT_OF_SCOPE)
        return item, viewer

    def _mine(self, call: Call) -> tuple[Item, Account]:
        account = self._accounts.authorized(call, _WRITE)
        item = self._world.ledger.current.get(NAME, call.path["id"])
        if item is None or item.kind != STATUS or item.account != account.id:
            raise Missing()
        return item, account

    def _mine_scheduled(self, call: Call, scope: str) -> tuple[Item, Account]:
        account = self._accounts.authorized(call, scope)
        item = self._world.ledger.current.get(NAME, call.path["id"])
        if item is None or item.kind != SCHEDULED or item.account != account.id:
            raise Missing()
        return item, account

    def _scheduled_view(self, item: Item, call: Call) -> Json:
        data = item.data
        told = ("text", "spoiler_text", "sensitive", "visibility", "language", "in_reply_to_id", "media_ids")
        params: Json = {name: data[name] or None for name in told}
        unset = {"scheduled_at": None, "poll": None, "idempotency": None, "with_rate_limit": False}
        return {
            "id": item.subject,
            "scheduled_at": data["scheduled_at"],
            "params": {**params, **unset, "application_id": 1},
            "media_attachments": self._media.views(data["media_ids"], call.base_url),
        }

    def _record(self, operation: str, item: Item, effect: Effect, data: Json) -> None:
        self._world.ledger.record(Act(NAME, operation, item.account, item.kind, item.subject, effect, data))


def _plain(text: str) -> Json:
    """Everything that is kept of a post."""
    return {
        "text": text,
        "spoiler_text": "",
        "sensitive": False,
        "visibility": "public",
        "language": "vi",
        "in_reply_to_id": None,
        "media_ids": [],
        "media_sha256": [],
        "idempotency_key": None,
        "edited_at": None,
        "edits": [],
    }


def _may_see(item: Item, viewer: Account | None) -> bool:
    return item.data["visibility"] in _LISTED or (viewer is not None and viewer.id == item.account)


def _wanted(item: Item, call: Call) -> bool:
    if call.flag("only_media") and not item.data["media_ids"]:
        return False
    return not (call.flag("exclude_replies") and item.data["in_reply_to_id"])


def _page(call: Call, items: Sequence[Item]) -> tuple[list[Item], int]:
    """max_id and since_id keep the newest of what they leave; min_id keeps those next to it."""
    limit = call.number("limit", rules.LIST_DEFAULT, rules.LIST_MOST)
    low, high, next_to = (_number(call.text(name)) for name in ("since_id", "max_id", "min_id"))
    found = sorted(items, key=lambda item: -int(item.subject))
    found = [i for i in found if (high is None or int(i.subject) < high) and (low is None or int(i.subject) > low)]
    if next_to is not None:
        found = [item for item in found if int(item.subject) > next_to]
        return found[max(0, len(found) - limit) :], limit
    return found[:limit], limit


def _links(call: Call, page: Sequence[Item], limit: int) -> str:
    if not page:
        return ""
    kept = {name: value for name in _KEPT_IN_LINKS if (value := call.text(name)) is not None}
    base = f"{call.base_url}/api/v1/accounts/{call.path['id']}/statuses"
    older = urlencode({**kept, "max_id": page[-1].subject})
    newer = urlencode({**kept, "min_id": page[0].subject})
    made = [f'<{base}?{older}>; rel="next"'] if len(page) == limit else []
    return ", ".join([*made, f'<{base}?{newer}>; rel="prev"'])


def _number(written: Any) -> int | None:
    return int(written) if written is not None and str(written).isdecimal() else None

"""Accounts and statuses the way the API tells them: ids as strings, text as HTML, absent things as null."""

from collections.abc import Callable, Iterable

from sandbox.clock import iso
from sandbox.ledger import Item, Projection
from sandbox.platforms.base import World
from sandbox.platforms.mastodon import content
from sandbox.platforms.mastodon.accounts import READER_DOMAIN, Account, Accounts, account_id
from sandbox.platforms.mastodon.media import NAME, Media
from sandbox.platforms.mastodon.wire import Json

STATUS = "status"
REPLY = "reader-reply"


class Views:
    def __init__(self, world: World, accounts: Accounts, media: Media) -> None:
        self._world, self._accounts, self._media = world, accounts, media

    def account(self, account: Account, base_url: str) -> Json:
        posts = [item for item in self._world.ledger.current.of(NAME, STATUS) if item.account == account.id]
        known = {"id": account.id, "username": account.username, "acct": account.username}
        more = {"display_name": account.display_name, "followers_count": account.followers}
        last = max((item.created_at for item in posts), default=None)
        counts = {"statuses_count": len(posts), "last_status_at": last.date().isoformat() if last else None}
        return {**_person(account.username, base_url), **known, **more, **counts}

    def credentials(self, account: Account, base_url: str) -> Json:
        source = {"privacy": "public", "sensitive": False, "language": "vi", "note": "", "fields": []}
        role = {"id": "-99", "name": "", "permissions": "0", "color": "", "highlighted": False}
        return {**self.account(account, base_url), "source": source, "role": role}

    def status(self, item: Item, base_url: str, viewer: Account | None, is_source: bool = False) -> Json:
        """`is_source`: with the plain text in place of the HTML, as a delete answers."""
        data, current = item.data, self._world.ledger.current
        author = self._accounts.by_id.get(item.account)
        name = author.username if author else str(data.get("username", "nguoi-doc"))
        parent = current.get(NAME, str(data["in_reply_to_id"])) if data["in_reply_to_id"] else None
        told: Json = {
            "id": item.subject,
            "created_at": iso(item.created_at),
            "in_reply_to_id": data["in_reply_to_id"],
            "in_reply_to_account_id": parent.account if parent else None,
            "sensitive": data["sensitive"],
            "spoiler_text": data["spoiler_text"],
            "visibility": data["visibility"],
            "language": data["language"],
            "uri": f"{base_url}/users/{name}/statuses/{item.subject}",
            "url": f"{base_url}/@{name}/{item.subject}",
            **counts(item, current),
            "edited_at": data["edited_at"],
            **({"text": data["text"]} if is_source else {"content": self.html(data["text"], base_url)}),
            "reblog": None,
            "application": {"name": "Sân tập", "website": None} if viewer else None,
            "account": self.account(author, base_url) if author else _reader(name, base_url),
            "media_attachments": self._media.views(data["media_ids"], base_url),
            "mentions": self._mentions(data["text"], base_url),
            "tags": [
                {"name": tag.lower(), "url": f"{base_url}/tags/{tag.lower()}"} for tag in content.hashtags(data["text"])
            ],
            "emojis": [],
            "quote": None,
            "quote_approval": {"automatic": ["public"], "manual": [], "current_user": "automatic"},
            "card": None,
            "poll": None,
        }
        mine = {"favourited": False, "reblogged": False, "muted": False, "bookmarked": False, "pinned": False}
        return {**told, **mine, "filtered": []} if viewer else told

    def history(self, item: Item, base_url: str) -> list[Json]:
        author = self._accounts.by_id[item.account]
        versions = [*item.data["edits"], {**item.data, "at": item.data["edited_at"] or iso(item.created_at)}]
        return [
            {
                "content": self.html(version["text"], base_url),
                "spoiler_text": version["spoiler_text"],
                "sensitive": version["sensitive"],
                "created_at": version["at"],
                "account": self.account(author, base_url),
                "media_attachments": self._media.views(version["media_ids"], base_url),
                "emojis": [],
                "quote": None,
            }
            for version in versions
        ]

    def html(self, text: str, base_url: str) -> str:
        return content.as_html(text, base_url, lambda name: self._mention(name, base_url) is not None)

    def _mentions(self, text: str, base_url: str) -> list[Json]:
        return [known for name in content.mentions(text) if (known := self._mention(name, base_url))]

    def _mention(self, named: str, base_url: str) -> Json | None:
        """One of ours by its name, or a reader by name and server; nobody else is known."""
        account, (name, _, domain) = self._accounts.named(named), named.partition("@")
        if account is not None:
            url = f"{base_url}/@{account.username}"
            return {"id": account.id, "username": account.username, "acct": account.username, "url": url}
        if domain != READER_DOMAIN:
            return None
        return {"id": account_id(name), "username": name, "acct": named, "url": f"https://{READER_DOMAIN}/@{name}"}


def counts(item: Item, current: Projection) -> dict[str, int]:
    """There are no views or impressions."""
    reactions = item.engagement
    return {
        "replies_count": sum(1 for _ in replies_to(item.subject, current)),
        "reblogs_count": reactions.get("reposts", 0),
        "favourites_count": reactions.get("likes", 0),
        "quotes_count": reactions.get("quotes", 0),
    }


def replies_to(status_id: str, current: Projection) -> Iterable[Item]:
    """Direct ones, oldest first."""
    posts = [*current.of(NAME, STATUS), *current.of(NAME, REPLY)]
    return sorted((p for p in posts if p.data["in_reply_to_id"] == status_id), key=lambda item: int(item.subject))


def descendants(status_id: str, current: Projection) -> list[Item]:
    found: list[Item] = []
    for reply in replies_to(status_id, current):
        found += [reply, *descendants(reply.subject, current)]
    return found


def ancestors(item: Item, get: Callable[[str], Item | None]) -> list[Item]:
    """From the root down."""
    found: list[Item] = []
    parent = get(str(item.data["in_reply_to_id"]))
    while parent is not None:
        found.insert(0, parent)
        parent = get(str(parent.data["in_reply_to_id"]))
    return found


def next_id(world: World) -> Callable[[], str]:
    """Ids as the platform makes them: milliseconds in the upper bits, growing whatever the clock does."""
    last = max((int(s) for p, s in world.ledger.current.items if p == NAME and s.isdigit()), default=0)

    def make() -> str:
        nonlocal last
        last = max(last + 1, int(world.clock.now().timestamp() * 1000) << 16)
        return str(last)

    return make


def _person(username: str, base_url: str) -> Json:
    return {
        "id": account_id(username),
        "username": username,
        "acct": username,
        "display_name": username,
        "locked": False,
        "bot": False,
        "group": False,
        "discoverable": True,
        "created_at": "2026-01-01T00:00:00.000Z",
        "note": "",
        "url": f"{base_url}/@{username}",
        "uri": f"{base_url}/users/{username}",
        "avatar": f"{base_url}/avatars/original/missing.png",
        "avatar_static": f"{base_url}/avatars/original/missing.png",
        "header": f"{base_url}/headers/original/missing.png",
        "header_static": f"{base_url}/headers/original/missing.png",
        "followers_count": 0,
        "following_count": 0,
        "statuses_count": 0,
        "last_status_at": None,
        "emojis": [],
        "fields": [],
    }


def _reader(name: str, base_url: str) -> Json:
    """Somebody from another server."""
    return {**_person(name, base_url), "acct": f"{name}@{READER_DOMAIN}", "url": f"https://{READER_DOMAIN}/@{name}"}

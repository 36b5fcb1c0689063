"""The pages of this platform, each with its app and its one page token."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import SecretStr

from sandbox.platforms import meta
from sandbox.platforms.meta import Call, Holder

NAME = "facebook"
POLICY_BLOCKED = "policy_blocked"
STATUSES = (*meta.STATUSES, POLICY_BLOCKED)
SCOPES = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_manage_posts",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "publish_video",
)


@dataclass(frozen=True, slots=True)
class Page:
    holder: Holder
    handle: str
    name: str
    followers: int
    quota: int
    """Calls in 24 hours."""

    @property
    def id(self) -> str:
        return self.holder.id


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where the events of an app's pages go."""

    url: str
    fields: frozenset[str]
    secret: SecretStr


@dataclass(slots=True)
class Pages:
    by_id: dict[str, Page] = field(default_factory=dict)
    apps: dict[str, Subscription] = field(default_factory=dict)
    """By app."""
    subscribed: dict[str, frozenset[str]] = field(default_factory=dict)
    """Fields, by page."""

    def clear(self) -> None:
        self.by_id.clear()
        self.apps.clear()
        self.subscribed.clear()

    def holders(self) -> Iterator[Holder]:
        return (page.holder for page in self.by_id.values())

    def named(self, name: str) -> Page | None:
        return self.by_id.get(name) or next((page for page in self.by_id.values() if page.handle == name), None)

    def bearer(self, call: Call) -> Page | None:
        """Whose token it is, alive or dead: whoever is asked for too much is asked by it."""
        given = call.token or ""
        return next((p for p in self.by_id.values() if p.holder.token.get_secret_value() == given), None)

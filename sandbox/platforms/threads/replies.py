"""What stands below a post: readers' replies and our own, which are posts too."""

from sandbox.lag import LateList
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import World
from sandbox.platforms.meta import Json
from sandbox.platforms.threads.making import NAME, POST, REPLY


class Replies:
    def __init__(self, world: World, late: LateList) -> None:
        self._world, self._late = world, late

    def add(self, post: Item, subject: str, text: str) -> Item:
        """A reader's; kept with the account whose post it answers."""
        data: Json = {
            "type": "TEXT",
            "text": text,
            "reply_to": post.subject,
            "link": None,
            "media_sha256": [],
            "alts": [],
        }
        ledger = self._world.ledger
        ledger.record(Act(NAME, "engage", post.account, REPLY, subject, Effect.CREATED, data))
        made = ledger.current.get(NAME, subject)
        assert made is not None
        return made

    def below(self, post_id: str) -> list[Item]:
        """Straight below it, newest first."""
        return [item for item in self._all() if item.data["reply_to"] == post_id]

    def tree(self, post_id: str) -> list[Item]:
        """All below it, however deep, newest first."""
        ids, found = {post_id}, list[Item]()
        for item in reversed(self._all()):  # what answers is younger than what it answers
            if item.data["reply_to"] in ids:
                ids.add(item.subject)
                found.append(item)
        return found[::-1]

    def root_of(self, item: Item) -> str:
        above = item.data["reply_to"]
        while (held := self._world.ledger.current.get(NAME, above)) is not None and held.data["reply_to"]:
            above = held.data["reply_to"]
        return str(above)

    def is_hidden(self, item: Item) -> bool:
        """By itself, or by what it answers."""
        current = self._world.ledger.current
        above: Item | None = item
        while above is not None and above.data["reply_to"]:
            if above.data.get("hidden"):
                return True
            above = current.get(NAME, above.data["reply_to"])
        return False

    def _all(self) -> list[Item]:
        """Our own replies are listed as late as our posts are."""
        ours = [item for item in self._late.due(POST) if item.data["reply_to"]]
        return sorted((*ours, *self._world.ledger.current.of(NAME, REPLY)), key=lambda item: -item.seq)

"""Flood control: how many messages a bot may send, and where."""

import math
from datetime import datetime

from sandbox.platforms.base import World
from sandbox.platforms.telegram import rules
from sandbox.platforms.telegram.chats import Chat
from sandbox.platforms.telegram.wire import TooManyRequests
from sandbox.windows import Limit, Windows


class Floods:
    def __init__(self, world: World) -> None:
        self._world, self._windows = world, Windows()

    def clear(self) -> None:
        self._windows.clear()

    def require_allowance(self, bot_id: int, chat: Chat) -> None:
        """For one message or album; what is refused here was not done, and counts all the same."""
        asked = [("bot", str(bot_id), rules.PER_BOT), ("chat", str(chat.id), rules.PER_CHAT)]
        if chat.is_channel:
            asked.append(("channel", str(chat.id), rules.PER_CHANNEL))
        now = self._world.clock.now()
        waits = [wait for name, key, limit in asked if (wait := self._wait(name, key, limit, now)) > 0]
        if waits and self._world.settings.telegram.limits:
            raise TooManyRequests(math.ceil(max(waits)))

    def _wait(self, name: str, key: str, limit: Limit, now: datetime) -> float:
        standing = self._windows.consume(name, key, limit, rules.ALBUM_COUNTS, now)
        return (standing.resets_at - now).total_seconds() if standing.exceeded else 0.0

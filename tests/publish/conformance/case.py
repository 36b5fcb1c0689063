"""What the common tests have to know of a channel that no interface can tell them: one file of `channels/` for each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from sandbox import counting
from services.publish.adapters import CHANNELS
from services.publish.adapters.by_hand import KIND as BY_HAND
from services.publish.adapters.retired import PLATFORMS as RETIRED
from tests.publish.conformance import channels

Json = dict[str, Any]


@dataclass(frozen=True)
class Seat:
    """One account: what the sandbox is told of it (PUT /control/accounts), and what our channel holds."""

    address: str
    settings: Json
    secret: dict[str, str]
    control: Json | None = None
    learns: dict[str, str] = field(default_factory=dict)
    """Settings that only the sandbox's answer tells: ours → its name there."""

    def told(self, answer: Json) -> Json:
        """The settings, with what the sandbox answered."""
        return self.settings | {ours: str(answer[theirs]) for ours, theirs in self.learns.items()}


@dataclass(frozen=True)
class ChannelCase:
    """`seat(number, url)`: account `number` on the sandbox at `url`.

    Operations are named as the sandbox names them: `publishes` make a post, `uploads` come before it, `reads` look for
    it, `logins` open a session, `edits` change a post, `deletes` take it down.
    """

    kind: str
    seat: Callable[[int, str], Seat]
    platform: str | None = None
    """The sandbox's name of it; None where the channel is our own house and can have no faults of a platform."""
    stands: str | None = None
    """Where our own house keeps it in the database: the SQL of what stands there (`id`, `text`)."""
    publishes: tuple[str, ...] = ()
    image_publishes: tuple[str, ...] = ()
    """Where a post with pictures is another operation."""
    video_publishes: tuple[str, ...] = ()
    """The same of a video."""
    uploads: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    sees_twins: bool = True
    """Whether the platform lets us see a second post that it made by itself."""
    takes_images: bool = False
    needs_image: bool = False
    """Whether a post without a picture is refused: every message of a test then shows one."""
    takes_videos: bool = False
    needs_video: bool = False
    """The same of a video."""
    counts: Callable[[str], int] = counting.graphemes
    """The letters of a text as the platform counts them, written by the sandbox and not by the adapter."""
    throttle_seconds: int = 40
    """How long a throttle of a test lasts; whole minutes, where the platform tells it in minutes."""
    a_post: str | None = None
    """An id as the platform gives them."""
    dead: Json | None = None
    """What to add to `control` so that the account's token is dead for good."""


def cases() -> dict[str, ChannelCase]:
    """Every description there is, by kind."""
    found = [import_module(f"{channels.__name__}.{info.name}") for info in iter_modules(channels.__path__)]
    return {module.CASE.kind: module.CASE for module in found}


def case_of(kind: str) -> ChannelCase:
    try:
        return cases()[kind]
    except KeyError:
        raise AssertionError(
            f"channel {kind!r} is registered and not described: add tests/publish/conformance/channels/{kind}.py"
            " (docs/how-to/add-a-channel.md)"
        ) from None


KINDS = [kind for kind in CHANNELS.names() if kind != BY_HAND and kind not in RETIRED]
"""Every test here runs over all of them; what a person posts, or nobody any more, has tests of its own."""

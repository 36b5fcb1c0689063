"""What a channel offers where the platform lets us answer, and hide, what readers write under our posts.

A reply is always an answer to one comment: nothing here can make a post. `reply` is called once for each arming, as
`commit` of a post is; what it cannot prove is `Unknown`, and `find_reply` then looks.
"""

from datetime import datetime
from typing import Protocol, runtime_checkable

from services.publish.adapters.base import Outcome


@runtime_checkable
class AnswersComments(Protocol):
    async def reply(self, comment_id: str, text: str, at: datetime) -> Outcome:
        """Answer as the account; never repeats a request whose answer was lost."""
        ...

    async def find_reply(self, comment_id: str, text: str, since: datetime) -> str | None:
        """The platform's id of our answer with these words, made since then; None where the platform shows none.
        Raises ChannelError where it could not be asked, or the comment itself is not there any more."""
        ...


@runtime_checkable
class KnowsReplies(Protocol):
    """Where an answer of ours is found by its own id better than by its words, or by that alone."""

    async def reply_stands(self, reply_id: str, text: str) -> bool:
        """Whether it is there with just these words. Raises ChannelError where it could not be asked."""
        ...


@runtime_checkable
class HidesComments(Protocol):
    async def set_hidden(self, comment_id: str, is_hidden: bool) -> None:
        """Make it so; done again it changes nothing. Raises ChannelError, and `CommentGone` where there is none."""
        ...


def why_not_hidden(channel: type[object]) -> str:
    """For the officer, of a channel that does not hide: in its adapter's words (`why_no_hiding`), where it has any."""
    return str(getattr(channel, "why_no_hiding", "Nền tảng này không cho ẩn bình luận từ đây."))


class CommentGone(Exception):
    """The comment is not there any more."""

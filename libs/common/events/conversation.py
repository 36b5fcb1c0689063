"""Events about what people say under the city's own posts. Never granted to outside subscribers.

They carry ids alone: who is told reads the words where they are kept, so that what its writer took back is not said
on by an event that was on its way, and the order in which events come does not matter.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.events.base import Event
from libs.common.events.content import BATCH_LIMIT


class ConversationsReceived(Event):
    """Comments that are new, that were changed, or that are gone."""

    subject: ClassVar[str] = "lantoa.conversation.received.v1"
    comment_ids: Annotated[list[UUID], Field(min_length=1, max_length=BATCH_LIMIT)]


class ConversationEscalated(Event):
    """An officer makes a case of a comment. Where its writer can be answered stays with publish."""

    subject: ClassVar[str] = "lantoa.conversation.escalated.v1"
    comment_id: UUID

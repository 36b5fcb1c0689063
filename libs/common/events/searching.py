"""Events about kept queries. Never granted to outside subscribers: what is searched for stays inside."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.events.base import Event
from libs.common.events.content import BATCH_LIMIT


class SavedQueryMatched(Event):
    """A kept query found new contents; each of them once."""

    subject: ClassVar[str] = "lantoa.query.matched.v1"
    saved_query_id: UUID
    content_ids: Annotated[list[UUID], Field(min_length=1, max_length=BATCH_LIMIT)]

"""What people are told by mail: any service writes it, one sends it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m


async def add_notification(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether it is new: each is told once by its `dedupe`, however many workers ask."""
    statement = insert(m.Notification).values(values).on_conflict_do_nothing(index_elements=["dedupe"])
    return await session.scalar(statement.returning(m.Notification.id)) is not None

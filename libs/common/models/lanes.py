"""Contents that are labelled later: the slow lane beside the stream."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, table_rules
from libs.common.models.enums import LateReason


class LateContent(Base):
    """One content that waits for its labels; gone when it has them."""

    __tablename__ = "late_contents"
    __table_args__ = (
        CheckConstraint(one_of("reason", LateReason), name="reason"),
        table_rules("classify"),
    )

    content_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    reason: Mapped[str]
    tries: Mapped[int]
    parked_at: Mapped[datetime]

"""Systems of others that read the closed list of events over NATS, each with a credential of its own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, primary_key, table_rules

GRANTABLE = (
    "lantoa.publication.approved.v1",
    "lantoa.publication.published.v1",
    "lantoa.publication.withdrawn.v1",
    "lantoa.correction.published.v1",
    "lantoa.alert.raised.v1",
    "lantoa.feedback.resolved.v1",
    "lantoa.report.ready.v1",
)
"""The closed list as the database holds it; `libs.common.events.outside` says the same."""
CLOSED_LIST = "ARRAY[" + ", ".join(f"'{subject}'" for subject in GRANTABLE) + "]"
"""The same in SQL, for the constraints of every table that names what others are told."""


class EventSubscriber(Base):
    """Written by the operator's command alone. Its password is shown once and kept as a bcrypt hash."""

    __tablename__ = "event_subscribers"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z][a-z0-9-]{2,39}$'", name="name"),
        CheckConstraint("length(btrim(organisation)) BETWEEN 2 AND 200", name="organisation"),
        CheckConstraint("length(btrim(purpose)) BETWEEN 10 AND 500", name="purpose"),
        CheckConstraint("organisation || purpose !~ '@|[0-9]{9,}'", name="names_no_person"),
        CheckConstraint(f"subjects <@ {CLOSED_LIST} AND cardinality(subjects) >= 1", name="closed_list"),
        CheckConstraint("password_hash ~ '^[$]2a[$][0-9]{2}[$].{53}$'", name="password_is_hashed"),
        CheckConstraint("revoked_at IS NULL OR revoked_at >= created_at", name="dates_in_order"),
        table_rules("owner", readers=("reports",)),
    )

    id: Mapped[UUID] = primary_key()
    name: Mapped[str] = mapped_column(unique=True)
    organisation: Mapped[str]
    purpose: Mapped[str]
    subjects: Mapped[list[str]]
    password_hash: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

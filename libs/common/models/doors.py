"""What the further doors of intake must remember: answers already given, how far a mailbox was read, and which comment
on a channel of ours became which case."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, primary_key, table_rules


class PushKey(Base):
    """The answer to a request that named an `Idempotency-Key`, to be given again to whoever repeats the request.

    `key_hash`: SHA-256 of the caller, the door and the key; none of the three is kept. `body_hash`: SHA-256 of the
    body as it arrived. `answer`: the body of the answer as it was sent, packed by zstd.
    """

    __tablename__ = "push_keys"
    __table_args__ = (
        CheckConstraint("octet_length(key_hash) = 32", name="key_length"),
        CheckConstraint("octet_length(body_hash) = 32", name="body_length"),
        Index("ix_push_keys_expires_at", "expires_at"),
        table_rules("ingest", readers=("ingest",)),
    )

    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    body_hash: Mapped[bytes]
    status: Mapped[int]
    answer: Mapped[bytes]
    answered_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class MailboxPosition(Base):
    """How far a mailbox was read (RFC 9051, 2.3.1.1): every letter up to `last_uid` was dealt with.

    `box_hash`: SHA-256 of the server, the login and the folder. Another `uid_validity` begins the box anew.
    """

    __tablename__ = "mailbox_positions"
    __table_args__ = (
        CheckConstraint("octet_length(box_hash) = 32", name="box_length"),
        table_rules("ingest", readers=("ingest",)),
    )

    box_hash: Mapped[bytes] = mapped_column(primary_key=True)
    uid_validity: Mapped[int] = mapped_column(BigInteger())
    last_uid: Mapped[int] = mapped_column(BigInteger())
    read_at: Mapped[datetime]


class ConversationCase(Base):
    """The case that an officer made of a comment on a channel of ours; publish reads here how far it is."""

    __tablename__ = "conversation_cases"
    __table_args__ = (table_rules("ingest"),)

    comment_id: Mapped[UUID] = primary_key()
    case_id: Mapped[UUID] = mapped_column(ForeignKey("feedback_cases.id"))

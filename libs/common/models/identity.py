"""What a text is near to: its signature, the keys it is found by, and which earlier content it is a copy of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import REAL, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, primary_key, table_rules


class NearText(Base):
    """One row for each content that was looked at, of the revision named: what a redelivered event is known by.

    `signature`: one byte for each MinHash permutation (b-bit MinHash, Li and König 2010); NULL for a text too short
    to be compared. `size`: how many different shingles the text has. `keys`: those it has in `near_keys`, 32 bits each,
    little-endian, by which they are taken out again.
    """

    __tablename__ = "near_texts"
    __table_args__ = (table_rules("ingest", partitioned="month", partition_key="content_id"),)

    content_id: Mapped[UUID] = primary_key()
    revision: Mapped[int]
    signature: Mapped[bytes | None]
    size: Mapped[int]
    keys: Mapped[bytes | None]
    signed_at: Mapped[datetime]


class NearKey(Base):
    """Bands of signatures (locality-sensitive hashing): contents that share one are compared."""

    __tablename__ = "near_keys"
    __table_args__ = (table_rules("ingest", partitioned="month", partition_key="content_id"),)

    key: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content_id: Mapped[UUID] = mapped_column(primary_key=True)


class NearCopy(Base):
    """A content that is nearly the same text as an earlier one.

    `copy_of`: the first content of the group. `nearest_id`: the content it was found by. `similarity`: to that one,
    the estimated Jaccard similarity of their shingles, 0 to 1.
    """

    __tablename__ = "near_copies"
    __table_args__ = (
        Index("ix_near_copies_copy_of", "copy_of"),
        table_rules("ingest", partitioned="month", partition_key="content_id"),
    )

    content_id: Mapped[UUID] = primary_key()
    copy_of: Mapped[UUID]
    nearest_id: Mapped[UUID]
    similarity: Mapped[float] = mapped_column(REAL)
    linked_at: Mapped[datetime]

"""The declarative base, the naming convention, and how a table names its one writer.

`table_rules(writer=..., partitioned=...)` is read by the migrations (GRANTs, partitions) and by tests.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Literal
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Writer = Literal["ingest", "classify", "publish", "reports", "owner", "all"]
Period = Literal["week", "month"]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=SCHEMA_NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text(),
        bytes: LargeBinary(),
        UUID: Uuid(),
        list[str]: ARRAY(Text()),
        list[UUID]: ARRAY(Uuid()),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


def table_rules(
    writer: Writer,
    *,
    partitioned: Period | None = None,
    readers: tuple[str, ...] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Table arguments that carry the rules of ownership.

    writer: the one service that inserts, updates and deletes ("all": every service inserts, only the relay
    and the retry command update). partitioned: ranges over the UUIDv7 key named first in the primary key.
    readers: who may SELECT when that is not everybody.
    """
    info = {"writer": writer, "partitioned": partitioned, "readers": readers}
    if partitioned:
        more["postgresql_partition_by"] = f"RANGE ({more.pop('partition_key', 'id')})"
    return {"info": info, **more}


def primary_key() -> Mapped[UUID]:
    """A UUIDv7 made by `ids.new_id`, never by the database."""
    return mapped_column(Uuid(), primary_key=True)


def one_of(column: str, values: Iterable[Enum]) -> str:
    """The text of a CHECK that keeps a column to the members of an enum."""
    members = ", ".join(f"'{member.value}'" for member in values)
    return f"{column} IN ({members})"

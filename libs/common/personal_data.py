"""Which personal data the tables hold: one declaration that fills the filings; a test holds it to the models."""

import re
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Table, Uuid

from libs.common.models import Base

FILE = Path(__file__).parent / "data" / "personal_data.yaml"
Words = Annotated[str, Field(min_length=5)]
_WHO_ACTED = re.compile(r"(^|_)(by|person_id|actor_id|owner_id|approver_id|assigned_to)$")


class Subject(StrEnum):
    """Whose data it is."""

    SENDER = "sender"
    READER = "reader"
    OFFICIAL = "official"
    MENTIONED = "mentioned"


class Form(StrEnum):
    SEALED = "sealed"
    """An envelope for each row (`libs.common.envelope`)."""
    KEYED_HASH = "keyed_hash"
    """Still personal data while its key exists."""
    MASKED = "masked"
    """`libs.common.masking` went over it before it was stored."""
    PLAIN = "plain"


class Held(BaseModel):
    """Columns of one table that hold the same. keep: days, or the setting that says how many; None: no age ends it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    subject: Subject
    form: Form
    what: Words
    purpose: Words
    keep: Annotated[int, Field(ge=1)] | Literal["contents_days", "keep_contact_days"] | None
    ends: Words


class Declaration(BaseModel):
    """held: what is personal. looked_at: table → its other columns of words, JSON and bytes, in which nothing is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    held: tuple[Held, ...]
    looked_at: dict[str, str]

    @property
    def tables(self) -> list[str]:
        """Those that hold any, each once, as they are declared."""
        return list(dict.fromkeys(one.table for one in self.held))


@cache
def load(file: Path = FILE) -> Declaration:
    """Raises ValueError that names what is wrong."""
    return Declaration.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def who_acted(table: Table) -> list[str]:
    """Columns with the id of an official: who made, decided, signed. The id is personal data of theirs, no name is."""
    return [column.name for column in table.columns if isinstance(column.type, Uuid) and _WHO_ACTED.search(column.name)]


def tables_of_who_acted() -> list[str]:
    return [table.name for table in Base.metadata.sorted_tables if who_acted(table)]

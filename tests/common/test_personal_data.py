"""The declaration of personal data against the models, so that a filing made of it leaves nothing out."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import ARRAY, CheckConstraint, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, TSQUERY, TSVECTOR

from libs.common import personal_data
from libs.common.models import Base
from libs.common.personal_data import FILE, Form, Subject, who_acted
from services.publish.hearing.jobs import EVENTS_KEPT, MESSAGES_KEPT
from services.publish.hearing.service import ANSWERABLE
from services.publish.readers.rules import UNCONFIRMED_KEPT
from tests.common.test_line import REVIEWED

pytestmark = pytest.mark.mission("M37")
DECLARED = personal_data.load()
TABLES = {table.name: table for table in Base.metadata.sorted_tables}
HELD = [(one, column) for one in DECLARED.held for column in one.columns]
SPEAK = (Text, ARRAY, JSONB, LargeBinary, TSQUERY, TSVECTOR)
"""Types of columns in which something can be said of somebody; ids, numbers, dates and flags say nothing alone."""


def speaking(table: Table) -> set[str]:
    """Columns that could say something of somebody: all but closed lists, ids, numbers and instants."""
    checks = [str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint)]
    closed = {c.name for c in table.columns if any(re.match(rf"{c.name} IN \(", check) for check in checks)}
    return {c.name for c in table.columns if isinstance(c.type, SPEAK)} - closed


def test_every_column_that_could_say_something_of_somebody_is_declared_once() -> None:
    """A new column of words is looked at by a person: it is held with purpose and end, or it holds nothing personal."""
    told = [(one.table, column) for one, column in HELD]
    told += [(table, column) for table, columns in DECLARED.looked_at.items() for column in columns.split()]
    assert len(told) == len(set(told))
    declared = {(name, column) for name, column in told if name in TABLES and column in TABLES[name].columns}
    assert set(told) - declared == set(), "no such column: take it off"
    wanted = {(name, column) for name, table in TABLES.items() for column in speaking(table)}
    assert wanted - declared == set(), f"look at it, and name it in {FILE.name}"


def test_every_column_that_could_name_a_person_is_held_or_an_officials_id() -> None:
    names_nobody = {"watchdog_alerts.mailed_at", "channels.address", "partners.contact_role", "deliveries.handle"}
    held = {f"{one.table}.{column}" for one, column in HELD}
    held |= {f"{name}.{column}" for name, table in TABLES.items() for column in who_acted(table)}
    assert set(REVIEWED) - names_nobody - held == set()


def test_every_reference_to_an_official_is_found_by_its_name() -> None:
    found = {
        f"{table.name}.{key.parent.name}"
        for table in TABLES.values()
        for key in table.foreign_keys
        if key.column.table.name == "people" and key.parent.name not in who_acted(table)
    }
    assert found == set()
    assert len(personal_data.tables_of_who_acted()) > 40


def test_what_is_sealed_is_an_envelope_that_its_own_service_alone_may_read() -> None:
    sealed = {(one.table, column) for one, column in HELD if one.form is Form.SEALED}
    assert {column for _, column in sealed} == {"ciphertext"}
    of_no_person = {"channel_credentials", "hub_subscriptions", "webhook_subscriptions"}
    assert {name for name, table in TABLES.items() if "ciphertext" in table.columns} - of_no_person == {
        name for name, _ in sealed
    }
    for name, _ in sealed:
        assert TABLES[name].info["readers"] == (TABLES[name].info["writer"],)


def test_what_is_hashed_is_kept_as_bytes() -> None:
    kept = [(one.table, column) for one, column in HELD if one.form is Form.KEYED_HASH and column != "topics"]
    assert [where for where in kept if not isinstance(TABLES[where[0]].columns[where[1]].type, LargeBinary)] == []


def test_days_are_those_the_code_keeps_to() -> None:
    days = {one.table: one.keep for one in DECLARED.held if isinstance(one.keep, int)}
    assert days == {"reply_addresses": ANSWERABLE.days, "platform_events": EVENTS_KEPT.days}
    words = {one.table: one.ends for one in DECLARED.held if one.form is not Form.KEYED_HASH}
    assert f"sau {MESSAGES_KEPT.days} ngày" in words["comments"]
    assert f"sau {UNCONFIRMED_KEPT // timedelta(hours=1)} giờ" in words["mail_subscriptions"]


def test_everybody_whose_data_is_held_is_there() -> None:
    assert {one.subject for one in DECLARED.held} == set(Subject)
    assert len(DECLARED.tables) == len({one.table for one in DECLARED.held})


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("form: sealed", "form: open"),
        ("keep: keep_contact_days", "keep: 0"),
        ("keep: keep_contact_days", "keep: some_days"),
        ("columns: [ciphertext]", "columns: []"),
        ("looked_at:", "looked:"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, right: str, wrong: str) -> None:
    told = FILE.read_text(encoding="utf-8")
    assert right in told
    file = tmp_path / "personal_data.yaml"
    file.write_text(told.replace(right, wrong), encoding="utf-8")
    with pytest.raises(ValueError, match="validation error"):
        personal_data.load(file)

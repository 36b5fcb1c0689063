"""What is kept of an exception: enough to find it, and not a word of the data."""

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from libs.common.db import Database
from libs.common.errors import NotFound
from libs.common.faults import Permanent, describe
from libs.common.testing.plugin import DatabaseAs

SECRET = "Trần Thị B, 0987654321, b@example.vn"


def _raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


@pytest.mark.mission("M37")
def test_a_strangers_message_is_not_kept() -> None:
    assert describe(_raised(ValueError(SECRET))).startswith("ValueError (tests/common/test_faults.py:")
    assert "Trần" not in describe(_raised(ValueError(SECRET)))


def test_our_own_messages_are_kept() -> None:
    assert describe(Permanent("content 7 is gone")) == "Permanent: content 7 is gone"
    assert describe(NotFound("nội dung 7")) == "NotFound: nội dung 7"


@pytest.mark.mission("M37")
def test_a_payload_that_does_not_fit_is_named_by_its_fields() -> None:
    class Shape(BaseModel):
        number: int

    with pytest.raises(ValidationError) as caught:
        Shape.model_validate({"number": SECRET})
    assert describe(caught.value).startswith("ValidationError: number int_parsing (tests/common/test_faults.py:")
    assert "Trần" not in describe(caught.value)


@pytest.mark.mission("M37")
async def test_a_database_error_keeps_names_and_no_values(db_as: DatabaseAs) -> None:
    db: Database = db_as("owner")
    statement = text("INSERT INTO organization_units (id, code, name) VALUES (gen_random_uuid(), :code, NULL)")
    with pytest.raises(IntegrityError) as caught:
        async with db.transaction() as session:
            await session.execute(statement, {"code": SECRET})
    assert "23502 organization_units" in describe(caught.value)
    assert "Trần" not in describe(caught.value)


def test_it_fits_a_text_column() -> None:
    kept = describe(Permanent("a\x00b" + "x" * 5000))
    assert "\x00" not in kept
    assert len(kept) == 2000

"""Which code may run against which schema, so that rolling upgrades and rollbacks work.

A service runs when its newest revision ≥ the database's `compatible_from` and the database's revision ≥ the
service's MINIMUM. Revisions are numbered 0001, 0002, … in one line, so they compare as text.
"""

import asyncio
import logging
import time

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from libs.common.db import Database

HEAD = "0035"
"""The newest migration this code knows; a test holds it to the migrations folder."""
MINIMUM = "0035"
"""The oldest database this code can work with."""

PATIENCE = 60.0
"""Seconds a starting process waits for the database."""

log = logging.getLogger("lantoa.schema")


class IncompatibleSchema(RuntimeError):
    """Code and database are outside what can run together; says which to upgrade."""


def check(head: str, minimum: str, database: str | None, compatible_from: str | None) -> None:
    """Raise IncompatibleSchema, in Vietnamese and English, unless the two fit."""
    if database is None or compatible_from is None:
        raise IncompatibleSchema(
            "Cơ sở dữ liệu chưa được khởi tạo; hãy chạy `lantoa migrate`. "
            "/ The database has no schema yet; run `lantoa migrate`."
        )
    if head < compatible_from:
        raise IncompatibleSchema(
            f"Phiên bản phần mềm này (lược đồ {head}) quá cũ: cơ sở dữ liệu chỉ còn nhận từ {compatible_from}; "
            f"hãy nâng cấp dịch vụ. / This code (schema {head}) is too old for a database that accepts "
            f"{compatible_from} and later; upgrade the service."
        )
    if database < minimum:
        raise IncompatibleSchema(
            f"Cơ sở dữ liệu (lược đồ {database}) cũ hơn mức tối thiểu {minimum}; hãy chạy `lantoa migrate`. "
            f"/ The database (schema {database}) is older than the minimum {minimum}; run `lantoa migrate`."
        )


async def read_versions(db: Database) -> tuple[str | None, str | None]:
    """(database revision, compatible_from); None for each that is not there."""
    try:
        async with db.engine.connect() as connection:
            version = await connection.scalar(text("SELECT version_num FROM alembic_version"))
            oldest = await connection.scalar(text("SELECT compatible_from FROM schema_state"))
            return version, oldest
    except ProgrammingError:
        return None, None


async def wait_until_compatible(db: Database, patience: float = PATIENCE) -> None:
    """Wait for a database that is not there yet; refuse at once one that does not fit."""
    end = time.monotonic() + patience
    while True:
        try:
            version, oldest = await read_versions(db)
        except (OSError, DBAPIError) as error:
            if time.monotonic() > end:
                raise
            log.warning("the database does not answer (%s); waiting", type(error).__name__)
            await asyncio.sleep(min(1.0, patience))
        else:
            return check(HEAD, MINIMUM, version, oldest)

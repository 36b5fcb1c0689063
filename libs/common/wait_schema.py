"""`python -m libs.common.wait_schema [--deadline SECONDS]`: ends with 0 once the database fits this code.

For a pod's init container: what is not there yet (the server, its roles, the schema) is waited for; a database that
has left this code behind is not, because waiting would not help. Each new reason is said once.
"""

import argparse
import asyncio
import sys
import time
from typing import Any

from libs.common.db import Database
from libs.common.faults import describe
from libs.common.schema_gate import HEAD, MINIMUM, IncompatibleSchema, check, read_versions
from libs.common.settings import CommonSettings, DatabaseSettings

PAUSE = 2.0


class WaitSettings(CommonSettings):
    """The part of the settings that waiting needs."""

    auth: Any = None
    files: Any = None
    nats: Any = None
    db: DatabaseSettings


async def reason_to_wait(db: Database) -> str | None:
    """Why this code cannot start yet; None when it can. Raises IncompatibleSchema when it never will."""
    try:
        version, oldest = await read_versions(db)
    except Exception as error:  # refused, unknown role, starting up: all may pass
        return f"Cơ sở dữ liệu chưa trả lời / the database does not answer: {describe(error)}"
    try:
        check(HEAD, MINIMUM, version, oldest)
    except IncompatibleSchema as why:
        if oldest is not None and oldest > HEAD:
            raise
        return str(why)
    return None


async def wait(db: Database, deadline: float, pause: float = PAUSE) -> int:
    end, said = time.monotonic() + deadline, ""
    while (why := await reason_to_wait(db)) is not None:
        if why != said:
            print(why, file=sys.stderr, flush=True)  # noqa: T201 - this is the pod's log
            said = why
        if time.monotonic() + pause > end:
            print(f"Đã chờ {deadline:g} giây / waited {deadline:g} s", file=sys.stderr)  # noqa: T201
            return 1
        await asyncio.sleep(pause)
    return 0


async def main(deadline: float) -> int:
    db = Database(WaitSettings().db.url.get_secret_value(), pool_size=1)
    try:
        return await wait(db, deadline)
    except IncompatibleSchema as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    finally:
        await db.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deadline", type=float, default=600.0)
    sys.exit(asyncio.run(main(parser.parse_args().deadline)))

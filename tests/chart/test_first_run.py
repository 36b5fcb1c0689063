"""The first run of an installation, as the operator pipes it into the pod."""

import asyncio
import os
import subprocess
import sys

import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.db import Database
from libs.common.models.enums import Role
from libs.common.testing.plugin import TestServer
from scripts.chart_settings import CHART

SCRIPT = CHART.parent.parent / "first_run.py"


@pytest.mark.slow
@pytest.mark.mission("M39")
async def test_it_makes_the_units_and_one_administrator_and_may_run_again(
    postgres: TestServer, database: str, db: Database
) -> None:
    def run() -> str:
        told = {"PATH": os.environ["PATH"], "LANTOA_DB__URL": postgres.url(database)}
        command = [sys.executable, "-", "sub-1234", "Nguyễn Thị An"]
        done = subprocess.run(
            command, env=told, input=SCRIPT.read_bytes(), capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    assert "sub-1234: made" in await asyncio.to_thread(run)
    assert "sub-1234: known already" in await asyncio.to_thread(run)
    async with db.transaction() as session:
        people = (await session.execute(select(m.Person.subject, m.Person.display_name))).all()
        assert [tuple(row) for row in people] == [("sub-1234", "Nguyễn Thị An")]
        assert list(await session.scalars(select(m.RoleGrant.role))) == [Role.ADMIN]

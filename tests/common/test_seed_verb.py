"""`lantoa seed`: the first administrator of an installation, made once."""

import asyncio
import json

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from libs.common import models as m
from libs.common.cli.main import build
from libs.common.db import Database
from libs.common.testing.plugin import TestServer


@pytest.fixture
def operator(postgres: TestServer, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTOA_DB__URL", postgres.url(database))
    monkeypatch.setenv("LANTOA_NATS__URL", "nats://127.0.0.1:1")


def run(*words: str) -> dict[str, object]:
    done = CliRunner().invoke(build(), ["seed", *words, "--json"])
    assert done.exit_code == 0, done.output
    told: dict[str, object] = json.loads(done.output)
    return told


def test_the_first_administrator_is_made_once(operator: None) -> None:
    first, again = run("--admin", "sub-1", "--name", "Nguyễn Thị Thử"), run("--admin", "sub-1")
    assert first["admin_made"] is True
    assert again["admin_made"] is False
    assert int(str(first["units"])) > 150


async def test_an_administrator_may_act_for_the_city(operator: None, db: Database) -> None:
    await asyncio.to_thread(run, "--admin", "sub-2")
    async with db.transaction() as session:
        grant = (
            await session.execute(
                select(m.RoleGrant.role, m.OrganizationUnit.kind)
                .join(m.Person, m.Person.id == m.RoleGrant.person_id)
                .join(m.OrganizationUnit, m.OrganizationUnit.id == m.RoleGrant.unit_id)
                .where(m.Person.subject == "sub-2")
            )
        ).one()
    assert tuple(grant) == ("admin", "city")


async def test_a_ward_has_an_administrator_of_its_own(operator: None, db: Database) -> None:
    """The city cannot make one: it does not act as a ward."""
    await asyncio.to_thread(run, "--admin", "sub-3", "--unit", "00004")
    async with db.transaction() as session:
        query = select(m.OrganizationUnit.code, m.RoleGrant.granted_by).join(
            m.RoleGrant, m.RoleGrant.unit_id == m.OrganizationUnit.id
        )
        assert tuple((await session.execute(query)).one()) == ("00004", None)


@pytest.mark.parametrize("code", ["99999", "", "HN-STTTT"])
def test_an_administrator_of_a_unit_that_is_not_there_is_refused(operator: None, code: str) -> None:
    done = CliRunner().invoke(build(), ["seed", "--admin", "sub-4", "--unit", code])
    assert done.exit_code == 1
    assert "Không có đơn vị" in done.output

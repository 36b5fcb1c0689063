"""One writer for each table, held by GRANT: what each service's own role is refused, asked of a real database."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import Table, text
from sqlalchemy.exc import DBAPIError

from libs.common.db import Database
from libs.common.ids import floor_id
from libs.common.models import Base
from libs.common.partitions import ensure_partitions
from libs.common.roles import ALL_ROLES, APPEND_ONLY, RELAY, SERVICES, apply_grants
from libs.common.testing.make import Make
from libs.common.testing.plugin import NOON, TEMPLATE, TestServer

TABLES = Base.metadata.sorted_tables
ROLES = (*SERVICES, RELAY)
Matrix = Mapping[tuple[str, str], set[str]]
DatabaseAs = Callable[[str], Database]
TRIGGERED = ("audit_log", "label_history", "approvals", "publication_revisions", "snapshots")


def attempts(table: Table) -> dict[str, str]:
    """Statements whose privilege is checked although they touch no row, or break on a constraint after it."""
    column = table.primary_key.columns.values()[0].name
    return {
        "SELECT": f"SELECT 1 FROM {table.name} LIMIT 0",
        "INSERT": f"INSERT INTO {table.name} DEFAULT VALUES",
        "UPDATE": f"UPDATE {table.name} SET {column} = DEFAULT WHERE false",
        "DELETE": f"DELETE FROM {table.name} WHERE false",
        "TRUNCATE": f"TRUNCATE {table.name}",
    }


async def may(connection: asyncpg.Connection, statement: str) -> bool:
    step = connection.transaction()
    await step.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    except asyncpg.IntegrityConstraintViolationError:
        return True
    finally:
        await step.rollback()
    return True


async def read_matrix(postgres: TestServer) -> Matrix:
    owner = await asyncpg.connect(postgres.url("postgres").replace("+asyncpg", ""))
    await owner.execute(f"CREATE DATABASE roles_matrix TEMPLATE {TEMPLATE}")
    found: dict[tuple[str, str], set[str]] = {}
    try:
        for role in ROLES:
            url = postgres.url("roles_matrix", f"lantoa_{role}").replace("+asyncpg", "")
            connection = await asyncpg.connect(url)
            for table in TABLES:
                tried = attempts(table).items()
                found[role, table.name] = {verb for verb, sql in tried if await may(connection, sql)}
            await connection.close()
    finally:
        await owner.execute("DROP DATABASE roles_matrix WITH (FORCE)")
        await owner.close()
    return found


@pytest.fixture(scope="module")
def matrix(postgres: TestServer) -> Matrix:
    return asyncio.run(read_matrix(postgres))


def expected(role: str, table: Table) -> set[str]:
    """What the design says, told here once more and not read from the code that grants."""
    writer, readers = table.info["writer"], table.info["readers"] or SERVICES
    verbs = {"SELECT"} if role in readers else set()
    if writer == role:
        verbs |= {"SELECT", "INSERT"} | (set() if table.name in APPEND_ONLY else {"UPDATE", "DELETE"})
    if writer == "all" and role in SERVICES:
        verbs |= {"INSERT"} | ({"UPDATE"} if table.name == "dead_letters" else set())
    if role == "publish" and table.name == "notifications":
        verbs |= {"UPDATE"}
    if role == RELAY:
        verbs |= {"SELECT"} if table.name == "schema_state" else set()
        verbs |= {"SELECT", "INSERT", "UPDATE"} if writer == "all" and table.name != "audit_log" else set()
    return verbs


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_can_do_what_the_table_declares_and_nothing_else(matrix: Matrix, role: str, table: Table) -> None:
    assert matrix[role, table.name] == expected(role, table)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_table_has_one_writer(matrix: Matrix, table: Table) -> None:
    writers = {role for role in SERVICES if matrix[role, table.name] & {"INSERT", "UPDATE", "DELETE"}}
    declared = table.info["writer"]
    assert declared in (*SERVICES, "owner", "all")
    assert writers == {"owner": set(), "all": set(SERVICES)}.get(declared, {declared})
    assert not any("TRUNCATE" in matrix[role, table.name] for role in ROLES)


def test_credentials_of_channels_are_read_by_publish_alone(matrix: Matrix) -> None:
    assert [role for role in ROLES if "SELECT" in matrix[role, "channel_credentials"]] == ["publish"]


def test_tables_that_all_write_are_never_deleted_from(matrix: Matrix) -> None:
    for table in TABLES:
        if table.info["writer"] == "all":
            assert not any("DELETE" in matrix[role, table.name] for role in ROLES)


STEPS_OUT = (
    "ALTER TABLE approvals DISABLE TRIGGER ALL",
    "ALTER TABLE publications DISABLE TRIGGER two_people",
    "DROP TRIGGER two_people ON publications",
    "SET session_replication_role = replica",
    "SET ROLE lantoa_owner",
    "SET SESSION AUTHORIZATION lantoa_owner",
    "ALTER TABLE contents ADD COLUMN author text",
    "CREATE TABLE authors (name text)",
    "CREATE TABLE contents_19700101 PARTITION OF contents FOR VALUES FROM "
    "('00000000-0000-7000-8000-000000000000') TO ('00000000-0001-7000-8000-000000000000')",
    "ALTER TABLE contents DETACH PARTITION contents_default",
    "CREATE OR REPLACE FUNCTION is_approved(publication publications) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE FUNCTION public.mine() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "DROP FUNCTION guard_publication() CASCADE",
    "CREATE ROLE lantoa_other",
    "ALTER ROLE lantoa_ingest SUPERUSER",
    "UPDATE alembic_version SET version_num = '0009'",
    "UPDATE schema_state SET compatible_from = '0009'",
    "SELECT nextval('feedback_reference_seq')",
    "DELETE FROM contents_default",
    "COPY (SELECT 1) TO PROGRAM 'true'",
)


async def test_a_service_cannot_step_out_of_its_rules(db_as: DatabaseAs) -> None:
    publish = db_as("publish")
    for statement in STEPS_OUT:
        with pytest.raises(DBAPIError) as refused:
            async with publish.transaction() as session:
                await session.execute(text(statement))
        assert getattr(refused.value.orig, "sqlstate", None) == "42501", statement


async def test_the_case_numbers_are_drawn_by_ingest_alone(db_as: DatabaseAs) -> None:
    draw = text("SELECT nextval('feedback_reference_seq')")
    async with db_as("ingest").transaction() as session:
        assert await session.scalar(draw) == 1
    for other in ("classify", "publish", "reports", "relay"):
        with pytest.raises(DBAPIError, match="permission denied for sequence"):
            async with db_as(other).transaction() as session:
                await session.execute(draw)


async def test_no_service_role_has_powers_over_the_server(db: Database, postgres: TestServer) -> None:
    query = text(
        "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls, "
        "has_database_privilege(rolname, :template, 'TEMP') FROM pg_roles WHERE rolname = ANY (:roles)"
    )
    async with db.transaction() as session:
        rows = await session.execute(query, {"roles": list(ALL_ROLES), "template": TEMPLATE})
        assert sorted(tuple(row) for row in rows) == sorted((role, False, False) for role in ALL_ROLES)


async def test_what_was_recorded_stands_even_against_the_owner(db: Database) -> None:
    """For each table and verb a row trigger is in place that always refuses, and nothing empties the table."""
    guarded = text(
        "SELECT t.tgtype & 3 = 3 AND t.tgtype & 24 = 24 AND t.tgenabled = 'O' FROM pg_trigger t "
        "JOIN pg_proc f ON f.oid = t.tgfoid AND f.proname = 'refuse_change' "
        "WHERE t.tgrelid = CAST(:table AS regclass) AND t.tgname = 'append_only'"
    )
    for table in TRIGGERED:
        async with db.transaction() as session:
            assert await session.scalar(guarded, {"table": table}) is True
        with pytest.raises(DBAPIError, match="is append-only"):
            async with db.transaction() as session:
                await session.execute(text(f"TRUNCATE {table} CASCADE"))


async def test_a_recorded_row_refuses_its_writer_and_the_owner(db: Database, db_as: DatabaseAs) -> None:
    insert = text(
        "INSERT INTO snapshots (id, kind, as_of, period_from, period_to, data, digest, created_at) "
        "VALUES (gen_random_uuid(), 'daily', :at, :at, :at, '{}', :digest, :at)"
    )
    async with db_as("reports").transaction() as session:
        await session.execute(insert, {"at": NOON, "digest": bytes(32)})
    for role, why in (("reports", "permission denied"), ("owner", "append-only")):
        for change in ("UPDATE snapshots SET kind = 'x'", "DELETE FROM snapshots"):
            with pytest.raises(DBAPIError, match=why):
                async with db_as(role).transaction() as session:
                    await session.execute(text(change))
    async with db.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM snapshots WHERE kind = 'daily'")) == 1


async def test_a_new_partition_serves_the_writer_and_nobody_else(db: Database, db_as: DatabaseAs, make: Make) -> None:
    later = NOON + timedelta(days=400)
    async with db.engine.begin() as connection:
        made = await connection.run_sync(ensure_partitions, later)
    assert made > 0
    content = await make.content(first_seen_at=later)
    copied = "title, text, language, published_from, first_seen_at, content_hash, revision"
    insert = text(
        f"INSERT INTO contents (id, source_id, kind, {copied}) "
        f"SELECT CAST('{floor_id(later)}' AS uuid), source_id, kind, {copied} "
        "FROM contents WHERE id = :id"
    )
    with pytest.raises(DBAPIError, match="permission denied"):
        async with db_as("publish").transaction() as session:
            await session.execute(insert, {"id": content.id})
    async with db_as("ingest").transaction() as session:
        await session.execute(insert, {"id": content.id})
    async with db_as("ingest").transaction() as session:
        where = await session.scalar(text("SELECT tableoid::regclass::text FROM contents ORDER BY id DESC LIMIT 1"))
    assert where is not None
    assert where == f"contents_{later:%Y%m}01"
    with pytest.raises(DBAPIError, match=f"permission denied for table {where}"):
        async with db_as("ingest").transaction() as session:
            await session.execute(text(f"SELECT 1 FROM {where}"))


async def test_grants_given_by_hand_are_taken_back(db: Database, db_as: DatabaseAs) -> None:
    async with db.engine.begin() as connection:
        await connection.execute(text("GRANT ALL ON publications TO lantoa_reports"))
        await connection.execute(text("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO lantoa_reports"))
    async with db.engine.begin() as connection:
        await connection.run_sync(apply_grants)
    for statement in ("DELETE FROM publications", "SELECT nextval('feedback_reference_seq')"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with db_as("reports").transaction() as session:
                await session.execute(text(statement))

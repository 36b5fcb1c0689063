"""The shape of the house: the same names in each service, doors that only list, one writer for each table."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.common.app import Service
from libs.common.local.paths import checkout
from libs.common.models import Base

ROOT = checkout()
SERVICES = sorted(path.parent for path in (ROOT / "services").glob("*/__init__.py"))
REQUIRED = ("README.md", "main.py", "settings.py", "api.py", "queries.py", "domain.py", "schemas.py", "problems.py")
NEVER = ("utils", "helpers", "manager", "misc", "common")
LONG = {
    "libs/common/http.py": "one promise about foreign addresses, read from top to bottom by whoever checks it",
    "libs/common/migrations/versions/0001_spine.py": "the first migration makes every table",
    "libs/common/migrations/versions/0002_publishing.py": "one migration makes the tables of publishing whole",
    "sandbox/platforms/meta.py": "one wire that three platforms share",
}
"""Files over 400 lines, and why each is one room."""
COMMITS = {
    "libs/common/db.py": "the only commit there is",
    "libs/common/relay.py": "marks what was published on its own raw connection, the one exception of the design",
}
READS_ENVIRONMENT = {
    "libs/common/local": "starts processes and gives each its environment",
    "libs/common/cli": "the operator's command",
    "libs/common/backup.py": "hands pg_dump its password without showing it",
    "services/reports/charts/__init__.py": "matplotlib takes its cache's folder from there alone",
}


def code() -> list[Path]:
    return [path for top in ("libs", "services", "sandbox") for path in sorted((ROOT / top).rglob("*.py"))]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_there_are_four_services() -> None:
    assert [service.name for service in SERVICES] == ["classify", "ingest", "publish", "reports"]


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_a_service_has_the_names_that_all_have(service: Path) -> None:
    there = {path.name for path in service.iterdir()}
    assert sorted(set(REQUIRED) - there) == []
    assert "service.py" in there or "service" in there


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_main_is_a_list(service: Path) -> None:
    source = (service / "main.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 40
    statements = [type(node).__name__ for node in ast.walk(ast.parse(source))]
    assert not {"If", "For", "While", "Try", "ClassDef", "Await"} & set(statements)


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_main_makes_a_service_of_that_name(service: Path) -> None:
    made = importlib.import_module(f"services.{service.name}.main").SERVICE
    assert isinstance(made, Service)
    assert made.name == service.name
    assert made.title


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_the_rules_are_pure_and_the_use_cases_know_no_door(service: Path) -> None:
    domain = set(imports(service / "domain.py"))
    assert [
        found for found in domain if found.split(".")[0] in ("sqlalchemy", "fastapi", "httpx", "nats", "asyncio")
    ] == []
    source = (service / "domain.py").read_text(encoding="utf-8")
    assert "async def" not in source
    assert ".now(" not in source
    inner = [service / "queries.py", service / "service.py", *(service / "service").rglob("*.py")]
    for path in inner:
        if path.exists():
            assert [found for found in imports(path) if found.split(".")[0] in ("fastapi", "nats")] == [], name(path)


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_the_readme_names_the_tables_that_the_service_writes(service: Path) -> None:
    told = (service / "README.md").read_text(encoding="utf-8")
    owned = [table.name for table in Base.metadata.sorted_tables if table.info["writer"] == service.name]
    assert [table for table in owned if table not in told] == []


def test_every_writer_is_somebody() -> None:
    writers = {table.info["writer"] for table in Base.metadata.sorted_tables}
    assert writers - {"owner", "all"} == {service.name for service in SERVICES}


def test_every_table_names_its_keys_by_the_convention() -> None:
    for table in Base.metadata.sorted_tables:
        assert table.name == table.name.lower()
        for column in table.columns:
            kind = str(column.type)
            assert not column.name.endswith("_at") or kind == "DATETIME", f"{table.name}.{column.name}"
            assert kind != "BOOLEAN" or column.name.startswith("is_") or column.name in REVIEWED_FLAGS, column


REVIEWED_FLAGS = {"affects_rights", "reported_by_harmed"}
"""A verb says it better than is_ would."""


def test_a_long_file_has_a_reason() -> None:
    lines = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in code()}
    a_channel = "services/publish/adapters/"
    assert all(count <= 600 for path, count in lines.items() if path.startswith(a_channel)), "a channel is one file"
    long = {path for path, count in lines.items() if count > 400 and not path.startswith(a_channel)}
    assert long - set(LONG) == set()
    assert set(LONG) - long == set(), "no longer long: take it off the list"


def test_no_module_is_called_after_nothing() -> None:
    assert [name(path) for path in code() if path.stem in NEVER] == []


def test_only_the_database_module_commits() -> None:
    found = {name(path) for path in code() if ".commit()" in path.read_text(encoding="utf-8")}
    assert {path for path in found if not path.startswith("sandbox/")} - set(COMMITS) == set()


def test_only_what_starts_processes_reads_the_environment() -> None:
    found = [name(path) for path in code() if "os.environ" in path.read_text(encoding="utf-8")]
    assert [path for path in found if not path.startswith((*READS_ENVIRONMENT, "sandbox/"))] == []


def test_time_comes_from_the_clock() -> None:
    """In services; SQL never asks the database for the time."""
    for path in code():
        source = path.read_text(encoding="utf-8")
        if name(path).startswith("services/") and path.name != "cli.py":
            assert "datetime.now(" not in source, name(path)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "SELECT" in node.value:
                assert "now()" not in node.value.lower(), name(path)
                assert "CURRENT_TIMESTAMP" not in node.value.upper(), name(path)

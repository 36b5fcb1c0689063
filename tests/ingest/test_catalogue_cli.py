"""`lantoa sources`: the operator's way to the catalogue, on a real database."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from libs.common import models as m
from libs.common.cli.main import build
from libs.common.clock import FrozenClock
from libs.common.local.sources import catalogue_lines, sources_table
from libs.common.testing.make import Make
from libs.common.testing.plugin import TestServer
from services.ingest.catalogue.files import shipped, write_yaml
from tests.ingest.desk import Item, rss
from tests.ingest.site import Answer, running_site


@pytest.fixture
def operator(postgres: TestServer, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTOA_DB__URL", postgres.url(database))
    monkeypatch.setenv("LANTOA_NATS__URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("LANTOA_REPLAY", "true")
    monkeypatch.setenv("LANTOA_PUBLIC_URL", "http://127.0.0.1:8080")


def run(*words: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(build(), ["sources", *words], input=given)


def told(*words: str, given: bytes | None = None) -> Any:
    done = run(*words, "--json", given=given)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_catalogue_comes_in_and_goes_out(operator: None, tmp_path: Path) -> None:
    would = told("import", "--dry-run")
    assert (would["dry_run"], would["added"]) == (True, len(shipped())), "without a file it is the shipped one"
    file = tmp_path / "vao.yaml"
    file.write_bytes(write_yaml([one for one in shipped() if one.group in ("aggregator", "forum")]))
    count = told("import", str(file))["added"]
    assert count >= 12
    assert {one["health"] for one in told("list")} == {"paused", "gone"}
    for form in ("yaml", "opml"):
        out = tmp_path / f"ra.{form}"
        assert told("export", str(out)) == {"file": str(out), "format": form, "sources": count}
        assert told("import", str(out))["unchanged"] == count
    forums = yaml.safe_load(run("export", "-", "--group", "forum").stdout)["sources"]
    assert {one["group"] for one in forums} == {"forum"}
    shown = run("list", "--all").stdout
    assert "Webtretho" in shown
    assert "trong danh mục, 0 đang đọc" in shown


def test_a_file_with_a_wrong_row_says_which_and_ends_badly(operator: None) -> None:
    rows = [{"name": "Báo A", "url": "https://a.example/rss", "group": "press"}, {"name": "Báo B", "group": "press"}]
    done = run("import", "-", given=yaml.safe_dump({"version": 1, "sources": rows}).encode())
    assert done.exit_code == 1
    assert "không nhận Báo B" in done.stdout
    assert "thêm 1" in done.stdout
    broken = run("import", "-", given=b"sources: [")
    assert broken.exit_code == 1
    assert "Tệp danh mục nguồn tin không đọc được" in broken.stderr


async def test_a_site_is_searched(operator: None) -> None:
    async with running_site() as site:
        site.routes["/"] = Answer(
            b"<html><head><link rel='alternate' type='application/rss+xml' href='/rss'></head></html>"
        )
        site.routes["/rss"] = Answer(rss(Item(site.url("/1"), "Một")))
        found = await asyncio.to_thread(told, "discover", site.url("/"))
        assert [(one["url"], one["entries"]) for one in found["candidates"]] == [(site.url("/rss"), 1)]
        nothing = await asyncio.to_thread(run, "discover", "http://10.0.0.1/")
    assert nothing.exit_code == 1
    assert "Không đọc được trang để tìm nguồn tin" in nothing.stderr


async def test_the_table_leaves_blank_what_is_not_known(make: Make, clock: FrozenClock) -> None:
    source: m.Source = await make.source()
    row = {
        "name": source.name, "group": "press", "health": "ok", "new_today": 12345, "last_item_at": None,
        "next_poll_at": clock.now().isoformat(),
    }  # fmt: skip
    rest = row | {"name": "[b]Nghỉ[/b]", "health": "paused", "group": "forum"}
    table = sources_table([rest, row], clock.now())
    cells = [list(column.cells) for column in table.columns]
    assert cells[0] == ["[bold]Báo chí[/]", f"  {source.name}", "[bold]Diễn đàn[/]", "  \\[b]Nghỉ\\[/b]"]
    assert (cells[2][1], cells[3][1], cells[4][1], cells[4][3]) == ("12.345", "", "ngay", "")
    assert catalogue_lines([row, rest]) == [
        ("Báo chí", "1 trong danh mục, 1 đang đọc"),
        ("Diễn đàn", "1 trong danh mục, 0 đang đọc"),
    ]

"""`lantoa channels …`: what there is, and what a text becomes on a channel, counted the way it counts."""

import json
import lzma
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from libs.common.testing.make import Make
from services.publish import cli

ROW = {
    "id": "a",
    "title": "Điều chỉnh lộ trình xe buýt số 32",
    "body": "Từ ngày 1/12 tuyến 32 đi đường Trần Quốc Hoàn. " * 20,
    "link": "https://tin.example.vn/tin/a",
}


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    cli.register(made)
    return made


def run(app: typer.Typer, *words: str, **more: Any) -> Any:
    done = CliRunner().invoke(app, ["channels", *words], **more)
    assert done.exit_code == 0, done.output
    return done


def test_kinds_say_what_they_need(app: typer.Typer) -> None:
    rows = {row["kind"]: row for row in json.loads(run(app, "kinds", "--json").stdout)}
    assert rows["bluesky"]["secret"] == ["identifier", "password"]
    assert rows["own_site"] == {
        "kind": "own_site",
        "name": "Bản tin của thành phố",
        "posting": "tự động",
        "settings": [],
        "secret": [],
    }
    assert "Bluesky" in run(app, "kinds").stdout


@pytest.mark.mission("M29")
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.xz"])
def test_fit_shows_what_a_channel_would_carry(app: typer.Typer, tmp_path: Path, name: str) -> None:
    opened = lzma.open if name.endswith(".xz") else open
    with opened(tmp_path / name, "wt", encoding="utf-8") as file:
        file.write(json.dumps(ROW) + "\n" + json.dumps({**ROW, "id": "b", "link": "https://a.vn/" + "x" * 290}) + "\n")
    run(app, "fit", "--kind", "bluesky", "--data", str(tmp_path / name), "--out", str(tmp_path / f"out-{name}"))
    with opened(tmp_path / f"out-{name}", "rt", encoding="utf-8") as file:
        fits, refused = [json.loads(line) for line in file]
    assert (fits["id"], fits["ok"]) == ("a", True)
    assert fits["graphemes"] <= 300
    assert fits["utf8_bytes"] == len(fits["text"].encode()) > fits["graphemes"]
    assert fits["text"].endswith(ROW["link"])
    assert fits["payload"]["text"] == fits["text"]
    assert refused == {"id": "b", "ok": False, "error": "Đường dẫn quá dài cho Bluesky"}


def test_fit_reads_and_writes_the_pipe(app: typer.Typer) -> None:
    done = run(app, "fit", "--kind", "own_site", "--data", "-", "--out", "-", "--json", input=json.dumps(ROW) + "\n")
    assert json.loads(done.stdout)["ok"] is True
    assert json.loads(done.stderr) == {"rows": 1, "refused": 0}


def test_an_unknown_kind_names_the_known(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["channels", "fit", "--kind", "x", "--data", "-", "--out", "-"])
    assert done.exit_code == 2
    assert "bluesky" in done.output


async def test_list_shows_the_channels_there_are(
    app: typer.Typer, make: Make, database: str, postgres: Any, nats_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await make.channel("own_site", name="Bản tin thành phố")
    monkeypatch.setenv("LANTOA_DB__URL", postgres.url(database, "lantoa_publish"))
    monkeypatch.setenv("LANTOA_NATS__URL", nats_server.info.url)
    assert [(r["id"], r["state"], r["waiting"]) for r in await cli._read_channels()] == [(channel.id, "active", 0)]

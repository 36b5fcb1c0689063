"""The offline verbs: rows for every file, exit codes, pipes and compression."""

import json
import lzma
import tarfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from services.ingest.cli import register

FEED = (
    '<rss version="2.0"><channel><item><guid isPermaLink="false">1</guid><title>Một</title></item></channel></rss>'
).encode()
PAGE = b"<html><body><article><h1>Tin moi nhat hom nay</h1>" + b"<p>" + b"noi dung bai viet " * 40 + b"</p></article>"


def lantoa() -> typer.Typer:
    app = typer.Typer()
    app.add_typer(typer.Typer(), name="content")  # another service made the group first
    register(app)
    return app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "feeds"
    (where / "sub").mkdir(parents=True)
    (where / "good.xml").write_bytes(FEED)
    (where / "sub" / "bad.xml").write_bytes(b"<html></html>")
    return where


def rows(path: Path) -> list[dict[str, object]]:
    data = path.read_bytes()
    text = lzma.decompress(data) if path.suffix == ".xz" else data
    return [json.loads(line) for line in text.decode().splitlines()]


def test_every_file_has_a_row_and_a_bad_one_makes_the_exit_code(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    done = CliRunner().invoke(lantoa(), ["feeds", "parse", "--data", str(folder), "--out", str(out), "--json"])
    assert done.exit_code == 1, done.output
    good, bad = rows(out)
    assert good["file"] == "good.xml"
    assert good["entries"] == [{"id": "1", "title": "Một", "link": None, "published_at": None, "summary": None}]
    assert (bad["file"], bad["ok"], bad["entries"]) == ("sub/bad.xml", False, [])
    assert "trang HTML" in str(bad["error"])
    told = json.loads(done.stdout)
    assert (told["files"], told["failed"], told["crashed"], told["entries"]) == (2, 1, 0, 1)


def test_archives_in_and_compressed_rows_out(folder: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "feeds.tar.xz", tmp_path / "rows.jsonl.xz"
    with tarfile.open(archive, "w:xz") as packed:
        packed.add(folder / "good.xml", arcname="good.xml")
    done = CliRunner().invoke(lantoa(), ["feeds", "parse", "--data", str(archive), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert [row["file"] for row in rows(out)] == ["good.xml"]


def test_an_archive_from_stdin_and_rows_to_stdout(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "feeds.tar"
    with tarfile.open(archive, "w") as packed:
        packed.add(folder / "good.xml", arcname="good.xml")
    done = CliRunner().invoke(
        lantoa(), ["feeds", "parse", "--data", "-", "--out", "-", "--json"], input=archive.read_bytes()
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[0])["file"] == "good.xml"
    assert len(done.stdout.splitlines()) == 1


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    arguments = ["feeds", "parse", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "o")]
    done = CliRunner().invoke(lantoa(), arguments)
    assert done.exit_code == 2
    assert "Không có thư mục" in done.output


def test_articles_are_extracted(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.html").write_bytes(PAGE)
    out = tmp_path / "rows.jsonl"
    done = CliRunner().invoke(lantoa(), ["content", "extract", "--data", str(tmp_path / "pages"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    (row,) = rows(out)
    assert set(row) == {"file", "title", "text", "published_at"}
    assert "noi dung bai viet" in str(row["text"])


@pytest.mark.parametrize("packed", [False, True])
def test_one_file_from_a_path_or_a_pipe(tmp_path: Path, packed: bool) -> None:
    data = lzma.compress(FEED) if packed else FEED
    file, out = tmp_path / ("a.xml.xz" if packed else "a.xml"), tmp_path / "rows.jsonl"
    file.write_bytes(data)
    for source, piped in ((str(file), None), ("-", data)):
        done = CliRunner().invoke(lantoa(), ["feeds", "parse", "--data", source, "--out", str(out)], input=piped)
        assert done.exit_code == 0, done.output
        (row,) = rows(out)
        assert (row["ok"], len(list(row["entries"]))) == (True, 1)  # type: ignore[call-overload]


def test_a_broken_xz_fails_by_itself_and_a_broken_archive_is_a_usage_error(folder: Path, tmp_path: Path) -> None:
    (folder / "half.xml.xz").write_bytes(lzma.compress(FEED)[:-20])
    (folder / "no.xml.xz").write_bytes(b"xz? no")
    out = tmp_path / "rows.jsonl"
    done = CliRunner().invoke(lantoa(), ["feeds", "parse", "--data", str(folder), "--out", str(out), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["files"]) == (1, 4)
    archive = tmp_path / "cut.tar.xz"
    with tarfile.open(archive, "w:xz") as packed:
        packed.add(folder, arcname=".")
    archive.write_bytes(archive.read_bytes()[:100])
    done = CliRunner().invoke(lantoa(), ["feeds", "parse", "--data", str(archive), "--out", str(out)])
    assert done.exit_code == 2, done.output
    assert "Lỗi" in done.output


def test_without_its_options_the_verb_is_used_wrongly() -> None:
    assert CliRunner().invoke(lantoa(), ["feeds", "parse"]).exit_code == 2

"""`lantoa trends detect` and `forecast` on files: what they write, and what they say of a file that is wrong."""

import csv
import io
import json
import lzma
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from services.classify import cli
from tests.classify.trends.waves import DAY_ROWS, counts, times, with_burst


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    cli.register(made)
    return made


def run(app: typer.Typer, *words: str, stdin: str | None = None) -> Any:
    return CliRunner().invoke(app, list(words), input=stdin)


def series(stamps: list[datetime], values: list[float]) -> str:
    lines = [f"{at},{value:g}" for at, value in zip(stamps, values, strict=True)]
    return "\n".join(["timestamp,value", *lines]) + "\n"


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def detect(app: typer.Typer, text: str) -> list[dict[str, str]]:
    done = run(app, "trends", "detect", "--data", "-", "--out", "-", stdin=text)
    assert done.exit_code == 0, done.stderr
    return table(done.stdout)


@pytest.fixture(scope="module")
def burst() -> str:
    stamps = times(12)
    return series(stamps, with_burst(counts(stamps, 10.0), 11 * DAY_ROWS + 100, 24, 6))


@pytest.mark.mission("M06")
def test_detect_writes_each_row_once_with_its_score_and_one_alert(app: typer.Typer, burst: str, tmp_path: Path) -> None:
    data, out = tmp_path / "in.csv.xz", tmp_path / "out.csv.xz"
    data.write_bytes(lzma.compress(burst.encode()))
    done = run(app, "trends", "detect", "--data", str(data), "--out", str(out), "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"rows": 12 * DAY_ROWS, "alerts": 1, "rows_without_reading": 0, "out": str(out)}
    rows = table(lzma.decompress(out.read_bytes()).decode())
    assert list(rows[0]) == ["timestamp", "value", "score", "alert"]
    assert [(row["timestamp"], row["value"]) for row in rows] == [
        (row["timestamp"], row["value"]) for row in table(burst)
    ]
    [told] = [row for row in rows if row["alert"] == "1"]
    assert float(told["score"]) >= 5.5


def test_detect_on_a_beginning_gives_the_beginning(app: typer.Typer, burst: str) -> None:
    lines = burst.splitlines(keepends=True)
    whole = detect(app, burst)
    for cut in (2, 600, 11 * DAY_ROWS + 103, 11 * DAY_ROWS + 110):
        assert detect(app, "".join(lines[:cut])) == whole[: cut - 1]


def test_forecast_writes_the_next_steps_in_the_form_of_the_file(app: typer.Typer) -> None:
    stamps = times(15, minutes=60)
    text = series(stamps, counts(stamps, 50.0))
    done = run(app, "trends", "forecast", "--data", "-", "--horizon", "24", "--out", "-", stdin=text)
    assert done.exit_code == 0, done.stderr
    rows = table(done.stdout)
    assert list(rows[0]) == ["timestamp", "mean", "lo80", "hi80"]
    assert [rows[0]["timestamp"], rows[-1]["timestamp"]] == ["2026-09-16 00:00:00", "2026-09-16 23:00:00"]
    assert all(float(row["lo80"]) <= float(row["mean"]) <= float(row["hi80"]) for row in rows)
    written_with_t = text.replace(" ", "T")
    done = run(app, "trends", "forecast", "--data", "-", "--horizon", "1", "--out", "-", stdin=written_with_t)
    assert table(done.stdout)[0]["timestamp"] == "2026-09-16T00:00:00"


def test_rows_that_cannot_be_read_in_time_have_no_score_and_are_counted(app: typer.Typer) -> None:
    text = "note,VALUE,timestamp\nx,5,2026-09-01 00:00:00\nx,,2026-09-01 00:05:00\nx,NaN,2026-09-01 00:10:00\n"
    text += "\nx,6,2026-09-01 00:05:00\nx,6,2026-09-01 00:15:00\n"
    done = run(app, "trends", "detect", "--data", "-", "--out", "-", stdin=text)
    assert done.exit_code == 0
    assert [row["value"] for row in table(done.stdout)] == ["5", "", "NaN", "6", "6"]
    assert {row["score"] for row in table(done.stdout)} == {"0.0000"}
    assert "rows_without_reading 2" in done.stderr


def test_a_file_with_a_header_only_has_nothing_to_say(app: typer.Typer) -> None:
    assert detect(app, "timestamp,value\n") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "tệp trống"),
        ("a,b\n1,2\n", "thiếu cột timestamp, value"),
        ("timestamp,value\nhôm qua,2\n", "dòng 2"),
        ("timestamp,value\n2026-09-01 00:00:00,nhiều\n", "không phải số"),
        ("timestamp,value\n2026-09-01 00:00:00,inf\n", "vô hạn"),
        ("timestamp,value\n2026-09-01 00:00:00\n", "thiếu cột"),
        ("timestamp,value\n2026-09-01 00:00:00,1\n2026-09-01T00:05:00+07:00,1\n", "múi giờ"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(app: typer.Typer, text: str, said: str) -> None:
    for verb in (("detect",), ("forecast", "--horizon", "24")):
        done = run(app, "trends", verb[0], *verb[1:], "--data", "-", "--out", "-", stdin=text)
        assert done.exit_code == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_a_forecast_of_too_little_is_refused(app: typer.Typer) -> None:
    stamps = times(5, minutes=60)
    text = series(stamps, counts(stamps, 50.0))
    done = run(app, "trends", "forecast", "--data", "-", "--horizon", "24", "--out", "-", stdin=text)
    assert done.exit_code == 2
    assert "10 ngày" in done.stderr
    assert run(app, "trends", "forecast", "--data", "x.csv", "--horizon", "0", "--out", "-").exit_code == 2
    assert "Lỗi" in run(app, "trends", "detect", "--data", "/nowhere.csv", "--out", "-").stderr

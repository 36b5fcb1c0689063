"""`lantoa trends detect` and `lantoa trends forecast`: the detector and the forecasts of the service on CSV files."""

import csv
import json
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from libs.common.cli.files import open_output, open_rows
from libs.common.cli.main import group
from services.classify.trends.detector import Detector
from services.classify.trends.files import BadSeries, SeriesRow, read_series

DataOption = Annotated[str, typer.Option("--data", help="Tệp CSV timestamp,value (.xz) hoặc - (CSV file or -)")]
OutOption = Annotated[str, typer.Option("--out", help="Tệp kết quả CSV (.xz) hoặc - (output file or -)")]
HorizonOption = Annotated[int, typer.Option("--horizon", min=1, max=100_000, help="Số bước dự báo (steps ahead)")]
JsonOption = Annotated[bool, typer.Option("--json", help="Tóm tắt dạng JSON (summary as JSON)")]

_TICK = 1000


def register(app: typer.Typer) -> None:
    """Add the verbs of trends to the `lantoa` command."""
    group(app, "trends").command("detect")(detect)
    group(app, "trends").command("forecast")(forecast_file)


def detect(data: DataOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Tìm đợt tăng bất thường, từng dòng một, không nhìn trước (bursts, row by row, without looking ahead)."""
    detector, rows, alerts, unread = Detector(), 0, 0, 0
    with _told(), open_rows(data) as source, open_output(out) as target, _progress("Tìm đợt tăng") as step:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("timestamp", "value", "score", "alert"))
        for rows, row in enumerate(read_series(source), 1):
            reading = detector.read(row.at, row.value)
            score, alert = (reading.score, reading.alert) if reading else (0.0, False)
            writer.writerow((row.stamp, row.written, f"{score:.4f}", int(alert)))
            alerts, unread = alerts + alert, unread + (reading is None)
            if rows % _TICK == 0:
                step(rows)
    _summary(out, as_json, {"rows": rows, "alerts": alerts, "rows_without_reading": unread, "out": out})


def forecast_file(data: DataOption, horizon: HorizonOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Dự báo các bước tới với khoảng 80% (the next steps, with an 80% interval)."""
    from services.classify.trends.forecast import TooShort, forecast, grid_of

    with _told(), open_rows(data) as source, open_output(out) as target, _progress("Dự báo") as step:
        rows: list[SeriesRow] = []
        for row in read_series(source):
            rows.append(row)
            if len(rows) % _TICK == 0:
                step(len(rows))
        try:
            found = forecast(grid_of([(row.at, row.value) for row in rows]), horizon)
        except TooShort as error:
            raise BadSeries(str(error)) from error
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("timestamp", "mean", "lo80", "hi80"))
        between = "T" if "T" in rows[0].stamp else " "
        for at, *figures in zip(found.times, found.mean, found.low, found.high, strict=True):
            writer.writerow((at.isoformat(sep=between), *(f"{figure:.4f}" for figure in figures)))
    _summary(out, as_json, {"rows": len(rows), "horizon": horizon, "out": out})


def _summary(out: str, as_json: bool, told: dict[str, object]) -> None:
    words = ", ".join(f"{name} {value}" for name, value in told.items())
    # With rows on stdout, the summary must not mix into them.
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else words, err=out == "-" or not as_json)


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a file is said in one line, and ends the command with 2."""
    try:
        yield
    except (BadSeries, lzma.LZMAError, OSError, UnicodeDecodeError, csv.Error) as error:
        typer.echo(f"Lỗi (error): {error}", err=True)
        raise typer.Exit(2) from error


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed} dòng"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done: bar.update(task, completed=done)

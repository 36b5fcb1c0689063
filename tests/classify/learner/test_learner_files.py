"""`lantoa models train` and `lantoa models predict` on files."""

import json
import lzma
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from services.classify.learner import cli
from tests.classify.learner.samples import made


@pytest.fixture
def app() -> typer.Typer:
    made_app = typer.Typer()
    cli.register(made_app)
    return made_app


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(lzma.compress(text.encode()) if path.suffix == ".xz" else text.encode())
    return str(path)


def labelled(count: int, seed: int = 1, **more: Any) -> list[dict[str, Any]]:
    rows = made(count, seed=seed)
    found = enumerate(zip(rows.texts, rows.labels, strict=True))
    return [{"id": n, "text": text, "label": label, **more} for n, (text, label) in found]


def run(app: typer.Typer, *words: str, stdin: str | None = None) -> Any:
    return CliRunner().invoke(app, ["models", *words], input=stdin)


def test_train_then_predict_with_xz_and_dashes(app: typer.Typer, tmp_path: Path) -> None:
    data, dev = write(tmp_path / "train.jsonl.xz", labelled(150)), write(tmp_path / "dev.jsonl", labelled(40, 2))
    folder = tmp_path / "model"
    words = ("--data", data, "--dev", dev, "--out", str(folder), "--time-budget", "1", "--licence", "CC0")
    done = run(app, "train", *words, "--json")
    assert done.exit_code == 0, done.stderr
    card = json.loads(done.stdout)
    assert (card["licence"], card["data"][0]["rows"]) == ("CC0", 150)
    assert card["data"][0]["sha256"] != card["data"][1]["sha256"]
    assert "Học" in done.stderr
    stdin = "".join(json.dumps({"id": f"x{n}", "text": text}) + "\n" for n, text in enumerate(["rác chất đống", ""]))
    done = run(app, "predict", "--model", str(folder), "--data", "-", "--out", "-", stdin=stdin)
    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert (first["id"], first["label"], second["id"]) == ("x0", "rác", "x1")
    assert 0.5 < first["score"] <= 1
    out = tmp_path / "out.jsonl.xz"
    done = run(app, "predict", "--model", str(folder), "--data", data, "--out", str(out), "--json")
    assert json.loads(done.stdout) == {"rows": 150, "out": str(out)}
    assert len(lzma.decompress(out.read_bytes()).splitlines()) == 150


def test_labels_that_are_numbers_stay_numbers_and_columns_are_named(app: typer.Typer, tmp_path: Path) -> None:
    rows = [{**row, "label": None, "spam": int(row["label"] == "rác")} for row in labelled(80)]
    data = write(tmp_path / "train.jsonl", rows)
    words = ("--data", data, "--out", str(tmp_path / "m"), "--time-budget", "1", "--label", "spam")
    assert run(app, "train", *words).exit_code == 0
    done = run(app, "predict", "--model", str(tmp_path / "m"), "--data", data, "--out", "-")
    assert {type(json.loads(line)["label"]) for line in done.stdout.splitlines()} == {int}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"id": 1, "text": "a"}, "dòng 4: cần nhãn “label”"),
        ({"id": 1, "text": "a", "label": ["x"]}, "dòng 4: cần nhãn “label”"),
        ({"id": 1, "text": "a", "label": ""}, "dòng 4: cần nhãn “label”"),
        ({"id": 1, "text": 5, "label": "x"}, "dòng 4: cần chuỗi “text”"),
        ({"text": "a", "label": "x"}, "dòng 4 cần một đối tượng"),
    ],
)
def test_a_bad_row_is_told_by_its_line(app: typer.Typer, tmp_path: Path, row: dict[str, Any], why: str) -> None:
    data = write(tmp_path / "train.jsonl", [*labelled(3), row, *labelled(20)])
    done = run(app, "train", "--data", data, "--out", str(tmp_path / "m"))
    assert (done.exit_code, why in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "m").exists()


def test_one_class_an_unknown_aim_and_a_broken_model_are_refused(app: typer.Typer, tmp_path: Path) -> None:
    data = write(tmp_path / "train.jsonl", [{**row, "label": "x"} for row in labelled(20)])
    done = run(app, "train", "--data", data, "--out", str(tmp_path / "m"))
    assert (done.exit_code, "at least two labels" in done.stderr) == (2, True)
    assert run(app, "train", "--data", data, "--out", str(tmp_path / "m"), "--aim", "best").exit_code == 2
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.npz").write_bytes(b"PK\x03\x04nothing")
    done = run(app, "predict", "--model", str(tmp_path / "m"), "--data", data, "--out", str(tmp_path / "out"))
    assert (done.exit_code, "model.npz" in done.stderr) == (2, True)


def test_predicting_loads_no_scikit_learn() -> None:
    code = (
        "import sys, services.classify.learner.storage, services.classify.learner.cli; print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

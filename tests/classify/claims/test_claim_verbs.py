"""`lantoa claims match` and `lantoa claims import --dry-run` on files."""

import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from libs.common.cli.main import build
from tests.classify.claims import frozen
from tests.classify.claims.test_claim_exchange import CSV


@pytest.fixture(scope="module")
def app() -> Typer:
    return build()


def run(app: Typer, *words: str) -> Result:
    return CliRunner().invoke(app, ["claims", *words])


def written(where: Path, rows: list[dict[str, Any]]) -> str:
    where.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(where)


@pytest.mark.mission("M07")
def test_the_verb_answers_by_its_contract(app: Typer, tmp_path: Path) -> None:
    claims = written(tmp_path / "claims.jsonl", frozen.rows("claims"))
    data = written(
        tmp_path / "data.jsonl", [{"id": row["id"], "text": row["text"]} for row in frozen.held_out("pairs")]
    )
    out = tmp_path / "out.jsonl.xz"
    done = run(app, "match", "--claims", claims, "--data", data, "--out", str(out), "--json")
    assert done.exit_code == 0, done.output
    with lzma.open(out, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    told = {row["id"]: row["claim_id"] for row in frozen.held_out("pairs")}
    assert [row["id"] for row in rows] == list(told)
    assert {frozenset(match) for row in rows for match in row["matches"]} == {frozenset({"claim_id", "score"})}
    found = sum(told[row["id"]] in [match["claim_id"] for match in row["matches"][:3]] for row in rows)
    assert found >= 0.95 * len(rows)
    for row in rows:
        scores = [match["score"] for match in row["matches"]]
        assert scores == sorted(scores, reverse=True)


def test_a_dry_run_needs_no_database(app: Typer, tmp_path: Path) -> None:
    file = tmp_path / "tin-gia.csv"
    file.write_bytes(CSV.encode("utf-8-sig"))
    out = tmp_path / "rows.jsonl"
    done = run(app, "import", "--file", str(file), "--dry-run", "--out", str(out), "--json")
    assert done.exit_code == 1, "some rows are refused"
    summary = json.loads(done.stdout)
    assert (summary["rows"], summary["refused"], summary["is_dry_run"]) == (6, 3, True)
    assert [json.loads(line)["row"] for line in out.read_text(encoding="utf-8").splitlines()] == [2, 3, 4, 5, 6, 7]
    file.write_text("không phải bảng", encoding="utf-8")
    assert run(app, "import", "--file", str(file), "--dry-run").exit_code == 2

"""The offline verbs: the very rules of the service, on files."""

import json
import lzma
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from services.classify import cli
from tests.classify.test_api import CLAIM, OTHERS, PARAPHRASE
from tests.classify.test_stories import COPIES, FLOODS

ROWS = [
    {"id": n, "title": title, "text": text, "published_at": f"2026-11-24T0{n}:00:00+07:00", "source": f"s{n}"}
    for n, (title, text) in enumerate([*COPIES, *FLOODS])
]


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    cli.register(made)
    return made


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(lzma.compress(text.encode()) if path.suffix == ".xz" else text.encode())
    return str(path)


def run(app: typer.Typer, *words: str, stdin: str | None = None) -> Any:
    return CliRunner().invoke(app, list(words), input=stdin)


def rows_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.mission("M03")
def test_cluster_reads_xz_and_writes_xz(app: typer.Typer, tmp_path: Path) -> None:
    data, out = write(tmp_path / "in.jsonl.xz", ROWS), tmp_path / "out.jsonl.xz"
    done = run(app, "stories", "cluster", "--data", data, "--out", str(out), "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"rows": 7, "out": str(out)})
    found = rows_of(lzma.decompress(out.read_bytes()).decode())
    assert [row["id"] for row in found] == list(range(7))
    assert [row["story_id"] for row in found] == ["0"] * 5 + ["5", "6"]


def test_annotate_from_stdin_to_stdout(app: typer.Typer) -> None:
    texts = [
        {
            "id": "a",
            "title": "Thông xe cầu vượt ở phường Cầu Giấy",
            "text": "Sáng nay, Sở Xây dựng cho biết đã thông xe.",
        },
        {"id": "b", "text": "Cán bộ vô trách nhiệm, đùn đẩy, lãng phí tiền thuế của dân. CCCD 001099012345"},
    ]
    stdin = "".join(json.dumps(row) + "\n" for row in texts)
    done = run(app, "content", "annotate", "--data", "-", "--out", "-", stdin=stdin)
    assert done.exit_code == 0
    first, second = rows_of(done.stdout)
    assert (first["id"], first["field"], first["places"]) == ("a", "giao_thong", ["00166"])
    assert (second["kind"], second["risk"]) == ("criticism", [])
    assert first["language"] == "vi"
    wanted = {"id", "field", "tone", "risk", "places", "kind", "field_score", "tone_score", "kind_score"}
    assert set(first) == wanted | {"toxicity", "abstained", "language", "mentions"}


@pytest.mark.mission("M07")
def test_match_gives_the_claim_of_a_paraphrase(app: typer.Typer, tmp_path: Path) -> None:
    told = [{"id": n, "text": text, "verdict": "tin_gia"} for n, text in enumerate([CLAIM, *OTHERS])]
    claims = write(tmp_path / "claims.jsonl", told)
    data = write(tmp_path / "in.jsonl", [{"id": "x", "text": PARAPHRASE}, {"id": "y", "text": "Khánh thành thư viện."}])
    done = run(app, "claims", "match", "--claims", claims, "--data", data, "--out", "-")
    hit, miss = rows_of(done.stdout)
    assert hit["matches"][0]["claim_id"] == 0
    assert miss == {"id": "y", "matches": []}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "dòng 1 không phải JSON"),
        ('{"title": "a"}', "cần một đối tượng có “id”"),
        ('{"id": 1, "text": 5, "published_at": "2026-11-24"}', "cần chuỗi “text”"),
        ('{"id": 1, "text": "", "published_at": "hôm qua"}', "không phải thời điểm ISO 8601"),
    ],
)
def test_a_bad_row_is_named_in_one_line(app: typer.Typer, line: str, said: str) -> None:
    done = run(app, "stories", "cluster", "--data", "-", "--out", "-", stdin=line)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_missing_file_is_said_in_one_line(app: typer.Typer) -> None:
    done = run(app, "stories", "cluster", "--data", "khong-co.jsonl", "--out", "-")
    assert done.exit_code == 2
    assert "Lỗi (error)" in done.stderr

"""Print every row of docs/mission.md with the tests that show it and their last result.

python scripts/mission.py [--json]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
ROWS_FILE = ROOT / "docs" / "mission.md"
RESULTS_FILE = ROOT / ".lantoa" / "mission.json"
NO_TEST = "no test"
NOT_RUN = "not run yet"


@dataclass(frozen=True)
class Shown:
    """One test that shows a row."""

    test: str
    outcome: str
    at: str | None


@dataclass(frozen=True)
class Row:
    id: str
    duty: str
    feature: str
    services: str
    shows: str
    state: str
    tests: list[Shown]


def read_rows(text: str) -> list[list[str]]:
    """The cells of each row of the table."""
    lines = [line for line in text.splitlines() if line.startswith("| M")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def collect_tests() -> dict[str, list[str]]:
    """Each test that carries a row, by its node id."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.json"
        command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, "--mission-out", str(out), "tests"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if not out.exists():
            sys.exit(f"The tests could not be collected:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        if done.returncode:
            print(f"Some tests could not be collected:\n{done.stdout[-2000:]}", file=sys.stderr)
        found: dict[str, list[str]] = json.loads(out.read_text(encoding="utf-8"))
        return found


def last_results() -> dict[str, dict[str, str]]:
    if not RESULTS_FILE.exists():
        return {}
    results: dict[str, dict[str, str]] = json.loads(RESULTS_FILE.read_text(encoding="utf-8"))
    return results


def join(rows: list[list[str]], tests: dict[str, list[str]], results: dict[str, dict[str, str]]) -> list[Row]:
    """Every row with its tests; only tests that exist now count."""
    joined = []
    for row_id, duty, feature, services, shows in rows:
        shown = [_shown(test, results) for test, ids in sorted(tests.items()) if row_id in ids]
        joined.append(Row(row_id, duty, feature, services, shows, _state(shown), shown))
    return joined


def _shown(test: str, results: dict[str, dict[str, str]]) -> Shown:
    result = results.get(test, {})
    return Shown(test, result.get("outcome", NOT_RUN), result.get("at"))


def _state(shown: list[Shown]) -> str:
    """The worst of a row's tests."""
    outcomes = {one.outcome for one in shown}
    for outcome in ("failed", "skipped", NOT_RUN, "passed"):
        if outcome in outcomes:
            return outcome
    return NO_TEST


COLOURS = {"passed": "green", "failed": "bold red", "skipped": "yellow", NOT_RUN: "yellow", NO_TEST: "dim"}


def render(rows: list[Row]) -> Table:
    table = Table(title="Mission", show_lines=True)
    for heading in ("Row", "Duty", "Feature", "State", "Tests"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        tests = "\n".join(f"{one.test.removeprefix('tests/')} ({one.outcome})" for one in row.tests)
        state = f"[{COLOURS[row.state]}]{row.state}[/]"
        table.add_row(row.id, row.duty, row.feature, state, tests.replace("[", r"\[") or "-")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description="Which rows of the mission are shown by which tests.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    rows = join(read_rows(ROWS_FILE.read_text(encoding="utf-8")), collect_tests(), last_results())
    if wanted.json:
        print(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    passed = sum(row.state == "passed" for row in rows)
    without = sum(row.state == NO_TEST for row in rows)
    console = Console()
    console.print(render(rows))
    console.print(f"{passed} of {len(rows)} rows are shown by passing tests; {without} have no test.")


if __name__ == "__main__":
    main()

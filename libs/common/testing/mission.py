"""Which tests show which rows of docs/mission.md, and how they last went.

Results of earlier runs are kept for tests that this run did not select. Under xdist only the controller writes: the
workers send the rows along with their reports.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

RESULTS_FILE = Path(".lantoa") / "mission.json"
_ROWS = "mission_rows"
_WORSE = {"passed": 0, "skipped": 1, "failed": 2}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mission-out", default=None, help="with --collect-only: write the rows of each test here")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "mission(row): the row of docs/mission.md that this test shows")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Recorder(config), "mission-recorder")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the rows where every report carries them, across processes too."""
    for item in items:
        if rows := rows_of(item):
            item.user_properties.append((_ROWS, rows))


def rows_of(item: pytest.Item) -> list[str]:
    return sorted({str(row) for mark in item.iter_markers("mission") for row in mark.args})


class _Recorder:
    """Gathers one outcome for each test that shows a row, and merges them into the file at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        rows = dict(report.user_properties).get(_ROWS)
        if not rows:
            return
        entry = self._results.setdefault(report.nodeid, {"rows": rows, "outcome": "passed"})
        if _WORSE[report.outcome] > _WORSE[entry["outcome"]]:
            entry["outcome"] = report.outcome

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        target = self._config.getoption("--mission-out")
        if target:
            shown = {item.nodeid: rows for item in session.items if (rows := rows_of(item))}
            Path(target).write_text(json.dumps(shown), encoding="utf-8")

    def pytest_sessionfinish(self) -> None:
        if self._results:
            _merge(self._config.rootpath / RESULTS_FILE, self._results)


def _merge(path: Path, results: dict[str, dict[str, Any]]) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    former = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    merged = former | {node: {**entry, "at": at} for node, entry in results.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(merged, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")
    draft.replace(path)

"""What is counted has a name on the list: an unknown one would end whatever counts it, once telemetry is on."""

import ast
from collections.abc import Iterator
from pathlib import Path

from libs.common.instruments import COUNTERS, GAUGES

ROOT = Path(__file__).parents[2]
LISTS = {"count": COUNTERS, "gauge": GAUGES}


def _named(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="telemetry"), attr=("count" | "gauge") as kind),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield kind, name


def test_every_figure_that_is_told_is_on_the_list() -> None:
    files = [path for top in ("libs", "services") for path in (ROOT / top).rglob("*.py")]
    told = {each for path in files for each in _named(ast.parse(path.read_text("utf-8")))}
    assert ("count", "lantoa.deliveries") in told
    assert {name for kind, name in told if name not in LISTS[kind]} == set()

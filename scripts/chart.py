"""`make chart`: lint the chart, render it for the oldest and the newest Kubernetes, and check what comes out.

python scripts/chart.py [--write]     --write brings the settings in values.schema.json up to the settings classes.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape

from scripts.chart_facts import FACTS, Rendered, from_outside
from scripts.chart_settings import CHART, VALUES_SCHEMA, values_schema
from scripts.chart_tools import KUBE_VERSIONS, ToolMissing, definitions, helm, jsonschema, run_helm, validator

OWN_SCHEMAS = CHART.parent.parent / "schemas"
CI_VALUES = tuple(sorted((CHART / "ci").glob("*-values.yaml")))
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


class RenderRefused(Exception):
    """helm would not render; says what helm said."""


def render(values: Path, kube_version: str, *more: str, release: str = "lantoa") -> Rendered:
    done = run_helm("template", release, str(CHART), "--kube-version", kube_version, "-f", str(values), *more)
    if done.returncode != 0:
        raise RenderRefused(done.stderr.strip())
    return Rendered([one for one in yaml.safe_load_all(done.stdout) if one])


def lint(values: Path) -> Iterator[str]:
    done = run_helm("lint", "--strict", "--quiet", str(CHART), "-f", str(values))
    if done.returncode != 0:
        yield (done.stdout + done.stderr).strip()


def schema_errors(one: Any, kube_version: str) -> Iterator[str]:
    """A kind without a schema is refused, unless k8s/schemas has one of our own for it."""
    title = f"{one['kind']} {one['metadata']['name']}"
    checker = validator(kube_version, one["kind"], one["apiVersion"]) or _own_checker(one["apiVersion"], one["kind"])
    if checker is None:
        yield f"{title}: Kubernetes {kube_version} has no {one['apiVersion']} {one['kind']}, and k8s/schemas neither"
        return
    for error in checker.iter_errors(one):
        yield f"{title}: {'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"


@cache
def _own_checker(api_version: str, kind: str) -> Any | None:
    file = OWN_SCHEMAS / f"{api_version.replace('/', '_')}_{kind}.json"
    return jsonschema()[0].Draft202012Validator(json.loads(file.read_text())) if file.is_file() else None


def complaints(rendered: Rendered, kube_version: str) -> list[str]:
    """Everything that is wrong with one rendering."""
    found = [why for one in rendered.objects for why in schema_errors(one, kube_version)]
    return found + [f"{fact.__name__}: {why}" for fact in FACTS for why in fact(rendered)]


def stale_schema() -> Iterator[str]:
    if VALUES_SCHEMA.read_text() != values_schema():
        yield "values.schema.json is behind the settings classes: python scripts/chart.py --write"


def _fetch() -> None:
    with err.status("helm") as status:
        helm()
        for version in KUBE_VERSIONS:
            status.update(f"Kubernetes {version}")
            definitions(version)
        jsonschema()


def _check(values: Path) -> int:
    wrong = [("lint", why) for why in lint(values)]
    outside: list[str] = []
    for version in KUBE_VERSIONS:
        try:
            rendered = render(values, version)
        except RenderRefused as error:
            wrong.append((version, str(error)))
            continue
        found = complaints(rendered, version)
        wrong += [(version, why) for why in found]
        outside = from_outside(rendered)
        out.print(f"  Kubernetes {version}: {len(rendered.objects)} objects, {len(FACTS)} facts, {len(found)} wrong")
    for where, why in wrong:
        err.print(f"  [red]{where}[/] {escape(why)}")
    out.print(f"  needs from outside: {', '.join(outside) or 'nothing'}")
    return len(wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="bring values.schema.json up to the settings classes")
    if parser.parse_args().write:
        VALUES_SCHEMA.write_text(values_schema())
    try:
        _fetch()
    except ToolMissing as error:
        err.print(f"[red]A tool could not be fetched:[/] {escape(str(error))}")
        return 2
    wrong = 0
    for why in stale_schema():
        err.print(f"[red]{why}[/]")
        wrong += 1
    for values in CI_VALUES:
        out.print(f"[bold]{values.name}[/]")
        wrong += _check(values)
    out.print(f"[{'red' if wrong else 'green'}]{len(CI_VALUES)} values files, {wrong} complaints[/]")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

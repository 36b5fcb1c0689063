"""Every alert has its page, speaks of figures that there are, and every command of a page exists."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from libs.common.cli import ops
from libs.common.instruments import ATTRIBUTES, COUNTERS, GAUGES, HISTOGRAMS
from libs.common.local.paths import checkout
from scripts.chart import RenderRefused, render
from scripts.chart_settings import CHART
from scripts.chart_tools import KUBE_VERSIONS

PAGES = checkout() / "docs" / "runbook"
ALERTS: list[dict[str, Any]] = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())["alerts"]


def prometheus_names() -> set[str]:
    """As Prometheus writes our metrics: underscores, the unit, `_total` for counters."""
    named = {f"{_plain(name)}_total" for name in COUNTERS}
    named |= {f"{_plain(name)}_seconds" for name in HISTOGRAMS}
    return named | {_plain(name) + ("_seconds" if unit == "s" else "") for name, (unit, _) in GAUGES.items()}


def _plain(name: str) -> str:
    return name.replace(".", "_")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_has_a_page_and_figures(alert: dict[str, Any]) -> None:
    page = (PAGES / f"{alert['alert']}.md").read_text()
    assert page.startswith(f"# {alert['alert']}: ")
    for part in ("**What it means.**", "**Look here.**", "**Do this.**"):
        assert part in page
    assert alert["severity"] in ("page", "ticket")
    said = set(re.findall(r"\b(?:lantoa|http)_[a-z_]+", alert["expr"] + alert["summary"]))
    labels = {_plain(name) for name in ATTRIBUTES}
    assert said - labels
    assert said - labels - prometheus_names() == set()


def test_every_page_belongs_to_an_alert() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == {alert["alert"] for alert in ALERTS}


def _texts() -> list[Path]:
    return [*sorted(PAGES.glob("*.md")), checkout() / "docs" / "how-to" / "observe.md"]


@pytest.mark.parametrize("page", _texts(), ids=lambda page: page.stem)
def test_figures_links_and_commands_of_a_page_exist(page: Path) -> None:
    told = page.read_text()
    known = prometheus_names() | {_plain(name) for name in ATTRIBUTES}
    assert set(re.findall(r"\blantoa_[a-z_]+", told)) - known == set()
    for link in re.findall(r"\]\(([\w./]+\.md)\)", told):
        assert (page.parent / link).is_file(), link
    app = typer.Typer()
    ops.register(app)
    root: Any = typer.main.get_command(app)
    for line in re.findall(r"(?m)^\s*lantoa ([a-z ]+)$", told):
        words, at = line.split(), root
        while words and hasattr(at, "commands"):
            at = at.commands[words.pop(0)]
        assert not hasattr(at, "commands"), line


# --- rendered -----------------------------------------------------------------------------------------

OUTSIDE = CHART / "ci" / "outside-values.yaml"
NEWEST = KUBE_VERSIONS[-1]


@pytest.mark.slow
def test_the_rule_names_a_page_for_each_alert_and_is_absent_unless_asked_for() -> None:
    (rule,) = render(OUTSIDE, NEWEST).of("PrometheusRule")
    rendered = {one["alert"]: one for one in rule["spec"]["groups"][0]["rules"]}
    assert list(rendered) == [alert["alert"] for alert in ALERTS]
    for alert in ALERTS:
        one = rendered[alert["alert"]]
        assert one["expr"] == alert["expr"]
        assert one["annotations"]["summary"] == alert["summary"]
        assert one["annotations"]["runbook_url"] == f"https://git.example.vn/lantoa/docs/runbook/{alert['alert']}.md"
    assert render(CHART / "ci" / "try-out-values.yaml", NEWEST).of("PrometheusRule") == []


@pytest.mark.slow
def test_every_pod_of_ours_is_told_the_collector_and_may_reach_it() -> None:
    rendered = render(OUTSIDE, NEWEST)
    ours = [pod for pod in rendered.pods if pod.is_ours]
    assert len(ours) == 10
    for pod in ours:
        told = rendered.environment(pod)["LANTOA_TELEMETRY__OTLP_ENDPOINT"]
        assert told == "http://collector.monitoring.svc:4318"
        policy = rendered.named("NetworkPolicy", f"lantoa-{pod.component}")
        assert policy is not None
        assert [r for r in policy["spec"]["egress"] if r["ports"] == [{"protocol": "TCP", "port": 4318}]], pod.owner


@pytest.mark.slow
@pytest.mark.parametrize("unsaid", ["telemetry.peers", "telemetry.rules.runbooks"])
def test_what_is_needed_for_it_is_asked_for(unsaid: str) -> None:
    with pytest.raises(RenderRefused, match=f"{unsaid}: say where"):
        render(OUTSIDE, NEWEST, "--set", f"{unsaid}=null")

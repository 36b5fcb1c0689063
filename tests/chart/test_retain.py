"""The nightly drop of what is past its time: as the owner, with the limits that the register prints."""

import pytest

from scripts.chart import render
from scripts.chart_facts import Rendered
from scripts.chart_settings import CHART
from scripts.chart_tools import KUBE_VERSIONS

pytestmark = [pytest.mark.slow, pytest.mark.mission("M37")]
OUTSIDE = CHART / "ci" / "outside-values.yaml"
DAYS = "LANTOA_REPORTS__RETENTION__CONTENTS_DAYS"


def told(rendered: Rendered) -> dict[str, str]:
    (pod,) = [pod for pod in rendered.pods if pod.component == "retain"]
    assert pod.spec["containers"][0]["command"] == ["lantoa", "retain"]
    return rendered.environment(pod)


def test_it_runs_every_night_with_the_limits_of_the_register() -> None:
    rendered = render(OUTSIDE, KUBE_VERSIONS[-1], "--set", f"services.reports.settings.{DAYS}=180")
    (job,) = rendered.of("CronJob")
    assert (job["apiVersion"], job["spec"]["schedule"]) == ("batch/v1", "30 18 * * *")
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    assert told(rendered)[DAYS] == "180"
    owner = [pod for pod in rendered.pods if pod.component in ("migrate", "retain")]
    assert len({rendered.environment(pod)["LANTOA_DB__URL"] for pod in owner}) == 1


def test_the_oldest_kubernetes_has_it_too_and_a_city_may_leave_it_out() -> None:
    (job,) = render(OUTSIDE, KUBE_VERSIONS[0]).of("CronJob")
    assert job["apiVersion"] == "batch/v1beta1"
    assert DAYS not in told(render(OUTSIDE, KUBE_VERSIONS[0]))
    assert render(OUTSIDE, KUBE_VERSIONS[-1], "--set", "retain.enabled=false").of("CronJob") == []

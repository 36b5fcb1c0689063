"""What the chart renders for the oldest and the newest Kubernetes, and what it refuses."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.common.local.addresses import SERVICES
from scripts.chart import CI_VALUES, RenderRefused, complaints, lint, render, schema_errors
from scripts.chart_facts import Rendered, from_outside
from scripts.chart_settings import CHART
from scripts.chart_tools import KUBE_VERSIONS
from services.publish.settings import DrillSettings

pytestmark = [pytest.mark.slow, pytest.mark.mission("M39")]
TRY_OUT = CHART / "ci" / "try-out-values.yaml"
OUTSIDE = CHART / "ci" / "outside-values.yaml"
NEWEST = KUBE_VERSIONS[-1]


@pytest.fixture(scope="module")
def whole() -> Rendered:
    return render(TRY_OUT, NEWEST)


def wrong(objects: list[Any]) -> list[str]:
    return complaints(Rendered(objects), NEWEST)


@pytest.mark.parametrize("values", CI_VALUES, ids=lambda path: path.name)
@pytest.mark.parametrize("version", KUBE_VERSIONS)
def test_every_object_is_valid_and_every_fact_holds(values: Path, version: str) -> None:
    rendered = render(values, version)
    assert len(rendered.of("Deployment")) == 10
    assert complaints(rendered, version) == []


@pytest.mark.parametrize("values", CI_VALUES, ids=lambda path: path.name)
def test_helm_lints_it(values: Path) -> None:
    assert list(lint(values)) == []


def test_trying_out_needs_nothing_from_outside(whole: Rendered) -> None:
    assert from_outside(whole) == []


# --- what is refused, by name ---------------------------------------------------------------------------------

TYPOS = [
    ("pubicUrl=https://a.vn", "pubicUrl"),
    ("services.ingest.worker.replica=3", "replica"),
    ("services.ingets.files=true", "ingets"),
    ("services.ingest.settings.LANTOA_POLL__AGNET=x", "LANTOA_POLL__AGNET"),
    ("services.classify.settings.LANTOA_POLL__AGENT=x", "LANTOA_POLL__AGENT"),
    ("services.publish.settings.LANTOA_PUBLISH__CREDENTIALS_KEY=x", "LANTOA_PUBLISH__CREDENTIALS_KEY"),
    ("settings.LANTOA_REPLAY=true", "LANTOA_REPLAY"),
    ("defaults.api.resources.limits.memry=1Gi", "memry"),
    ("networkPolicy.callers[0].podSelectr=x", "podSelectr"),
    ("postgres.passwords.ingest=short", "/postgres/passwords/ingest"),
]


@pytest.mark.parametrize(("told", "named"), TYPOS)
def test_a_typo_is_refused_and_named(told: str, named: str) -> None:
    with pytest.raises(RenderRefused) as refused:
        render(TRY_OUT, NEWEST, "--set", told)
    assert named in str(refused.value)


MISSING = [
    (TRY_OUT, "publicUrl=", "publicUrl: say the origin"),
    (TRY_OUT, "auth.issuer=", "auth.issuer: say"),
    (TRY_OUT, "auth.jwks=", "auth.peers: say where the identity provider is"),
    (TRY_OUT, "postgres.passwords.relay=", "postgres.passwords.relay: give"),
    (TRY_OUT, "nats.token=", "nats.token: give"),
    (OUTSIDE, "nats.url=", "nats.url: say where"),
    (OUTSIDE, "postgres.peers=null", "postgres.peers: say where"),
    (OUTSIDE, "nats.monitoring=", "nats.monitoring: KEDA"),
    (OUTSIDE, "services.ingest.worker.autoscaling.enabled=true", "enable one"),
    (OUTSIDE, "services.relay.worker.keda.enabled=true", "name at least one durable"),
]


@pytest.mark.parametrize(("values", "told", "said"), MISSING)
def test_what_is_missing_is_asked_for_by_name(values: Path, told: str, said: str) -> None:
    with pytest.raises(RenderRefused) as refused:
        render(values, NEWEST, "--set", told)
    assert said in str(refused.value)


# --- values ---------------------------------------------------------------------------------------------------


def replicas(rendered: Rendered) -> dict[str, int]:
    return {one["metadata"]["name"]: one["spec"].get("replicas", 0) for one in rendered.of("Deployment")}


def test_what_one_service_says_changes_no_other(whole: Rendered) -> None:
    """`classify` comes first: were its values written into the defaults, the others would have them too."""
    told = render(TRY_OUT, NEWEST, "--set", "services.classify.worker.replicas=0,services.classify.files=true")
    assert replicas(told) == replicas(whole) | {"lantoa-classify-worker": 0}
    changed = render(TRY_OUT, NEWEST, "--set", "defaults.worker.replicas=5")
    assert replicas(changed)["lantoa-ingest-worker"] == 5
    assert replicas(changed)["lantoa-reports-worker"] == 1


def told_to(rendered: Rendered, name: str) -> dict[str, str]:
    """Which Deployments have this variable in the pod itself, and what it says."""
    pods = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in rendered.of("Deployment")}
    named = [(pod, each) for pod, spec in pods.items() for each in spec["containers"][0]["env"]]
    return {pod: each["value"] for pod, each in named if each["name"] == name}


def test_the_apis_believe_the_named_proxies_and_no_others(whole: Rendered) -> None:
    """Without them uvicorn counts all readers behind a proxy as one; believed blindly, anybody says who he is."""
    assert told_to(whole, "FORWARDED_ALLOW_IPS") == {}
    told = render(TRY_OUT, NEWEST, "--set", "ingress.proxies={10.1.0.0/16,10.2.0.0/16}")
    apis = {f"lantoa-{service}-api" for service in SERVICES}
    assert told_to(told, "FORWARDED_ALLOW_IPS") == dict.fromkeys(apis, "10.1.0.0/16,10.2.0.0/16")


def test_where_drills_post_reaches_publish_as_its_settings_read_it(whole: Rendered) -> None:
    name = "LANTOA_PUBLISH__DRILLS__SANDBOX"
    told = render(TRY_OUT, NEWEST, "--set", f"services.publish.settings.{name}={{https://sandbox.example.vn}}")
    for rendered, said in ((whole, []), (told, ["https://sandbox.example.vn"])):
        config = next(one for one in rendered.of("ConfigMap") if one["metadata"]["name"] == "lantoa-publish")
        assert json.loads(config["data"][name]) == said
        assert DrillSettings.model_validate({"sandbox": json.loads(config["data"][name])}).sandbox == said


def jobs(*told: str) -> str:
    (job,) = render(TRY_OUT, NEWEST, *told).of("Job")
    return str(job["metadata"]["name"])


def test_another_image_or_setting_is_another_job(whole: Rendered) -> None:
    """What a Job runs cannot be changed, so that an upgrade with the same name would be refused by the API server."""
    digest = "sha256:" + "ab" * 32
    names = [
        jobs(),
        jobs("--set", "image.tag=0.2.0"),
        jobs("--set", f"image.digest={digest}"),
        jobs("--set", "settings.LANTOA_NATS__MAX_BYTES=99"),
        jobs("--set", "migrate.resources.limits.memory=1Gi"),
        jobs("--set", "migrate.deadlineSeconds=60"),
    ]
    assert len(set(names)) == len(names)
    assert names[0] == jobs() == whole.of("Job")[0]["metadata"]["name"]
    assert names[1].startswith("lantoa-migrate-0-2-0-")
    assert names[2].startswith("lantoa-migrate-abababababab-")


def test_a_long_release_name_still_gives_valid_names() -> None:
    told = ("--set", "image.tag=A.very_long-tag-of-an-image-0123456789")
    rendered = render(TRY_OUT, NEWEST, *told, release="a-release-name-of-the-very-longest-that-helm-accepts")
    assert complaints(rendered, NEWEST) == []


def test_numbers_reach_the_settings_as_they_were_written(whole: Rendered) -> None:
    told = whole.named("ConfigMap", "lantoa-ingest")
    assert told is not None
    assert told["data"]["LANTOA_NATS__MAX_BYTES"] == "1073741824"
    assert told["data"]["LANTOA_POLL__PORTS"] == "[80,443]"


@pytest.mark.parametrize(("version", "scaler", "budget"), [("1.20", "v2beta2", "v1beta1"), ("1.37", "v2", "v1")])
def test_api_versions_follow_the_cluster(version: str, scaler: str, budget: str) -> None:
    rendered = render(OUTSIDE, version)
    assert {one["apiVersion"] for one in rendered.of("HorizontalPodAutoscaler")} == {f"autoscaling/{scaler}"}
    assert {one["apiVersion"] for one in rendered.of("PodDisruptionBudget")} == {f"policy/{budget}"}


# --- the facts can fail ---------------------------------------------------------------------------------------


def pod_of(objects: list[Any], name: str) -> Any:
    return next(o for o in objects if o["kind"] == "Deployment" and o["metadata"]["name"] == name)["spec"]["template"]


def one_of(objects: list[Any], kind: str, name: str) -> Any:
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name)


def container(objects: list[Any], name: str = "lantoa-publish-api") -> Any:
    return pod_of(objects, name)["spec"]["containers"][0]


Change = Callable[[list[Any]], object]
BREAKS: list[tuple[str, Change, str]] = [
    ("a limit is gone", lambda o: container(o)["resources"]["limits"].pop("memory"), "no limits.memory"),
    (
        "an init container without limits",
        lambda o: pod_of(o, "lantoa-relay-worker")["spec"]["initContainers"][0].pop("resources"),
        "wait-for-schema has no limits.cpu",
    ),
    ("root", lambda o: pod_of(o, "lantoa-publish-api")["spec"]["securityContext"].update(runAsUser=0), "run as root"),
    ("a writable image", lambda o: container(o)["securityContext"].pop("readOnlyRootFilesystem"), "write to its image"),
    (
        "a setting is missing",
        lambda o: one_of(o, "ConfigMap", "lantoa-reports")["data"].pop("LANTOA_AUTH__ISSUER"),
        "Deployment lantoa-reports-worker: setting auth.issuer: Field required",
    ),
    ("the database's URL is missing", lambda o: container(o)["env"].pop(0), "setting db"),
    (
        "an unknown setting",
        lambda o: one_of(o, "ConfigMap", "lantoa-reports")["data"].update(LANTOA_REPORTS__DALY_HOUR="9"),
        "ReportsSettings knows no LANTOA_REPORTS__DALY_HOUR",
    ),
    (
        "a setting that its class refuses",
        lambda o: one_of(o, "ConfigMap", "lantoa-reports")["data"].update(LANTOA_REPORTS__DAILY_HOUR="25"),
        "setting reports.daily_hour",
    ),
    (
        "a password in a ConfigMap",
        lambda o: one_of(o, "ConfigMap", "lantoa-ingest")["data"].update(NOTE="see try-out-ingest-00"),
        "ConfigMap lantoa-ingest holds 1 secret values",
    ),
    (
        "a secret setting in a ConfigMap",
        lambda o: one_of(o, "ConfigMap", "lantoa-publish")["data"].update(LANTOA_PUBLISH__CREDENTIALS_KEY="k" * 40),
        "LANTOA_PUBLISH__CREDENTIALS_KEY is a secret",
    ),
    (
        "another service's database role",
        lambda o: container(o)["env"][0]["valueFrom"]["secretKeyRef"].update(name="lantoa-ingest-database"),
        "Secret lantoa-ingest-database is shared",
    ),
    (
        "a Service without pods",
        lambda o: one_of(o, "Service", "lantoa-ingest-api")["spec"]["selector"].update(x="y"),
        "Service lantoa-ingest-api selects no pod",
    ),
    ("a port that is not there", lambda o: container(o)["ports"][0].update(name="web"), "has no port http"),
    (
        "a path of another service",
        lambda o: one_of(o, "Ingress", "lantoa-ingress")["spec"]["rules"][0]["http"]["paths"].pop(),
        "Ingress maps",
    ),
    (
        "a key that its Secret has not",
        lambda o: container(o)["env"][1]["valueFrom"]["secretKeyRef"].update(key="TOKEN"),
        "Secret lantoa-nats has no key TOKEN",
    ),
    ("keys that are not mounted", lambda o: container(o)["volumeMounts"].pop(), "LANTOA_AUTH__JWKS_FILE"),
    (
        "a budget for nobody",
        lambda o: one_of(o, "PodDisruptionBudget", "lantoa-ingest-api")["spec"]["selector"]["matchLabels"].update(
            x="y"
        ),
        "PodDisruptionBudget lantoa-ingest-api selects no pod",
    ),
    (
        "two Deployments with one selector",
        lambda o: pod_of(o, "lantoa-ingest-api")["metadata"]["labels"].update(
            {"app.kubernetes.io/component": "ingest-worker"}
        ),
        "Deployment lantoa-ingest-worker selects",
    ),
    ("a module that is not there", lambda o: container(o).update(command=["python", "-m", "libs.nobody"]), "no module"),
    (
        "the world for a service without business there",
        lambda o: one_of(o, "NetworkPolicy", "lantoa-reports-api")["spec"]["egress"].append({}),
        "Deployment lantoa-reports-api reaches the world",
    ),
    (
        "a private range within the world",
        lambda o: one_of(o, "NetworkPolicy", "lantoa-ingest-worker")["spec"]["egress"][-1]["to"][0]["ipBlock"][
            "except"
        ].remove("169.254.0.0/16"),
        "reaches 169.254.169.254",
    ),
    (
        "a port that the fetcher may not use",
        lambda o: one_of(o, "NetworkPolicy", "lantoa-ingest-worker")["spec"]["egress"][-1]["ports"].append(
            {"protocol": "TCP", "port": 22}
        ),
        "LANTOA_POLL__PORTS says [80,443]",
    ),
    ("no policy", lambda o: o.remove(one_of(o, "NetworkPolicy", "lantoa-migrate")), "has 0 NetworkPolicies"),
    ("a field of no version", lambda o: pod_of(o, "lantoa-publish-api")["spec"].update(restart="no"), "restart"),
    (
        "a kind without a schema",
        lambda o: o.append({"apiVersion": "example.vn/v1", "kind": "Wish", "metadata": {"name": "x"}, "spec": {}}),
        "has no example.vn/v1 Wish",
    ),
    ("a name twice", lambda o: o.append(o[0]), "is there twice"),
]


@pytest.mark.parametrize(("change", "said"), [(c, s) for _, c, s in BREAKS], ids=[name for name, _, _ in BREAKS])
def test_each_fact_finds_what_breaks_it(whole: Rendered, change: Change, said: str) -> None:
    objects = copy.deepcopy(whole.objects)
    change(objects)
    found = wrong(objects)
    assert any(said in line for line in found), found


def test_a_kind_that_a_version_does_not_have_is_found(whole: Rendered) -> None:
    """The objects for 1.37 are not valid for 1.20: PodDisruptionBudget of policy/v1 came with 1.21."""
    assert any("Kubernetes 1.20 has no policy/v1 PodDisruptionBudget" in line for line in complaints(whole, "1.20"))


@pytest.mark.parametrize("version", KUBE_VERSIONS)
def test_the_operators_pod_is_valid_and_fits_the_release(whole: Rendered, version: str) -> None:
    pod = yaml.safe_load((CHART.parent.parent / "operator-pod.yaml").read_text())
    assert list(schema_errors(pod, version)) == []
    assert whole.named("ServiceAccount", pod["spec"]["serviceAccountName"]) is not None
    for entry in pod["spec"]["containers"][0]["env"][:2]:
        reference = entry["valueFrom"]["secretKeyRef"]
        secret = whole.named("Secret", reference["name"])
        assert secret is not None
        assert reference["key"] in secret["stringData"]
    policy = whole.named("NetworkPolicy", "lantoa-migrate")
    assert policy is not None
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


@pytest.mark.parametrize("version", KUBE_VERSIONS)
def test_the_values_of_the_how_to_install(tmp_path: Path, version: str) -> None:
    page = (CHART.parents[2] / "docs" / "how-to" / "deploy.md").read_text()
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "nats:" in one]
    values = tmp_path / "city-values.yaml"
    values.write_text(block)
    rendered = render(values, version)
    assert complaints(rendered, version) == []
    made = [f"Secret lantoa-{role}-database" for role in ("owner", "ingest", "classify", "publish", "reports", "relay")]
    made += ["Secret lantoa-nats", "Secret channel-credentials", "Secret feedback"]
    assert sorted(made) == from_outside(rendered), "what the page tells to make before the install"


WAYS = [
    (TRY_OUT, "auth.audience=x", {"LANTOA_AUTH__JWKS_FILE"}, "lantoa-jwks"),
    (TRY_OUT, "auth.existingConfigMap=keys", {"LANTOA_AUTH__JWKS_FILE"}, "keys"),
    (OUTSIDE, "auth.audience=x", {"LANTOA_AUTH__CA_FILE"}, "city-ca"),
    (
        OUTSIDE,
        "auth.discoveryUrl=https://id.example.vn/found",
        {"LANTOA_AUTH__CA_FILE", "LANTOA_AUTH__DISCOVERY_URL"},
        "city-ca",
    ),
]


@pytest.mark.parametrize(("values", "told", "named", "mounted"), WAYS)
def test_keys_are_given_or_asked_for(values: Path, told: str, named: set[str], mounted: str) -> None:
    rendered = render(values, NEWEST, "--set", told)
    assert complaints(rendered, NEWEST) == []
    for component in ("reports-api", "reports-worker"):
        pod = next(pod for pod in rendered.pods if pod.component == component)
        names = {name for name in rendered.environment(pod) if name.startswith("LANTOA_AUTH__")}
        assert names == named | {"LANTOA_AUTH__ISSUER", "LANTOA_AUTH__AUDIENCE"}
        assert [v["configMap"]["name"] for v in pod.spec["volumes"] if "configMap" in v] == [mounted]
        policy = rendered.named("NetworkPolicy", f"lantoa-{component}")
        assert policy is not None
        asks = [rule for rule in policy["spec"]["egress"] if rule["ports"] == [{"protocol": "TCP", "port": 8443}]]
        assert bool(asks) == (values == OUTSIDE and component.endswith("-api")), "only an API asks the provider"

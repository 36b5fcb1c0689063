"""What must be true of everything the chart renders, whatever the values. Each fact lists what breaks it."""

import importlib
import importlib.util
import ipaddress
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from unittest.mock import patch

from pydantic import ValidationError

from libs.common.local.addresses import ROUTES
from scripts.chart_settings import NEVER_SET, names_of, secret_names, settings_class

Object = Mapping[str, Any]
WORLD = {
    "ingest-worker": "LANTOA_POLL__PORTS",
    "publish-worker": None,
    "publish-watchdog": None,
    "reports-worker": None,
}
"""The only pods that may reach the world, and the setting that must name the same ports."""
PRIVATE = ("10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "fd00::1", "fe80::1")
PLACEHOLDERS = {"LANTOA_DB__URL": "postgresql+asyncpg://role:password@host:5432/database"}
PLACEHOLDER = "a-placeholder-of-at-least-32-characters"
COMPONENT = "app.kubernetes.io/component"
OWNERS = ("migrate", "retain")
"""What works as the owner of the schema."""


@dataclass(frozen=True)
class Pod:
    """A pod template, and the object it belongs to."""

    owner: str
    component: str
    labels: Mapping[str, str]
    spec: Any

    @property
    def containers(self) -> list[Any]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def is_ours(self) -> bool:
        return self.component not in ("postgres", "nats", *OWNERS)

    @property
    def service(self) -> str:
        return self.component.rpartition("-")[0]


@dataclass(frozen=True)
class Rendered:
    """All objects of one rendering."""

    objects: list[Object]

    def of(self, *kinds: str) -> list[Object]:
        return [one for one in self.objects if one["kind"] in kinds]

    def named(self, kind: str, name: str) -> Object | None:
        return next((one for one in self.of(kind) if one["metadata"]["name"] == name), None)

    @cached_property
    def pods(self) -> list[Pod]:
        return [_pod(one) for one in self.of("Deployment", "StatefulSet", "Job", "CronJob")]

    def environment(self, pod: Pod) -> dict[str, str]:
        """What the pod's own container is told; a secret from outside is a placeholder."""
        container, told = pod.spec["containers"][0], {}
        for source in container.get("envFrom", []):
            told |= (self.named("ConfigMap", source["configMapRef"]["name"]) or {"data": {}})["data"]
        for entry in container.get("env", []):
            told[entry["name"]] = entry["value"] if "value" in entry else self._secret(entry)
        return told

    def _secret(self, entry: Any) -> str:
        reference = entry["valueFrom"]["secretKeyRef"]
        held = self.named("Secret", reference["name"])
        if held is not None:
            return str(held["stringData"].get(reference["key"], ""))
        return PLACEHOLDERS.get(entry["name"], PLACEHOLDER)


def _pod(one: Object) -> Pod:
    spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
    template = spec["template"]
    labels = template["metadata"]["labels"]
    return Pod(f"{one['kind']} {one['metadata']['name']}", labels[COMPONENT], labels, template["spec"])


def _fits(selector: Any, labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", selector).items())


def names_are_unique_and_short(all_: Rendered) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for one in all_.objects:
        key = one["kind"], one["metadata"]["name"]
        if key in seen:
            yield f"{key[0]} {key[1]} is there twice"
        if len(key[1]) > 63:
            yield f"{key[0]} {key[1]} has a name of more than 63 characters"
        seen.add(key)


def containers_have_limits(all_: Rendered) -> Iterator[str]:
    for pod in all_.pods:
        for container in pod.containers:
            given = container.get("resources", {})
            for part in ("requests", "limits"):
                for what in {"cpu", "memory"} - set(given.get(part, {})):
                    yield f"{pod.owner}: container {container['name']} has no {part}.{what}"


def pods_are_restricted(all_: Rendered) -> Iterator[str]:
    for pod in all_.pods:
        told = pod.spec.get("securityContext", {})
        if not told.get("runAsNonRoot") or not told.get("runAsUser"):
            yield f"{pod.owner}: may run as root"
        if told.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{pod.owner}: seccomp is not RuntimeDefault"
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.owner}: mounts a token of the cluster"
        for container in pod.containers:
            yield from (f"{pod.owner}: container {container['name']} {why}" for why in _too_free(container))


def _too_free(container: Any) -> Iterator[str]:
    told = container.get("securityContext", {})
    if told.get("allowPrivilegeEscalation") is not False:
        yield "may gain privileges"
    if told.get("readOnlyRootFilesystem") is not True:
        yield "may write to its image"
    if told.get("capabilities") != {"drop": ["ALL"]}:
        yield "keeps capabilities"
    if told.get("privileged") or told.get("runAsUser") == 0:
        yield "runs as root"


def settings_are_complete(all_: Rendered) -> Iterator[str]:
    """Each service's own settings class is built from what its pod is told."""
    for pod in all_.pods:
        if not pod.is_ours:
            continue
        told = {k: v for k, v in all_.environment(pod).items() if k.startswith("LANTOA_")}
        settings = settings_class(pod.service)
        for name in sorted(set(told) - set(names_of(settings))):
            yield f"{pod.owner}: {settings.__name__} knows no {name}"
        for name in sorted(set(told) & NEVER_SET):
            yield f"{pod.owner}: {name} has no meaning in a cluster"
        yield from (f"{pod.owner}: {why}" for why in _refusals(settings, told))


def _refusals(settings: type[Any], told: dict[str, str]) -> Iterator[str]:
    with patch.dict(os.environ, told, clear=True):
        try:
            settings()
        except ValidationError as error:
            for one in error.errors():
                yield f"setting {'.'.join(map(str, one['loc']))}: {one['msg']}"


def secrets_stay_in_secrets(all_: Rendered) -> Iterator[str]:
    values = {
        value
        for one in all_.of("Secret")
        for key, value in one["stringData"].items()
        if key != "username" and len(value) >= 8
    }
    for one in all_.objects:
        if one["kind"] != "Secret" and (found := [v for v in values if v in json.dumps(one)]):
            yield f"{one['kind']} {one['metadata']['name']} holds {len(found)} secret values"
    for one in all_.of("ConfigMap"):
        for name in sorted(secret_names() & set(one["data"])):
            yield f"ConfigMap {one['metadata']['name']}: {name} is a secret"
    for pod in all_.pods:
        for entry in (e for c in pod.containers for e in c.get("env", [])):
            if "value" in entry and entry["name"] in secret_names():
                yield f"{pod.owner}: {entry['name']} is a secret, and written in the open"


def each_service_has_its_own_role(all_: Rendered) -> Iterator[str]:
    """A pod gets the URL of its service's database role; the owner's goes to what migrates and what drops alone."""
    users: dict[str, set[str]] = {}
    for pod in all_.pods:
        for container in pod.containers:
            for entry in container.get("env", []):
                if entry["name"] == "LANTOA_DB__URL":
                    who = pod.service if pod.is_ours else "owner" if pod.component in OWNERS else pod.component
                    users.setdefault(entry["valueFrom"]["secretKeyRef"]["name"], set()).add(who)
    yield from (f"Secret {name} is shared by {sorted(who)}" for name, who in users.items() if len(who) > 1)


def services_have_endpoints(all_: Rendered) -> Iterator[str]:
    for one in all_.of("Service"):
        behind = [pod for pod in all_.pods if _fits(one["spec"]["selector"], pod.labels)]
        if not behind:
            yield f"Service {one['metadata']['name']} selects no pod"
        for pod in behind:
            ports = {p["name"] for c in pod.spec["containers"] for p in c.get("ports", [])}
            for port in one["spec"]["ports"]:
                if port["targetPort"] not in ports:
                    yield f"Service {one['metadata']['name']}: {pod.owner} has no port {port['targetPort']}"


def ingress_maps_our_routes(all_: Rendered) -> Iterator[str]:
    """The same paths as on one machine, each to its service, by a port that is there."""
    for one in all_.of("Ingress"):
        mapped: dict[str, str] = {}
        for path in (p for rule in one["spec"]["rules"] for p in rule["http"]["paths"]):
            backend = path["backend"]["service"]
            service = all_.named("Service", backend["name"])
            if service is None:
                yield f"Ingress: there is no Service {backend['name']}"
                continue
            if backend["port"]["name"] not in {p["name"] for p in service["spec"]["ports"]}:
                yield f"Ingress: Service {backend['name']} has no port {backend['port']['name']}"
            mapped[path["path"]] = service["metadata"]["labels"][COMPONENT].removesuffix("-api")
        if mapped != dict(ROUTES):
            yield f"Ingress maps {mapped}, libs/common/local/addresses.py maps {dict(ROUTES)}"


def references_lead_somewhere(all_: Rendered) -> Iterator[str]:
    """A key asked of an object of this release is in it; what it does not make is named by `from_outside`."""
    for pod, kind, name, key in _references(all_):
        held = all_.named(kind, name)
        if held is not None and key is not None and key not in (held.get("data") or held.get("stringData") or {}):
            yield f"{pod.owner}: {kind} {name} has no key {key}"
    accounts = {one["metadata"]["name"] for one in all_.of("ServiceAccount")}
    yield from (
        f"{pod.owner}: no ServiceAccount {pod.spec['serviceAccountName']}"
        for pod in all_.pods
        if pod.spec["serviceAccountName"] not in accounts
    )


def from_outside(all_: Rendered) -> list[str]:
    """The Secrets, ConfigMaps and claims that somebody must have made before the release."""
    return sorted({f"{kind} {name}" for _, kind, name, _ in _references(all_) if all_.named(kind, name) is None})


def _references(all_: Rendered) -> Iterator[tuple[Pod, str, str, str | None]]:
    for pod in all_.pods:
        for container in pod.containers:
            for entry in (e for e in container.get("env", []) if "valueFrom" in e):
                yield (
                    pod,
                    "Secret",
                    entry["valueFrom"]["secretKeyRef"]["name"],
                    entry["valueFrom"]["secretKeyRef"]["key"],
                )
            for source in container.get("envFrom", []):
                yield pod, "ConfigMap", source["configMapRef"]["name"], None
        for volume in pod.spec.get("volumes", []):
            if "configMap" in volume:
                yield pod, "ConfigMap", volume["configMap"]["name"], None
            if "persistentVolumeClaim" in volume:
                yield pod, "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"], None


def paths_are_mounted(all_: Rendered) -> Iterator[str]:
    for pod in all_.pods:
        volumes = {volume["name"] for volume in pod.spec.get("volumes", [])} | {"data"}
        for container in pod.containers:
            unknown = {mount["name"] for mount in container.get("volumeMounts", [])} - volumes
            yield from (
                f"{pod.owner}: container {container['name']} mounts no volume {name}" for name in sorted(unknown)
            )
        mounts = [mount["mountPath"] for mount in pod.spec["containers"][0].get("volumeMounts", [])]
        for name in ("LANTOA_AUTH__JWKS_FILE", "LANTOA_AUTH__CA_FILE", "LANTOA_FILES__ROOT"):
            path = all_.environment(pod).get(name)
            if path is not None and not any(path == at or path.startswith(f"{at}/") for at in mounts):
                yield f"{pod.owner}: nothing is mounted where {name} is ({path})"


def budgets_and_scalers_have_targets(all_: Rendered) -> Iterator[str]:
    for one in all_.of("PodDisruptionBudget"):
        if not any(_fits(one["spec"]["selector"], pod.labels) for pod in all_.pods):
            yield f"PodDisruptionBudget {one['metadata']['name']} selects no pod"
    for one in all_.of("HorizontalPodAutoscaler", "ScaledObject"):
        target = all_.named("Deployment", one["spec"]["scaleTargetRef"]["name"])
        if target is None:
            yield f"{one['kind']} {one['metadata']['name']} scales no Deployment"
        elif "replicas" in target["spec"]:
            yield f"{one['kind']} {one['metadata']['name']}: an upgrade would set the number of pods back"


def selectors_choose_their_own(all_: Rendered) -> Iterator[str]:
    for one in all_.of("Deployment", "StatefulSet"):
        chosen = [pod.owner for pod in all_.pods if _fits(one["spec"]["selector"], pod.labels)]
        if chosen != [f"{one['kind']} {one['metadata']['name']}"]:
            yield f"{one['kind']} {one['metadata']['name']} selects {chosen}"


def commands_exist(all_: Rendered) -> Iterator[str]:
    """Modules that our containers start can be found, and an app factory is a function in its module."""
    for pod in all_.pods:
        for command in (c.get("command", []) for c in pod.containers):
            if command[:2] != ["python", "-m"]:
                continue
            words = [word.partition(":") for word in command[2:] if word.startswith(("libs.", "services."))]
            for module, _, attribute in words:
                if importlib.util.find_spec(module) is None:
                    yield f"{pod.owner}: there is no module {module}"
                elif attribute and not callable(getattr(importlib.import_module(module), attribute, None)):
                    yield f"{pod.owner}: {module} has no {attribute}()"


def network_is_narrow(all_: Rendered) -> Iterator[str]:
    """With policies at all, every pod has one; four reach the world, on stated ports, never a private range."""
    policies = all_.of("NetworkPolicy")
    for pod in all_.pods if policies else []:
        own = [p for p in policies if _fits(p["spec"]["podSelector"], pod.labels)]
        if len(own) != 1 or set(own[0]["spec"]["policyTypes"]) != {"Ingress", "Egress"}:
            yield f"{pod.owner} has {len(own)} NetworkPolicies for both directions"
            continue
        world = [rule for rule in own[0]["spec"].get("egress", []) if _reaches(rule, "8.8.8.8")]
        if bool(world) != (pod.component in WORLD):
            yield f"{pod.owner} {'reaches' if world else 'does not reach'} the world"
            continue
        for rule in world:
            yield from (f"{pod.owner} reaches {address}" for address in PRIVATE if _reaches(rule, address))
            yield from _ports_agree(all_, pod, rule)


def _reaches(rule: Any, address: str) -> bool:
    ip = ipaddress.ip_address(address)
    blocks = [peer["ipBlock"] for peer in rule.get("to", []) if "ipBlock" in peer]
    if not rule.get("to"):
        return True
    return any(
        ip in ipaddress.ip_network(block["cidr"])
        and not any(ip in ipaddress.ip_network(out) for out in block.get("except", []))
        for block in blocks
    )


def _ports_agree(all_: Rendered, pod: Pod, rule: Any) -> Iterator[str]:
    setting, ports = WORLD[pod.component], [port["port"] for port in rule["ports"]]
    told = all_.environment(pod).get(setting) if setting else None
    if setting and json.loads(told or "null") != ports:
        yield f"{pod.owner}: the network opens {ports}, and {setting} says {told}"


FACTS: tuple[Callable[[Rendered], Iterator[str]], ...] = (
    names_are_unique_and_short,
    containers_have_limits,
    pods_are_restricted,
    settings_are_complete,
    secrets_stay_in_secrets,
    each_service_has_its_own_role,
    services_have_endpoints,
    ingress_maps_our_routes,
    references_lead_somewhere,
    paths_are_mounted,
    budgets_and_scalers_have_targets,
    selectors_choose_their_own,
    commands_exist,
    network_is_narrow,
)

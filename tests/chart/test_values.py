"""The chart's values agree with the code: settings classes, paths, durables. Nothing is rendered here."""

import importlib
import json
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from libs.common.app import Service
from libs.common.local.addresses import ROUTES, SERVICES
from libs.common.settings import CommonSettings
from scripts.chart_settings import CHART, CHART_SETS, NEVER_SET, VALUES_SCHEMA, names_of, settings_class, values_schema


@pytest.fixture(scope="module")
def values() -> Any:
    return yaml.safe_load((CHART / "values.yaml").read_text())


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(VALUES_SCHEMA.read_text())


def objects(schema: Any) -> list[dict[str, Any]]:
    """Every part of a schema that describes an object."""
    if isinstance(schema, list):
        return [found for each in schema for found in objects(each)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [found for each in schema.values() for found in objects(each)]


def test_the_schema_is_up_to_the_settings_classes() -> None:
    assert VALUES_SCHEMA.read_text() == values_schema(), "run: python scripts/chart.py --write"


def test_no_object_of_the_schema_is_open(schema: Any) -> None:
    """Only maps whose keys belong to the cluster (labels, annotations) take any name, and they take strings alone."""
    loose = [o for o in objects(schema) if o.get("additionalProperties") is not False]
    assert [o["additionalProperties"] for o in loose] == [{"type": "string"}]


@pytest.mark.parametrize("service", [*SERVICES, "relay"])
def test_a_service_may_be_told_all_it_reads_and_nothing_else(schema: Any, service: str) -> None:
    read = names_of(settings_class(service))
    plain = set(schema["$defs"][f"{service}Settings"]["properties"])
    secret = set(schema["$defs"][f"{service}Secrets"]["properties"])
    assert plain | secret | (CHART_SETS & set(read)) | NEVER_SET == set(read)
    assert not plain & secret
    assert not [name for name in plain if read[name] is SecretStr]


def test_paths_are_those_of_one_machine(values: Any) -> None:
    assert {(path, name) for name, told in values["services"].items() for path in told.get("paths", [])} == set(ROUTES)


@pytest.mark.parametrize("name", SERVICES)
def test_the_lag_that_scales_a_worker_is_of_its_own_durables(values: Any, name: str) -> None:
    service: Service = importlib.import_module(f"services.{name}.main").SERVICE
    told = values["services"][name].get("worker", {}).get("keda", {}).get("consumers", [])
    assert sorted(told) == sorted(subscription.durable(name) for subscription in service.subscribers.all)


def test_no_secret_has_a_default(values: Any) -> None:
    assert set(values["postgres"]["passwords"].values()) == {""}
    assert values["nats"]["token"] == ""


def test_the_example_environment_names_what_every_service_must_be_told() -> None:
    lines = (CHART.parent.parent.parent / ".env.example").read_text().splitlines()
    told = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    known = {name for service in SERVICES for name in names_of(settings_class(service))}
    assert set(told) - known == set()
    settings = CommonSettings.model_validate(nested(told))
    assert settings.auth.audience == "lantoa"


def nested(told: dict[str, str]) -> dict[str, Any]:
    """The environment as pydantic-settings groups it."""
    made: dict[str, Any] = {}
    for name, value in told.items():
        *groups, key = name.removeprefix("LANTOA_").lower().split("__")
        at = made
        for group in groups:
            at = at.setdefault(group, {})
        at[key] = value
    return made

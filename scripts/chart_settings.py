"""What the settings classes know, as names of the environment: the chart's schema and its checks are made of it."""

import importlib
import json
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from libs.common.local.addresses import SERVICES
from libs.common.settings import CommonSettings

CHART = Path(__file__).resolve().parent.parent / "k8s" / "charts" / "lantoa"
VALUES_SCHEMA = CHART / "values.schema.json"
CHART_SETS = frozenset(
    {
        "LANTOA_DB__URL",
        "LANTOA_NATS__URL",
        "LANTOA_NATS__TOKEN",
        "LANTOA_AUTH__ISSUER",
        "LANTOA_AUTH__AUDIENCE",
        "LANTOA_AUTH__JWKS_FILE",
        "LANTOA_AUTH__DISCOVERY_URL",
        "LANTOA_AUTH__CA_FILE",
        "LANTOA_FILES__ROOT",
        "LANTOA_TELEMETRY__OTLP_ENDPOINT",
        "LANTOA_PUBLIC_URL",
        "LANTOA_POLL__PORTS",
    }
)
"""Set by the templates from other values, so that a NetworkPolicy or a mount cannot say otherwise."""
NEVER_SET = frozenset({"LANTOA_REPLAY"})
"""Has no meaning in a cluster: a replay fetches from loopback alone."""
_KINDS = {bool: "boolean", int: "integer", float: "number", list: "array"}


def settings_class(service: str) -> type[CommonSettings]:
    """The relay reads what all services read."""
    if service not in SERVICES:
        return CommonSettings
    found: type[CommonSettings] = getattr(
        importlib.import_module(f"services.{service}.settings"), f"{service.capitalize()}Settings"
    )
    return found


def names_of(settings: type[BaseModel], prefix: str = "LANTOA_") -> dict[str, Any]:
    """Every name of the environment that a settings class reads, with its type."""
    found: dict[str, Any] = {}
    for name, field in settings.model_fields.items():
        inner, key = _plain(field.annotation), f"{prefix}{name.upper()}"
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= names_of(inner, f"{key}__")
        else:
            found[key] = inner
    return found


def _plain(annotation: Any) -> Any:
    """The type without its None."""
    if get_origin(annotation) in (Union, UnionType):
        return next(one for one in get_args(annotation) if one is not type(None))
    return annotation


def secret_names() -> set[str]:
    return {
        name for service in SERVICES for name, kind in names_of(settings_class(service)).items() if kind is SecretStr
    }


def schema_parts() -> dict[str, Any]:
    """The generated $defs of values.schema.json: what each service may be told, and which of it is secret."""
    made: dict[str, Any] = {}
    for service in ("common", *SERVICES, "relay"):
        names = {k: v for k, v in names_of(settings_class(service)).items() if k not in CHART_SETS | NEVER_SET}
        open_ = {name: {"type": _KINDS.get(get_origin(kind) or kind, "string")} for name, kind in names.items()}
        plain = {name: shape for name, shape in open_.items() if names[name] is not SecretStr}
        secret = {name: {"$ref": "#/$defs/secretKey"} for name in names if names[name] is SecretStr}
        made[f"{service}Settings"] = _closed(plain)
        made[f"{service}Secrets"] = _closed(secret)
    return made


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": dict(sorted(properties.items()))}


def values_schema() -> str:
    """values.schema.json with its generated parts as the settings classes have them now."""
    document = json.loads(VALUES_SCHEMA.read_text())
    document["$defs"] |= schema_parts()
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"

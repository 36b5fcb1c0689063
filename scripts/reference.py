"""Write docs/reference from the code: OpenAPI of each service, AsyncAPI of the events, the table of settings.

python scripts/reference.py [--check]
"""

import argparse
import importlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

import yaml
from fastapi import FastAPI
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from libs.common.app import Service
from libs.common.bus import headers_of
from libs.common.events import ALL_EVENTS
from libs.common.events.base import Event
from libs.common.events.outside import EXAMPLES

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
SERVICES = ("ingest", "classify", "publish", "reports")
OUTSIDE_TAG = "outside"
EXAMPLE_ID, EXAMPLE_AT = UUID("019ab112-0000-7000-8000-000000000001"), datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def service_of(name: str) -> Service:
    service: Service = importlib.import_module(f"services.{name}.main").SERVICE
    return service


def openapi(service: Service) -> str:
    """The routes alone: no settings, database or lifespan is needed to describe an interface."""
    app = FastAPI(title=service.title or f"Lan Tỏa · {service.name}", version="1")
    for router in service.routers:
        app.include_router(router)
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def receivers() -> dict[str, list[str]]:
    """Subject → durables that take it."""
    found: dict[str, list[str]] = {}
    for name in SERVICES:
        for subscription in service_of(name).subscribers.all:
            found.setdefault(subscription.event.subject, []).append(subscription.durable(name))
    return found


def asyncapi() -> str:
    """AsyncAPI 3.0: a channel for each subject, CloudEvents 1.0 in NATS headers (binary mode)."""
    document: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lan Tỏa",
            "version": "1",
            "description": "Events on the JetStream stream `lantoa`, as CloudEvents 1.0 in binary mode: attributes are "
            "headers (`ce-id`, `ce-type`, `ce-source`, `ce-time`), the body is the data. At least once: "
            "recognise what you have done by `ce-id`. A change only adds optional fields.",
        },
        "defaultContentType": "application/json",
        "channels": {},
        "operations": {},
        "components": {"messages": {}, "schemas": {}},
    }
    durables = receivers()
    document["tags"] = [
        {"name": OUTSIDE_TAG, "description": "What others may subscribe to: docs/how-to/subscribe-to-events.md"}
    ]
    for event in ALL_EVENTS:
        _add_event(document, event, durables.get(event.subject, []))
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)


def _add_event(document: dict[str, Any], event: type[Event], durables: list[str]) -> None:
    name, schemas = event.__name__, document["components"]["schemas"]
    schema = event.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[name] = schema
    document["components"]["messages"][name] = {
        "name": event.subject,
        "summary": (event.__doc__ or "").strip().split("\n")[0] if event.__doc__ != Event.__doc__ else name,
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }
    document["channels"][name] = {
        "address": event.subject,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }
    _add_example(document, event)
    document["operations"][f"emit{name}"] = {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
    for durable in durables:
        document["operations"][durable] = {"action": "receive", "channel": {"$ref": f"#/channels/{name}"}}


def _add_example(document: dict[str, Any], event: type[Event]) -> None:
    """Events of the closed list are marked, each with an example as it is on the wire."""
    name = event.__name__
    for example in (one for one in EXAMPLES if type(one) is event):
        headers = headers_of(EXAMPLE_ID, event.subject, "publish", EXAMPLE_AT, str(EXAMPLE_ID))
        shown = {"name": name, "headers": headers, "payload": example.model_dump(mode="json")}
        document["components"]["messages"][name] |= {"tags": [{"name": OUTSIDE_TAG}], "examples": [shown]}


def settings_table() -> str:
    lines = [
        "# Settings",
        "",
        "Environment variables of each service, made from its settings class by `make docs`. No secret has a default.",
    ]
    for name in SERVICES:
        lines += ["", f"## {name}", "", "| variable | type | default | meaning |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in _rows(service_of(name).settings_class, "LANTOA_")]
    return "\n".join(lines) + "\n"


def _rows(model: type[BaseModel], prefix: str) -> list[tuple[str, str, str, str]]:
    rows: list[tuple[str, str, str, str]] = []
    for name, info in model.model_fields.items():
        group = _model_in(info.annotation)
        variable = f"{prefix}{name.upper()}"
        if group is not None:
            rows += _rows(group, f"{variable}__")
            continue
        missing = info.default is PydanticUndefined and info.default_factory is None
        default = (
            "**required**" if missing else f"`{json.dumps(info.get_default(call_default_factory=True), default=str)}`"
        )
        rows.append((f"`{variable}`", _type_name(info.annotation), default, info.description or ""))
    return rows


def _model_in(annotation: Any) -> type[BaseModel] | None:
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next((one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _type_name(annotation: Any) -> str:
    words = annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
    return words.replace("pydantic.types.", "").replace("pathlib.", "").replace("|", "or")


def documents() -> dict[Path, str]:
    made = {FOLDER / f"openapi-{name}.json": openapi(service_of(name)) for name in SERVICES}
    return made | {FOLDER / "asyncapi.yaml": asyncapi(), FOLDER / "settings.md": settings_table()}


def stale() -> list[str]:
    """The files that are not what the code says now."""
    return [
        str(file.relative_to(ROOT))
        for file, words in documents().items()
        if not file.exists() or file.read_text(encoding="utf-8") != words
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Generated reference of the interfaces.")
    parser.add_argument("--check", action="store_true", help="fail when the files differ from the code")
    if parser.parse_args().check:
        if found := stale():
            sys.exit(f"Not what the code says; run `make docs`: {', '.join(found)}")
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, words in documents().items():
        file.write_text(words, encoding="utf-8")
        print(file.relative_to(ROOT))


if __name__ == "__main__":
    main()

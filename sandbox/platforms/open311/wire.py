"""Questions and answers of GeoReport v2: forms in, XML or JSON out."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, SubElement, tostring

from starlette.responses import Response

Row = dict[str, Any]
_ITEMS = {
    "services": "service",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "attributes": "attribute",
    "errors": "error",
}


class Refused(Exception):
    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status, self.description = status, description


@dataclass(frozen=True, slots=True)
class Call:
    form: str
    inside: dict[str, str]
    asked: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)

    def time(self, name: str) -> datetime | None:
        written = self.asked.get(name, "")
        if not written:
            return None
        try:
            at = datetime.fromisoformat(written)
        except ValueError as error:
            raise Refused(400, f"{name} is not a W3C date") from error
        if at.tzinfo is None:
            raise Refused(400, f"{name} has no offset")
        return at

    def list(self, name: str) -> list[str]:
        return [one for one in self.asked.get(name, "").split(",") if one]


def read_form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def answer(name: str, rows: list[Row], form: str, status: int = 200) -> Response:
    if form == "json":
        body = json.dumps(rows, ensure_ascii=False).encode()
        return Response(body, status, media_type="application/json; charset=utf-8")
    root = Element(name)
    for row in rows:
        item = SubElement(root, _ITEMS[name])
        for key, value in row.items():
            SubElement(item, key).text = None if value is None else str(value)
    body = tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, status, media_type="text/xml; charset=utf-8")


def refusal(status: int, description: str, form: str, headers: dict[str, str] | None = None) -> Response:
    made = answer("errors", [{"code": status, "description": description}], form, status)
    made.headers.update(headers or {})
    return made

"""What ninjs 3.1 allows of the properties that we send, as a closed JSON Schema of our own writing: names, types and
what is required, after IPTC's schema. Where `LANTOA_NINJS_SCHEMA` names a file with IPTC's own, that is used too."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

Json = dict[str, Any]
TEXT, WHOLE, URI, AT = (
    {"type": "string"},
    {"type": "integer"},
    {"type": "string", "format": "uri"},
    {
        "type": "string",
        "format": "date-time",
    },
)
STATUSES, FORMS = ["usable", "withheld", "canceled"], ["full", "partial"]
TYPES = ["text", "audio", "video", "picture", "graphic", "composite", "component", "event", "planning"]


FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", ValueError)
def is_date_time(value: object) -> bool:
    """RFC 3339: with its zone."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri", ValueError)
def is_uri(value: object) -> bool:
    """RFC 3986: with its scheme, in ASCII, without spaces."""
    return not isinstance(value, str) or (bool(urlsplit(value).scheme) and value.isascii() and " " not in value)


def closed(required: tuple[str, ...] = (), **properties: Json) -> Json:
    found = {"type": "object", "additionalProperties": False, "properties": properties}
    return found | ({"required": list(required)} if required else {})


def many(items: Json) -> Json:
    return {"type": "array", "items": items}


VALUE = {"role": TEXT, "contentType": TEXT, "value": TEXT}
ITEM: Json = {
    "standard": closed(name=TEXT, version=TEXT, schema=URI),
    "uri": URI,
    "type": {"enum": TYPES},
    "profile": TEXT,
    "representationType": {"enum": FORMS},
    "version": TEXT,
    "firstCreated": AT,
    "versionCreated": AT,
    "embargoedUntil": AT,
    "pubStatus": {"enum": STATUSES},
    "urgency": WHOLE | {"minimum": 1, "maximum": 9},
    "copyrightHolder": TEXT,
    "copyrightNotice": TEXT,
    "usageTerms": TEXT,
    "edNote": TEXT,
    "language": TEXT,
    "slugline": TEXT,
    "located": TEXT,
    "by": TEXT,
    "headlines": many(closed(("value",), **VALUE)),
    "descriptions": many(closed(("value",), **VALUE)),
    "bodies": many(closed(("value",), **VALUE, charCount=WHOLE, wordCount=WHOLE)),
    "places": many(closed(name=TEXT, rel=TEXT, uri=URI, literal=TEXT)),
    "infoSources": many(closed(name=TEXT, role=TEXT, uri=URI, literal=TEXT)),
    "subjects": many(closed(name=TEXT, rel=TEXT, uri=URI, literal=TEXT, creator=TEXT)),
    "rightsInfo": closed(("linkedRights",), langId=URI, linkedRights=URI),
    "altIds": many(closed(role=TEXT, value=TEXT)),
    "digitalSourceType": closed(name=TEXT, uri=URI, literal=TEXT),
    "renditions": many(
        closed(
            ("name",),
            name=TEXT,
            href=URI,
            contentType=TEXT,
            title=TEXT,
            width=WHOLE,
            height=WHOLE,
            sizeInBytes=WHOLE,
            duration={"type": "number"},
        )
    ),
}
SCHEMA: Json = closed(("uri",), **ITEM, associations=many(closed(("name", "uri"), **ITEM, name=TEXT, rel=TEXT)))
OFFICIAL = os.environ.get("LANTOA_NINJS_SCHEMA")


def official() -> Json:
    assert OFFICIAL is not None
    return dict(json.loads(Path(OFFICIAL).read_text(encoding="utf-8")))


def faults(document: Json, schema: Json = SCHEMA) -> list[str]:
    """Each with its place; none where the document is good."""
    found = Draft202012Validator(schema, format_checker=FORMATS).iter_errors(document)
    return [f"{'/'.join(map(str, each.absolute_path))}: {each.message[:200]}" for each in found]


def valid(document: Json) -> Json:
    """The document, held to our profile, and to IPTC's schema where it is at hand."""
    assert not faults(document), faults(document)
    if OFFICIAL is not None:
        assert not faults(document, official()), faults(document, official())
    return document

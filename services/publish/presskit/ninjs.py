"""ninjs 3.1 (IPTC News in JSON). Property names as the official schema has them: camelCase, plural where they are
lists. What is canceled keeps its identity and loses its content."""

from collections.abc import Mapping
from typing import Any

from services.publish.presskit.edition import MADE_BY_AI, SOURCE_TYPES, Edition
from services.publish.presskit.mediatopics import SCHEME, TOPICS, VERSION

Json = dict[str, Any]
STANDARD = {"name": "ninjs", "version": "3.1", "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#"}
PROFILE = "lantoa-press-1"
RENDITIONS = ("highRes", "web", "thumbnail")
"""Of http://cv.iptc.org/newscodes/rendition/, for the files of a picture from the largest on."""


def written(edition: Edition) -> Json:
    found: Json = {
        "standard": STANDARD,
        "uri": edition.uri,
        "type": "text",
        "profile": PROFILE,
        "representationType": "partial" if edition.is_killed else "full",
        "version": str(edition.version),
        "firstCreated": edition.first_created_at.isoformat(),
        "versionCreated": edition.created_at.isoformat(),
        "embargoedUntil": edition.embargoed_until.isoformat() if edition.embargoed_until else None,
        "pubStatus": str(edition.status),
        "urgency": edition.urgency,
        "language": edition.payload["language"],
        "edNote": edition.ednote,
        "slugline": edition.payload["slug"],
        "headlines": [{"role": "main", "contentType": "text/plain", "value": edition.payload["headline"]}],
    }
    return {name: value for name, value in (found | _content(edition)).items() if value is not None}


def _content(edition: Edition) -> Json:
    if edition.is_killed:
        return {}
    told, head = edition.payload, edition.masthead
    return {
        "copyrightHolder": head.publisher,
        "copyrightNotice": f"© {edition.first_created_at.year} {head.publisher}",
        "usageTerms": head.usage_terms,
        "by": edition.source_line,
        "located": head.place,
        "places": [{"name": head.place}] if head.place else None,
        "infoSources": [{"name": edition.source_line, "role": "origin"}],
        "subjects": [_subject(code) for code in head.subjects],
        "rightsInfo": {"linkedRights": head.rights_url} if head.rights_url else None,
        "altIds": [{"role": "webpage", "value": told["link"]}] if told.get("link") else None,
        "descriptions": [_text("summary", told["summary"])] if told.get("summary") else None,
        "bodies": [_body(edition)],
        "digitalSourceType": _source_type(edition.source_type),
        "associations": [_association(edition, n, each) for n, each in enumerate(told["pictures"], 1)] or None,
    }


def _body(edition: Edition) -> Json:
    plain = str(edition.payload["body"])
    counts = {"charCount": len(plain), "wordCount": len(plain.split())}
    return {"role": "main", "contentType": "text/html", **counts, "value": edition.paragraphs}


def _subject(code: str) -> Json:
    """`creator` names the version of the copy that the name comes from."""
    return {"name": TOPICS[code], "uri": SCHEME + code, "creator": f"mediatopic {VERSION}"}


def _source_type(code: str | None) -> Json | None:
    return {"name": code, "uri": SOURCE_TYPES + code} if code else None


def _text(role: str, value: str) -> Json:
    return {"role": role, "contentType": "text/plain", "value": value}


def _association(edition: Edition, number: int, picture: Mapping[str, Any]) -> Json:
    label, credit = picture.get("ai_label"), picture.get("credit")
    texts = [_text("altText", picture["alt"])] + ([_text("aiLabel", label)] if label else [])
    found: Json = {
        "name": f"media-{number}",
        "uri": edition.picture_uri(picture),
        "type": "video" if picture["renditions"][0]["mime"].startswith("video/") else "picture",
        "descriptions": texts,
        "by": credit,
        "copyrightNotice": f"© {credit or edition.masthead.publisher}",
        "usageTerms": edition.masthead.usage_terms,
        "digitalSourceType": _source_type(MADE_BY_AI if label else None),
        "renditions": [_rendition(edition, n, each) for n, each in enumerate(picture["renditions"])],
    }
    return {name: value for name, value in found.items() if value is not None}


def _rendition(edition: Edition, number: int, file: Mapping[str, Any]) -> Json:
    name = RENDITIONS[number] if number < len(RENDITIONS) else f"web-{number}"
    found = {
        "name": name,
        "href": edition.file(file),
        "contentType": file["mime"],
        "width": file.get("width"),
        "height": file.get("height"),
        "sizeInBytes": file["size"],
        "duration": file["duration_ms"] / 1000 if file.get("duration_ms") else None,
    }
    return {name: value for name, value in found.items() if value is not None}

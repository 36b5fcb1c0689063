"""Checks values against the platform's own schemas, which lie in ``lexicons/`` as published.

What is refused, and in which order, follows the reference library @atproto/lexicon, and so do the words; beyond it the
types and sizes of blobs are held, as the reference server does. Values are JSON as it came from the wire.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox import counting
from sandbox.platforms.bluesky.formats import FORMATS, is_cid

Json = dict[str, Any]
_FOLDER = Path(__file__).with_name("lexicons")
_ABSENT = object()
_BLOB = {"$type", "ref", "mimeType", "size"}


class Invalid(ValueError):
    """What is wrong with a value, in the words of the lexicon library."""


class UnknownLexicon(LookupError):
    """There is no schema of this name here."""


class Lexicons:
    """The schemas of a folder, one document in a file."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        documents = (json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json")))
        self._documents: dict[str, Json] = {document["id"]: document["defs"] for document in documents}

    def __contains__(self, nsid: str) -> bool:
        return nsid in self._documents

    def main(self, nsid: str) -> Json:
        return self._definition(f"{nsid}#main")[0]

    def is_record(self, nsid: str) -> bool:
        return nsid in self._documents and self.main(nsid).get("type") == "record"

    def check_record(self, nsid: str, value: Json) -> None:
        self._object("Record", self.main(nsid)["record"], value, nsid)

    def check_input(self, nsid: str, body: Json) -> None:
        """A method whose input is bytes, or nothing, has no schema to hold it against."""
        schema = self.main(nsid).get("input", {}).get("schema")
        if schema is not None:
            self._check("Input", schema, body, nsid)

    def params(self, nsid: str, given: Mapping[str, list[str]]) -> Json:
        """The parameters of an address: those that the schema names as its types, with its defaults; others as text."""
        schema = self.main(nsid).get("parameters", {}).get("properties", {})
        read = {name: _read(values, schema.get(name, {})) for name, values in given.items() if any(values)}
        self.check_params(nsid, read)
        return {name: item["default"] for name, item in schema.items() if "default" in item} | read

    def check_params(self, nsid: str, read: Json) -> None:
        schema = self.main(nsid).get("parameters", {})
        for name, definition in schema.get("properties", {}).items():
            if name in read:
                self._check(name, definition, read[name], nsid)
            elif name in schema.get("required", ()) and "default" not in definition:
                raise Invalid(f'Params must have the property "{name}"')

    # --- the types of the schema language ---

    def _check(self, path: str, schema: Json, value: Any, home: str) -> None:
        match schema["type"]:
            case "ref":
                definition, home = self._definition(schema["ref"], home)
                self._check(path, definition, value, home)
            case "union":
                self._union(path, schema, value, home)
            case "object":
                self._object(path, schema, value, home)
            case "array":
                self._array(path, schema, value, home)
            case "blob":
                _blob(path, schema, value)
            case kind:
                _PRIMITIVES[kind](path, schema, value)

    def _object(self, path: str, schema: Json, value: Any, home: str) -> None:
        if not isinstance(value, dict):
            raise Invalid(f"{path} must be an object")
        required, nullable = schema.get("required", ()), schema.get("nullable", ())
        for name, definition in schema.get("properties", {}).items():
            item = value.get(name, _ABSENT)
            if item is _ABSENT:
                if name in required and "default" not in definition:
                    raise Invalid(f'{path} must have the property "{name}"')
            elif item is not None or name not in nullable:
                self._check(f"{path}/{name}", definition, item, home)

    def _array(self, path: str, schema: Json, value: Any, home: str) -> None:
        if not isinstance(value, list):
            raise Invalid(f"{path} must be an array")
        if len(value) > schema.get("maxLength", len(value)):
            raise Invalid(f"{path} must not have more than {schema['maxLength']} elements")
        if len(value) < schema.get("minLength", 0):
            raise Invalid(f"{path} must not have fewer than {schema['minLength']} elements")
        for index, item in enumerate(value):
            self._check(f"{path}/{index}", schema["items"], item, home)

    def _union(self, path: str, schema: Json, value: Any, home: str) -> None:
        """What an open union does not know passes unread."""
        if not isinstance(value, dict) or not isinstance(value.get("$type"), str):
            raise Invalid(f'{path} must be an object which includes the "$type" property')
        names = [_absolute(reference, home) for reference in schema["refs"]]
        if _absolute(value["$type"], home) in names:
            definition, home = self._definition(value["$type"], home)
            self._check(path, definition, value, home)
        elif schema.get("closed"):
            told = ", ".join(f"lex:{name.removesuffix('#main')}" for name in names)
            raise Invalid(f"{path} $type must be one of {told}")

    def _definition(self, reference: str, home: str = "") -> tuple[Json, str]:
        nsid, _, name = _absolute(reference, home).partition("#")
        try:
            return self._documents[nsid][name], nsid
        except KeyError:
            raise UnknownLexicon(f"Lexicon not found: lex:{reference}") from None


def _absolute(reference: str, home: str) -> str:
    nsid, _, name = reference.partition("#")
    return f"{nsid or home}#{name or 'main'}"


def _read(values: list[str], schema: Json) -> Any:
    """Text of an address as the value it stands for; what stands for none stays text, and is refused as such."""
    if schema.get("type") == "array":
        return [_read([value], schema["items"]) for value in values if value]
    if len(values) > 1:
        return values
    match schema.get("type"):
        case "integer" if values[0].removeprefix("-").isdecimal():
            return int(values[0])
        case "boolean" if values[0] in ("true", "false"):
            return values[0] == "true"
        case _:
            return values[0]


def _blob(path: str, schema: Json, value: Any) -> None:
    ref = value.get("ref") if isinstance(value, dict) else None
    if (
        not isinstance(ref, dict)
        or set(value) != _BLOB
        or value["$type"] != "blob"
        or set(ref) != {"$link"}
        or not isinstance(ref["$link"], str)
        or not is_cid(ref["$link"])
        or not isinstance(value["mimeType"], str)
        or not _is_integer(value["size"])
    ):
        raise Invalid(f"{path} should be a blob ref")
    accepted = schema.get("accept", ["*/*"])
    if not any(_matches(value["mimeType"], pattern) for pattern in accepted):
        raise Invalid(f"{path}/mimeType must be one of ({'|'.join(accepted)})")
    if value["size"] > schema.get("maxSize", value["size"]):
        raise Invalid(f"{path} must not be larger than {schema['maxSize']} bytes")


def _matches(mime: str, pattern: str) -> bool:
    return pattern in ("*/*", mime) or (pattern.endswith("/*") and mime.startswith(pattern[:-1]))


def _boolean(path: str, schema: Json, value: Any) -> None:
    if not isinstance(value, bool):
        raise Invalid(f"{path} must be a boolean")
    _constant(path, schema, value)


def _integer(path: str, schema: Json, value: Any) -> None:
    if not _is_integer(value):
        raise Invalid(f"{path} must be an integer")
    _constant(path, schema, value)
    if value > schema.get("maximum", value):
        raise Invalid(f"{path} can not be greater than {schema['maximum']}")
    if value < schema.get("minimum", value):
        raise Invalid(f"{path} can not be less than {schema['minimum']}")


def _string(path: str, schema: Json, value: Any) -> None:
    if not isinstance(value, str):
        raise Invalid(f"{path} must be a string")
    _constant(path, schema, value)
    _length(path, schema, value, "Length", "characters")
    _length(path, schema, value, "Graphemes", "graphemes")
    if "format" in schema:
        is_formed, words = FORMATS[schema["format"]]
        if not is_formed(value):
            raise Invalid(f"{path} {words}")


def _length(path: str, schema: Json, value: str, name: str, unit: str) -> None:
    most, least = schema.get(f"max{name}"), schema.get(f"min{name}")
    if most is None and least is None:
        return
    size = counting.utf8_bytes(value) if name == "Length" else counting.graphemes(value)
    if most is not None and size > most:
        raise Invalid(f"{path} must not be longer than {most} {unit}")
    if least is not None and size < least:
        raise Invalid(f"{path} must not be shorter than {least} {unit}")


def _bytes(path: str, schema: Json, value: Any) -> None:
    if not isinstance(value, dict) or not isinstance(value.get("$bytes"), str) or len(value) != 1:
        raise Invalid(f"{path} must be a byte array")
    size = len(value["$bytes"].rstrip("=")) * 3 // 4
    if size > schema.get("maxLength", size):
        raise Invalid(f"{path} must not be larger than {schema['maxLength']} bytes")


def _cid_link(path: str, schema: Json, value: Any) -> None:
    if not isinstance(value, dict) or not isinstance(value.get("$link"), str) or not is_cid(value["$link"]):
        raise Invalid(f"{path} must be a CID")


def _unknown(path: str, schema: Json, value: Any) -> None:
    if not isinstance(value, dict):
        raise Invalid(f"{path} must be an object")


def _constant(path: str, schema: Json, value: Any) -> None:
    if "const" in schema and value != schema["const"]:
        raise Invalid(f"{path} must be {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        raise Invalid(f"{path} must be one of ({'|'.join(str(item) for item in schema['enum'])})")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_PRIMITIVES = {
    "boolean": _boolean,
    "integer": _integer,
    "string": _string,
    "bytes": _bytes,
    "cid-link": _cid_link,
    "unknown": _unknown,
}

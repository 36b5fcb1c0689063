"""The official discovery document of the YouTube Data API, and what it says of a request and of an answer.

It comes with `google-api-python-client` (a development dependency, Apache-2.0) and is read as a file: the library
itself is never imported. Where it is absent this platform alone cannot be played, and says what to install.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FILE = "discovery_cache/documents/youtube.v3.json"
PACKAGE = "google-api-python-client"
MISSING = (
    f"Sân tập YouTube cần tài liệu mô tả chính thức của Google: hãy cài gói {PACKAGE} (pip install {PACKAGE}). / "
    f"The sandbox's YouTube needs Google's official discovery document: install {PACKAGE}."
)


class Invalid(ValueError):
    """What the document does not allow; the words say where."""


class NoDocument(RuntimeError):
    def __init__(self) -> None:
        super().__init__(MISSING)


@dataclass(frozen=True)
class Method:
    id: str
    http: str
    path: str
    parameters: Mapping[str, Json] = field(repr=False)
    request: str | None
    response: str | None
    most: int | None
    """Bytes of an upload."""


@dataclass(frozen=True)
class Discovery:
    revision: str
    schemas: Mapping[str, Json] = field(repr=False)
    methods: Mapping[tuple[str, str], Method] = field(repr=False)
    """By HTTP method and path (`GET`, `youtube/v3/videos`)."""

    def require_query(self, method: Method, query: Mapping[str, str]) -> None:
        """Every parameter is known, of its type and within its bounds, and none that is required is missing."""
        for name, written in query.items():
            told = method.parameters.get(name)
            if told is None:
                raise Invalid(f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.')
            for each in written.split(",") if told.get("repeated") else (written,):
                _require_parameter(name, told, each)
        missing = [name for name, told in method.parameters.items() if told.get("required") and not query.get(name)]
        if missing:
            raise Invalid(f"No value was given for the required parameter {missing[0]}.")
        self._require_parts(method, query.get("part", ""))

    def _require_parts(self, method: Method, written: str) -> None:
        """A part is a property of the resource that is answered."""
        resource = self.schemas.get(method.response or "", {})
        item = resource.get("properties", {}).get("items", {}).get("items", {}).get("$ref", method.response)
        known = self.schemas.get(item or "", {}).get("properties", {})
        for part in filter(None, written.split(",")):
            if part not in known:
                raise Invalid(f"'{part}' is not a valid part of {item}.")

    def require(self, schema: str, value: Any) -> None:
        """Raises Invalid where `value` is not what the schema of that name describes."""
        self._require({"$ref": schema}, value, schema)

    def _require(self, told: Json, value: Any, where: str) -> None:
        if "$ref" in told:
            told = self.schemas[told["$ref"]]
        kind = told.get("type")
        match kind:
            case "object":
                self._require_object(told, value, where)
            case "array":
                _require_type(isinstance(value, list), where, kind)
                for index, each in enumerate(value):
                    self._require(told["items"], each, f"{where}[{index}]")
            case "any":
                return
            case _:
                _require_scalar(told, value, where)

    def _require_object(self, told: Json, value: Any, where: str) -> None:
        _require_type(isinstance(value, dict), where, "object")
        known, others = told.get("properties", {}), told.get("additionalProperties")
        for name, each in value.items():
            if name not in known and others is None:
                raise Invalid(f"Invalid JSON payload received. Unknown name '{name}' at '{where}': no such field.")
            self._require(known.get(name, others), each, f"{where}.{name}")


def _require_type(fits: bool, where: str, kind: str | None) -> None:
    if not fits:
        raise Invalid(f"Invalid value at '{where}' (TYPE_{str(kind).upper()}).")


_TYPES: Mapping[str, type] = {"string": str, "boolean": bool, "integer": int, "number": float}


def _require_scalar(told: Json, value: Any, where: str) -> None:
    kind, form = str(told.get("type")), told.get("format")
    _require_type(isinstance(value, _TYPES[kind]) and not (kind == "integer" and isinstance(value, bool)), where, kind)
    if "enum" in told and value not in told["enum"]:
        raise Invalid(f"Invalid value at '{where}': {value!r} is none of {', '.join(told['enum'])}.")
    if form in ("int64", "uint64"):
        _require_type(re.fullmatch(r"-?\d+" if form == "int64" else r"\d+", str(value)) is not None, where, form)
    if form == "date-time":
        _require_type(_is_instant(str(value)), where, form)


def _is_instant(written: str) -> bool:
    try:
        return datetime.fromisoformat(written).tzinfo is not None
    except ValueError:
        return False


def _require_parameter(name: str, told: Json, written: str) -> None:
    if "enum" in told and written not in told["enum"]:
        raise Invalid(f"Invalid value at '{name}': \"{written}\".")
    if told["type"] == "boolean":
        _require_type(written in ("true", "false"), name, "bool")
    if told["type"] == "integer":
        _require_type(written.isdecimal(), name, "int")
        low, high = int(told.get("minimum", 0)), int(told.get("maximum", 1 << 31))
        if not low <= int(written) <= high:
            raise Invalid(f"Invalid value '{written}'. Values must be within the range: [{low}, {high}]")


@cache
def load() -> Discovery:
    """Raises NoDocument."""
    found = find_spec("googleapiclient")
    places = [Path(place) / FILE for place in (found.submodule_search_locations or ())] if found else []
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise NoDocument
    told = json.loads(file.read_text("utf-8"))
    shared = told["parameters"]
    methods = {(method.http, path): method for method, path in _methods(told, shared)}
    return Discovery(told["revision"], told["schemas"], methods)


def _methods(told: Json, shared: Json) -> Iterator[tuple[Method, str]]:
    """Each under its path, and where it takes an upload under the path of that too."""
    for resource in told["resources"].values():
        for one in resource.get("methods", {}).values():
            upload = one.get("mediaUpload", {})
            most = int(upload["maxSize"]) if upload else None
            names = {**shared, **one.get("parameters", {})}
            refs = [one.get(side, {}).get("$ref") for side in ("request", "response")]
            method = Method(one["id"], one["httpMethod"], one["path"], names, refs[0], refs[1], most)
            yield method, one["path"]
            if upload:
                yield method, upload["protocols"]["simple"]["path"].lstrip("/")

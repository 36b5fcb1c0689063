"""Partial responses: of an answer only the `fields` that were asked for (`items(id,snippet(title)),nextPageToken`)."""

import re
from typing import Any

from sandbox.platforms.youtube.wire import Json, Refused

Mask = dict[str, "Mask"]
_TOKEN = re.compile(r"[A-Za-z]\w*|[(),/]")


def partial(answer: Json, fields: str) -> Json:
    """All of it where none are named; a field that is not there is left out."""
    return _chosen(answer, _mask(fields)) if fields else answer


def _mask(fields: str) -> Mask:
    tokens = _TOKEN.findall(fields)
    if "".join(tokens) != fields:
        raise Refused(400, "invalidParameter", f"Invalid field selection {fields[:40]}", "global")
    mask, rest = _read(tokens)
    if rest or not mask:
        raise Refused(400, "invalidParameter", f"Invalid field selection {fields[:40]}", "global")
    return mask


def _read(tokens: list[str]) -> tuple[Mask, list[str]]:
    """A list of names up to its end, each with what is wanted inside it, and the tokens behind it."""
    mask: Mask = {}
    while tokens and tokens[0] not in "(),/":
        name, tokens = tokens[0], tokens[1:]
        mask[name] = {}
        if tokens and tokens[0] == "/":
            inside, tokens = _read_one(tokens[1:])
            mask[name] = inside
        elif tokens and tokens[0] == "(":
            mask[name], tokens = _read(tokens[1:])
            tokens = tokens[1:]
        if not tokens or tokens[0] != ",":
            break
        tokens = tokens[1:]
    return mask, tokens


def _read_one(tokens: list[str]) -> tuple[Mask, list[str]]:
    name, rest = tokens[:1], tokens[1:]
    if rest and rest[0] == "/":
        inside, rest = _read_one(rest[1:])
        return {name[0]: inside}, rest
    return ({name[0]: {}} if name else {}), rest


def _chosen(told: Any, mask: Mask) -> Any:
    if isinstance(told, list):
        return [_chosen(one, mask) for one in told]
    if not mask or not isinstance(told, dict):
        return told
    return {name: _chosen(told[name], inside) for name, inside in mask.items() if name in told}

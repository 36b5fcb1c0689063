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
    try:
        if "".join(tokens) != fields:
            raise ValueError(fields)
        mask, rest = _list(tokens)
        if rest:
            raise ValueError(fields)
    except ValueError:
        raise Refused(400, "invalidParameter", f"Invalid field selection {fields[:40]}", "global") from None
    return mask


def _list(tokens: list[str]) -> tuple[Mask, list[str]]:
    """Fields with commas between them, and the tokens behind the last."""
    mask, rest = _field(tokens)
    while rest[:1] == [","]:
        more, rest = _field(rest[1:])
        mask |= more
    return mask, rest


def _field(tokens: list[str]) -> tuple[Mask, list[str]]:
    """A name and what is wanted inside it: `a`, `a/b`, `a(b,c)`. Raises ValueError."""
    if not tokens or tokens[0] in "(),/":
        raise ValueError(tokens)
    name, rest = tokens[0], tokens[1:]
    if rest[:1] == ["/"]:
        inside, rest = _field(rest[1:])
        return {name: inside}, rest
    if rest[:1] == ["("]:
        inside, rest = _list(rest[1:])
        if rest[:1] != [")"]:
            raise ValueError(tokens)
        return {name: inside}, rest[1:]
    return {name: {}}, rest


def _chosen(told: Any, mask: Mask) -> Any:
    if isinstance(told, list):
        return [_chosen(one, mask) for one in told]
    if not mask or not isinstance(told, dict):
        return told
    return {name: _chosen(told[name], inside) for name, inside in mask.items() if name in told}

"""What the names of places and sources in a question mean: codes and ids."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.units import Register, load_register, load_stored_register, resolve_unit
from services.classify.naming.queries import codes_named
from services.classify.naming.rules import folded
from services.classify.searching import queries
from services.classify.searching.language import Filter, Name, Node, Unreadable, leaves
from services.classify.searching.plans import Resolved, name_of

BEFORE_WARDS = date(2025, 6, 30)
"""Older texts name the districts of then, and their annotations hold those codes."""


async def open_register(session: AsyncSession) -> Register:
    """The units of this installation; the shipped lists where it has none yet."""
    stored = await load_stored_register(session)
    return stored if stored.units else load_register()


async def resolve(session: AsyncSession, node: Node, register: Register, on: date) -> Resolved:
    """The codes and ids of every name in a question; a name that means nothing is `Unreadable`."""
    found: dict[str, Sequence[str]] = {}
    for one in leaves(node):
        match one:
            case Filter(Name.PLACE):
                found[name_of(one)] = await _places(session, one, register, on)
            case Filter(Name.SOURCE):
                found[name_of(one)] = await _sources(session, one)
            case _:
                pass
    return found


async def _places(session: AsyncSession, one: Filter, register: Register, on: date) -> list[str]:
    if one.value in register.units:
        return [one.value]
    days = (on, min(on, BEFORE_WARDS), on - timedelta(days=365))
    codes = dict.fromkeys(match.unit.code for day in days for match in resolve_unit(one.value, day, register))
    codes = codes or dict.fromkeys(await codes_named(session, folded(one.value)))
    if not codes:
        raise Unreadable(f"Không biết địa danh “{one.value}”", one.position)
    return list(codes)


async def _sources(session: AsyncSession, one: Filter) -> list[str]:
    try:
        return [str(UUID(one.value))]
    except ValueError:
        ids = await queries.sources_named(session, one.value)
    if not ids:
        raise Unreadable(f"Không có nguồn nào tên là “{one.value}”", one.position)
    return [str(found) for found in ids]

"""Thresholds and first appearances, looked at with each batch of labelled contents: a handful of statements for all of
its items and all rules together."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.label_names import GROUPS, within
from libs.common.models.alerts import AlertKind
from libs.common.models.enums import SourceGroup
from libs.common.text import fold
from services.classify.alerts import queries
from services.classify.alerts.conditions import FirstAppearance, Threshold, known_condition
from services.classify.alerts.queries import Group, Hit
from services.classify.alerts.raising import Candidate, raise_alerts
from services.classify.alerts.rules import (
    Item,
    appearance_keys,
    is_recent,
    subject_of_key,
    threshold_keys,
    wording,
)

COUNTED_ON = 500
"""How far above its threshold a group is counted: what an alert says at first is true for all but floods."""
WATCHED = (AlertKind.THRESHOLD, AlertKind.FIRST_APPEARANCE)
Counting = dict[UUID, tuple[m.AlertRule, Threshold]]
Appearing = dict[UUID, tuple[m.AlertRule, FirstAppearance]]


async def watch_contents(session: AsyncSession, ids: Sequence[UUID], *, now: datetime) -> int:
    """What these newly labelled contents raise; how many alerts are new."""
    rules = await queries.active_rules(session, WATCHED, now)
    counting, appearing = sort_rules(rules)
    if not ids or not (counting or appearing):
        return 0
    with_words = any(condition.of == "phrase" for _, condition in appearing.values())
    rows = await queries.list_items(session, ids, with_words=with_words)
    items = [_item(row) for row in rows if is_recent(row.published_at, row.first_seen_at, now)]
    found = await _thresholds(session, counting, items) + await _appearances(session, appearing, items)
    return await raise_alerts(session, found, now)


def sort_rules(rules: Iterable[m.AlertRule]) -> tuple[Counting, Appearing]:
    counting: Counting = {}
    appearing: Appearing = {}
    for rule in rules:
        match known_condition(rule.id, rule.condition):
            case Threshold() as condition:
                counting[rule.id] = rule, condition
            case FirstAppearance() as condition:
                appearing[rule.id] = rule, condition
            case _:
                pass
    return counting, appearing


def _item(row: Row[Any]) -> Item:
    words = wording(row.words) if row.words is not None else None
    return Item(row.content_id, row.first_seen_at, row.field, row.kind, row.tone, row.places, row.source_group, words)


# --- thresholds ----------------------------------------------------------------------------------------------


async def _thresholds(session: AsyncSession, rules: Counting, items: Sequence[Item]) -> list[Candidate]:
    hits = [
        Hit(rule.id, key, item.content_id, item.at)
        for rule, condition in rules.values()
        for item in items
        for key in threshold_keys(condition, item)
    ]
    new: dict[tuple[UUID, str], list[datetime]] = {}
    for row in await queries.add_hits(session, hits):
        new.setdefault((row.rule_id, row.key), []).append(row.hit_at)
    groups = [group_of(rules[rule_id][1], rule_id, key, max(ats)) for (rule_id, key), ats in sorted(new.items())]
    return await count_groups(session, rules, groups, {key: len(ats) for key, ats in new.items()})


def group_of(condition: Threshold, rule_id: UUID, key: str, until: datetime) -> Group:
    return Group(rule_id, key, until, timedelta(minutes=condition.window_minutes), condition.count + COUNTED_ON)


async def count_groups(
    session: AsyncSession, rules: Counting, groups: Sequence[Group], added: Mapping[tuple[UUID, str], int]
) -> list[Candidate]:
    """What each group holds in its window; enough or not, an alert that is going on grows by what was added."""
    return [
        _threshold_candidate(*rules[row.rule_id], row, added.get((row.rule_id, row.key), 0))
        for row in await queries.count_hits(session, groups)
        if row.items
    ]


def _threshold_candidate(rule: m.AlertRule, condition: Threshold, row: Row[Any], added: int) -> Candidate:
    field, place = subject_of_key(condition.by, row.key)
    facts = {
        "window_minutes": condition.window_minutes,
        "threshold": condition.count,
        "kinds": [kind.value for kind in condition.kinds],
    }
    if condition.by == "source_group":
        facts["group"] = f"nguồn {within(GROUPS[SourceGroup(row.key)])}"
    return Candidate(
        rule,
        row.key,
        row.items,
        row.first_at,
        row.last_at,
        facts,
        added=added,
        is_enough=row.items >= condition.count,
        field=field or _only(condition.fields),
        place=place or _only(condition.places),
        content_ids=row.content_ids,
    )


def _only(values: Sequence[str]) -> str | None:
    return str(values[0]) if len(values) == 1 else None


# --- first appearances ---------------------------------------------------------------------------------------


async def _appearances(session: AsyncSession, rules: Appearing, items: Sequence[Item]) -> list[Candidate]:
    seen: dict[tuple[UUID, str], list[Item]] = {}
    for rule, condition in rules.values():
        for item in items:
            for key in appearance_keys(condition, item):
                seen.setdefault((rule.id, key), []).append(item)
    if not seen:
        return []
    seen = dict(sorted(seen.items()))
    known = await queries.memories(session, list(seen))
    await queries.remember(session, {key: max(item.at for item in found) for key, found in seen.items()})
    return [
        _appearance_candidate(*rules[rule_id], key, found, known.get((rule_id, key)))
        for (rule_id, key), found in seen.items()
    ]


def _appearance_candidate(
    rule: m.AlertRule, condition: FirstAppearance, key: str, found: Sequence[Item], seen_at: datetime | None
) -> Candidate:
    first, last = min(item.at for item in found), max(item.at for item in found)
    field, place = subject_of_key(condition.of, key)
    phrase = next((one for one in condition.phrases if fold(one) == key), None)
    facts = {"days": condition.days, "phrase": phrase, "seen_before": seen_at}
    return Candidate(
        rule,
        key,
        len(found),
        first,
        last,
        facts,
        added=len(found),
        is_enough=is_first(rule, condition, seen_at, first),
        field=field or _only(condition.fields),
        place=place or _only(condition.places),
        content_ids=[item.content_id for item in found[: queries.SHOWN_CONTENTS]],
    )


def is_first(rule: m.AlertRule, condition: FirstAppearance, seen_at: datetime | None, at: datetime) -> bool:
    """Not seen for so many days, by a memory that reaches so far: a young one says nothing of what was before it."""
    days = timedelta(days=condition.days)
    reaches = rule.remembers_from is not None and rule.remembers_from <= at - days
    return reaches and (seen_at is None or seen_at <= at - days)

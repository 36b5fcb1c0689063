"""Workers die anywhere, platforms fail in every way they can; then the ledger is held against what we say.

LANTOA_CHAOS_SEEDS=5000 makes it a campaign, LANTOA_CHAOS_FIRST=123 starts elsewhere, LANTOA_CHAOS_SEED=7 replays one.
A block of seeds shares a database; nothing of a seed but its number decides what happens in it.
"""

import logging
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from libs.common.testing.make import Make
from tests.publish.chaos.world import STEPS, WIRE, Seed
from tests.publish.conformance.theatre import Theatre
from tests.publish.newsroom import Newsroom

log = logging.getLogger("lantoa.test")
REPLAYED = os.environ.get("LANTOA_CHAOS_SEED")
SEEDS = 1 if REPLAYED else int(os.environ.get("LANTOA_CHAOS_SEEDS", "200"))
FIRST = int(REPLAYED or os.environ.get("LANTOA_CHAOS_FIRST", "0"))
BLOCK, ENOUGH = 500, 200
"""Most seeds on one database; and how many show every point at which a worker can die."""
MOST_BY_HAND = 0.01


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    return await Theatre.build(newsroom, make, issuer)


@pytest.mark.mission("M18")
@pytest.mark.mission("M29")
@pytest.mark.timeout(0)
@pytest.mark.parametrize("first", range(FIRST, FIRST + SEEDS, BLOCK))
async def test_whatever_dies_what_is_published_stands_there_once(theatre: Theatre, first: int) -> None:
    began, played = time.monotonic(), []
    for number in range(first, min(first + BLOCK, FIRST + SEEDS)):
        played.append(await _played(Seed(number, theatre)))
    _report(played, time.monotonic() - began)


async def _played(seed: Seed) -> Seed:
    try:
        await seed.prepare()
        await seed.play()
        await seed.verify()
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(seed.told(f"{type(error).__name__}: {error}")) from error
    if REPLAYED:
        log.info("%s", seed.told("holds"))
    return seed


def _report(played: list[Seed], seconds: float) -> None:
    deaths: Counter[str] = sum((seed.kills for seed in played), Counter())
    stills: Counter[str] = sum((seed.fate.stills for seed in played), Counter())
    ends: Counter[tuple[str, str]] = sum((seed.ends for seed in played), Counter())
    faults = Counter(fault["kind"] for seed in played for one in seed.sent for fault in one.faults)
    told = {" ".join(end): n for end, n in sorted(ends.items())}
    log.info("%d seeds in %.0f s; %d deaths: %s", len(played), seconds, deaths.total(), dict(deaths.most_common()))
    log.info("stood still: %s; faults: %s; ends: %s", dict(stills), dict(faults), told)
    with_handle = {one.case.kind for seed in played for one in seed.sent if one.has_handle}
    sent = sum(n for (kind, _), n in ends.items() if kind in with_handle)
    by_hand = sum(n for (kind, state), n in ends.items() if kind in with_handle and state == "manual")
    log.info("with a handle: %d of %d ended with a person; noticed twins: %d", by_hand, sent, _twins(played))
    if len(played) >= ENOUGH:
        assert set(STEPS) | set(WIRE) <= set(deaths), "a point where nothing died proves nothing"
        assert by_hand <= MOST_BY_HAND * sent, f"{by_hand} of {sent} deliveries with a handle ended with a person"


def _twins(played: list[Seed]) -> int:
    return sum(seed.twins for seed in played)


# --- the checks can fail ---


async def test_a_second_post_is_seen_by_the_ledger(theatre: Theatre) -> None:
    """The control: somebody who posts the same by another hand is caught by the very checks above."""
    seed = Seed(1, theatre)
    while not [one for one in seed.sent if one.case.kind == "mastodon"]:
        seed = Seed(seed.number + 1, theatre)
        await seed.prepare()
    await seed.play()
    [one] = [one for one in seed.sent if one.case.kind == "mastodon"]
    one.faults.clear()
    adapter = theatre.opened(one.channel)
    again = adapter.prepare((await seed.payload_of(one))["payload"], one.channel.id, theatre.newsroom.clock.now())
    await theatre.control.delete("/control/faults")
    await adapter.commit(await seed.staged(adapter, again))
    with pytest.raises(AssertionError, match="posts"):
        await seed.verify()

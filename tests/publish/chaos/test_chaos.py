"""Workers die anywhere, platforms fail in every way they can; then the ledger is held against what we say.

LANTOA_CHAOS_SEEDS=5000 makes it a campaign, LANTOA_CHAOS_FIRST=123 starts elsewhere, LANTOA_CHAOS_SEED=7 replays one.
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
SEEDS = int(os.environ.get("LANTOA_CHAOS_SEEDS", "200"))
FIRST = int(os.environ.get("LANTOA_CHAOS_FIRST", "0"))
MOST_BY_HAND = 0.01


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    return await Theatre.build(newsroom, make, issuer)


@pytest.mark.mission("M18")
@pytest.mark.timeout(0)
async def test_whatever_dies_what_is_published_stands_there_once(theatre: Theatre) -> None:
    numbers = [int(REPLAYED)] if REPLAYED else list(range(FIRST, FIRST + SEEDS))
    began, played = time.monotonic(), []
    for number in numbers:
        seed = Seed(number, theatre)
        try:
            await seed.prepare()
            await seed.play()
            await seed.verify()
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(seed.told(f"{type(error).__name__}: {error}")) from error
        if REPLAYED:
            log.info("%s", seed.told("held"))
        played.append(seed)
    _report(played, time.monotonic() - began)


def _report(played: list[Seed], seconds: float) -> None:
    kills: Counter[str] = sum((seed.kills for seed in played), Counter())
    ends: Counter[tuple[str, str]] = sum((seed.ends for seed in played), Counter())
    faults = Counter(f["kind"] for seed in played for one in seed.sent for f in one.faults)
    log.info("%d seeds in %.0f s, %d deaths: %s", len(played), seconds, kills.total(), dict(kills.most_common()))
    stills: Counter[str] = sum((seed.fate.stills for seed in played), Counter())
    log.info("stood still: %s", dict(stills))
    log.info("faults: %s; ends: %s", dict(faults), {" ".join(end): n for end, n in sorted(ends.items())})
    with_handle = {one.case.kind for seed in played for one in seed.sent if one.has_handle}
    sent = sum(n for (kind, _), n in ends.items() if kind in with_handle)
    by_hand = sum(n for (kind, state), n in ends.items() if kind in with_handle and state == "manual")
    if len(played) >= 200:
        assert set(STEPS) | set(WIRE) <= set(kills), "a point where nothing died proves nothing"
        assert by_hand <= MOST_BY_HAND * sent, f"{by_hand} of {sent} deliveries with a handle ended with a person"

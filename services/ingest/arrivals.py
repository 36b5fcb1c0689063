"""How often a source speaks, learnt from what it brought. Pure.

Model: an inhomogeneous Poisson process with one rate for each hour of the day in Hà Nội, each with a Gamma prior whose
mean is the source's own rate over the whole day (empirical Bayes); what was seen fades by half in a week. A source is
read again when `expected` new items have become likely, so that its quiet hours are left quiet.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.common.clock import HANOI

HOURS = 24
HALF_LIFE = timedelta(days=7)
LEARNING_HOURS = 24.0
"""Before it was watched for so long, a source is read as often as its keeper wishes."""
_LONGEST_GAP = timedelta(days=2)
"""After a longer gap (paused, or nobody ran us) nothing is learnt from it: when its items came is not known."""
_PRIOR_HOURS = 1.0
_PRIOR_ITEMS = 0.5  # Jeffreys' prior: silence makes a rate small, never nothing


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Items and hours of watching for each hour of the day in Hà Nội."""

    arrivals: tuple[float, ...]
    exposure: tuple[float, ...]
    watched_until: datetime

    @property
    def hours(self) -> float:
        """Hours of watching that still count."""
        return sum(self.exposure)


def begin(now: datetime) -> Rhythm:
    """What is there at the first poll is a backlog and says nothing of the rhythm."""
    return Rhythm((0.0,) * HOURS, (0.0,) * HOURS, now)


def observe(rhythm: Rhythm, now: datetime, items: int, dated: Sequence[datetime] = ()) -> Rhythm:
    """The rhythm after a look at `now` that found so many new items; those whose date lies in the time since the last
    look count in their hour, the others are spread over that time."""
    elapsed = now - rhythm.watched_until
    if elapsed <= timedelta(0):
        return rhythm
    faded = 0.5 ** (elapsed / HALF_LIFE)
    arrivals = [one * faded for one in rhythm.arrivals]
    exposure = [one * faded for one in rhythm.exposure]
    if elapsed > _LONGEST_GAP:
        return Rhythm(tuple(arrivals), tuple(exposure), now)
    inside = [at for at in dated if rhythm.watched_until < at <= now][:items]
    for at in inside:
        arrivals[at.astimezone(HANOI).hour] += 1
    others = items - len(inside)
    for hour, share in _hours(rhythm.watched_until, now):
        exposure[hour] += share
        arrivals[hour] += others * (share / (elapsed / timedelta(hours=1)))
    return Rhythm(tuple(arrivals), tuple(exposure), now)


def rates(rhythm: Rhythm) -> list[float]:
    """Items per hour, by hour of the day: the posterior means. A neighbouring hour counts half."""
    overall = (sum(rhythm.arrivals) + _PRIOR_ITEMS) / (rhythm.hours + 1.0)
    found = []
    for hour in range(HOURS):
        near = ((hour, 1.0), ((hour - 1) % HOURS, 0.5), ((hour + 1) % HOURS, 0.5))
        items = sum(rhythm.arrivals[one] * weight for one, weight in near)
        hours = sum(rhythm.exposure[one] * weight for one, weight in near)
        found.append((items + overall * _PRIOR_HOURS) / (hours + _PRIOR_HOURS))
    return found


def calm_seconds(rhythm: Rhythm | None, now: datetime, *, expected: float, shortest: float, longest: float) -> float:
    """Seconds until `expected` new items are likely, at least `shortest` and at most `longest`; `shortest` while the
    source is not known yet."""
    if rhythm is None or rhythm.hours < LEARNING_HOURS:
        return shortest
    longest, rate = max(shortest, longest), rates(rhythm)
    missing, waited = expected, 0.0
    for hour, share in _hours(now, now + timedelta(seconds=longest)):
        if rate[hour] * share >= missing:
            return max(shortest, waited + 3600 * missing / rate[hour])
        missing -= rate[hour] * share
        waited += 3600 * share
    return longest


def _hours(since: datetime, until: datetime) -> Iterator[tuple[int, float]]:
    """The hours of the day between two moments, each with how much of it lies between them."""
    at = since
    while at < until:
        local = at.astimezone(HANOI)
        edge = (
            at
            + timedelta(hours=1)
            - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        )
        end = min(edge, until)
        yield local.hour, (end - at) / timedelta(hours=1)
        at = end

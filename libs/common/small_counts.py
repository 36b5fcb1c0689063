"""Counts by place as they may be shown: so few that a person could be recognised are held back. Pure.

The promise: whoever knows the sum of all places, everything that is shown and this very rule can still not say of a
place with fewer than ten cases which number from 0 to 9 it has. It holds for one table whose rows are counted once;
tables of months that overlap, or a second count of the same month, would break it by subtraction, so there is one table
of each month and no other (`place_months`).
"""

from collections.abc import Mapping

K_ANONYMITY = 10


def publishable(counts: Mapping[str, int]) -> dict[str, int | None]:
    """`counts` of every place there is, also of those without a case: who is left out would be known to have none.

    None: fewer than ten, none included, or held back so that those do not follow from the sum (complementary
    suppression: the smallest that could be shown, one after the other, as long as it is needed).
    """
    order = sorted(counts, key=lambda name: (counts[name], name))
    few = sum(count < K_ANONYMITY for count in counts.values())
    rising = [counts[name] for name in order]
    held = next((size for size in range(few, len(order)) if _is_safe(rising, size)), len(order))
    hidden = set(order[:held])
    return {name: None if name in hidden else count for name, count in counts.items()}


def _is_safe(rising: list[int], held: int) -> bool:
    """Whether the first `held` of them, known by their sum alone, could each be anything from 0 to 9.

    Either all of them may be small and any share of the sum fits; or one may take the rest of the sum and still be
    smaller than what is shown, as the order of holding back wants it.
    """
    if held == 0:
        return True
    total = sum(rising[:held])
    is_wide = total <= (K_ANONYMITY - 1) * (held - 1) or total < rising[held]
    return held > 1 and total >= K_ANONYMITY and is_wide

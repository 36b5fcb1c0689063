"""How the rate of engagement is counted on each kind of channel: by the platform's own names of its metrics.

One formula for the desk and for reports, printed with its version wherever a rate stands.

What a platform does not tell is unknown, never 0: one unknown part leaves the whole blank. Rates of two platforms are
not comparable, and the formula that is printed with each figure says why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

VERSION: Final = "2026-11"
"""Of the formulas below: one that changes gets a new version, and old figures are read with the old one."""


@dataclass(frozen=True)
class Formula:
    numerator: tuple[str, ...]
    denominator: str | None
    """None where the platform does not tell how often a post was seen: then there is no rate, only a count."""

    @property
    def interactions(self) -> str:
        return " + ".join(self.numerator)

    @property
    def printed(self) -> str:
        if self.denominator is None:
            return f"không có tỷ lệ: nền tảng không cho biết lượt xem; tương tác = {self.interactions}"
        terms = f"({self.interactions})" if len(self.numerator) > 1 else self.interactions
        return f"{terms} ÷ {self.denominator} × 100; trống khi thiếu một trong các số này"


FORMULAS: Final[Mapping[str, Formula]] = {
    "bluesky": Formula(("likes", "reposts", "replies", "quotes"), None),
    "facebook": Formula(("reactions", "comments", "shares"), None),
    "instagram": Formula(("likes", "comments", "saved", "shares"), "views"),
    "mastodon": Formula(("likes", "reposts", "replies", "quotes"), None),
    "threads": Formula(("likes", "replies", "reposts", "quotes", "shares"), "views"),
    "tiktok": Formula(("likes", "comments", "shares"), "views"),
    "youtube": Formula(("likes", "comments"), "views"),
    "zalo": Formula(("shares",), "views"),
}
"""Kinds that are missing here give no figure a rate could be made of."""


NO_FORMULA: Final = "không có tỷ lệ: kênh này không cho số liệu tương tác"
NAMES: Final[Mapping[str, str]] = {
    "likes": "lượt thích",
    "reactions": "lượt bày tỏ cảm xúc",
    "reposts": "lượt đăng lại",
    "replies": "trả lời",
    "quotes": "trích dẫn",
    "comments": "bình luận",
    "shares": "chia sẻ",
    "saved": "lượt lưu",
    "views": "lượt xem",
}
"""What people read; a metric that is not here is called as its platform calls it."""


def printed_formula(kind: str) -> str:
    """As it stands beside a rate, with its version."""
    formula = FORMULAS.get(kind)
    return f"{formula.printed} (công thức {VERSION})" if formula else NO_FORMULA


@dataclass(frozen=True)
class Figure:
    """One metric as it was read; `value` is None where the platform did not tell."""

    metric: str
    value: int | None
    definition: str
    as_of: datetime


@dataclass(frozen=True)
class Rate:
    formula: Formula
    numerator: tuple[Figure, ...]
    denominator: Figure | None
    missing: tuple[str, ...]
    """Metrics of the formula that were not told."""
    interactions: int | None
    percent: float | None
    as_of: datetime | None
    """Of the oldest figure in it."""


def rate_of(kind: str, figures: Iterable[Figure]) -> Rate | None:
    """None where there is no formula for the kind of channel."""
    formula = FORMULAS.get(kind)
    if formula is None:
        return None
    told = {figure.metric: figure for figure in figures}
    parts = (*formula.numerator, *([formula.denominator] if formula.denominator else []))
    known = {name: told[name].value for name in parts if name in told and told[name].value is not None}
    top = [known.get(name) for name in formula.numerator]
    whole = [value for value in top if value is not None]
    interactions = sum(whole) if len(whole) == len(top) else None
    seen = known.get(formula.denominator) if formula.denominator else None
    percent = round(100 * interactions / seen, 2) if interactions is not None and seen else None
    used = [told[name].as_of for name in parts if name in told]
    return Rate(
        formula,
        tuple(told[name] for name in formula.numerator if name in told),
        told.get(formula.denominator) if formula.denominator else None,
        tuple(name for name in parts if name not in known),
        interactions,
        percent,
        min(used, default=None),
    )

"""How wide the two halves of the letterhead are, and the rules below words. Pure."""

from collections.abc import Sequence

from libs.common.papers.faces import width_mm
from libs.common.papers.form import Form
from libs.common.papers.wording import MOTTO, NATIONAL_NAME

_AIR_MM = 4
_RIGHT_SHARE = 0.58
CLOSING_SHARES = (0.46, 0.54)
"""Of the width: the recipients, and whoever signs."""
SHORT = 15
"""Rows of a table that stays on the page of the signature below it."""


def letterhead_widths(form: Form) -> tuple[float, float]:
    """The agency's and the nation's half: the national name is never broken."""
    room = form.room_mm()
    national = width_mm(NATIONAL_NAME, form.national_name_size, bold=True)
    right = max(room * _RIGHT_SHARE, national + _AIR_MM, width_mm(MOTTO, form.motto_size, bold=True) + _AIR_MM)
    return room - right, right


def shown_width(lines: Sequence[str], size: float, room_mm: float) -> float:
    """Of the last bold line, below which the rule stands."""
    return min(width_mm(lines[-1], size, bold=True), room_mm) if lines else 0.0

"""What changed between two versions of a content: whether a reader would notice, which sentences, which figures. Pure.

Two versions are compared in two steps, so that a long page with one edit costs little: whole sentences first, then
the words of those that differ.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from libs.common.figures import Figure, changed_figures, opcodes, tokens
from libs.common.text import canonical_tone, collapse

MAX_SENTENCES = 2000
MAX_FIGURES = 8

# What a page says of itself and not of its subject: stamps of time, counters, and the words around its buttons.
_TIME = r"\d{1,2}\s*(?::|h|giờ)\s*(?:\d{2})?(?:\s*phút)?(?::\d{2})?(?:\s*(?:am|pm|sáng|chiều|tối))?"
_DATE = r"(?:ngày\s+)?\d{1,2}\s*[/.-]\s*\d{1,2}(?:\s*[/.-]\s*\d{2,4})?"
_WHEN = (
    rf"(?:(?:thứ\s+\w+|chủ\s+nhật)\s*,?\s*)?(?:{_TIME}|{_DATE})(?:[\s,|–-]*(?:{_TIME}|{_DATE}|\(?gmt\s*[+]?\d*\)?))*"
)
_STAMP = re.compile(
    rf"\(?(?:(?:bài\s+|tin\s+)?(?:được\s+)?(?:cập\s*nhật|update[d]?)(?:\s+(?:lần\s+cuối|mới\s+nhất))?"
    rf"|(?:ngày\s+)?(?:đăng|xuất\s+bản))\s*(?:lúc|vào|ngày|at)?\s*:?\s*{_WHEN}\)?\.?",
    re.IGNORECASE,
)
_NOISE_LINE = re.compile(
    rf"(?:{_WHEN}|[\d.,]+\s*(?:lượt\s+(?:xem|đọc|thích|chia\s+sẻ)|bình\s+luận|views?|likes?|comments?)"
    r"|(?:khoảng\s+)?\d+\s+(?:phút|giờ|ngày|tuần|tháng|năm)\s+trước|vừa\s+xong"
    r"|(?:chia\s+sẻ|in\s+bài|bản\s+in|lưu\s+bài(?:\s+viết)?|gửi\s+bình\s+luận|sao\s+chép\s+liên\s+kết|trở\s+lại|"
    r"về\s+trang\s+chủ|facebook|twitter|zalo|google\s+news|email|print|copy\s+link)(?:[\s|,·]+\w+){0,3}"
    r"|lưu\s+bài\s+viết\s+thành\s+công.{0,80}|theo\s+dõi\s+.{1,60}\s+trên\s+(?:google\s+news|zalo|facebook).{0,20}"
    r"|(?:xem\s+thêm|đọc\s+thêm|tin\s+liên\s+quan|bài\s+liên\s+quan)\s*:.{0,200})[.:]?",
    re.IGNORECASE,
)
_ABBREVIATED = "".join(rf"(?<!\b{word}\.)" for word in ("TP", "Tp", "TS", "ThS", "PGS", "GS", "BS", "Q", "P", "H", "X"))
_SENTENCE_END = re.compile(rf"(?<=[.!?…])(?:[”\"')\]](?=\s))?{_ABBREVIATED}\s+|\n+")


@dataclass(frozen=True, slots=True)
class Version:
    """What of a content can change."""

    title: str
    summary: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Sentences that one version has and the other has not, side by side."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A revision. `similarity`: share of the words that both versions have, in order, 0 to 1 (Ratcliff, Obershelp)."""

    title_changed: bool
    summary_changed: bool
    text_changed: bool
    similarity: float
    figures: tuple[Figure, ...]
    hunks: tuple[Hunk, ...]


def compare(old: Version, new: Version, mask: Callable[[str], str] = str) -> Change | None:
    """What changed; None where title and text say the same in other white space, letter case, punctuation or
    Unicode form, or differ only in what the page says of itself (“Cập nhật lúc …”, counters, buttons).

    `mask` hides personal numbers from the figures that are told.
    """
    title = _plain(old.title) != _plain(new.title)
    hunks, same, total = _differences(_split(old.text), _split(new.text))
    if not title and not hunks:
        return None
    pairs = [(old.title, new.title)] if title else []
    pairs += [(" ".join(hunk.before), " ".join(hunk.after)) for hunk in hunks]
    figures = {
        (one.before, one.after): one for pair in reversed(pairs) for one in changed_figures(*map(mask, pair))[::-1]
    }
    return Change(
        title_changed=title,
        summary_changed=_plain(old.summary or "") != _plain(new.summary or ""),
        text_changed=bool(hunks),
        similarity=round(2 * same / total, 3) if total else 1.0,
        figures=tuple(figures.values())[::-1][:MAX_FIGURES],
        hunks=hunks,
    )


def without_loss(old: Version, new: Version) -> Version:
    """The new version with the old text where it brought none of its own: a feed seen again whose page could not be
    read this time has only its summary to give, and that is no edit of the article."""
    text, known = collapse(new.text), (collapse(new.summary or ""), collapse(new.title))
    if (not text or text in known) and len(collapse(old.text)) > len(text):
        return Version(new.title, new.summary, old.text)
    return new


def _split(text: str) -> list[str]:
    return [one for one in _SENTENCE_END.split(text) if one][:MAX_SENTENCES]


def _told(lines: Sequence[str]) -> list[str]:
    """Sentences without those that a page says of itself."""
    found = (" ".join(_STAMP.sub(" ", one).split()) for one in lines)
    return [one for one in found if one.strip(" .,:;|-–—•·") and not _NOISE_LINE.fullmatch(one)]


def _plain(text: str) -> tuple[str, ...]:
    return tuple(token.plain for token in tokens(canonical_tone(text)))


def _differences(before: Sequence[str], after: Sequence[str]) -> tuple[tuple[Hunk, ...], int, int]:
    """The hunks; how many words both have, and how many they have together. Only what lies between the first and
    the last difference is looked at closely."""
    start, end = _equal_ends(before, after)
    same = sum(len(one.split()) for one in (*before[:start], *before[len(before) - end :]))
    left, right = _told(before[start : len(before) - end]), _told(after[start : len(after) - end])
    old, new = [_plain(one) for one in left], [_plain(one) for one in right]
    total = 2 * same + sum(map(len, old)) + sum(map(len, new))
    hunks = []
    for kind, i1, i2, j1, j2 in opcodes(old, new):
        ours, theirs = _words(old[i1:i2]), _words(new[j1:j2])
        if kind == "equal" or ours == theirs:  # the same words, perhaps cut into sentences otherwise
            same += len(ours)
            continue
        same += sum(i2 - i1 for kind, i1, i2, _, _ in opcodes(ours, theirs) if kind == "equal")
        hunks.append(Hunk(tuple(left[i1:i2]), tuple(right[j1:j2])))
    return tuple(hunks), same, total


def _equal_ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """How many sentences are equal at the start, and at the end."""
    least = min(len(before), len(after))
    start = next((n for n in range(least) if before[n] != after[n]), least)
    end = next((n for n in range(least - start) if before[-1 - n] != after[-1 - n]), least - start)
    return start, end


def _words(lines: Sequence[tuple[str, ...]]) -> list[str]:
    return [word for line in lines for word in line]

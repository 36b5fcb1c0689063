"""Words as a small search keeps and asks for them: with marks they find what is written so, without marks either."""

from libs.common.text import canonical_tone, fold, words

MOST_WORDS = 12
"""Of a question; what stands behind them is not looked for."""


def lexemes_of(*texts: str | None) -> list[str]:
    """Every word without its marks and, after `=`, as it is written."""
    found: set[str] = set()
    for text in texts:
        for word in words(canonical_tone(text or "").lower()):
            found |= {fold(word), f"={word}"}
    return sorted(found)


def asked_of(question: str) -> list[str]:
    """What a text must have: each word as it was typed or, where it was typed without marks, in any way."""
    typed = words(canonical_tone(question).lower())[:MOST_WORDS]
    return [word if fold(word) == word else f"={word}" for word in typed]

"""Texts written beforehand: `{ten}` stands for what is known only when they are used."""

import re
from collections.abc import Iterable, Mapping

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")


def names_in(*texts: str) -> list[str]:
    """Each once, in the order in which they are met."""
    return list(dict.fromkeys(name for text in texts for name in PLACEHOLDER.findall(text)))


def fill(text: str, values: Mapping[str, str]) -> str:
    """What has no value stays as it is written, so that nobody overlooks it. A value is never read as a template."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1]) or found[0], text)


def unknown(given: Iterable[str], *texts: str) -> list[str]:
    return sorted(set(given) - set(names_in(*texts)))

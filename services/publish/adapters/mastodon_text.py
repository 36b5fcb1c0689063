"""Text of Mastodon: how its letters are counted, and what the HTML of a post says."""

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from services.publish import measure

LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
MENTION = re.compile(r"(?<![\w=/])@(\w+(?:[.-]+\w+)*)@[\w.-]+\w", re.ASCII)
NO_TLD = frozenset({"test", "example", "invalid", "localhost", "local", "internal", "lan", "home"})
SOMEBODY = "@…"
"""What stands for an account that a comment names."""
TO_SOMEBODY = re.compile(r"^(?:@…[\s,:]*)+")


def length(text: str, per_link: int) -> int:
    """Graphemes as the instance counts them; a link it may not recognise counts in full, and never less than one."""
    shown = LINK.sub(lambda found: "x" * _link_length(found.group(), per_link), measure.nfc(text))
    return measure.graphemes(MENTION.sub(r"@\1", shown))


def _link_length(written: str, per_link: int) -> int:
    link = written.rstrip(".,;:!?\"')]}…")
    host = urlsplit(link).hostname or ""
    tld = host.rpartition(".")[2]
    sure = "." in host and tld.isalpha() and tld not in NO_TLD and "(" not in link
    return (per_link if sure else max(measure.graphemes(link), per_link)) + len(written) - len(link)


def plain(content: str) -> str:
    """The text of the HTML the instance makes of it."""
    lines = re.sub(r"<br\s*/?>", "\n", content)
    paragraphs = re.sub(r"</p>\s*<p[^>]*>", "\n\n", lines)
    return html.unescape(re.sub(r"<[^>]+>", "", paragraphs)).strip()


def unnamed(post: Mapping[str, Any]) -> str:
    """What a post says, without the accounts it names: an answer begins with whom it answers."""
    text = plain(str(post.get("content", "")))
    for one in post.get("mentions") or []:
        for name in (str(one.get("acct") or ""), str(one.get("username") or "")):
            if name:
                text = re.sub(rf"(?<!\w)@{re.escape(name)}(?:@[\w.-]+\w)?(?!\w)", SOMEBODY, text, flags=re.IGNORECASE)
    return TO_SOMEBODY.sub("", text)

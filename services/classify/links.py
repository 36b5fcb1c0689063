"""Addresses in a text, and whether one looks like a trap. Nothing is ever resolved or visited."""

import re
from enum import IntEnum
from ipaddress import ip_address

from libs.common.text import unmark


class Trust(IntEnum):
    OFFICIAL = 0
    ORDINARY = 1
    SUSPICIOUS = 2


_HOST = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?(\[?[a-z0-9.-]+\]?)(?::\d+)?(?:[/?#]|$)")
_DOMAIN_ENDS = frozenset(
    [
        "com",
        "vn",
        "net",
        "org",
        "info",
        "biz",
        "top",
        "xyz",
        "vip",
        "club",
        "site",
        "online",
        "shop",
        "store",
        "cc",
        "click",
        "icu",
        "live",
        "me",
        "link",
        "io",
        "app",
        "page",
        "work",
        "cyou",
        "buzz",
        "ly",
        "gl",
        "to",
        "co",
        "tk",
        "ml",
        "ga",
        "cf",
        "gq",
        "pw",
        "win",
        "bid",
        "fun",
        "life",
        "world",
        "pro",
        "asia",
        "tv",
        "ws",
        "sbs",
        "cfd",
        "bond",
        "lol",
        "mom",
        "help",
    ]
)
_CHEAP_ENDS = frozenset(
    [
        "top",
        "xyz",
        "vip",
        "club",
        "site",
        "online",
        "shop",
        "cc",
        "click",
        "icu",
        "live",
        "link",
        "work",
        "cyou",
        "buzz",
        "tk",
        "ml",
        "ga",
        "cf",
        "gq",
        "pw",
        "win",
        "bid",
        "fun",
        "life",
        "sbs",
        "cfd",
        "bond",
        "lol",
        "mom",
        "ws",
    ]
)
_SHORTENERS = frozenset(
    [
        "bit.ly",
        "tinyurl.com",
        "goo.gl",
        "t.ly",
        "is.gd",
        "cutt.ly",
        "shorturl.at",
        "rb.gy",
        "ow.ly",
        "s.id",
        "by.com.vn",
        "bom.so",
        "me2.kr",
    ]
)
_NAMES = re.compile(
    "dichvucong|vneid|bocongan|congan|csgt|phatnguoi|chinhphu|tongcucthue|gdt|etax|bhxh|baohiemxahoi|vssid|evn|"
    "vietcombank|vcb|techcombank|bidv|vietinbank|agribank|mbbank|tpbank|vpbank|sacombank|acb|shb|hdbank|momo|"
    "zalopay|shopee|lazada|tiki|viettel|vinaphone|mobifone|vnpost|ghtk|ghn|zalo|facebook|telegram|tiktok|amazon|"
    "binance|gov"
)
_OWN_DOMAIN = re.compile(rf"^(?:[a-z0-9-]+\.)*(?:{_NAMES.pattern})\.(?:com\.vn|vn|com|org|me)$")
_OFFICIAL = (".gov.vn", ".edu.vn", ".chinhphu.vn", ".dcs.vn")


def find_hosts(text: str) -> list[str]:
    """The host names of the links and bare domains of a text, in order."""
    found = (_host(word) for word in text.split() if "." in word)
    return [host for host in found if host]


def judge(host: str) -> Trust:
    """How a host looks by its name alone."""
    dotted = f".{host}"
    if dotted.endswith(_OFFICIAL):
        return Trust.OFFICIAL
    if host in _SHORTENERS or host.startswith("xn--") or _is_address(host) or host.rpartition(".")[2] in _CHEAP_ENDS:
        return Trust.SUSPICIOUS
    if _NAMES.search(host.rpartition(".")[0]) and not _OWN_DOMAIN.match(host):
        return Trust.SUSPICIOUS
    return Trust.ORDINARY


def worst(text: str) -> Trust | None:
    """The least trusted link of a text; None where it has no link."""
    return max((judge(host) for host in find_hosts(text)), default=None)


def _host(word: str) -> str | None:
    found = _HOST.match(unmark(word).strip("()<>\"',;:!?.[]{}"))
    if not found:
        return None
    host = found[1].strip(".")
    is_domain = host.rpartition(".")[2] in _DOMAIN_ENDS and host.rpartition(".")[0]
    return host if "://" in word or is_domain else None


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True

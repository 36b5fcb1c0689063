"""The city's accounts on the sandbox of a one-machine installation: how the sandbox and the channels are told of them.

A new platform is one entry of `SANDBOX`; each secret is made once and kept with the installation's others.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Secret = Callable[[str], str]
Json = dict[str, Any]
HANDLE = "thanhpho.test"
NAME = "thanhpho"
LIST = "hang-ngay"
TOPIC, BROWSER = "tin-thanh-pho", "dien-thoai"
"""What readers' browsers are told, and the one browser of the sandbox that asked for it."""
PAGE = "100003550000001"
INSTAGRAM, THREADS = "17841400003550001", "17842500003550001"
"""Numbers of the accounts, as Meta's platforms give them."""


@dataclass(frozen=True)
class Account:
    """`told`: what follows `LANTOA_SANDBOX_<PLATFORM>__`; `channel`: settings and secret of the channel."""

    platform: str
    title: str
    address: str
    told: Callable[[str], Mapping[str, str]]
    channel: Callable[[str, str], tuple[Json, Json]]
    needs_video: bool = False
    """Posts nothing but videos: it gets the day's second publication instead of the first."""


SANDBOX = (
    Account(
        "bluesky",
        "Bluesky (sân tập)",
        HANDLE,
        lambda secret: {"ACCOUNTS": f"{HANDLE}:{secret}"},
        lambda base, secret: ({"service": base, "web": base}, {"identifier": HANDLE, "password": secret}),
    ),
    Account(
        "facebook",
        "Trang Facebook (sân tập)",
        NAME,
        lambda secret: {"PAGES": f"{NAME}={PAGE}:EAAB{secret}:{secret}"},
        lambda base, secret: (
            {"service": base, "web": base, "page": PAGE, "app_id": "355020260000001"},
            {"access_token": f"EAAB{secret}", "app_secret": secret},
        ),
    ),
    Account(
        "instagram",
        "Instagram (sân tập)",
        f"@{NAME}",
        lambda secret: {"ACCOUNTS": f"{NAME}={INSTAGRAM}:IGAA{secret}"},
        lambda base, secret: ({"service": base, "account_id": INSTAGRAM}, {"access_token": f"IGAA{secret}"}),
    ),
    Account(
        "mastodon",
        "Mastodon (sân tập)",
        NAME,
        lambda secret: {"ACCOUNTS": f"{NAME}:{secret}"},
        lambda base, secret: ({"service": base}, {"access_token": secret}),
    ),
    Account(
        "telegram",
        "Telegram (sân tập)",
        f"@{NAME}",
        lambda secret: {"CHANNELS": f"{NAME}=3550:{secret}"},
        lambda base, secret: (
            {"service": base, "web": base, "chat": f"@{NAME}", "owns_updates": True},
            {"token": f"3550:{secret}"},
        ),
    ),
    Account(
        "threads",
        "Threads (sân tập)",
        f"@{NAME}",
        lambda secret: {"ACCOUNTS": f"{NAME}={THREADS}:THAA{secret}"},
        lambda base, secret: ({"service": base, "account_id": THREADS}, {"access_token": f"THAA{secret}"}),
    ),
    Account(
        "tiktok",
        "TikTok (sân tập)",
        f"@{NAME}",
        lambda secret: {"ACCOUNTS": f"{NAME}=awlantoa:{secret}:rft.{secret}"},
        lambda base, secret: (
            {"service": base, "web": base, "client_key": "awlantoa", "username": NAME, "audited": True},
            {"client_secret": secret, "refresh_token": f"rft.{secret}"},
        ),
        needs_video=True,
    ),
    Account(
        "youtube",
        "YouTube (sân tập)",
        f"@{NAME}",
        lambda secret: {"CHANNELS": f"{NAME}=lantoa.apps.example:GOCSPX-{secret}:1//{secret}"},
        lambda base, secret: (
            {"service": base, "oauth": base, "web": base, "channel_id": f"UC{NAME:0<22}", "tags": ["chạy thử"]},
            {
                "client_id": "lantoa.apps.example",
                "client_secret": f"GOCSPX-{secret}",
                "refresh_token": f"1//{secret}",
            },
        ),
        needs_video=True,
    ),
    Account(
        "zalo",
        "Zalo OA (sân tập)",
        NAME,
        lambda secret: {"OAS": f"{NAME}=3550202600001:{secret}:rt-{secret}"},
        lambda base, secret: (
            {"service": base, "oauth": base, "app_id": "3550202600001"},
            {"app_secret": secret, "refresh_token": f"rt-{secret}"},
        ),
    ),
)

OF_VIDEOS = frozenset(account.platform for account in SANDBOX if account.needs_video)


def sandbox_settings(base: str, secret: Secret) -> dict[str, str]:
    """What the sandbox's environment says of its accounts; `base`: its own address."""
    told: dict[str, str] = {}
    for account in SANDBOX:
        prefix = f"LANTOA_SANDBOX_{account.platform.upper()}__"
        told |= {prefix + key: value for key, value in account.told(secret(_name(account))).items()}
        told[f"{prefix}BASE_URL"] = f"{base}/{account.platform}"
    told["LANTOA_SANDBOX_PUSH__BROWSERS"] = f"{BROWSER}:{secret(f'sandbox-{BROWSER}')}"
    told["LANTOA_SANDBOX_PUSH__BASE_URL"] = f"{base}/push"
    told["LANTOA_SANDBOX_OPEN311__KEYS"] = f"hanoi={secret('sandbox-open311')}"
    return told


def open311_settings(base: str, secret: Secret) -> dict[str, str]:
    """Another city's server, to which cases may be passed on: the sandbox's."""
    server = {
        "name": "thanh-pho-ben",
        "url": f"{base}/open311/v2",
        "key": secret("sandbox-open311"),
        "agency": "Thành phố bên (sân tập)",
        "services": {"chieu-sang": "001", "ngap-ung": "002", "*": "003"},
    }
    return {"LANTOA_OPEN311__SERVERS": json.dumps([server], ensure_ascii=False)}


def push_settings(base: str, secret: Secret) -> dict[str, str]:
    """The key pair that readers' browsers know us by, and the one push service there is: the sandbox's."""
    key = hashlib.blake2b(secret("vapid").encode(), digest_size=32, person=b"lantoa-vapid").digest()
    return {
        "LANTOA_PUBLISH__PUSH__VAPID_PRIVATE_KEY": base64.urlsafe_b64encode(key).decode().rstrip("="),
        "LANTOA_PUBLISH__PUSH__SUBJECT": "mailto:truc-ban@thanhpho.example",
        "LANTOA_PUBLISH__PUSH__SERVICES": json.dumps([base]),
    }


def browser(secret: Secret) -> Json:
    """Body of the sandbox's `PUT /control/accounts`: it answers with the subscription of that browser."""
    return {"platform": "push", "handle": BROWSER, "password": secret(f"sandbox-{BROWSER}")}


def channels(base: str, secret: Secret) -> list[Json]:
    """Bodies of `POST /api/publish/v1/channels`: the city's own bulletin, digest, press kit and notices first, then
    each account of the sandbox."""
    own: Json = {"kind": "own_site", "name": "Bản tin thành phố", "address": "ban-tin"}
    digest: Json = {"kind": "email", "name": "Bản tin qua thư", "address": LIST, "settings": {"list": LIST}}
    partners = [{"id": "bao-thu", "name": "Báo Thử"}]
    press: Json = {"kind": "press", "name": "Bộ tin cho báo chí", "address": "bao-chi"}
    press |= {"settings": {"partners": partners}, "secret": {"bao-thu.token": secret("press-token")}}
    push: Json = {"kind": "webpush", "name": "Tin của thành phố", "address": TOPIC, "settings": {"topic": TOPIC}}
    return [own, digest, press, push, *(_channel(account, base, secret(_name(account))) for account in SANDBOX)]


def _channel(account: Account, base: str, secret: str) -> Json:
    settings, private = account.channel(f"{base}/{account.platform}", secret)
    told = {"kind": account.platform, "name": account.title, "address": account.address}
    return told | {"settings": settings, "secret": private}


def _name(account: Account) -> str:
    return f"sandbox-{account.platform}"

"""Who gets a press channel's items: organisations, as an administrator wrote them into the channel.

Settings, shown to staff: `partners: [{"id", "name", "mail"?, "embargo"?}]`. Secrets, by the partner's id:
`<id>.token` opens the feed, `<id>.url` and `<id>.key` are where and with which key versions are posted (`whsec_…`).
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from libs.common.models.press import PressWay
from libs.common.settings import MAIL_ADDRESS
from libs.common.webhook import secret_bytes

ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
MIN_TOKEN = 32
MOST = 200


class PartnersInvalid(ValueError):
    """Says, in Vietnamese, which entry is wrong; never a secret."""


@dataclass(frozen=True)
class Partner:
    """`may_hold`: has agreed in writing to keep embargoes."""

    id: str
    name: str
    mail: str | None
    may_hold: bool
    token: SecretStr | None = field(default=None, repr=False)
    url: SecretStr | None = field(default=None, repr=False)
    key: SecretStr | None = field(default=None, repr=False)

    @property
    def sends(self) -> tuple[PressWay, ...]:
        """The ways by which versions go to it without being asked for."""
        return tuple(way for way, is_open in ((PressWay.POST, self.url), (PressWay.MAIL, self.mail)) if is_open)

    def is_shown(self, token: str) -> bool:
        return self.token is not None and hmac.compare_digest(self.token.get_secret_value().encode(), token.encode())


def partners_of(settings: Mapping[str, Any], secret: Mapping[str, Any]) -> list[Partner]:
    """In the order written. Raises PartnersInvalid."""
    written = settings.get("partners") or []
    if not isinstance(written, list) or len(written) > MOST or not all(isinstance(each, dict) for each in written):
        raise PartnersInvalid(f"settings.partners là danh sách tối đa {MOST} cơ quan")
    found = [_partner(each, secret) for each in written]
    if len({each.id for each in found}) < len(found):
        raise PartnersInvalid("settings.partners có hai cơ quan cùng `id`")
    return found


def known(partners: Sequence[Partner], partner_id: str, token: str) -> Partner | None:
    """Who shows this token; all are compared, so that the time taken tells nothing."""
    shown = [each for each in partners if each.is_shown(token)]
    return next((each for each in shown if partner_id in ("", each.id)), None)


def _partner(written: Mapping[str, Any], secret: Mapping[str, Any]) -> Partner:
    partner_id, name, mail = str(written.get("id", "")), str(written.get("name", "")).strip(), written.get("mail")
    if not ID.fullmatch(partner_id) or not name:
        raise PartnersInvalid("mỗi cơ quan cần `id` (chữ thường không dấu, số, gạch nối) và `name`")
    if mail is not None and not MAIL_ADDRESS.fullmatch(str(mail)):
        raise PartnersInvalid(f"địa chỉ thư của “{name}” không đúng")
    if not isinstance(written.get("embargo", False), bool):
        raise PartnersInvalid(f"`embargo` của “{name}” là true hoặc false")
    token, url, key = (_secret(secret, f"{partner_id}.{part}") for part in ("token", "url", "key"))
    if token is not None and len(token.get_secret_value()) < MIN_TOKEN:
        raise PartnersInvalid(f"mã đọc nguồn tin của “{name}” ngắn hơn {MIN_TOKEN} ký tự")
    _check_post(name, url, key)
    may_hold = bool(written.get("embargo", False))
    return Partner(partner_id, name, str(mail) if mail is not None else None, may_hold, token, url, key)


def _check_post(name: str, url: SecretStr | None, key: SecretStr | None) -> None:
    if (url is None) != (key is None):
        raise PartnersInvalid(f"“{name}” cần cả địa chỉ nhận tin (.url) và khóa ký (.key)")
    try:
        _ = secret_bytes(key) if key is not None else None
    except ValueError:
        raise PartnersInvalid(f"khóa ký của “{name}” không dùng được: whsec_ và base64, ít nhất 24 byte") from None


def _secret(secret: Mapping[str, Any], name: str) -> SecretStr | None:
    value = secret.get(name)
    return SecretStr(str(value)) if value else None

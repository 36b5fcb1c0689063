"""Settings of the doors of feedback: Open311 as a server and as a client, and the public form."""

import re
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, model_validator

from libs.common.settings import is_safe_address

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
T = TypeVar("T")
Name = Annotated[str, Field(pattern=rf"^{NAME.pattern}$")]


class FilerKey(BaseModel):
    """A program that may file reports."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Name
    key: SecretStr = Field(min_length=24)


class OtherServer(BaseModel):
    """Another Open311 server, to which officers may pass cases on."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Name
    url: str = Field(max_length=300)
    key: SecretStr
    jurisdiction_id: str | None = None
    agency: str = Field(default="", max_length=200)
    services: dict[str, str] = {}
    """Our service codes and what they are called there; `*` for all others."""

    @model_validator(mode="after")
    def _keeps_the_key_to_itself(self) -> Self:
        if not is_safe_address(self.url):
            raise ValueError("an Open311 server that is sent a key has an https address (http on loopback alone)")
        return self

    def service_for(self, code: str | None) -> str | None:
        return self.services.get(code or "") or self.services.get("*") or (None if self.services else code)


_FILERS = TypeAdapter(list[FilerKey], config=ConfigDict(hide_input_in_errors=True))
_SERVERS = TypeAdapter(list[OtherServer], config=ConfigDict(hide_input_in_errors=True))


class Open311Settings(BaseModel):
    """Open311 GeoReport v2."""

    jurisdiction_id: str = Field(default="hanoi.gov.vn", description="what this server answers for")
    keys: SecretStr | None = Field(
        default=None,
        description='JSON list of programs that may file reports: [{"name": "app", "key": "at least 24 characters"}]',
    )
    per_hour: int = Field(default=120, ge=1, description="reports of one client in an hour, after the first burst")
    burst: int = Field(default=30, ge=1, description="reports of one client at once")
    reads_per_hour: int = Field(
        default=7200, ge=60, description="questions of one client in an hour, after the first 300"
    )
    servers: SecretStr | None = Field(
        default=None,
        description="JSON list of servers that officers may pass cases on to: "
        '[{"name": "cntt", "url": "https://…/open311/v2", "key": "…", "services": {"*": "their code"}}]',
    )

    @property
    def filers(self) -> list[FilerKey]:
        """Raises ValueError, without a word of what was written, where it is no such list."""
        return _parsed(_FILERS, self.keys, "open311.keys")

    @property
    def others(self) -> list[OtherServer]:
        return _parsed(_SERVERS, self.servers, "open311.servers")

    @model_validator(mode="after")
    def _lists_are_lists(self) -> Self:
        _ = self.filers, self.others
        return self


def _parsed(adapter: TypeAdapter[list[T]], told: SecretStr | None, name: str) -> list[T]:
    if told is None or not told.get_secret_value():
        return []
    try:
        return adapter.validate_json(told.get_secret_value())
    except ValidationError as error:
        where = sorted({".".join(map(str, one["loc"])) or "list" for one in error.errors(include_input=False)})
        raise ValueError(f"{name} is not as described: {', '.join(where)}") from None


class FormSettings(BaseModel):
    """The public form. The limits are wide: behind one address of a mobile network there are thousands of people."""

    per_hour: int = Field(default=200, ge=1, description="reports from one network address in an hour, after the burst")
    burst: int = Field(default=60, ge=1, description="reports from one network address at once")
    looks_per_hour: int = Field(default=1200, ge=1, description="looks at the state of cases, the same way")
    trusted_proxies: list[str] = Field(
        default=[
            "127.0.0.0/8",
            "::1/128",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "fc00::/7",
        ],
        description="networks of the proxies before this service; what they say of the client's address is believed",
    )

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return _networks(tuple(self.trusted_proxies))

    @model_validator(mode="after")
    def _networks_are_networks(self) -> Self:
        _ = self.proxies
        return self


@cache
def _networks(written: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(one) for one in written)

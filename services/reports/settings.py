"""Settings of the reports service; `LANTOA_REPORTS__…` in the environment."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from libs.common.settings import MIN_KEY, CommonSettings, listed_keys
from libs.common.web.site import PublicFace
from services.reports.audit_views.domain import Rhythm


class RetentionSettings(BaseModel):
    """The limits the register names. It prints the oldest row that is held beside them, so that anybody can compare."""

    contents_days: int = Field(default=90, ge=1, description="full text of what was collected")
    outbox_days: int = Field(default=7, ge=1, description="internal events, kept for a replay")


class OpenDataSettings(BaseModel):
    files_per_hour: int = Field(
        default=600, ge=1, description="whole files handed to one network in an hour; what is unchanged is not counted"
    )


class PaperSettings(BaseModel):
    """What every paper begins and ends with (Nghị định 30/2020/NĐ-CP, phụ lục I); a report's own version may differ."""

    authority: str = Field(default="ỦY BAN NHÂN DÂN\nTHÀNH PHỐ HÀ NỘI", description="the authority above; may be empty")
    agency: str = Field(default="SỞ VĂN HÓA VÀ THỂ THAO", min_length=1, description="whose paper it is")
    symbol: str = Field(default="BC-SVHTT", min_length=1, description="what follows the number: Số: 05/BC-SVHTT")
    place: str = Field(default="Hà Nội", min_length=1)
    recipients: list[str] = Field(
        default=["Ủy ban nhân dân Thành phố", "Giám đốc Sở", "Lưu: VT"], min_length=1, description="Nơi nhận, as JSON"
    )
    authority_line: str = Field(default="", description="e.g. TM. ỦY BAN NHÂN DÂN; empty where the head signs himself")
    position: str = Field(default="GIÁM ĐỐC", min_length=1)
    form: Path | None = Field(default=None, description="YAML of the city's own margins and sizes, within the decree")
    templates: Path | None = Field(default=None, description="folder of the city's own templates, <kind>.md")

    @field_validator("form", "templates", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class ReturnsSettings(BaseModel):
    """Where letters that do not arrive come back to; without it a person says so."""

    domain: str = Field(default="", pattern=r"^[a-z0-9.-]*$", description="a domain whose mail is handed to …/returns")
    token: SecretStr | None = Field(default=None, description="what the mail server shows there: 32 characters or more")

    @field_validator("token", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if bool(self.domain) != (self.token is not None):
            raise ValueError("reports.returns.domain and reports.returns.token go together")
        if self.token is not None and len(self.token.get_secret_value()) < 32:
            raise ValueError("reports.returns.token needs at least 32 characters")
        return self


class ProgrammeSettings(BaseModel):
    remind_days: int = Field(default=14, ge=0, le=90, description="days before a row of a programme falls due")


class AuditSettings(BaseModel):
    hour: int = Field(default=1, ge=1, le=23, description="local hour from which the day before is sealed and checked")
    full_day: int = Field(default=6, ge=0, le=6, description="day on which every entry is checked; 0 is Monday")
    overdue_hours: int = Field(default=26, ge=25, le=168, description="without a check this long, people are told")

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(self.hour, self.full_day, timedelta(hours=self.overdue_hours))


class WebhookSettings(BaseModel):
    """Systems of others that are told of events; without a key nobody can subscribe."""

    key: SecretStr | None = Field(
        default=None, description="at least 32 characters; seals subscribers' addresses and secrets"
    )
    keys_old: SecretStr | None = Field(
        default=None, description="keys of before, as a JSON list; they only read, until the worker has sealed all anew"
    )
    networks: list[str] = Field(default=[], description="private networks (CIDR) that subscribers may be in, as JSON")
    ports: list[int] = Field(default=[443], min_length=1, description="ports of subscribers that may be called")
    timeout_seconds: float = Field(default=15, gt=0, le=60, description="a subscriber has answered within this")
    keep_days: int = Field(default=30, ge=8, le=366, description="how long deliveries and their answers are kept")

    @property
    def old_keys(self) -> list[SecretStr]:
        return listed_keys(self.keys_old, "reports.webhooks.keys_old")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        _ = self.old_keys
        if self.key is not None and 0 < len(self.key.get_secret_value()) < MIN_KEY:
            raise ValueError(f"reports.webhooks.key needs at least {MIN_KEY} characters")
        for block in self.networks:
            _ = ip_network(block)
        return self


class ReportsGroup(BaseModel):
    daily_hour: int | None = Field(
        default=17, ge=0, le=23, description="local hour (Asia/Ho_Chi_Minh) of the daily brief; empty: none is made"
    )
    weekly_day: int = Field(default=4, ge=0, le=6, description="day that ends a week at the daily hour; 0 is Monday")
    last_day: int = Field(
        default=14,
        ge=1,
        le=31,
        description="last day of a month, quarter, half-year, year that counts (Nghị định 09/2019/NĐ-CP, điều 12: 14); "
        "31: calendar months",
    )
    paper: PaperSettings = PaperSettings()
    programmes: ProgrammeSettings = ProgrammeSettings()
    returns: ReturnsSettings = ReturnsSettings()
    audit: AuditSettings = AuditSettings()
    webhooks: WebhookSettings = WebhookSettings()
    silent_hours: int = Field(default=48, ge=1, description="a polled source without a new item this long is silent")
    register_seconds: int = Field(default=60, ge=0, description="how long the public register is served as counted")
    retention: RetentionSettings = RetentionSettings()
    open_data: OpenDataSettings = OpenDataSettings()

    @field_validator("daily_hour", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class WorkingTime(BaseModel):
    """The same variable as intake's (`LANTOA_FEEDBACK__CLOCKS_FILE`), so that both count by one calendar."""

    clocks_file: Path | None = Field(default=None, description="YAML as libs/common/data/clocks.yaml; default: that")

    @field_validator("clocks_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class ReportsSettings(CommonSettings):
    model_config = SettingsConfigDict(hide_input_in_errors=True)  # a list of keys is a text in one variable

    reports: ReportsGroup = ReportsGroup()
    publish: PublicFace = PublicFace()
    feedback: WorkingTime = WorkingTime()

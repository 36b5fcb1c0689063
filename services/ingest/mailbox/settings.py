"""Settings of the mailbox that citizens write to."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from libs.common.settings import LOOPBACK_HOSTS


class MailboxSettings(BaseModel):
    """The mailbox that citizens write to (IMAP4rev1, RFC 3501); off without a host."""

    host: str = Field(default="", description="name of an IMAP server; empty: no mailbox is read")
    port: int = Field(default=993, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = Field(
        default="tls", description="none: only to a server on this machine"
    )
    username: str = ""
    password: SecretStr | None = None
    folder: str = Field(default="INBOX", pattern=r"^[ !#-\[\]-~]{1,200}$", description="folder that is read")
    ca_file: Path | None = Field(default=None, description="PEM of the authority that vouches for the server's TLS")
    timeout_seconds: float = Field(default=15, ge=1, le=60, description="the server answers each question within this")
    letter_bytes: int = Field(
        default=1024**2, ge=4096, le=8 * 1024**2, description="of a letter only its beginning is read, so many bytes"
    )
    acknowledge: bool = Field(default=True, description="answer with the reference of the case, where mail can be sent")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.host:
            return self
        if not self.username or self.password is None or not self.password.get_secret_value():
            raise ValueError("mailbox.username and mailbox.password are needed where there is a host")
        if not (self.username + self.password.get_secret_value()).isascii():
            raise ValueError("mailbox.username and mailbox.password are ASCII, as IMAP's LOGIN has it")
        if self.security == "none" and self.host not in LOOPBACK_HOSTS:
            raise ValueError("mailbox.security none would send the password in the open")
        return self

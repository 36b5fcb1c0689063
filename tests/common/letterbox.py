"""A real mail server on loopback: keeps what it was handed, and refuses what a test tells it to."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from libs.common.settings import MailSettings

SENDER = "lantoa@thanhpho.example"


@dataclass
class Letterbox:
    """`answers`: what RCPT is answered by address; `data`: what DATA is answered, if not taken; `hangs_up`: the letter
    is taken and the line ends before the answer."""

    port: int = 0
    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    """Where each letter returns to (MAIL FROM)."""
    answers: dict[str, str] = field(default_factory=dict)
    data: str | None = None
    hangs_up: bool = False
    login: tuple[str, str] | None = None

    @property
    def to(self) -> list[str]:
        return [to for to, _ in self.letters]

    @property
    def subjects(self) -> list[str]:
        return [str(letter["Subject"]) for _, letter in self.letters]

    def text(self, number: int = -1) -> str:
        return str(self.letters[number][1].get_content())

    def settings(self, **more: Any) -> MailSettings:
        told = {"host": "127.0.0.1", "port": self.port, "security": "none", "sender": SENDER, "timeout_seconds": 5}
        return MailSettings(**{**told, **more})

    # --- what aiosmtpd calls ---

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data is not None:
            return self.data
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        self.senders.append(str(envelope.mail_from))
        for to in envelope.rcpt_tos:
            self.letters.append((to, message_from_bytes(content, policy=default)))
        if self.hangs_up:
            server.transport.close()
        return "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_right = (data.login.decode(), data.password.decode()) == self.login
        return AuthResult(success=is_right, handled=False)


@asynccontextmanager
async def running_letterbox(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, login: tuple[str, str] | None = None, port: int = 0
) -> AsyncIterator[Letterbox]:
    """On a free port, for one test: STARTTLS (or TLS from the start) with `tls`, asking for a password with `login`."""
    box = Letterbox(login=login)

    def protocol() -> SMTP:
        with warnings.catch_warnings(action="ignore"):  # of a password without STARTTLS: the line is TLS by itself
            return SMTP(
                box,
                hostname="thu.thanhpho.example",
                tls_context=None if implicit else tls,
                require_starttls=tls is not None and not implicit,
                authenticator=box.authenticate,
                auth_required=login is not None,
                auth_require_tls=tls is not None and not implicit,
            )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", port, ssl=tls if implicit else None)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for these names and loopback, and the PEM that vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "thu.thanhpho.example")])
    now = datetime.now(UTC)
    known = [*(x509.DNSName(n) for n in names), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "tls.pem", folder / "tls.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, pem

"""What the feedback desk works by: its keys, its clocks, its routes, its list of services. Built from the settings."""

from dataclasses import dataclass, field
from functools import cache

from pydantic import SecretStr

from libs.common import working_time
from libs.common.envelope import RowVault
from libs.common.working_time import Clocks
from services.ingest.feedback import routing
from services.ingest.feedback.catalogue import Catalogue, catalogue
from services.ingest.feedback.codes import DigestKey
from services.ingest.feedback.routing import Routes
from services.ingest.service import Masker, masker
from services.ingest.settings import IngestSettings


@dataclass(frozen=True)
class FeedbackKeys:
    vault: RowVault
    """Who may be answered, sealed and bound to the case."""
    digests: tuple[DigestKey, ...]
    """The current one first, then those of before."""


@dataclass(frozen=True)
class FeedbackDesk:
    mask: Masker
    clocks: Clocks
    routes: Routes
    catalogue: Catalogue
    keys: FeedbackKeys | None = field(repr=False)
    """None where no key is set: then cases open without a code, and no contact is taken."""
    public_url: str = ""


def desk_of(settings: IngestSettings) -> FeedbackDesk:
    """Cheap: files are read, and keys derived, once per process."""
    told = settings.feedback
    return FeedbackDesk(
        mask=masker(settings.intake),
        clocks=working_time.load(told.clocks_file or working_time.FILE),
        routes=routing.load(told.routes_file or routing.FILE),
        catalogue=catalogue(),
        keys=_keys(told.key, tuple(told.old_keys)) if told.key else None,
        public_url=settings.public_url,
    )


@cache
def _keys(key: SecretStr, old: tuple[SecretStr, ...]) -> FeedbackKeys:
    return FeedbackKeys(RowVault("case", b"lantoa-contacts", key, old), tuple(DigestKey.of(one) for one in (key, *old)))

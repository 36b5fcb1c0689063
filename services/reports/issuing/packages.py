"""The package in which a case leaves the house: its PDF, its JSON and their hashes, the same bytes for a version."""

import hashlib
from collections.abc import Mapping
from io import BytesIO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.clock import Clock
from libs.common.files import FileStore
from services.reports.domain import Format
from services.reports.issuing import printers
from services.reports.kinds import KINDS
from services.reports.kinds.base import About, Restricted, id_of
from services.reports.kinds.legal_case import require_referred
from services.reports.packing import pack
from services.reports.problems import NoPackage, TextIsFixed
from services.reports.service import SOURCE, Issue

NAME = "ho-so-chuyen-giao"


async def require_handed_over(session: AsyncSession, issue: Issue) -> None:
    """Raises AboutNotFound where the case is no longer referred: a label released it since."""
    if KINDS.get(issue.report.kind).about is About.LEGAL_CASE:
        await require_referred(session, id_of(issue.report.about))


def require_same_text(issue: Issue, text: str, subject: str | None) -> None:
    """Raises TextIsFixed where a hand-over package would say something else."""
    about = KINDS.get(issue.report.kind).about
    if about is About.LEGAL_CASE and issue.version is not None and (text, subject) != (issue.version.text, None):
        raise TextIsFixed("Chỉ phần đầu văn bản (nơi nhận, thẩm quyền ký…) được thay đổi.")


async def package(
    session: AsyncSession, files: FileStore, issue: Issue, version: int | None, *, by: UUID, clock: Clock
) -> bytes:
    """The ZIP of a version. Each time it is taken, the log keeps who did and why it may be.

    Raises NoPackage, AboutNotFound, VersionNotFound, PrintingFailed, ReportFileLost.
    """
    kind = KINDS.get(issue.report.kind)()
    if kind.about is not About.LEGAL_CASE or not isinstance(kind, Restricted):
        raise NoPackage(f"Loại báo cáo: {issue.report.kind}.")
    await require_handed_over(session, issue)
    chosen = version or issue.report.version
    printed = {
        f"{NAME}.{wanted.value}": await printers.report_content(session, files, issue.report.id, chosen, wanted)
        for wanted in (Format.JSON, Format.PDF)
    }
    packed = _packed(printed)
    facts = {**kind.codes(issue.snapshot.data), "version": chosen, "package": hashlib.sha256(packed).hexdigest()}
    await audit.append(
        session,
        service=SOURCE,
        action="legal_case.handed_over",
        actor_id=by,
        object_type="report",
        object_id=issue.report.id,
        now=clock.now(),
        facts=facts,
    )
    return packed


def _packed(printed: Mapping[str, bytes]) -> bytes:
    stored = BytesIO()
    pack(stored, printed)
    return stored.getvalue()

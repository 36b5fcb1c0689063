"""Events about finished reports."""

from typing import ClassVar
from uuid import UUID

from libs.common.events.base import Event


class ReportReady(Event):
    subject: ClassVar[str] = "lantoa.report.ready.v1"
    report_id: UUID
    kind: str
    digest: str
    version: int = 1
    is_signed: bool = False
    """A draft is there to be read; only a signed one is a paper of the city."""

"""Events about finished reports."""

from typing import ClassVar
from uuid import UUID

from libs.common.events.base import Event


class ReportReady(Event):
    subject: ClassVar[str] = "lantoa.report.ready.v1"
    report_id: UUID
    kind: str
    digest: str

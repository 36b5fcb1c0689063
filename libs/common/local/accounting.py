"""The papers of the day, as files that a person can open: the brief, and how far the running programme has come."""

from pathlib import Path
from typing import Any

from libs.common.local.desk import Desk

FORMS = ("md", "json", "docx", "pdf")
RUNNING = "running"


async def keep_brief(editor: Desk, folder: Path, report_id: str) -> dict[str, Any]:
    """The brief in each form beside each other."""
    report = await editor.get(f"/api/reports/v1/reports/{report_id}")
    stem = f"{report['as_of'][:10]}-{report_id[-6:]}"
    files = {}
    for form in FORMS:
        answer = await editor.ask("GET", f"/api/reports/v1/reports/{report_id}/content", params={"format": form})
        files[form] = _kept(folder / f"{stem}.{form}", answer.content)
    return {"id": report_id, "title": report["title"], "digest": report["digest"], "files": files}


async def keep_progress(editor: Desk, folder: Path) -> dict[str, Any] | None:
    """The table of the first programme that runs today, in the annex's own form; None where none does."""
    programmes = await editor.get("/api/reports/v1/programmes")
    running = next((one for one in programmes["items"] if one["state"] == RUNNING), None)
    if running is None:
        return None
    path = f"/api/reports/v1/programmes/{running['id']}/progress"
    table = await editor.get(path)
    answer = await editor.ask("GET", path, params={"format": "docx"})
    file = _kept(folder / f"tien-do-{running['id'][-6:]}.docx", answer.content)
    return {"number": running["number"], "title": running["title"], "rows": table["rows"], "file": file}


def _kept(file: Path, content: bytes) -> str:
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.write_bytes(content)
    return str(file)

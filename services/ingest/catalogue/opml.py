"""The catalogue as OPML 2.0 (http://opml.org/spec2.opml): groups are outlines, sources the outlines inside.

What OPML has no word for is carried by attributes of our own namespace, as its specification asks, so that what is
written can be read back whole. Other readers' files come in too: their folders become groups or tags.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from itertools import groupby
from typing import Any

from lxml import etree

from libs.common.models.enums import SourceGroup, SourceKind
from libs.common.text import fold
from services.ingest.catalogue.files import Row, refuse_big, rows_of
from services.ingest.catalogue.problems import CatalogueUnreadable
from services.ingest.catalogue.schemas import CatalogueEntry
from services.ingest.markup import clean

NAMESPACE = "urn:lantoa:catalogue:1"
MAX_DEPTH = 20
GROUPS = {
    SourceGroup.PRESS: "Báo chí",
    SourceGroup.PORTAL: "Cổng thông tin",
    SourceGroup.AGGREGATOR: "Trang tổng hợp",
    SourceGroup.FORUM: "Diễn đàn",
    SourceGroup.OFFICIAL: "Kênh chính thức",
    SourceGroup.CITIZEN: "Người dân",
}
_BY_NAME = {fold(name): group for group, name in GROUPS.items()} | {group.value: group for group in SourceGroup}
_OWN = ("kind", "state", "owner", "terms", "place", "poll_seconds", "state_reason")
_NO_DOCTYPE = "Tệp OPML không được có DOCTYPE hay ENTITY. / No DOCTYPE or ENTITY is read."
_AUDIENCE = ("value", "unit", "as_of", "source")


# --- out -----------------------------------------------------------------------------------------------------


def write_opml(entries: Iterable[CatalogueEntry], *, at: datetime, title: str = "Danh mục nguồn tin") -> bytes:
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"lantoa": NAMESPACE})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    etree.SubElement(head, "dateCreated").text = format_datetime(at)
    body = etree.SubElement(root, "body")
    for group, members in groupby(sorted(entries, key=lambda one: one.group), key=lambda one: one.group):
        folder = etree.SubElement(body, "outline", {"text": GROUPS[group]})
        for entry in members:
            etree.SubElement(folder, "outline", _attributes(entry))
    found: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return found


def _attributes(entry: CatalogueEntry) -> dict[str, str]:
    is_feed = entry.kind is SourceKind.FEED
    told = {"text": entry.name, "title": entry.name, "type": "rss" if is_feed else "link", "language": entry.language}
    if entry.url:
        told["xmlUrl" if is_feed else "url"] = entry.url
    if entry.homepage:
        told["htmlUrl"] = entry.homepage
    if entry.tags:
        told["category"] = ",".join(_escaped(tag) for tag in entry.tags)
    fields = entry.model_dump(mode="json", exclude_none=True)
    own = {name: str(fields[name]) for name in _OWN if name in fields}
    own["group"] = entry.group.value
    if entry.audience is not None:
        own |= {f"audience_{name}": str(fields["audience"][name]) for name in _AUDIENCE}
    if not entry.settings.full_text:
        own["full_text"] = "false"
    if entry.settings.article_hosts:
        own["article_hosts"] = " ".join(entry.settings.article_hosts)
    whole = told | {f"{{{NAMESPACE}}}{name}": value for name, value in own.items()}
    return {name: clean(value) for name, value in whole.items()}


def _escaped(tag: str) -> str:
    """`category` is a list with commas."""
    return tag.replace("%", "%25").replace(",", "%2C")


# --- in ------------------------------------------------------------------------------------------------------


def read_opml(data: bytes, group: SourceGroup = SourceGroup.PRESS) -> list[Row]:
    """The rows of a file; `group` is that of sources in no folder that names one. Nothing is fetched or included."""
    refuse_big(data)
    root = _root(data)
    body = next((one for one in root if _local(one) == "body"), None)
    if _local(root) != "opml" or body is None:
        raise CatalogueUnreadable("Đây không phải tệp OPML. / This is no OPML file.")
    rows = rows_of([_fields(outline, folders, group) for outline, folders in _sources(body)])
    return [_explained(row) for row in rows]


def _root(data: bytes) -> etree._Element:
    if b"<!DOCTYPE" in data[:4096].upper() or b"<!ENTITY" in data.upper():
        raise CatalogueUnreadable(_NO_DOCTYPE)
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data.strip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise CatalogueUnreadable("XML không hợp lệ. / The XML is not valid.") from error
    if root.getroottree().docinfo.internalDTD is not None:  # in an encoding whose signs were not seen above
        raise CatalogueUnreadable(_NO_DOCTYPE)
    return root


def _sources(body: etree._Element) -> Iterator[tuple[etree._Element, list[str]]]:
    """Outlines that name a source, each with the folders it is in; by a stack, since a file may nest for ever."""
    stack: list[tuple[etree._Element, list[str]]] = [(one, []) for one in reversed(body)]
    while stack:
        outline, folders = stack.pop()
        if len(folders) > MAX_DEPTH:
            raise CatalogueUnreadable("Tệp OPML lồng quá sâu. / The outlines are nested too deep.")
        if _is_source(outline):
            yield outline, folders
        inner = [*folders, _get(outline, "text") or _get(outline, "title") or ""]
        stack += [(one, inner) for one in reversed(outline)]


def _is_source(outline: etree._Element) -> bool:
    named = any(_get(outline, name) for name in ("xmlUrl", "htmlUrl", "url"))
    return _local(outline) == "outline" and (named or _own(outline, "group") is not None)


def _fields(outline: etree._Element, folders: Sequence[str], group: SourceGroup) -> dict[str, Any]:
    name = _get(outline, "title") or _get(outline, "text") or _get(outline, "xmlUrl") or ""
    known = [_BY_NAME.get(fold(folder)) for folder in folders]
    fields: dict[str, Any] = {
        "name": name[:200],
        "url": _get(outline, "xmlUrl") or (_get(outline, "url") if _own(outline, "kind") else None),
        "homepage": _get(outline, "htmlUrl") or None,
        "language": (_get(outline, "language") or "vi").split("-")[0].lower(),
        "group": _own(outline, "group") or next((one for one in reversed(known) if one), group),
        "tags": _tags(outline, [f for f, as_group in zip(folders, known, strict=True) if f and as_group is None]),
    }
    fields |= {one: value for one in _OWN if (value := _own(outline, one)) is not None}
    if (value := _own(outline, "audience_value")) is not None:
        fields["audience"] = {one: _own(outline, f"audience_{one}") for one in _AUDIENCE} | {"value": value}
    hosts, whole = _own(outline, "article_hosts"), _own(outline, "full_text")
    fields["settings"] = {"article_hosts": (hosts or "").split(), "full_text": whole != "false"}
    return fields


def _tags(outline: etree._Element, folders: Sequence[str]) -> list[str]:
    """Ours as we wrote them; another reader's categories without the slashes of their paths, then its folders."""
    written = (_get(outline, "category") or "").split(",")
    if _own(outline, "group") is not None:
        return [tag for one in written if (tag := _unescaped(one))]
    found = [clean(one).strip().strip("/")[:60].strip() for one in (*written, *folders)]
    return list(dict.fromkeys(one for one in found if one))[:20]


def _unescaped(tag: str) -> str:
    return tag.strip().replace("%2C", ",").replace("%25", "%")


def _explained(row: Row) -> Row:
    """A site without a feed is no mistake of a field; say what can be done."""
    if row.entry is not None or "cần có địa chỉ" not in (row.problem or ""):
        return row
    told = "Chỉ có địa chỉ trang, không có địa chỉ nguồn tin; hãy dùng `lantoa sources discover` để tìm"
    return Row(row.index, row.name, None, f"{told} (no xmlUrl)")


def _get(outline: etree._Element, name: str) -> str | None:
    value = outline.get(name)
    return unicodedata.normalize("NFC", value).strip() or None if value else None


def _own(outline: etree._Element, name: str) -> str | None:
    return _get(outline, f"{{{NAMESPACE}}}{name}")


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname.lower()

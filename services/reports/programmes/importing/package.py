"""The zip of a DOCX or XLSX, written by anybody: bounded before it is unpacked, and refused where it holds what no
annex needs. Nothing in it is run, nothing that it names elsewhere is fetched."""

import io
import re
import zipfile
import zlib
from collections.abc import Mapping

from lxml import etree

from services.reports.programmes.importing.grid import FileRefused

PARTS, UNPACKED, RATIO, SMALL = 500, 24 * 1024**2, 100, 512 * 1024
"""Files in it; bytes of all of them unpacked; how many times larger one may become, once it is not small."""
MAGIC = b"PK\x03\x04"
_RUNS = re.compile(r"vbaproject|macrosheets/|activex/|/embeddings/|dialogsheets/|customui", re.IGNORECASE)
_RUNS_BY_TYPE = re.compile(rb"macroEnabled|vnd\.ms-office\.vbaProject|ms-excel\.macrosheet", re.IGNORECASE)
_DTD = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ELSEWHERE = re.compile(rb"TargetMode\s*=\s*[\"']External[\"']", re.IGNORECASE)
_HYPERLINK = re.compile(rb"<Relationship\b[^>]*/hyperlink[\"'][^>]*>", re.IGNORECASE)
_XML = (".xml", ".rels")


def open_package(data: bytes) -> Mapping[str, bytes]:
    """Its XML parts by name; raises FileRefused."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _bounded(archive.infolist())
            names = [part for part in archive.namelist() if part.lower().endswith(_XML)]
            parts = {name: archive.read(name) for name in names}
    except FileRefused:
        raise
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise FileRefused("Tệp nén hỏng, không mở được.") from error
    for name, content in parts.items():
        _plain(name, content)
    return parts


def parse(parts: Mapping[str, bytes], name: str) -> etree._Element:
    """The root of one part, without entities or network."""
    if name not in parts:
        raise FileRefused(f"Tệp thiếu phần {name}.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(parts[name], parser)
    except etree.XMLSyntaxError as error:
        raise FileRefused(f"Phần {name} của tệp không phải XML hợp lệ.") from error
    return root


def _bounded(parts: list[zipfile.ZipInfo]) -> None:
    """By the directory, which also bounds the reading: zipfile unpacks no more of a part than it names."""
    if any(part.flag_bits & 1 for part in parts):
        raise FileRefused("Tệp có mật khẩu.")
    if (
        len(parts) > PARTS
        or len({part.filename for part in parts}) < len(parts)
        or sum(part.file_size for part in parts) > UNPACKED
        or any(part.file_size > SMALL and part.file_size > RATIO * max(part.compress_size, 1) for part in parts)
    ):
        raise FileRefused("Tệp nén bung ra quá lớn.")
    if any(_RUNS.search(part.filename) for part in parts):
        raise FileRefused("Tệp có macro hoặc đối tượng nhúng; hãy lưu lại thành .docx hoặc .xlsx thường.")


def _plain(name: str, content: bytes) -> None:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:256]:
        raise FileRefused(f"Phần {name} không ở dạng UTF-8.")
    if _DTD.search(content):
        raise FileRefused("Tệp có khai báo thực thể XML; không tệp văn bản nào cần thứ đó.")
    if name == "[Content_Types].xml" and _RUNS_BY_TYPE.search(content):
        raise FileRefused("Tệp có macro; hãy lưu lại thành .docx hoặc .xlsx thường.")
    if name.endswith(".rels") and _ELSEWHERE.search(_HYPERLINK.sub(b"", content)):
        raise FileRefused("Tệp dẫn tới dữ liệu ở nơi khác (mẫu, ảnh hoặc tệp liên kết); hãy bỏ các liên kết đó.")

"""The file store: whole or not at all, by content, and never outside its root."""

from pathlib import Path
from threading import Thread

import pytest

from libs.common.files import FileStore


def test_what_is_put_is_found_by_its_content(files: FileStore) -> None:
    key = files.put("Bản tin".encode(), ".md")
    assert key == files.put("Bản tin".encode(), ".md")
    assert key.startswith("objects/")
    assert key.endswith(".md")
    assert files.read(key) == "Bản tin".encode()
    assert [path for path in files.root.rglob("*") if path.is_file()] == [files.path(key)]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "objects/../../../x"])
def test_no_name_leads_out(files: FileStore, name: str) -> None:
    for refused in (lambda: files.write(name, b"x"), lambda: files.path(name), lambda: files.delete(name)):
        with pytest.raises(ValueError, match="lead out"):
            refused()
    assert files.read(name) is None


def test_a_link_does_not_lead_out_either(files: FileStore, tmp_path: Path) -> None:
    files.root.mkdir(parents=True)
    (files.root / "out").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="lead out"):
        files.write("out/x", b"x")


def test_a_reader_never_sees_half_a_page(files: FileStore) -> None:
    old, new = b"a" * 400_000, b"b" * 400_000
    files.write("trang.html", old)
    seen: set[bytes | None] = set()
    writing = Thread(target=lambda: [files.write("trang.html", page) for page in (new, old) * 20])
    writing.start()
    while writing.is_alive():
        seen.add(files.read("trang.html"))
    writing.join()
    assert seen <= {old, new}
    assert [path.name for path in files.root.iterdir()] == ["trang.html"]


def test_a_failed_write_leaves_nothing_behind(files: FileStore) -> None:
    files.write("thu-muc/a", b"x")
    with pytest.raises(OSError, match="directory"):
        files.write("thu-muc", b"x")
    assert [path.name for path in files.root.iterdir()] == ["thu-muc"]


def test_deleting_and_reading_what_is_not_there_is_nothing(files: FileStore) -> None:
    files.delete("khong-co")
    assert files.read("khong-co") is None

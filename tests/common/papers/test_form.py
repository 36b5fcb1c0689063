"""The form is data: what the decree allows is read, what it does not is refused with the reason."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from libs.common.papers.form import Form, FormError, default_form, read_form


def told(folder: Path, text: str) -> Path:
    path = folder / "form.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.mission("M33")
def test_a_city_changes_what_the_decree_leaves_open(tmp_path: Path) -> None:
    form = read_form(told(tmp_path, "left_mm: 35\nbody_size: 13\nline_spacing: 1.5\n"))
    assert (form.left_mm, form.body_size, form.line_spacing) == (35, 13, 1.5)
    assert form.right_mm == default_form().right_mm, "what it does not name stays as it was"
    assert form.room_mm() == 160
    assert form.room_mm(landscape=True) == 247
    assert read_form(None) == default_form()


@pytest.mark.mission("M33")
@pytest.mark.parametrize("one", fields(Form), ids=lambda one: one.name)
def test_each_value_has_its_bounds(one: object) -> None:
    name, low, high = one.name, one.metadata["low"], one.metadata["high"]  # type: ignore[attr-defined]
    for kept in (low, high):
        assert getattr(replace(default_form(), **{name: kept}), name) == kept
    for wrong in (low - 0.01, high + 0.01, float("nan"), float("inf"), "14", None, True):
        with pytest.raises(FormError):
            replace(default_form(), **{name: wrong})


@pytest.mark.mission("M33")
def test_every_wrong_value_is_named_in_words_an_office_understands(tmp_path: Path) -> None:
    with pytest.raises(FormError) as refused:
        read_form(told(tmp_path, "left_mm: 25\nbody_size: 15\nnumber_size: 12\ntable_size: 9.5\ntop_mm: hai mươi\n"))
    assert str(refused.value).splitlines() == [
        "Lề trên phải là một số, không phải “hai mươi”.",
        "Lề trái phải từ 30 đến 35 mm theo Nghị định 30/2020/NĐ-CP, không phải 25.",
        "Cỡ chữ số, ký hiệu phải là 13 pt theo Nghị định 30/2020/NĐ-CP, không phải 12.",
        "Cỡ chữ nội dung phải từ 13 đến 14 pt theo Nghị định 30/2020/NĐ-CP, không phải 15.",
        "Cỡ chữ trong bảng phải từ 10 đến 14 pt, không phải 9,5.",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("leftmm: 30", "mục lạ: leftmm"),
        ("- 30", "phải gồm các dòng"),
        ("left_mm: [", "Không đọc được thể thức văn bản"),
        ("", "phải gồm các dòng"),
        ("!!python/object/apply:os.system ['true']", "Không đọc được thể thức văn bản"),
    ],
)
def test_what_is_no_form_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(FormError, match=why):
        read_form(told(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="Không đọc được"):
        read_form(tmp_path / "none.yaml")

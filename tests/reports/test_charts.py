"""Pictures of reports: the same figures give the same bytes, and each says in words what it shows."""

import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from libs.common.papers.content import Picture
from services.reports.charts.curves import Band, Mark, Point, draw_multiples, draw_spread, draw_volume
from services.reports.charts.wards import classes, draw_wards, outlines

START = datetime(2026, 11, 20, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
pytestmark = pytest.mark.mission("M33")


def hours(values: list[float | None]) -> list[Point]:
    return [Point(START + timedelta(hours=hour), value) for hour, value in enumerate(values)]


def expected(count: int) -> list[Band]:
    return [Band(START + timedelta(hours=5 + hour), 3.5, 1, 6) for hour in range(count)]


def words_of(picture: Picture) -> list[str]:
    assert picture.svg is not None
    return ["".join(text.itertext()) for text in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def size_of(picture: Picture) -> tuple[int, int]:
    assert picture.png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture.png[16:24])
    return width, height


def test_a_volume_curve_says_its_total_its_peak_and_what_is_expected() -> None:
    picture = draw_volume(hours([1, 2, None, 9, 4]), expected(3), what="Số mục tin", unit="mục tin", caption="Hình 1")
    assert picture.alt == (
        "Số mục tin từ 07:00 20/11/2026 đến 11:00 20/11/2026: tổng 16 mục tin, cao nhất 9 lúc 10:00 20/11/2026. "
        "Dự báo đến 14:00 20/11/2026: 3,5 mục tin, khoảng 80% từ 1 đến 6."
    )
    assert {"đã đếm", "dự báo", "khoảng dự báo 80%", "mục tin"} <= set(words_of(picture))
    assert picture.svg is not None
    assert etree.fromstring(picture.svg.encode()).find(f"{SVG}title").text == picture.alt
    width, height = size_of(picture)
    assert width > height > 300


def test_the_cache_of_faces_is_private_goes_with_the_process_and_leaves_the_home_alone(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    told = "import services.reports.charts.canvas as c, os; print(oct(os.stat(c.mpl.get_cachedir()).st_mode)[-3:])"
    env = {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).parents[2])}
    made = subprocess.run([sys.executable, "-c", told], env=env, capture_output=True, text=True, check=True)
    assert (made.stdout.strip(), made.stderr) == ("700", "")
    assert list(home.iterdir()) == list(temporary.iterdir()) == []


def test_a_gap_in_what_is_known_is_a_gap_in_the_curve() -> None:
    whole, broken = hours([5, 5, 5, 5, 5]), hours([5, 5, None, 5, 5])
    pictures = [draw_volume(points, what="Số mục tin", unit="mục tin") for points in (whole, broken)]
    strokes = [picture.svg.count("\nL ") for picture in pictures if picture.svg]
    assert strokes[0] > strokes[1]
    assert "chưa có số liệu" in draw_volume(hours([None, None]), what="Số mục tin", unit="mục tin").alt


def test_the_time_before_the_first_count_has_its_place_on_the_axis() -> None:
    """Else a year of which two weeks were counted looks like a year."""
    late, whole = hours([*[None] * 60, 5, 7, 6]), hours([5] * 63)
    for draw in (draw_volume, lambda points, **told: draw_multiples([("Y tế", points)], **told)):
        times = [
            [word for word in words_of(draw(points, what="Số mục tin", unit="mục tin")) if ":" in word or "/" in word]
            for points in (late, whole)
        ]
        assert times[0] == times[1]
        assert times[0]


def test_fields_side_by_side_are_named_with_their_sums() -> None:
    picture = draw_multiples(
        [("Giao thông", hours([1, 2])), ("Môi trường", hours([10, 20])), ("Y tế", hours([0, None])), ("Khác", [])],
        what="Số mục tin",
        unit="mục tin",
    )
    assert picture.alt == "Số mục tin theo lĩnh vực (mục tin): Môi trường: 30; Giao thông: 3; Y tế: 0; Khác: 0."
    assert {"Giao thông", "Môi trường", "Y tế", "Khác"} <= set(words_of(picture))


def test_a_claim_s_spread_is_summed_and_its_answer_is_marked() -> None:
    answered = Mark(START + timedelta(hours=2), "Đăng đính chính")
    picture = draw_spread(hours([1, 0, 4, 2]), [answered])
    assert picture.alt == (
        "Đường lan truyền: 7 bài nhắc lại tuyên bố từ 07:00 20/11/2026 đến 10:00 20/11/2026. "
        "Đăng đính chính lúc 09:00 20/11/2026."
    )
    assert "Đăng đính chính (09:00 20/11/2026)" in words_of(picture)


@pytest.mark.mission("M35")
def test_every_ward_of_the_city_is_on_the_map() -> None:
    known = outlines()
    assert len(known) == 126
    assert all(rings and all(len(ring) >= 4 and ring[0] == ring[-1] for ring in rings) for rings in known.values())
    corners = [corner for rings in known.values() for ring in rings for corner in ring]
    assert all(105.2 < x < 106.1 and 20.5 < y < 21.5 for x, y in corners)


def test_a_map_hatches_what_is_held_back_and_never_says_its_count() -> None:
    codes = sorted(outlines())
    counts = {codes[0]: 120, codes[1]: 10, codes[2]: None}
    picture = draw_wards(counts, {codes[0]: "Phường Một"}, what="phản ánh đã nhận", unit="phản ánh")
    assert "Phường Một: 120" in picture.alt
    assert "1 nơi giữ kín vì dưới 10" in picture.alt
    assert codes[2] not in picture.alt
    assert "dưới 10 hoặc giữ kín" in words_of(picture)
    assert draw_wards({}, {}, what="phản ánh", unit="phản ánh").alt.endswith("Không nơi nào có.")


@given(st.lists(st.integers(1, 10_000), max_size=130))
def test_classes_cover_every_count_in_order(counts: list[int]) -> None:
    bounds = classes(counts)
    assert bounds == sorted(set(bounds))
    assert len(bounds) <= 4
    assert not counts or bounds[-1] == max(counts)


def test_the_same_figures_give_the_same_bytes() -> None:
    def drawn() -> list[Picture]:
        return [
            draw_volume(hours([1, 2, 3]), expected(2), what="Số mục tin", unit="mục tin"),
            draw_multiples([("Y tế", hours([3, 1]))], what="Số mục tin", unit="mục tin"),
            draw_spread(hours([1, 1])),
            draw_wards({"00004": 12}, {}, what="phản ánh", unit="phản ánh"),
        ]

    assert drawn() == drawn()

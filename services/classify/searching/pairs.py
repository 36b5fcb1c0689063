"""Pairs of common words, which the index keeps as words of their own: "người dân" is found by its pair, where else
the places of "người" and of "dân" would have to be read in a quarter of all texts.

Only a pair of two common syllables is kept, whatever their marks: a phrase with a rare word is quickly found by that
word, and every pair would double the index. A pair says where to look; whether the words stand there with the marks
that were asked is still told by their places.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from services.classify.searching.syllables import written_forms

COMMON = (
    "an anh ba bac bai ban bang bao bat ben benh bi bien biet binh bo boi ca cac cach cai cam can canh cao cap cau "
    "chan chat chi chieu chinh cho chong chu chua chuc chung chuyen co con cong cu cua cung cuoc cuoi cuu da dac dai "
    "dam dan dang danh dao dat dau day de den di dia dich diem dien dieu dinh do doan doanh doc doi don dong du dua "
    "duc dung duoc duong gan gay ghi gia giai giam gian giao gio gioi gom ha hai han hang hanh hay he hien hieu hinh "
    "ho hoa hoan hoat hoc hoi hom hon hop huong ke ket kha khac khach khai khi khien kho khoa khoang khoi khong khu "
    "kiem kien kinh ky la lai lam lan lanh lap le len lien lo loai loi lon luc luong luu ly ma mac mang manh mat mau "
    "may minh mo moi mot mua muc my nam nang nao nay nen neu ngay nghe nghi nghiem nghiep ngoai nguoi nguyen nha nhan "
    "nhat nhiem nhien nhieu nho nhu nhung no noi nuoc o ong phai pham phan phap phat pho phong phu phuc phuong qua "
    "quan quoc quy quyet ra rang rat roi san sang sat sau se si sinh so song su ta tac tai tam tan tang tao tap tay "
    "te thai tham than thang thanh thay the theo thi thiet thoi thong thu thuc thuoc thuong tich tien tiep tieu tim "
    "tin tinh to toan toi tong tra trai tran trang tren tri trien trieu trinh tro trong tru trung truoc truong tu tuc "
    "tung tuoi tuong tuy tuyen ty ung va van vao vay ve vi viec vien viet vo voi vong vu vua vuc xa xay xem xuat y yeu"
).split()
"""Without marks: the three hundred that stand in most texts of the news. Another choice needs a new mark (`PAIRED`, and
a migration), by which rows without these pairs are known."""
PAIRED, UNPAIRED = "pairs=1", "unpaired=1"
"""In the index of every row that has its pairs; of every other one, set by the database."""


@cache
def _common_of() -> dict[str, str]:
    """Written → unmarked."""
    return {form: plain for plain in COMMON for form in written_forms(plain)}


def pairs_of(found: Sequence[str]) -> list[str]:
    """The pairs of common words among words in their order, each once."""
    plain = [*map(_common_of().get, found)]
    return [*{f"{first} {second}": None for first, second in pairwise(plain) if first and second}]

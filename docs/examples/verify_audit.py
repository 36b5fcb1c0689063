#!/usr/bin/env python3
"""Verify an export of Lan Tỏa's audit log without Lan Tỏa: python3 verify_audit.py EXPORT.zip [--last-digest HEX]

Needs Python 3.11 or later and nothing else. Ends with 0 where all holds, with 1 where something does not (each finding
is a line that names its row), with 2 where the file cannot be read.

How it is computed, so that anybody can write this again in another language. `json` is canonical JSON: keys sorted, no
spaces, UTF-8, characters not escaped.

    hash of an entry    SHA-256( hash of the entry before it, 32 bytes + json(facts of the entry) )
                        The first entry of each service and day follows 32 zero bytes.
    facts of the entry  {"action", "actor_id", "at", "day", "facts", "object_id", "object_type", "seq", "service"}
                        as in entries.jsonl; but `at` has a space for its "T", and an absent `actor_id` is "None".
    digest of a day     SHA-256( digest of the day before, 32 bytes + json({"chains": […], "day": "…"}) )
                        `chains` as in days.json: of each service, how many entries and the hash of the last.

The digest of the last day stands for all before it. Who noted it earlier, elsewhere, gives it with --last-digest:
then not even the owner of the database could have rewritten the log since.
"""

import argparse
import csv
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise, zip_longest
from typing import Any

Json = Mapping[str, Any]
ZERO = bytes(32)
HASHED = ("service", "day", "seq", "action", "actor_id", "object_type", "object_id", "facts", "at")


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def facts_of(entry: Json) -> dict[str, Any]:
    """What the hash of an entry is made of."""
    facts = {name: entry[name] for name in HASHED}
    facts["at"] = entry["at"].replace("T", " ")
    facts["actor_id"] = entry["actor_id"] or "None"
    return facts


def row(entry: Json) -> str:
    return f"{entry['service']} {entry['day']} dòng {entry['seq']} ({entry['id']})"


class Chains:
    """The chains of entries.jsonl, taken an entry at a time."""

    def __init__(self) -> None:
        self.ends: dict[tuple[str, str], tuple[int, bytes]] = {}
        self.broken: set[tuple[str, str]] = set()
        self.count = 0

    def take(self, entry: Json) -> str | None:
        """What is wrong with this entry, if anything; the rest of a broken chain proves nothing and is not named."""
        self.count += 1
        chain = (entry["day"], entry["service"])
        if chain in self.broken:
            return None
        number, before = self.ends.get(chain, (0, ZERO))
        if entry["seq"] != number + 1:
            wrong = f"thiếu dòng: cần dòng {number + 1}, gặp dòng {entry['seq']}"
        elif bytes.fromhex(entry["prev_hash"]) != before:
            wrong = "không nối tiếp dòng trước nó"
        elif hashlib.sha256(before + canonical(facts_of(entry))).hexdigest() != entry["hash"]:
            wrong = "đã bị sửa sau khi ghi"
        else:
            self.ends[chain] = (entry["seq"], bytes.fromhex(entry["hash"]))
            return None
        self.broken.add(chain)
        return f"{row(entry)}: {wrong}"


def check_manifest(archive: zipfile.ZipFile) -> Iterator[str]:
    for line in archive.read("SHA256SUMS").decode().splitlines():
        digest, name = line.split("  ", 1)
        with archive.open(name) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                yield f"{name}: không khớp SHA256SUMS"


def check_days(days: list[Json], last_digest: str | None) -> Iterator[str]:
    for day in days:
        digest = hashlib.sha256(bytes.fromhex(day["prev_digest"]) + canonical(_sealed(day))).hexdigest()
        if digest != day["digest"]:
            yield f"ngày {day['day']}: niêm phong đã bị sửa"
    for before, day in pairwise(days):
        if date.fromisoformat(day["day"]) != date.fromisoformat(before["day"]) + timedelta(days=1):
            yield f"ngày {day['day']}: thiếu ngày giữa {before['day']} và {day['day']}"
        if day["prev_digest"] != before["digest"]:
            yield f"ngày {day['day']}: niêm phong không nối tiếp ngày trước"
    if last_digest and (not days or days[-1]["digest"] != last_digest.lower()):
        yield "ngày cuối: không phải mã niêm phong đã được ghi lại từ trước"


def _sealed(day: Json) -> dict[str, Any]:
    return {"day": day["day"], "chains": day["chains"]}


def check_chains(chains: Chains, days: list[Json]) -> Iterator[str]:
    """Each chain is as long, and ends with the hash, that its sealed day says."""
    told = {(day["day"], chain["service"]): chain for day in days for chain in day["chains"]}
    for (day, service), chain in told.items():
        if (day, service) in chains.broken:
            continue
        count, end = chains.ends.get((day, service), (0, ZERO))
        if count < chain["entries"]:
            yield f"{service} {day} dòng {count + 1}: đã bị xóa, niêm phong ghi {chain['entries']} dòng"
        elif count > chain["entries"]:
            yield f"{service} {day} dòng {chain['entries'] + 1}: được thêm sau khi niêm phong"
        elif end.hex() != chain["root"]:
            yield f"{service} {day} dòng {count}: không phải dòng cuối đã niêm phong"
    for day, service in sorted(set(chains.ends) - set(told)):
        yield f"{service} {day} dòng 1: chuỗi không có trong niêm phong"


def check_table(entries: Iterator[Json], table: Iterator[dict[str, str]]) -> Iterator[str]:
    """The spreadsheet says what the lines say."""
    for number, (entry, line) in enumerate(zip_longest(entries, table), 1):
        if entry is None or line is None:
            yield f"entries.csv dòng {number}: không cùng số dòng với entries.jsonl"
            return
        told = {name: "" if entry[name] is None else str(entry[name]) for name in entry if name != "facts"}
        for name in told:
            if line[name] != told[name]:
                yield f"entries.csv dòng {number}, cột {name}: khác entries.jsonl ở {row(entry)}"
        if json.loads(line["facts"]) != entry["facts"]:
            yield f"entries.csv dòng {number}, cột facts: khác entries.jsonl ở {row(entry)}"


def verify(archive: zipfile.ZipFile, last_digest: str | None = None) -> Iterator[str]:
    """Every finding, as a line. `archive`: an open ZipFile."""
    yield from check_manifest(archive)
    days = json.loads(archive.read("days.json"))
    yield from check_days(days, last_digest)
    chains = Chains()
    for entry in lines_of(archive):
        if wrong := chains.take(entry):
            yield wrong
    yield from check_chains(chains, days)
    with archive.open("entries.csv") as file:
        table = csv.DictReader(io.TextIOWrapper(file, "utf-8-sig", newline=""))
        yield from check_table(lines_of(archive), table)


def lines_of(archive: zipfile.ZipFile) -> Iterator[dict[str, Any]]:
    with archive.open("entries.jsonl") as file:
        for line in io.TextIOWrapper(file, "utf-8"):
            yield json.loads(line)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kiểm tra bản trích xuất nhật ký kiểm toán của Lan Tỏa.")
    parser.add_argument("export", help="tệp .zip")
    parser.add_argument("--last-digest", help="mã niêm phong của ngày cuối, đã được ghi lại ở nơi khác")
    given = parser.parse_args()
    try:
        with zipfile.ZipFile(given.export) as archive:
            found = list(verify(archive, given.last_digest))
            days = json.loads(archive.read("days.json"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        sys.stderr.write(f"Không đọc được bản trích xuất: {error}\n")
        return 2
    for line in found:
        sys.stdout.write(f"SAI  {line}\n")
    last = f"; mã niêm phong ngày cuối ({days[-1]['day']}): {days[-1]['digest']}" if days else ""
    sys.stdout.write(f"{len(found)} chỗ sai\n" if found else f"Nguyên vẹn{last}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
